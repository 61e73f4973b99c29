"""The data have the shapes, types, units and balance that their docstrings promise."""

import numpy as np
import pytest

from lstm_lessons import cosine, digits, japanese_vowels, memory_test, moving_average, nino_sst, sine_and_cosine


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


def test_a_cosine_follows_from_its_last_two_values():
    y = cosine(300, period=40)[:, 0].astype("float64")
    np.testing.assert_allclose(y[2:], 2 * np.cos(2 * np.pi / 40) * y[1:-1] - y[:-2], atol=1e-6)
    assert (y[0], y[40]) == (1, 1)


def test_the_cosine_of_sine_and_cosine_has_twice_the_frequency():
    sine, double = sine_and_cosine(200, period=50).T.astype("float64")
    np.testing.assert_allclose(double, 1 - 2 * sine**2, atol=1e-6)
    np.testing.assert_allclose(sine[:25], -sine[25:50], atol=1e-6)


@pytest.mark.parametrize("waves", [cosine, sine_and_cosine])
def test_noise_is_added_to_each_value_and_depends_on_its_seed_alone(waves):
    clean, noisy = waves(4000), waves(4000, noise=0.3)
    assert clean.shape == noisy.shape
    assert clean.dtype == noisy.dtype == "float32"
    np.testing.assert_allclose((noisy - clean).std(axis=0), 0.3, rtol=0.05)
    np.testing.assert_array_equal(noisy, waves(4000, noise=0.3, seed=0))
    np.testing.assert_array_equal(noisy[:100], waves(100, noise=0.3))
    assert (noisy != waves(4000, noise=0.3, seed=1)).any()


@pytest.mark.parametrize("waves", [cosine, sine_and_cosine])
@pytest.mark.parametrize(
    ("argument", "bad", "expected"),
    [
        *[("n_steps", bad, "a whole number of at least 1") for bad in (0, 2.5, None)],
        *[("period", bad, "a number above 0") for bad in (0, -3)],
        ("noise", -0.1, "0 or more"),
        *[(argument, bad, "a finite number") for argument in ("period", "noise") for bad in (np.inf, np.nan, [5, 6])],
        *[(argument, bad, "real numbers") for argument in ("period", "noise") for bad in ("0.1", None, True)],
    ],
)
def test_waves_name_what_is_wrong(waves, argument, bad, expected):
    with pytest.raises(ValueError, match=f"^{argument}: expected {expected}, got "):
        waves(**{argument: bad})


@pytest.mark.parametrize("window", [1, 2, 7, 60])
def test_a_moving_average_is_that_of_a_slow_loop(window):
    X, Y = moving_average(50, window, seed=3)
    assert X.shape == Y.shape == (50, 1)
    assert X.dtype == Y.dtype == "float32"
    slow = [X[max(0, t - window + 1) : t + 1].sum() / window for t in range(50)]
    np.testing.assert_allclose(Y[:, 0], slow, atol=1e-6)


def test_the_noise_of_a_moving_average_is_normal_and_depends_on_its_seed_alone():
    X, _ = moving_average(20_000)
    assert abs(X.mean()) < 0.03
    assert abs(X.std() - 1) < 0.03
    np.testing.assert_array_equal(X[:99], moving_average(99, window=3)[0])
    assert (moving_average(99, seed=1)[0] != X[:99]).any()


@pytest.mark.parametrize("argument", ["n_steps", "window"])
@pytest.mark.parametrize("bad", [0, -2, 1.5, "3", None])
def test_a_moving_average_names_a_bad_number(argument, bad):
    with pytest.raises(ValueError, match=f"^{argument}: expected a whole number of at least 1, got "):
        moving_average(**{argument: bad})


def test_nino_sst_has_each_month_once_and_its_years_are_warmest_at_the_coast_in_march():
    series, months = nino_sst()
    assert (series.shape, series.dtype.name) == ((732, 4), "float32")
    assert months.dtype == "datetime64[M]"
    np.testing.assert_array_equal(months, np.arange("1950-01", "2011-01", dtype="datetime64[M]"))
    assert series[0].tolist() == pytest.approx([23.11, 23.74, 27.03, 24.83])
    assert 18 < series.min() < series.max() < 31
    by_month = series.reshape(61, 12, 4).mean(axis=0)
    assert by_month[:, 0].argmax() == 2
    assert by_month[:, 2].argmax() in (4, 5)
