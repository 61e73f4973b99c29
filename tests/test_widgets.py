"""play() draws once at the start, and anew whenever a control moves."""

import ipywidgets
import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from lstm_lessons import play, widgets

mpl.use("agg")


class Shown:
    """Stands in for Jupyter's display: keeps what is shown and what it is updated with."""

    def __init__(self):
        self.objects, self.updates = [], []

    def __call__(self, shown, display_id=None):
        self.objects.append(shown)
        return self

    def update(self, picture, raw=False):
        self.updates.append(picture)

    def control(self, name):
        rows = self.objects[0].children
        return next(row.children[1] for row in rows if f"lessons-{name}" in row.children[1]._dom_classes)


@pytest.fixture
def shown(monkeypatch):
    shown = Shown()
    monkeypatch.setattr(widgets, "display", shown)
    return shown


def draw(**choices):
    figure, ax = plt.subplots()
    ax.set_title(str(choices))
    return figure


def title(figure):
    return figure.axes[0].get_title()


def test_the_first_choices_are_drawn_at_once(shown):
    play(draw, chunk=[5, 1], reset=True)
    assert title(shown.objects[1]) == "{'chunk': 5, 'reset': True}"
    assert plt.get_fignums() == []


def test_moving_a_control_draws_anew(shown):
    play(draw, chunk=[5, 1], reset=True)
    shown.control("chunk").value = 1
    shown.control("reset").value = False
    assert [title(figure) for figure in shown.updates] == [
        "{'chunk': 1, 'reset': True}",
        "{'chunk': 1, 'reset': False}",
    ]
    assert plt.get_fignums() == []


def test_a_known_name_is_labelled_in_three_languages_another_by_itself(shown):
    play(draw, chunk=[5], something=["a"])
    labels = [row.children[0].value for row in shown.objects[0].children]
    assert '<div lang="ja">1 チャンクのステップ数</div>' in labels[0]
    assert labels[1].count("something") == 3


@pytest.mark.parametrize("bad", [[], (1, 2), 3, "ab", None, range(0), range(5, 0, -1)])
def test_choices_of_another_form(shown, bad):
    with pytest.raises(ValueError, match=r"^chunk: expected a list of choices, a rising range, True or False, or an "):
        play(draw, chunk=bad)
    assert shown.objects == []


def test_what_the_drawing_raises_reaches_the_reader(shown):
    def broken(chunk):
        raise ZeroDivisionError("no such chunk")

    with pytest.raises(ZeroDivisionError, match="no such chunk"):
        play(broken, chunk=[5])


def test_what_the_drawing_raises_later_is_shown_in_its_place(shown):
    def too_long(chunk):
        if chunk > 5:
            raise ValueError("chunk: too long")
        return draw()

    play(too_long, chunk=[5, 6])
    shown.control("chunk").value = 6
    shown.control("chunk").value = 5
    assert shown.updates[0] == {"text/plain": "ValueError: chunk: too long"}
    assert title(shown.updates[1]) == "{}"


def test_controls_are_buttons_boxes_and_sliders(shown):
    play(draw, chunk=[5, 1], reset=False, step=range(2, 9, 3))
    assert isinstance(shown.control("chunk"), ipywidgets.ToggleButtons)
    slider = shown.control("step")
    assert (slider.value, slider.min, slider.max, slider.step) == (2, 2, 8, 3)
    slider.value = 5
    assert title(shown.updates[-1]) == "{'chunk': 5, 'reset': False, 'step': 5}"
    assert isinstance(shown.control("reset"), ipywidgets.Checkbox)


def test_a_film_has_a_slider_beside_it(shown):
    play(draw, rows=ipywidgets.Play(value=8, min=1, max=8, interval=100))
    assert title(shown.objects[1]) == "{'rows': 8}"
    _, film, slider = shown.objects[0].children[0].children
    assert (slider.value, slider.min, slider.max) == (8, 1, 8)
    film.value = 3
    assert title(shown.updates[-1]) == "{'rows': 3}"
    assert "lessons-rows" in film._dom_classes
