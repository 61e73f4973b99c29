"""Things to play with: a picture, and controls that draw it anew."""

from collections.abc import Callable

import ipywidgets
import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.figure import Figure

from lstm_lessons.languages import Said


def play(draw: Callable[..., Figure], **controls) -> None:
    """Show `draw(...)` as a picture, with one control an argument; moving a control draws the picture anew.

    `controls` gives, by the name of the argument, the three texts of its label and what can be chosen:
    `name=((en, ja, zh), choices)`. Choices are a list (buttons; the first is the start), or True or False (a tick box).
    Before anything is moved the picture is `draw` of the first choices, so a saved notebook shows it too.

    Raises ValueError naming the control where its label or its choices are of another form; whatever `draw` raises at
    the start reaches the reader. Introduced in lesson 02.

    >>> play(draw_chunks, chunk=(("steps", "ステップ数", "步数"), [5, 1, 20]))  # doctest: +SKIP
    """
    boxes = {name: _control(name, *_label_and_choices(name, given)) for name, given in controls.items()}
    chosen = {name: box.children[1] for name, box in boxes.items()}
    display(ipywidgets.VBox(list(boxes.values())))
    picture = display(_drawn(draw, chosen), display_id=True)
    for control in chosen.values():
        control.observe(lambda _: picture.update(_drawn(draw, chosen)), "value")


def _drawn(draw, chosen) -> Figure:
    with plt.ioff():
        figure = draw(**{name: control.value for name, control in chosen.items()})
    plt.close(figure)
    return figure


def _label_and_choices(name, given):
    try:
        label, choices = given
        return Said(*label), choices
    except (TypeError, ValueError):
        raise ValueError(f"{name}: expected ((en, ja, zh), choices), got {given!r}") from None


def _control(name, label, choices) -> ipywidgets.HBox:
    if isinstance(choices, bool):
        control = ipywidgets.Checkbox(choices, indent=False)
    elif isinstance(choices, list) and choices:
        control = ipywidgets.ToggleButtons(options=choices, style={"button_width": "auto"})
    else:
        raise ValueError(f"{name}: expected a list of choices, True or False, got {choices!r}")
    control.add_class(f"lessons-{name}")
    return ipywidgets.HBox([ipywidgets.HTML(label.html("span"), layout={"width": "15em"}), control])
