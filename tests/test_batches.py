"""Layouts: every row continues, nothing is read twice, nothing is lost but the reported leftover, nothing is slow."""

import time

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

from lstm_lessons import (
    carryover_batches,
    carryover_breaks,
    get_states,
    leftover_steps,
    require_full_batches,
    reset_states,
    sliding_windows,
)

# A series length that fills one batch at least, with its batch size and its steps.
layouts = st.tuples(st.integers(1, 7), st.integers(1, 6)).flatmap(
    lambda sizes: st.tuples(st.integers(sizes[0] * sizes[1], 200), *map(st.just, sizes))
)


def clock(n_steps):
    return np.arange(n_steps)[:, None]


# --- carryover_batches ----------------------------------------------------------------------------------------------


@given(layouts)
def test_every_row_continues_and_nothing_is_lost_but_the_leftover(layout):
    n_steps, batch_size, timesteps = layout
    X = carryover_batches(clock(n_steps), batch_size, timesteps)
    n_batches, rest = divmod(len(X), batch_size)
    assert rest == 0
    assert X.shape == (n_batches * batch_size, timesteps, 1)
    np.testing.assert_array_equal(X[batch_size:, 0], X[:-batch_size, -1] + 1)
    np.testing.assert_array_equal(np.diff(X, axis=1), 1)
    left = leftover_steps(n_steps, batch_size, timesteps)
    assert left == n_steps - X.size
    assert left < batch_size * timesteps
    np.testing.assert_array_equal(np.sort(X, axis=None), np.arange(n_steps - left))


@given(layouts, st.integers(1, 3))
def test_the_pieces_of_a_row_put_together_are_its_stretch(layout, features):
    n_steps, batch_size, timesteps = layout
    series = np.random.default_rng(0).normal(size=(n_steps, features))
    X = carryover_batches(series, batch_size, timesteps)
    stretch = len(X) // batch_size * timesteps
    for row in range(batch_size):
        read = np.concatenate(X[row::batch_size])
        np.testing.assert_array_equal(read, series[row * stretch : (row + 1) * stretch])


@given(layouts, st.sampled_from([(), (2,), (2, 3)]))
def test_targets_stay_with_their_steps(layout, shape):
    n_steps, batch_size, timesteps = layout
    targets = np.arange(n_steps * np.prod(shape, dtype=int)).reshape(n_steps, *shape)
    X, Y = carryover_batches(clock(n_steps), batch_size, timesteps, targets=targets)
    assert Y.shape == (*X.shape[:2], *shape)
    np.testing.assert_array_equal(Y, targets[X[:, :, 0]])


def test_one_row_or_one_batch_is_a_view():
    series = np.zeros((24, 2))
    assert np.shares_memory(carryover_batches(series, 1, 4), series)
    assert np.shares_memory(carryover_batches(series, 6, 4), series)
    for strided in (series[::-1], np.asfortranarray(series)):
        assert np.shares_memory(carryover_batches(strided, 1, 4), strided)


def test_targets_keep_their_type():
    for targets in (np.linspace(0, 1, 24), np.array(list("abcdefghijklmnopqrstuvwx"))):
        _, Y = carryover_batches(clock(24), 2, 3, targets=targets)
        assert Y.dtype == targets.dtype
        assert set(Y.ravel()) == set(targets)


@pytest.mark.parametrize("kind", [layers.LSTM, layers.GRU, layers.SimpleRNN])
@pytest.mark.parametrize(("batch_size", "timesteps"), [(1, 5), (3, 4), (4, 1)])
def test_a_model_sees_at_every_batch_the_states_of_one_long_pass(kind, batch_size, timesteps):
    """Frozen weights: after batch k row i holds what reading its stretch in one go, up to there, leaves behind."""
    keras.utils.set_random_seed(0)
    series = np.random.default_rng(1).normal(size=(61, 2)).astype("float32")
    layer = kind(3, stateful=True)
    model = keras.Sequential([keras.Input((None, 2), batch_size=batch_size), layer])
    X = carryover_batches(series, batch_size, timesteps)
    n_batches = len(X) // batch_size
    stretches = series[: X.size // 2].reshape(batch_size, n_batches * timesteps, 2)
    carried = []
    for batch in X.reshape(n_batches, batch_size, timesteps, 2):
        model.predict_on_batch(batch)
        carried.append(get_states(model))
    for k, states in enumerate(carried, start=1):
        reset_states(model)
        model.predict_on_batch(stretches[:, : k * timesteps])
        for key, value in get_states(model).items():
            np.testing.assert_array_equal(states[key], value)


def test_ten_million_steps_are_laid_out_about_as_fast_as_they_are_copied():
    series = np.random.default_rng(0).random((10_000_000, 1), "float32")
    copied, laid_out = [], []
    for _ in range(5):
        start = time.perf_counter()
        np.copy(series)
        between = time.perf_counter()
        carryover_batches(series, 32, 20)
        copied.append(between - start)
        laid_out.append(time.perf_counter() - between)
    assert min(laid_out) <= 6 * min(copied)


# --- sliding_windows ------------------------------------------------------------------------------------------------


@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 3), st.integers(0, 20))
def test_every_window_and_what_follows_it(timesteps, horizon, features, more):
    series = np.arange((timesteps + horizon + more) * features).reshape(-1, features)
    X, Y = sliding_windows(series, timesteps, horizon)
    assert X.shape == (more + 1, timesteps, features)
    assert Y.shape == (more + 1, horizon, features)
    for j in range(more + 1):
        np.testing.assert_array_equal(np.concatenate([X[j], Y[j]]), series[j : j + timesteps + horizon])
    assert np.shares_memory(X, series)
    assert np.shares_memory(Y, series)
    assert not X.flags.writeable
    assert not Y.flags.writeable


# --- carryover_breaks -----------------------------------------------------------------------------------------------


def first_and_last(X):
    return X[:, [0, -1], 0]


@given(layouts)
def test_the_right_layout_has_no_break(layout):
    n_steps, batch_size, timesteps = layout
    X = carryover_batches(clock(n_steps), batch_size, timesteps)
    assert carryover_breaks(first_and_last(X), batch_size).shape == (0, 2)


@given(layouts, st.randoms(use_true_random=False))
def test_breaks_are_the_pairs_that_do_not_follow(layout, chance):
    n_steps, batch_size, timesteps = layout
    X = carryover_batches(clock(n_steps), batch_size, timesteps)
    order = list(range(len(X)))
    chance.shuffle(order)
    times = first_and_last(X[order])
    expected = [[j, j + batch_size] for j in range(len(X) - batch_size) if times[j + batch_size, 0] != times[j, 1] + 1]
    assert carryover_breaks(times, batch_size).tolist() == expected


def test_consecutive_samples_continue_at_batch_size_one_only():
    times = first_and_last(clock(40).reshape(8, 5, 1))
    assert len(carryover_breaks(times, 1)) == 0
    assert len(carryover_breaks(times, 4)) == 4
    assert len(carryover_breaks(times, 9)) == 0


def test_breaks_at_the_end_of_what_a_type_can_hold():
    for dtype in ("uint8", "int8", "uint64", "int64"):
        most = np.iinfo(dtype).max
        jump = np.array([[most - 2, most], [0, 2]], dtype)
        assert carryover_breaks(jump, 1).tolist() == [[0, 1]]
        assert len(carryover_breaks(np.array([[most - 3, most - 2], [most - 1, most]], dtype), 1)) == 0
    assert carryover_breaks([[0, 2]], 2**70).shape == (0, 2)
    assert carryover_breaks([[0, 2], [9, 9]], 1).dtype.kind == "i"


def test_sliding_windows_continue_where_the_batch_is_as_large_as_the_window():
    X, _ = sliding_windows(clock(100), timesteps=20)
    times = first_and_last(X)
    assert len(carryover_breaks(times, 20)) == 0
    assert len(carryover_breaks(times, 10)) == len(X) - 10


# --- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [np.zeros(24), np.zeros((2, 12, 1)), 3, [[1], [1, 2]]])
def test_a_series_has_two_axes(bad):
    for lay_out in (lambda: carryover_batches(bad, 2, 3), lambda: sliding_windows(bad, 3)):
        with pytest.raises(ValueError, match=r"^series: expected two axes \(time, features\), got "):
            lay_out()


@pytest.mark.parametrize("name", ["batch_size", "timesteps"])
@pytest.mark.parametrize("bad", [0, -2, 2.0, "3", None, True])
def test_sizes_are_whole_numbers_above_zero(name, bad):
    sizes = {"batch_size": 2, "timesteps": 3, name: bad}
    for use in (lambda: carryover_batches(clock(24), **sizes), lambda: leftover_steps(24, **sizes)):
        with pytest.raises(ValueError, match=rf"^{name}: expected a whole number of at least 1, got "):
            use()


@pytest.mark.parametrize("bad", [0, -1, 1.5, None])
def test_windows_and_horizons_are_whole_numbers_above_zero(bad):
    with pytest.raises(ValueError, match=r"^timesteps: expected a whole number of at least 1, got "):
        sliding_windows(clock(9), bad)
    with pytest.raises(ValueError, match=r"^horizon: expected a whole number of at least 1, got "):
        sliding_windows(clock(9), 3, bad)


def test_a_series_too_short_for_one_batch_or_window():
    with pytest.raises(ValueError, match=r"^series: expected at least batch_size \* timesteps = 30 steps, got 29 "):
        carryover_batches(clock(29), 30, 1)
    with pytest.raises(ValueError, match=r"^series: expected at least timesteps \+ horizon = 6 steps, got 5 steps"):
        sliding_windows(clock(5), 4, 2)
    assert leftover_steps(29, 30, 1) == 29
    assert leftover_steps(0, 1, 1) == 0


@pytest.mark.parametrize("bad", [-1, 24.5, True, None, keras.ops.array(2.0)], ids=repr)
def test_steps_are_counted_in_whole_numbers(bad):
    with pytest.raises(ValueError, match=r"^n_steps: expected a whole number of at least 0, got "):
        leftover_steps(bad, 2, 3)


@pytest.mark.parametrize("targets", [np.zeros(23), np.zeros((25, 1)), np.zeros((1, 24)), 5])
def test_targets_are_as_long_as_the_series(targets):
    with pytest.raises(ValueError, match=r"^targets: expected one for each of the 24 steps of the series, got shape "):
        carryover_batches(clock(24), 2, 3, targets=targets)
    with pytest.raises(ValueError, match=r"got shape \(23,\)$"):
        carryover_batches(clock(24), 2, 3, targets=np.zeros(23))


@pytest.mark.parametrize(
    "bad", [[0, 1], [[0, 1, 2]], [[0.0, 1.0]], [["a", "b"]], np.zeros((2, 2), bool), np.zeros((2, 2, 2), int)]
)
def test_a_time_index_is_first_and_last_time_in_whole_numbers(bad):
    with pytest.raises(ValueError, match=r"^time_index: expected whole numbers in shape \(n, 2\).*, got shape "):
        carryover_breaks(bad, 2)


def test_samples_begin_before_they_end():
    with pytest.raises(ValueError, match=r"^time_index: expected samples .*, got sample 1, which does not"):
        carryover_breaks([[0, 2], [5, 3]], 1)
    with pytest.raises(ValueError, match=r"got sample 0, which does not"):
        carryover_breaks([[5, 3], [0, 1], [9, 8]], 1)
    with pytest.raises(ValueError, match=r"^batch_size: expected a whole number of at least 1, got 0"):
        carryover_breaks([[0, 2]], 0)


def test_ragged_lists_are_named():
    with pytest.raises(ValueError, match=r"^targets: expected one for each of the 6 steps .*, got a list"):
        carryover_batches(clock(6), 2, 3, targets=[[1], [1, 2]] * 3)
    with pytest.raises(ValueError, match=r"^time_index: expected whole numbers .*, got a list"):
        carryover_breaks([[0, 2], [3]], 1)


@given(st.integers(1, 50), st.integers(1, 12))
def test_only_full_batches_pass(n_samples, batch_size):
    if n_samples % batch_size == 0:
        require_full_batches(n_samples, batch_size)
    else:
        with pytest.raises(ValueError, match=rf"^n_samples: expected a multiple of batch_size = {batch_size}, got "):
            require_full_batches(n_samples, batch_size)


@pytest.mark.parametrize("bad", [0, -4, 4.0, "4", None])
def test_full_batches_are_counted_in_whole_numbers(bad):
    with pytest.raises(ValueError, match=r"^n_samples: expected a whole number of at least 1, got "):
        require_full_batches(bad, 4)
    with pytest.raises(ValueError, match=r"^batch_size: expected a whole number of at least 1, got "):
        require_full_batches(4, bad)


def test_large_counts_pass():
    require_full_batches(2_000_000, 2)


def test_five_samples_in_batches_of_four_are_refused_before_keras_answers_eight():
    model = keras.Sequential([keras.Input((2, 1), batch_size=4), layers.LSTM(2, stateful=True)])
    X = np.ones((5, 2, 1), "float32")
    with pytest.raises(ValueError, match=r"^n_samples: expected a multiple of batch_size = 4, got 5, which leaves 1 "):
        require_full_batches(len(X), 4)
    assert len(model.predict(X, batch_size=4, verbose=0)) == 8
