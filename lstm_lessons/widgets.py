"""Things to play with: a picture, and controls that draw it anew."""

from collections.abc import Callable

import ipywidgets
import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.figure import Figure

from lstm_lessons.languages import Said

LABELS = {
    "batch_size": Said("Batch size", "バッチサイズ", "批大小"),
    "answered": Said("Trained to answer", "答えを学んだところ", "训练时在哪里作答"),
    "chunk": Said("Steps per chunk", "1 チャンクのステップ数", "每个片段的步数"),
    "dies_at": Said("Minute in which it dies", "何分に死ぬか", "死在第几分钟"),
    "horizon": Said("Steps ahead", "何ステップ先まで", "向前多少步"),
    "image": Said("Image", "画像", "图像"),
    "kept": Said("What was kept", "残していたもの", "留下了什么"),
    "layout": Said("Layout", "並べ方", "排列"),
    "model": Said("Model", "モデル", "模型"),
    "noise": Said("Noise", "ノイズ", "噪声"),
    "period": Said("Period (steps)", "周期", "周期"),
    "pulse": Said("Step of the pulse", "パルスのステップ", "脉冲在第几步"),
    "region": Said("Region", "海域", "海区"),
    "reset": Said("Reset when a sequence starts", "系列が始まるときにリセット", "新序列开始时重置"),
    "reset_at": Said("Reset before step", "このステップの前でリセット", "在第几步之前重置"),
    "n_samples": Said("Number of samples", "サンプルの数", "样本数"),
    "row": Said("Row of the batch", "バッチの行", "批次中的行"),
    "rows": Said("Rows read", "読んだ行数", "已读的行数"),
    "rule": Said("When to reset", "リセットの規則", "重置规则"),
    "shuffle": Said("Shuffle", "シャッフル", "打乱"),
    "source": Said("What is read", "読むもの", "读什么"),
    "start": Said("Start state", "初期状態", "初始状态"),
    "step": Said("Step", "ステップ", "步"),
    "timesteps": Said("Steps per sample", "1 サンプルのステップ数", "每个样本的步数"),
    "warmup": Said("Warm-up", "ウォームアップ", "预热"),
    "window": Said("Window (steps)", "窓の長さ", "窗口长度"),
}


def play(draw: Callable[..., Figure], **controls: list | range | bool | ipywidgets.Play) -> None:
    """Show `draw(...)` as a picture, with one control an argument; moving a control draws the picture anew.

    `controls` gives, by the name of the argument, what can be chosen: a list (buttons) or a rising range (a slider),
    each starting at its first value, True or False (a tick box), or an `ipywidgets.Play` (a film, with a slider beside
    its buttons). Names that stand in LABELS are shown in the reader's languages. Before anything is moved the picture
    is `draw` of the first choices, so a saved notebook shows it too.

    Raises ValueError naming the control whose choices are of another form, and whatever `draw` raises at the start;
    what it raises later is shown in place of the picture. Introduced in lesson 00.

    >>> play(draw_chunks, chunk=[5, 1, 20], reset=True)  # doctest: +SKIP
    """
    chosen = {name: _control(name, choices) for name, choices in controls.items()}
    display(ipywidgets.VBox([_labelled(name, control) for name, control in chosen.items()]))
    picture = display(_drawn(draw, chosen), display_id=True)
    for control in chosen.values():
        control.observe(lambda _: _draw_anew(picture, draw, chosen), "value")


def _draw_anew(picture, draw, chosen) -> None:
    try:
        picture.update(_drawn(draw, chosen))
    except Exception as error:  # Jupyter would hide it in its log
        picture.update({"text/plain": f"{type(error).__name__}: {error}"}, raw=True)


def _drawn(draw, chosen) -> Figure:
    with plt.ioff():
        figure = draw(**{name: control.value for name, control in chosen.items()})
    plt.close(figure)
    return figure


def _control(name, choices) -> ipywidgets.Widget:
    if isinstance(choices, ipywidgets.Play):
        control = choices
    elif isinstance(choices, bool):
        control = ipywidgets.Checkbox(choices, indent=False)
    elif isinstance(choices, range) and choices and choices.step > 0:
        control = _slider(choices[0], choices[0], choices[-1], choices.step)
    elif isinstance(choices, list) and choices:
        control = ipywidgets.ToggleButtons(options=choices, style={"button_width": "auto"})
    else:
        expected = "a list of choices, a rising range, True or False, or an ipywidgets.Play"
        raise ValueError(f"{name}: expected {expected}, got {choices!r}")
    control.add_class(f"lessons-{name}")
    return control


def _labelled(name, control) -> ipywidgets.HBox:
    label = LABELS.get(name, Said(name, name, name))
    row = [ipywidgets.HTML(label.html(), layout={"width": "15em"}), control]
    if isinstance(control, ipywidgets.Play):
        slider = _slider(control.value, control.min, control.max, control.step)
        ipywidgets.jslink((control, "value"), (slider, "value"))
        row.append(slider)
    return ipywidgets.HBox(row)


def _slider(value: int, least: int, most: int, step: int) -> ipywidgets.IntSlider:
    bounds = {"min": least, "max": most, "step": step}
    return ipywidgets.IntSlider(value, **bounds, continuous_update=False, layout={"width": "30em"})
