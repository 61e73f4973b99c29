"""Pictures of states: what went in, what was remembered, what was answered."""

from collections.abc import Collection, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.ticker import LogLocator

CHUNK_LINE = {"color": "0.55", "linewidth": 0.8, "linestyle": ":"}
RESET_LINE = {"color": "tab:red", "linewidth": 2}
GATES = ("input gate i", "forget gate f", "candidate g", "output gate o")
ROW_COLOURS = plt.get_cmap("Set3").colors
LINK, BREAK = "black", "tab:red"


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


def draw_fit(traces: Mapping[str, Sequence[tuple[int, str, float, float]]]) -> Figure:
    """A `fit` as the state lives it: one number of h from batch to batch, in one panel for each way of training.

    `traces` gives, by the panel's title, for each batch in order: its epoch, "training" or "validation", and h before
    and after it. Dashed lines mark where an epoch starts, grey the batches of a validation, red where a batch starts
    from h = 0. Returns a figure that is not open in pyplot. Introduced in lesson 04.

    >>> figure = draw_fit({"as it is": [(0, "training", 0.0, 0.3), (0, "validation", 0.3, 0.5)]})
    """
    figure, axes = _stacked_panels(heights=(1.6,) * len(traces))
    for ax, (title, trace) in zip(axes, traces.items(), strict=True):
        epochs, kinds, before, after = zip(*trace, strict=True)
        ax.plot(np.repeat(np.arange(len(trace) + 1), 2)[1:-1], np.ravel([before, after], "F"), color="black")
        ax.set_title(title, loc="left", fontsize=10, pad=16)
        ax.set(ylabel="h", xlim=(-0.01 * len(trace), len(trace)))
        mark_starts(ax, [], np.flatnonzero(np.equal(before, 0)) + 0.5)
        for batch in np.flatnonzero(np.equal(kinds, "validation")):
            ax.axvspan(batch, batch + 1, color="0.85", zorder=0)
        for batch in np.flatnonzero(np.diff(epochs, prepend=epochs[0] - 1)):
            ax.axvline(batch, color="black", linewidth=1, linestyle="--", zorder=1)
            ax.text(batch, 1.03, f"epoch {epochs[batch]}", transform=ax.get_xaxis_transform(), fontsize=9)
    axes[-1].set_xlabel("batch   (dashed: an epoch starts, grey: validation, red: a batch starts from h = 0)")
    return figure


def draw_rows_read(image: np.ndarray, carried: np.ndarray, alone: Mapping[int, float]) -> Figure:
    """Accuracy by rows read, below an image that appears row by row.

    `image` is (rows, pixels); `carried` (rows,) is the accuracy, 0 to 1, after each row with the state carried; `alone`
    gives, by number of rows, the accuracy of a stateless model that sees just the last so many rows. Returns a figure
    that is not open in pyplot. A line marks chance for ten classes, 0.1. Introduced in lesson 02.

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


def draw_gates(symbols: Sequence[str], gates: np.ndarray, c: np.ndarray, h: np.ndarray, step: int) -> Figure:
    """One unit of an LSTM while it reads: its gates and candidate, its c and h, and the sums of one step.

    `symbols` (steps) is what stands below the steps; `gates` (steps, 4) the input gate, the forget gate, the candidate
    and the output gate, `c` and `h` (steps,) the states after each step. A frame marks `step`, and the title
    works it out; the first step starts from c = 0. Returns a figure that is not open in pyplot. Introduced in
    lesson 01.

    >>> figure = draw_gates("ab", np.zeros((2, 4)), np.zeros(2), np.zeros(2), step=1)
    """
    figure, axes = _stacked_panels(heights=(1.6, 2.0))
    _show_over_time(axes[0], gates, None, cmap="RdBu_r", vmin=-1, vmax=1)
    axes[0].set_yticks(range(4), GATES)
    worked_out = _worked_out(symbols[step], gates[step], c[step - 1] if step else 0.0, c[step], h[step])
    axes[0].set_title(worked_out, loc="left", fontsize=11, family="monospace")
    axes[1].plot(c, color="tab:purple", label="cell state c")
    axes[1].plot(h, color="tab:green", label="hidden state h")
    axes[1].set_yscale("symlog", linthresh=1)
    axes[1].set_xticks(range(len(symbols)), symbols, family="monospace")
    axes[1].legend(loc="upper right", ncols=2)
    for ax in axes:
        ax.axvspan(step - 0.5, step + 0.5, fill=False, edgecolor="black", linewidth=1.2, zorder=3)
    return figure


def draw_spread(
    errors: Mapping[str, Mapping[str, Sequence[float]]], lines: Mapping[str, Mapping[str, float]]
) -> Figure:
    """Errors as dots, one for each seed, so that kinds of networks can be compared with all that luck does to them.

    `errors` gives, by the panel's title and the name of a row, the errors of one kind, above 0, in any unit. `lines`
    gives, by the panel's title and a text, what to compare them with, drawn as dashed lines; panels without lines may
    be left out. The axis is logarithmic. Returns a figure that is not open in pyplot. Introduced in lesson 05.

    >>> figure = draw_spread({"one step ahead": {"stateful": [0.1, 0.2]}}, {"one step ahead": {"persistence": 0.5}})
    """
    figure, axes = plt.subplots(1, len(errors), figsize=(10, 2.8), layout="constrained", squeeze=False)
    plt.close(figure)
    for ax, (title, kinds) in zip(axes[0], errors.items(), strict=True):
        for place, of_seeds in enumerate(kinds.values()):
            ax.plot(of_seeds, np.full(len(of_seeds), place), "o", alpha=0.6)
        for place, (text, error) in enumerate(lines.get(title, {}).items()):
            ax.axvline(error, color="0.5", linestyle="--", linewidth=1)
            ax.text(error, -0.5, f" {text}" if place else f"{text} ", fontsize=8, ha="left" if place else "right")
        shown = [*np.concatenate(list(kinds.values())), *lines.get(title, {}).values()]
        ax.set(title=title, xlabel="error (RMSE)", xscale="log", xlim=(min(shown) / 2, 2 * max(shown)))
        ax.set(yticks=range(len(kinds)), yticklabels=kinds, ylim=(len(kinds) - 0.4, -0.9))
        ax.xaxis.set(major_locator=LogLocator(subs=(1, 2, 5)), major_formatter="{x:g}", minor_formatter="")
    return figure


def draw_who_hears_whom(heard: Mapping[str, np.ndarray]) -> Figure:
    """Which outputs move when one sample is changed: a map for each way of reading.

    `heard` gives, by the map's title, a matrix (n, n) of booleans: row j, column i is true where a change of sample j
    moves the output for sample i. The title also counts the true cells. Returns a figure that is not open in pyplot.
    Introduced in lesson 03.

    >>> figure = draw_who_hears_whom({"stateless": np.eye(3, dtype=bool)})
    """
    figure, axes = plt.subplots(1, len(heard), squeeze=False, figsize=(3.2 * len(heard), 3.7), layout="constrained")
    plt.close(figure)
    for ax, (title, matrix) in zip(axes[0], heard.items(), strict=True):
        ax.imshow(matrix, cmap="Blues", vmin=0, vmax=1.4)
        ax.set_title(f"{title}: {np.count_nonzero(matrix)}", fontsize=10)
        ax.set(xticks=range(len(matrix)), yticks=range(len(matrix)), xlabel="i: whose output moves")
        ax.set_xticks(np.arange(len(matrix)) - 0.5, minor=True)
        ax.set_yticks(np.arange(len(matrix)) - 0.5, minor=True)
        ax.grid(which="minor", color="0.85", linewidth=0.6)
        ax.tick_params(which="both", length=0, labelsize=8)
    axes[0, 0].set_ylabel("j: which sample is changed")
    return figure


def draw_carryover(time_index: np.ndarray, batch_size: int) -> Figure:
    """Which sample hands its state to which, and which stretch of the series each row of the batch reads.

    `time_index` (n, 2) gives the first and the last time of each sample, in whole steps. Left: the samples by number,
    each column a batch, each row in its colour, with an arrow to the sample that starts from its state. Right: the time
    that each sample covers, row by row. Links are black where the second sample follows the first in time, red where it
    does not (on the right only these are drawn); a last batch that is not full is hatched and gets none. Returns a
    figure that is not open in pyplot. Introduced in lesson 03.

    >>> figure = draw_carryover(np.array([[0, 2], [6, 8], [3, 5], [9, 11]]), batch_size=2)
    """
    time_index = np.asarray(time_index).astype("int64")  # differences of unsigned times would wrap
    n_full = len(time_index) // batch_size * batch_size
    size = (11, 1.1 + 0.55 * batch_size)
    figure, axes = plt.subplots(1, 2, figsize=size, sharey=True, width_ratios=(2, 3), layout="constrained")
    plt.close(figure)
    for j, (first, last) in enumerate(time_index):
        batch, row = divmod(j, batch_size)
        looks = _looks_of(row, full=j < n_full)
        _label_box(axes[0], (batch - 0.3, row - 0.3), 0.6, j, looks)
        _label_box(axes[1], (first, row - 0.3), last + 1 - first, j, looks)
        if j + batch_size < n_full:
            jump = time_index[j + batch_size, 0] - last - 1
            _link(axes[0], (batch + 0.3, row), (batch + 0.7, row), follows=jump == 0)
            if jump:
                bend = _bend_over_boxes(jump, np.ptp(time_index))
                _link(axes[1], (last + 1, row - 0.3), (last + 1 + jump, row - 0.3), follows=False, bend=bend)
    _name_axes(axes, time_index, batch_size)
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


def _worked_out(symbol, gates, c_before, c, h) -> str:
    i, f, g, o = gates
    new_c = f"c = f c + i g = ({f:.2f})({c_before:.2f}) + ({i:.2f})({g:.2f}) = {c:.2f}"
    return f"{symbol!r}:  {new_c}\n      h = o tanh(c) = ({o:.2f})({np.tanh(c):.2f}) = {h:.2f}"


def _looks_of(row, full) -> dict:
    colour = ROW_COLOURS[row % len(ROW_COLOURS)]
    return {"facecolor": colour, "edgecolor": "0.3"} if full else {"fill": False, "edgecolor": "0.6", "hatch": "///"}


def _label_box(ax, corner, width, number, looks) -> None:
    ax.add_patch(Rectangle(corner, width, 0.6, alpha=0.8, **looks))
    ax.text(corner[0] + width / 2, corner[1] + 0.3, number, ha="center", va="center", fontsize=8)


def _link(ax, start, end, follows, bend=0.0) -> None:
    looks = {"color": LINK if follows else BREAK, "linestyle": "-" if follows else "--", "mutation_scale": 10}
    looks |= {"connectionstyle": f"arc3,rad={bend}", "shrinkA": 0, "shrinkB": 0}
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle="->", **looks))


def _bend_over_boxes(jump: int, span: int) -> float:
    """A flat arc above the boxes, to the right or to the left, however far it goes."""
    return -np.sign(jump) * 0.25 * min(1.0, span / 6 / abs(jump))


def _name_axes(axes, time_index, batch_size) -> None:
    n_batches = -(-len(time_index) // batch_size)
    axes[0].set(xlim=(-0.5, n_batches - 0.5), ylim=(batch_size - 0.4, -0.8), xticks=range(n_batches), xlabel="batch")
    axes[0].set(yticks=range(batch_size), ylabel="row of the batch")
    axes[0].set_title("samples, and who hands its state to whom", loc="left", fontsize=10)
    axes[1].set(xlim=(time_index.min(), time_index.max() + 1), xlabel="time in the series (step)")
    axes[1].set_title("what each row reads (red: a jump in time)", loc="left", fontsize=10)
