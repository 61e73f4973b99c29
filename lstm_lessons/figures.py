"""Pictures of states: what went in, what was remembered, what was answered."""

from collections.abc import Collection, Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

CHUNK_LINE = {"color": "0.55", "linewidth": 0.8, "linestyle": ":"}
RESET_LINE = {"color": "tab:red", "linewidth": 2}


def draw_state(
    inputs: np.ndarray,
    h: np.ndarray,
    answers: np.ndarray,
    truth: np.ndarray,
    chunk_starts: Collection[int],
    resets: Collection[int],
) -> Figure:
    """One row of a batch, step by step: its inputs, its hidden state and its answers, above each other.

    `inputs` is (steps, features) with values between 0 and 1, `h` (steps, units) with values between -1 and 1,
    `answers` (steps, classes) with probabilities, `truth` (steps,) with the index of the true class. Dotted lines mark
    where a chunk starts, red lines where the state is set to zeros. Each step's likeliest class is marked: a black dot
    where it is true, a red x where it is not. Returns a figure that is not open in pyplot. Introduced in lesson 02.

    >>> figure = draw_state(np.zeros((4, 1)), np.zeros((4, 3)), np.full((4, 2), 0.5), np.zeros(4, int), [0, 2], [0])
    """
    figure, axes = _stacked_panels(heights=(max(1, inputs.shape[1] / 4), 2.2, 1.6))
    _show_over_time(axes[0], inputs, "input", cmap="Greys", vmin=0, vmax=1)
    _show_over_time(axes[1], h, "state h (units)", cmap="RdBu_r", vmin=-1, vmax=1)
    _show_over_time(axes[2], answers, "answer (class)", cmap="Greens", vmin=0, vmax=1)
    _mark_likeliest(axes[2], answers.argmax(axis=1), truth)
    axes[2].set_yticks(range(answers.shape[1]))
    axes[2].set_xlabel(
        "step   (dotted line: a chunk starts, red line: state set to zeros, black dot: right, red x: wrong)"
    )
    for ax in axes:
        mark_starts(ax, chunk_starts, resets)
    return figure


def mark_starts(ax: Axes, chunk_starts: Collection[int], resets: Collection[int]) -> None:
    """Draw a dotted line where a chunk starts and a red one where the state is set to zeros."""
    resets = set(resets)
    for step in resets.union(chunk_starts):
        ax.axvline(step - 0.5, **(RESET_LINE if step in resets else CHUNK_LINE))


def draw_seismograph(
    traces: Mapping[str, tuple[np.ndarray, Collection[int]]], chunk_starts: Collection[int], labels: Mapping[int, str]
) -> Figure:
    """The state as a seismograph: one line over time, in one panel for each way of using a model.

    `traces` gives, by the panel's title, the line (steps,) and the steps before which the state was set to zeros.
    Dotted lines mark `chunk_starts`, red ones the resets; `labels` are texts by the step at which they begin. Returns
    a figure that is not open in pyplot. Introduced in lesson 02.

    >>> figure = draw_seismograph({"carried": (np.zeros(4), [0])}, [0, 2], {0: "label 1"})
    """
    figure, axes = _stacked_panels(heights=(1.5,) * len(traces))
    for ax, (title, (line, resets)) in zip(axes, traces.items(), strict=True):
        ax.plot(line, color="black", linewidth=1.3)
        ax.set_title(title, loc="left", fontsize=10, pad=16)
        ax.set(ylim=(-1.05, 1.05), yticks=[-1, 0, 1], ylabel="h")
        mark_starts(ax, chunk_starts, resets)
        for step, text in labels.items():
            ax.text(step + 0.2, 1.08, text, color="0.45", fontsize=9, va="bottom")
    axes[-1].set_xlabel("step   (dotted: a chunk starts, red: the state is set to zeros)")
    return figure


def draw_rows_read(image: np.ndarray, carried: np.ndarray, alone: Mapping[int, float]) -> Figure:
    """Accuracy by rows read, below an image that appears row by row.

    `image` is (rows, pixels); `carried` (rows,) is the accuracy, 0 to 1, after each row with the state carried; `alone`
    gives, by number of rows, the accuracy of a stateless model that sees just the last so many rows. Returns a figure
    that is not open in pyplot. Introduced in lesson 02.

    >>> figure = draw_rows_read(np.zeros((8, 8)), np.linspace(0.1, 0.9, 8), {1: 0.5, 8: 0.9})
    """
    rows = len(image)
    figure = plt.figure(figsize=(9, 4.6), layout="constrained")
    plt.close(figure)
    grid = figure.add_gridspec(2, rows, height_ratios=(1, 3))
    for row in range(rows):
        _show_first_rows(figure.add_subplot(grid[0, row]), image, row + 1)
    ax = figure.add_subplot(grid[1, :])
    ax.plot(
        np.arange(1, rows + 1), carried, "o-", color="tab:blue", label="stateful: the first n rows, one row per call"
    )
    ax.plot(list(alone), list(alone.values()), "s", color="tab:orange", label="stateless: the last n rows, in one call")
    ax.axhline(0.1, color="0.6", linewidth=0.8)
    ax.text(0.55, 0.105, "chance", va="bottom", color="0.4")
    ax.set(xlabel="n, number of rows", ylabel="test accuracy", ylim=(0, 1), xlim=(0.5, rows + 0.5))
    ax.legend(loc="lower right")
    return figure


def _stacked_panels(heights: tuple[float, ...]) -> tuple[Figure, list[Axes]]:
    size = (9, 1.1 + sum(heights))
    figure, axes = plt.subplots(
        len(heights), sharex=True, squeeze=False, figsize=size, height_ratios=heights, layout="constrained"
    )
    plt.close(figure)
    return figure, list(axes[:, 0])


def _show_over_time(ax, values, label, **colours) -> None:
    ax.imshow(values.T, aspect="auto", interpolation="nearest", **colours)
    ax.set(ylabel=label, yticks=[])


def _mark_likeliest(ax, likeliest, truth) -> None:
    steps, right = np.arange(len(truth)), likeliest == truth
    ax.scatter(steps[right], likeliest[right], c="black", s=14)
    ax.scatter(steps[~right], likeliest[~right], c="red", marker="x", s=22)


def _show_first_rows(ax, image, n_rows) -> None:
    shown = np.where(np.arange(len(image))[:, None] < n_rows, image, np.nan)
    ax.imshow(shown, cmap="Greys", vmin=0, vmax=image.max() or 1)
    ax.set(xticks=[], yticks=[])
