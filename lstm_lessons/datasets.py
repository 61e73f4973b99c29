"""The data of the lessons: made on the spot, or real and shipped with the package (credits in data/README.md)."""

from importlib.resources import files

import numpy as np

from lstm_lessons.arguments import real_number, refusal, whole_number


def memory_test(n_sequences: int = 64, timesteps: int = 20, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Sequences whose label is their first value: the smallest task that needs memory.

    Returns X, shape (n_sequences, timesteps, 1), and y, shape (n_sequences, 1), float32 without unit. The first step of
    a sequence is 0 or 1, all others are 0, and the label is that first value. Half of the labels are 1 (one fewer for
    an odd number), in an order that `seed` decides.

    Raises ValueError where n_sequences is below 2 or timesteps below 1. Introduced in lesson 00.

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


def cosine(n_steps: int = 1000, period: float = 100, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """A cosine of amplitude 1, with noise if asked for: the series of the showdown.

    Returns (n_steps, 1), float32 without unit. `period` counts steps. `noise` is the standard deviation of a normal
    error that is added to each step by itself, drawn with `seed`; the first steps of a longer series are the same.

    Raises ValueError where n_steps is below 1, period not above 0, or noise below 0. Introduced in lesson 05.

    >>> cosine(3, period=6).ravel().tolist()
    [1.0, 0.5, -0.5]

    Source: the curve of "Keras之stateful LSTM全面解析+实例测试" (document D of the course).
    """
    return _waves(n_steps, period, noise, seed, lambda turns: [np.cos(turns)])


def sine_and_cosine(n_steps: int = 1000, period: float = 50, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """Two variables that go together: a sine, and a cosine of twice its frequency, each of amplitude 1.

    Returns (n_steps, 2), float32 without unit. `period` is that of the sine, in steps. `noise` is the standard
    deviation of a normal error that is added to each value by itself, drawn with `seed`.

    Raises ValueError where n_steps is below 1, period not above 0, or noise below 0. Introduced in lesson 09.

    >>> sine_and_cosine(3, period=4).round(3).tolist()
    [[0.0, 1.0], [1.0, -1.0], [0.0, 1.0]]

    Source: the sample data of document E of the course (LSTM in Chainer: learning, validation, prediction).
    """
    return _waves(n_steps, period, noise, seed, lambda turns: [np.sin(turns), np.cos(2 * turns)])


def moving_average(n_steps: int = 1000, window: int = 10, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noise to read and its moving average to answer: the task in which the past beyond a sample counts.

    Returns X and Y, each (n_steps, 1), float32 without unit: X independent normal numbers of mean 0 and standard
    deviation 1, Y[t] the sum of X[t - window + 1 ... t], divided by `window`; what would lie before step 0 counts as 0.

    Raises ValueError where n_steps or window is below 1. Introduced in lesson 05.

    >>> X, Y = moving_average(4, window=2)
    >>> bool(np.allclose(Y[1:], (X[:-1] + X[1:]) / 2)), bool(np.allclose(Y[0], X[0] / 2))
    (True, True)

    Source: Keras's old example lstm_stateful.py, which document D of the course points to; its noise is uniform.
    """
    n_steps, window = whole_number("n_steps", n_steps, 1), whole_number("window", window, 1)
    X = np.random.default_rng(seed).normal(size=n_steps).astype("float32")
    Y = np.convolve(X, np.ones(window))[:n_steps] / window
    return X[:, None], Y.astype("float32")[:, None]


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


def nino_sst() -> tuple[np.ndarray, np.ndarray]:
    """Monthly sea surface temperatures of four regions of the equatorial Pacific, 1950 to 2010: (series, months).

    `series` is (732, 4), float32, degrees Celsius, one row a month; its columns are the regions Niño 1+2 (0-10 S,
    90-80 W), Niño 3 (5 N-5 S, 150-90 W), Niño 4 (5 N-5 S, 160 E-150 W) and Niño 3.4 (5 N-5 S, 170-120 W). `months` is
    (732,), datetime64 in months. Introduced in lesson 05.

    >>> series, months = nino_sst()
    >>> series.shape, str(months[0]), str(months[-1])
    ((732, 4), '1950-01', '2010-12')

    Source: NOAA Climate Prediction Center, monthly Niño indices from ERSST v3b; public domain.
    """
    with _shipped("nino_sst.csv") as raw:
        table = np.loadtxt(raw, delimiter=",", skiprows=1)
    months = [np.datetime64(f"{year:.0f}-{month:02.0f}") for year, month in table[:, :2]]
    return table[:, 2:].astype("float32"), np.array(months)


def _shipped(name: str):
    return (files("lstm_lessons") / "data" / name).open("rb")


def _waves(n_steps, period, noise, seed, of_turns) -> np.ndarray:
    n_steps = whole_number("n_steps", n_steps, 1)
    period, noise = real_number("period", period), real_number("noise", noise)
    if period <= 0:
        raise refusal("period", "a number above 0", period)
    if noise < 0:
        raise refusal("noise", "0 or more", noise)
    waves = np.stack(of_turns(2 * np.pi * np.arange(n_steps) / period), axis=1)
    return (waves + noise * np.random.default_rng(seed).normal(size=waves.shape)).astype("float32")
