"""The pictures show what they are given, in the places that their docstrings name."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba
from matplotlib.patches import FancyArrowPatch, Rectangle

from lstm_lessons import (
    draw_carryover,
    draw_fit,
    draw_gates,
    draw_rows_read,
    draw_seismograph,
    draw_spread,
    draw_state,
    draw_who_hears_whom,
)

mpl.use("agg")


@pytest.fixture(autouse=True)
def nothing_open():
    yield
    assert plt.get_fignums() == [], "a figure was left open in pyplot: Jupyter would show it twice"


def vertical_lines(ax):
    return {line.get_xdata()[0]: line.get_color() for line in ax.lines if len(set(line.get_xdata())) == 1}


def test_draw_state_shows_inputs_states_and_answers():
    h = np.random.default_rng(0).uniform(-1, 1, (6, 3))
    answers = np.eye(2)[[0, 0, 1, 1, 0, 1]]
    figure = draw_state(np.ones((6, 1)), h, answers, np.zeros(6, int), chunk_starts=[0, 3], resets=[0])
    shown = [ax.images[0].get_array() for ax in figure.axes]
    assert [panel.shape for panel in shown] == [(1, 6), (3, 6), (2, 6)]
    np.testing.assert_array_equal(shown[0], np.ones((1, 6)))
    np.testing.assert_array_equal(shown[1], h.T)
    np.testing.assert_array_equal(shown[2], answers.T)
    right, wrong = figure.axes[2].collections
    assert right.get_offsets().tolist() == [[0, 0], [1, 0], [4, 0]]
    assert wrong.get_offsets().tolist() == [[2, 1], [3, 1], [5, 1]]
    assert (tuple(right.get_facecolor()[0]), tuple(wrong.get_edgecolor()[0])) == (to_rgba("black"), to_rgba("red"))
    for ax in figure.axes:
        assert vertical_lines(ax) == {-0.5: "tab:red", 2.5: "0.55"}


def test_draw_seismograph_has_a_panel_for_each_way():
    line = np.sin(np.arange(6.0))
    figure = draw_seismograph({"carried": (line, [0]), "reset": (-line, [0, 3])}, [0, 3], {3: "label 1"})
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["carried", "reset"]
    np.testing.assert_array_equal(figure.axes[1].lines[0].get_ydata(), -line)
    assert vertical_lines(figure.axes[0]) == {-0.5: "tab:red", 2.5: "0.55"}
    assert vertical_lines(figure.axes[1]) == {-0.5: "tab:red", 2.5: "tab:red"}
    assert [(text.get_text(), text.get_position()[0]) for text in figure.axes[0].texts] == [("label 1", 3.2)]


def test_a_reset_inside_a_chunk_is_drawn_too():
    figure = draw_seismograph({"carried": (np.zeros(6), [4])}, [0, 3], {})
    assert vertical_lines(figure.axes[0]) == {-0.5: "0.55", 2.5: "0.55", 3.5: "tab:red"}


def test_draw_rows_read_lets_the_image_appear_row_by_row():
    image = np.arange(1.0, 65.0).reshape(8, 8)
    figure = draw_rows_read(image, np.linspace(0.2, 0.9, 8), {1: 0.5, 4: 0.8})
    for n_rows, ax in enumerate(figure.axes[:8], start=1):
        seen = np.isfinite(np.ma.filled(ax.images[0].get_array(), np.nan))
        assert seen.any(axis=1).sum() == n_rows
    curve = figure.axes[8]
    np.testing.assert_array_equal(curve.lines[0].get_xdata(), np.arange(1, 9))
    np.testing.assert_array_equal(curve.lines[0].get_ydata(), np.linspace(0.2, 0.9, 8))
    assert list(zip(*curve.lines[1].get_data(), strict=True)) == [(1, 0.5), (4, 0.8)]
    assert set(curve.lines[2].get_ydata()) == {0.1}


def test_draw_rows_read_of_an_empty_image():
    assert len(draw_rows_read(np.zeros((8, 8)), np.zeros(8), {1: 0.1}).axes) == 9


def test_draw_gates_works_out_the_chosen_step():
    gates = np.array([[0.5, 1.0, -1.0, 1.0], [0.25, 0.5, 1.0, 0.5]])
    c = np.array([-0.5, 0.0])
    h = np.tanh(c) * gates[:, 3]
    figure = draw_gates("ab", gates, c, h, step=1)
    above, below = figure.axes
    np.testing.assert_array_equal(above.images[0].get_array(), gates.T)
    assert [line.get_ydata().tolist() for line in below.lines] == [c.tolist(), h.tolist()]
    assert [label.get_text() for label in below.get_xticklabels()] == ["a", "b"]
    assert [label.get_text()[-1] for label in above.get_yticklabels()] == ["i", "f", "g", "o"]
    assert above.images[0].get_clim() == (-1, 1)
    assert [text.get_text() for text in below.get_legend().get_texts()] == ["cell state c", "hidden state h"]
    assert below.get_yscale() == "symlog"
    assert [(ax.patches[0].get_x(), ax.patches[0].get_width()) for ax in (above, below)] == [(0.5, 1.0)] * 2
    assert "'b':  c = f c + i g = (0.50)(-0.50) + (0.25)(1.00) = 0.00" in above.get_title(loc="left")
    assert "(1.00)(0.00) + (0.50)(-1.00) = -0.50" in draw_gates("ab", gates, c, h, 0).axes[0].get_title(loc="left")


def test_draw_fit_shows_epochs_validation_and_starts_from_zero():
    trace = [
        (0, "training", 0.0, 0.3),
        (0, "training", 0.3, 0.5),
        (0, "validation", 0.0, -0.2),
        (1, "training", 0.5, 0.6),
    ]
    first, second = draw_fit({"one way": trace, "another": trace[:2]}).axes
    assert [ax.get_title(loc="left") for ax in (first, second)] == ["one way", "another"]
    line, *_ = first.lines
    assert line.get_xdata().tolist() == [0, 1, 1, 2, 2, 3, 3, 4]
    assert line.get_ydata().tolist() == [0.0, 0.3, 0.3, 0.5, 0.0, -0.2, 0.5, 0.6]
    assert [(span.get_x(), span.get_width()) for span in first.patches] == [(2, 1)]
    assert sorted(line.get_xdata()[0] for line in first.lines if line.get_color() == "tab:red") == [0, 2]
    assert [line.get_xdata()[0] for line in first.lines if line.get_linestyle() == "--"] == [0, 3]
    assert [(text.get_text(), text.get_position()[0]) for text in first.texts] == [("epoch 0", 0), ("epoch 1", 3)]
    assert len(second.patches) == 0


def test_draw_who_hears_whom_counts_and_shows_each_map():
    heard = {"alone": np.eye(3, dtype=bool), "all that follow": np.triu(np.ones((3, 3), bool))}
    figure = draw_who_hears_whom(heard)
    assert [ax.get_title() for ax in figure.axes] == ["alone: 3", "all that follow: 6"]
    for ax, matrix in zip(figure.axes, heard.values(), strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), matrix)
        assert ax.get_xlabel().startswith("i:")
    assert figure.axes[0].get_ylabel().startswith("j:")


def links(ax):
    """The arrows: line style, colour, and from where to where."""
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    return [(arrow.get_linestyle(), to_hex(arrow.get_edgecolor()), *arrow._posA_posB) for arrow in arrows]


def to_the_right(ax, follows, n_rows):
    """The arrows of a grid in which every sample has one to the next column, in the order of samples."""
    looks = ("-", to_hex("black")) if follows else ("--", to_hex("tab:red"))
    n_links = len(links(ax))
    return [(*looks, (n // n_rows + 0.3, n % n_rows), (n // n_rows + 0.7, n % n_rows)) for n in range(n_links)]


def boxes(ax):
    """The samples of each row of the batch, from left to right: (place, width, looks full)."""
    rows = {}
    for patch in ax.patches:
        if isinstance(patch, Rectangle):
            rows.setdefault(round(patch.get_y() + 0.3), []).append((patch.get_x(), patch.get_width(), patch.get_fill()))
    return rows


def test_draw_carryover_shows_where_rows_go_on():
    """Six samples of 3 steps: row 0 reads steps 0 to 8, row 1 steps 9 to 17."""
    figure = draw_carryover(np.array([[0, 2], [9, 11], [3, 5], [12, 14], [6, 8], [15, 17]]), batch_size=2)
    grid, stretches = figure.axes
    assert len(links(grid)) == 4
    assert links(grid) == to_the_right(grid, True, n_rows=2)
    assert links(stretches) == []
    assert boxes(grid) == {row: [(batch - 0.3, 0.6, True) for batch in range(3)] for row in range(2)}
    assert boxes(stretches) == {0: [(t, 3, True) for t in (0, 3, 6)], 1: [(t, 3, True) for t in (9, 12, 15)]}
    assert [text.get_text() for text in grid.texts] == [*"012345"]
    colours = {patch.get_facecolor() for patch in grid.patches if isinstance(patch, Rectangle)}
    assert len(colours) == 2


def test_draw_carryover_shows_jumps_and_a_batch_that_is_not_full():
    in_order = np.stack([np.arange(0, 15, 3), np.arange(2, 17, 3)], axis=1)
    grid, stretches = draw_carryover(in_order, batch_size=2).axes
    assert len(links(grid)) == 2
    assert links(grid) == to_the_right(grid, False, n_rows=2)
    red = ("--", to_hex("tab:red"))
    assert links(stretches) == [(*red, (3, -0.3), (6, -0.3)), (*red, (6, 0.7), (9, 0.7))]
    assert [patch.get_hatch() for patch in grid.patches if isinstance(patch, Rectangle)] == [None] * 4 + ["///"]
    assert [full for *_, full in boxes(grid)[0]] == [True, True, False]
    assert len(boxes(grid)[1]) == 2


def test_draw_carryover_of_unsigned_times_shows_the_jump_back():
    grid, _ = draw_carryover(np.array([[200, 255], [0, 10]], "uint8"), batch_size=1).axes
    assert [style for style, *_ in links(grid)] == ["--"]


def test_draw_spread_has_a_dot_for_each_seed_and_a_line_to_compare_with():
    errors = {"ahead": {"dense": [0.1, 0.3], "stateful": np.array([0.2])}, "free": {"dense": [0.4, 0.5]}}
    ahead, free = draw_spread(errors, {"ahead": {"persistence": 0.6, "rule": 0.05}}).axes
    dots = [(line.get_xdata().tolist(), line.get_ydata().tolist()) for line in ahead.lines if line.get_marker() == "o"]
    assert dots == [([0.1, 0.3], [0, 0]), ([0.2], [1])]
    assert [label.get_text() for label in ahead.get_yticklabels()] == ["dense", "stateful"]
    assert {line.get_xdata()[0] for line in ahead.lines if line.get_linestyle() == "--"} == {0.6, 0.05}
    assert [text.get_text().strip() for text in ahead.texts] == ["persistence", "rule"]
    assert (ahead.get_title(), free.get_title(), len(free.lines)) == ("ahead", "free", 1)
    assert (ahead.get_xlim(), free.get_xlim()) == (pytest.approx((0.025, 1.2)), pytest.approx((0.2, 1.0)))
    assert {ax.get_xscale() for ax in (ahead, free)} == {"log"}
