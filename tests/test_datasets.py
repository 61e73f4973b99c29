"""The data have the shapes, types, units and balance that their docstrings promise."""

import numpy as np
import pytest

from lstm_lessons import digits, japanese_vowels, memory_test


@pytest.mark.parametrize(("n_sequences", "timesteps"), [(2, 1), (5, 3), (64, 20), (np.int64(4), np.int32(7))])
def test_memory_test_is_its_first_value_and_zeros(n_sequences, timesteps):
    X, y = memory_test(n_sequences, timesteps)
    assert X.shape == (n_sequences, timesteps, 1)
    assert y.shape == (n_sequences, 1)
    assert X.dtype == y.dtype == "float32"
    np.testing.assert_array_equal(X[:, 0], y)
    assert not X[:, 1:].any()
    assert y.sum() == n_sequences // 2


def test_memory_test_depends_on_its_seed_alone():
    np.testing.assert_array_equal(memory_test(seed=3)[1], memory_test(seed=3)[1])
    assert (memory_test(seed=3)[1] != memory_test(seed=4)[1]).any()


@pytest.mark.parametrize("bad", [1, 0, -3, 2.5, "64", None, True])
def test_memory_test_names_a_bad_number_of_sequences(bad):
    with pytest.raises(ValueError, match=r"^n_sequences: expected a whole number of at least 2, got "):
        memory_test(bad)


@pytest.mark.parametrize("bad", [0, -1, 1.0, "20", None])
def test_memory_test_names_a_bad_number_of_timesteps(bad):
    with pytest.raises(ValueError, match=r"^timesteps: expected a whole number of at least 1, got "):
        memory_test(4, bad)


def test_digits_are_split_by_writer_and_unscaled():
    (X_train, y_train), (X_test, y_test) = digits()
    assert X_train.shape == (1297, 8, 8)
    assert X_test.shape == (500, 8, 8)
    assert (y_train.shape, y_test.shape) == ((1297,), (500,))
    assert (X_train.dtype, y_train.dtype) == ("float32", "int32")
    assert (X_train.min(), X_train.max()) == (0, 16)
    counts = np.bincount(np.concatenate([y_train, y_test]), minlength=10)
    assert counts.min() >= 174
    assert counts.sum() == 1797


def test_a_caller_may_change_the_digits_it_got():
    (X, _), _ = digits()
    X[:] = 0
    assert digits()[0][0].any()


def test_japanese_vowels_are_utterances_of_unequal_length():
    (X_train, y_train), (X_test, y_test) = japanese_vowels()
    for X, y, counts, longest in [
        (X_train, y_train, [30] * 9, 26),
        (X_test, y_test, [31, 35, 88, 44, 29, 24, 40, 50, 29], 29),
    ]:
        assert (y.dtype, len(X)) == ("int32", len(y))
        assert np.bincount(y).tolist() == counts
        assert {(x.ndim, x.shape[1], x.dtype.name) for x in X} == {(2, 12, "float32")}
        assert (min(map(len, X)), max(map(len, X))) == (7, longest)
    assert sum(map(len, X_train)) == 4274
    assert all(np.isfinite(x).all() for x in X_train + X_test)
