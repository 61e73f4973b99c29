"""The data of the lessons: made on the spot, or real and shipped with the package (credits in data/README.md)."""

from importlib.resources import files

import numpy as np

from lstm_lessons.arguments import whole_number


def memory_test(n_sequences: int = 64, timesteps: int = 20, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Sequences whose label is their first value: the smallest task that needs memory.

    Returns X, shape (n_sequences, timesteps, 1), and y, shape (n_sequences, 1), float32 without unit. The first step of
    a sequence is 0 or 1, all others are 0, and the label is that first value. Half of the labels are 1 (one fewer for
    an odd number), in an order that `seed` decides.

    Raises ValueError where n_sequences is below 2 or timesteps below 1. Introduced in lesson 02.

    >>> X, y = memory_test(4, timesteps=3)
    >>> X.shape, y.shape, bool((X[:, 0] == y).all())
    ((4, 3, 1), (4, 1), True)

    Source: the task by which the first stateful examples for Keras were explained, also in "RNN LSTM stateful"
    (document A of the course).
    """
    n_sequences, timesteps = whole_number("n_sequences", n_sequences, 2), whole_number("timesteps", timesteps, 1)
    labels = np.random.default_rng(seed).permutation(np.arange(n_sequences) % 2).astype("float32")
    X = np.zeros((n_sequences, timesteps, 1), "float32")
    X[:, 0, 0] = labels
    return X, labels[:, None]


def digits() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Handwritten digits as streams of 8 rows: (X_train, y_train), (X_test, y_test).

    X_train (1297, 8, 8) and X_test (500, 8, 8): image, row (the time step), pixel (the feature); float32, pixel
    intensity from 0 to 16, without unit. y_train (1297,) and y_test (500,): int32, the digit from 0 to 9. The test
    images are the last 500 of the file, because neighbours in it share a writer. Introduced in lesson 02.

    >>> (X_train, y_train), (X_test, y_test) = digits()
    >>> X_train.shape, y_test.shape
    ((1297, 8, 8), (500,))

    Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository (1998),
    licence CC BY 4.0 (its test set, as scikit-learn also ships it).
    """
    with _shipped("digits.npz") as raw, np.load(raw) as file:
        X, y = file["images"].astype("float32"), file["labels"].astype("int32")
    return (X[:1297], y[:1297]), (X[1297:], y[1297:])


def japanese_vowels() -> tuple[tuple[list[np.ndarray], np.ndarray], tuple[list[np.ndarray], np.ndarray]]:
    """Nine men who say /ae/, as streams of unequal length: (X_train, y_train), (X_test, y_test).

    X_train (270 utterances) and X_test (370): lists of arrays (frames, 12), 7 to 26 and 7 to 29 frames, float32, LPC
    cepstrum coefficients, without unit. y_train (270,) and y_test (370,): int32, the speaker from 0 to 8. In training
    each speaker has 30 utterances, in the test 24 to 88. Introduced in lesson 07.

    >>> (X_train, y_train), (X_test, y_test) = japanese_vowels()
    >>> len(X_train), X_train[0].shape, y_test.shape
    (270, (20, 12), (370,))

    Source: M. Kudo, J. Toyama, M. Shimbo, "Multidimensional curve classification using passing-through regions",
    Pattern Recognition Letters 20 (1999); UCI Machine Learning Repository, "Japanese Vowels", licence CC BY 4.0.
    """
    with _shipped("japanese_vowels.npz") as raw, np.load(raw) as file:
        train, test = (
            (
                np.split(file[f"{part}_frames"], np.cumsum(file[f"{part}_lengths"], dtype=int)[:-1]),
                file[f"{part}_speaker"].astype("int32") - 1,
            )
            for part in ("train", "test")
        )
    return train, test


def _shipped(name: str):
    return (files("lstm_lessons") / "data" / name).open("rb")
