"""Laying data out in batches so that row i continues row i."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lstm_lessons.arguments import as_array, refusal, whole_number


def sliding_windows(series: np.ndarray, timesteps: int, horizon: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Every window of a series, each one step after the last, and the values that follow it.

    `series` is (time, features), in any unit. Returns X (n, timesteps, features) and Y (n, horizon, features), where n
    is time - timesteps - horizon + 1 and Y[j] follows X[j] in time. Both are read-only views of the series and take no
    memory of their own. A window's continuation in time is the one timesteps places later, so a stateful model reads
    them without a break at a batch size equal to timesteps and at no other below the number of windows.

    Raises ValueError where the series is not two-dimensional or shorter than one window and its horizon, and where
    timesteps or horizon is below 1. Introduced in lesson 03.

    >>> X, Y = sliding_windows(np.arange(6)[:, None], timesteps=3)
    >>> X[:, :, 0].tolist(), Y[:, 0, 0].tolist()
    ([[0, 1, 2], [1, 2, 3], [2, 3, 4]], [3, 4, 5])

    Source: the windows of "Keras之stateful LSTM全面解析+实例测试" (document D of the course), by NumPy.
    """
    series = _two_axes(series)
    timesteps, horizon = whole_number("timesteps", timesteps, 1), whole_number("horizon", horizon, 1)
    if len(series) < timesteps + horizon:
        raise refusal("series", f"at least timesteps + horizon = {timesteps + horizon} steps", f"{len(series)} steps")
    whole = np.moveaxis(sliding_window_view(series, timesteps + horizon, axis=0), 2, 1)
    return whole[:, :timesteps], whole[:, timesteps:]


def carryover_batches(
    series: np.ndarray, batch_size: int, timesteps: int, targets: np.ndarray | None = None
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """One long series laid out for a stateful model: in each batch, row i goes on where row i of the last batch ended.

    The series (time, features), in any unit, is cut into `batch_size` stretches of equal length, one a row; batch k
    holds piece k of every stretch. Returns X (n_batches · batch_size, timesteps, features), in which X[j] is followed
    in time by X[j + batch_size]; with `targets` (time, ...), one for each step, it returns X and Y, laid out alike.
    What does not fill a whole batch is left out at the end (`leftover_steps`). Pass X to `fit` with the same batch size
    and `shuffle=False`. The result is a view of the series where memory allows it, else a copy.

    Raises ValueError where the series is not two-dimensional or too short for one batch, where batch_size or timesteps
    is below 1, or where the targets are not as long as the series. Introduced in lesson 03.

    >>> carryover_batches(np.arange(13)[:, None], batch_size=2, timesteps=3)[:, :, 0].tolist()
    [[0, 1, 2], [6, 7, 8], [3, 4, 5], [9, 10, 11]]

    Source: the rule X[i] → X[i + batch_size] of Keras's stateful layers, which Keras leaves to its users.
    """
    series = _two_axes(series)
    batch_size, timesteps = whole_number("batch_size", batch_size, 1), whole_number("timesteps", timesteps, 1)
    if len(series) < batch_size * timesteps:
        room = f"at least batch_size * timesteps = {batch_size * timesteps} steps"
        raise refusal("series", room, f"{len(series)} steps (batch_size {batch_size}, timesteps {timesteps})")
    if targets is None:
        return _in_rows(series, batch_size, timesteps)
    expected = f"one for each of the {len(series)} steps of the series"
    targets = as_array("targets", expected, targets)
    if targets.ndim == 0 or len(targets) != len(series):
        raise refusal("targets", expected, f"shape {targets.shape}")
    return _in_rows(series, batch_size, timesteps), _in_rows(targets, batch_size, timesteps)


def leftover_steps(n_steps: int, batch_size: int, timesteps: int) -> int:
    """How many steps at the end of a series `carryover_batches` leaves out, because they fill no whole batch.

    All of them where the series is too short for one batch. Raises ValueError where n_steps is below 0, batch_size or
    timesteps below 1. Introduced in lesson 03.

    >>> leftover_steps(13, batch_size=2, timesteps=3)
    1

    Source: this course.
    """
    n_steps = whole_number("n_steps", n_steps, 0)
    return n_steps % (whole_number("batch_size", batch_size, 1) * whole_number("timesteps", timesteps, 1))


def carryover_breaks(time_index: np.ndarray, batch_size: int) -> np.ndarray:
    """The places where a layout breaks: the pairs of samples j, j + batch_size that do not follow each other in time.

    `time_index` (n, 2) gives the first and the last time of each sample, counted in whole steps. Returns (k, 2), the
    pairs in which the second sample's first time is not the first one's last + 1; no pair, and every row continues.

    Raises ValueError where time_index is not (n, 2), not of whole numbers, or has a sample that ends before it begins,
    and where batch_size is below 1. Introduced in lesson 03.

    >>> carryover_breaks(np.array([[0, 2], [6, 8], [3, 5], [8, 10]]), batch_size=2).tolist()
    [[1, 3]]

    Source: this course.
    """
    expected = "whole numbers in shape (n, 2), first and last time of each sample"
    time_index, batch_size = as_array("time_index", expected, time_index), whole_number("batch_size", batch_size, 1)
    if time_index.ndim != 2 or time_index.shape[1] != 2 or time_index.dtype.kind not in "iu":
        raise refusal("time_index", expected, f"shape {time_index.shape} of {time_index.dtype}")
    backwards = np.flatnonzero(time_index[:, 0] > time_index[:, 1])
    if len(backwards):
        raise refusal("time_index", "samples that begin before they end", f"sample {backwards[0]}, which does not")
    batch_size = min(batch_size, len(time_index) + 1)
    first, last = time_index[batch_size:, 0], time_index[:-batch_size, 1]
    breaks = np.flatnonzero((first <= last) | (first - last != 1))  # last + 1 could overflow
    return np.stack([breaks, breaks + batch_size], axis=1)


def require_full_batches(n_samples: int, batch_size: int) -> None:
    """Refuse a number of samples that does not fill whole batches, before a stateful model goes wrong on it.

    Raises ValueError where n_samples is not a multiple of batch_size: one sample that is left over after full batches
    Keras answers for rows that do not exist, mixing up their states, without a word; two or more raise, when the full
    batches have already moved the state. Also where either is below 1. Introduced in lesson 03.

    >>> require_full_batches(8, batch_size=4)

    Source: this course; what it prevents is measured in lessons 02 and 03.
    """
    n_samples, batch_size = whole_number("n_samples", n_samples, 1), whole_number("batch_size", batch_size, 1)
    left = n_samples % batch_size
    if left:
        raise refusal("n_samples", f"a multiple of batch_size = {batch_size}", f"{n_samples}, which leaves {left} over")


def _two_axes(series) -> np.ndarray:
    expected = "two axes (time, features)"
    series = as_array("series", expected, series)
    if series.ndim != 2:
        raise refusal("series", expected, f"shape {series.shape}")
    return series


def _in_rows(values: np.ndarray, batch_size: int, timesteps: int) -> np.ndarray:
    n_batches = len(values) // (batch_size * timesteps)
    read = values[: n_batches * batch_size * timesteps]
    pieces = read.reshape(batch_size, n_batches, timesteps, *values.shape[1:])
    return pieces.swapaxes(0, 1).reshape(n_batches * batch_size, timesteps, *values.shape[1:])
