"""Exercises that check themselves: `check("02-1", answer)`. The exercises of lesson NN are in lesson_NN.py."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from IPython.display import display

from lstm_lessons.languages import Said


@dataclass(frozen=True)
class Feedback:
    """What the reader hears about an answer, and whether the answer is right."""

    right: bool
    words: Said


_MARKS = {True: "✔", False: "✘"}
NOT_ANSWERED = Said(
    en="○ Not answered yet: replace `...` and run this cell again.",
    ja="○ まだ答えがありません。`...` を書きかえて、このセルをもう一度実行してください。",
    zh="○ 还没有作答：请把 `...` 换成你的答案，再运行一次这个单元格。",
)


def check(exercise: str, answer) -> None:
    """Tell the reader, in three languages, whether an answer is right, or what is wrong with it and a hint.

    `exercise` is a lesson's number and the exercise's, "02-1". While `answer` is `...` it says that nothing is answered
    yet. Raises ValueError for an exercise that does not exist; no answer raises an Exception. Introduced in lesson 00.

    >>> check("02-2", 3)  # doctest: +SKIP
    """
    feedback_on = _find(exercise)
    if answer is ...:
        display(NOT_ANSWERED)
        return
    feedback = feedback_on(answer)
    display(Said(*(f"{_MARKS[feedback.right]} {text}" for text in feedback.words.texts.values())))


def right(en: str, ja: str, zh: str) -> Feedback:
    return Feedback(True, Said(en, ja, zh))


def wrong(en: str, ja: str, zh: str) -> Feedback:
    return Feedback(False, Said(en, ja, zh))


NOT_WRITTEN = wrong(
    en="Your function still returns `...`. Write what it has to do, and run the cell again.",
    ja="関数がまだ `...` を返しています。中身を書いて、セルをもう一度実行してください。",
    zh="你的函数返回的还是 `...`。请写好函数的内容，再运行一次单元格。",
)


def function_itself(name: str) -> Feedback:
    """What a reader hears whose answer should have been a function, such as `name`, and is none."""
    return wrong(
        en=f"`answer` has to be your function itself: `answer = {name}`, without brackets.",
        ja=f"`answer` には関数そのものを入れてください。`answer = {name}` のように、かっこは付けません。",
        zh=f"`answer` 应当是函数本身：写成 `answer = {name}`，不要加括号。",
    )


def one_number(answer) -> float | None:
    """The number in an answer, be it an int, a float, or an array or tensor of one; None where it is none."""
    try:
        array = np.asarray(answer)
        numbers = array.astype("float64") if array.dtype.kind in "iufO" else np.empty(0)
    except Exception:  # whatever an object's own conversion raises
        return None
    return numbers.item() if numbers.size == 1 else None


def raised(error: Exception) -> Feedback:
    """What a reader hears whose function raised: the error, in one line."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip().splitlines() or [""]
    what = f"`{type(error).__name__}: {lines[0][:200]}`".replace("\n", " ")
    return wrong(
        en=f"Your function raised {what}", ja=f"関数の中でエラーが起きました。{what}", zh=f"你的函数报错了：{what}"
    )


def _find(exercise: str) -> Callable[[object], Feedback]:
    lesson = re.fullmatch(r"(\d\d)-\d", str(exercise))
    room = f"lstm_lessons.exercises.lesson_{lesson[1]}" if lesson else ""
    if not room or find_spec(room) is None or exercise not in import_module(room).EXERCISES:
        raise ValueError(f"exercise: expected lesson and number such as '02-1', got {exercise!r}")
    return import_module(room).EXERCISES[exercise]
