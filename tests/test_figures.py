"""The pictures show what they are given, in the places that their docstrings name."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba

from lstm_lessons import draw_rows_read, draw_seismograph, draw_state

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
    np.testing.assert_array_equal(shown[1], h.T)
    right, wrong = figure.axes[2].collections
    assert right.get_offsets().tolist() == [[0, 0], [1, 0], [4, 0]]
    assert wrong.get_offsets().tolist() == [[2, 1], [3, 1], [5, 1]]
    assert (tuple(right.get_facecolor()[0]), tuple(wrong.get_edgecolor()[0])) == (to_rgba("black"), to_rgba("red"))
    for ax in figure.axes:
        assert vertical_lines(ax) == {-0.5: "tab:red", 2.5: "0.55"}


def test_draw_seismograph_has_a_panel_for_each_way():
    line = np.sin(np.arange(6.0))
    figure = draw_seismograph({"carried": (line, [0]), "reset": (-line, [0, 3])}, [0, 3], {0: "label 1"})
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["carried", "reset"]
    np.testing.assert_array_equal(figure.axes[1].lines[0].get_ydata(), -line)
    assert vertical_lines(figure.axes[0]) == {-0.5: "tab:red", 2.5: "0.55"}
    assert vertical_lines(figure.axes[1]) == {-0.5: "tab:red", 2.5: "tab:red"}
    assert [text.get_text() for text in figure.axes[0].texts] == ["label 1"]


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
    assert list(curve.lines[1].get_xdata()) == [1, 4]


def test_draw_rows_read_of_an_empty_image():
    assert len(draw_rows_read(np.zeros((8, 8)), np.zeros(8), {1: 0.1}).axes) == 9
