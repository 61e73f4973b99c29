"""The three languages of the course: which of them the reader sees, and how code speaks in all of them."""

import json
from pathlib import Path

import ipywidgets
import platformdirs
from IPython.display import display

LANGUAGES = {"en": "English", "ja": "日本語", "zh-CN": "中文"}

_HIDDEN = "lessons-hide-{}"
_RULES = "<style>{}</style>".format(
    "".join(f'.jp-Notebook:has(.{_HIDDEN.format(code)}) [lang="{code}"] {{display: none}}' for code in LANGUAGES)
)


class Said:
    """One text in three languages, each in an element that the language switch shows or hides.

    `text()` gives the three in plain lines, `html()` as HTML; Jupyter renders them as Markdown.
    """

    def __init__(self, en: str, ja: str, zh: str):
        self.texts = dict(zip(LANGUAGES, (en, ja, zh), strict=True))

    def text(self) -> str:
        return "\n".join(self.texts.values())

    def html(self) -> str:
        return "".join(f'<div lang="{code}">{text}</div>' for code, text in self.texts.items())

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        markdown = "\n\n".join(f'<div lang="{code}">\n\n{text}\n\n</div>' for code, text in self.texts.items())
        return {"text/plain": self.text(), "text/markdown": markdown}


def say(en: str, ja: str, zh: str) -> None:
    """Show a text to the reader in the languages they chose; Markdown is rendered.

    Introduced in lesson 00.

    >>> say(en="Good.", ja="よくできました。", zh="很好。")  # doctest: +SKIP
    """
    display(Said(en, ja, zh))


def language_switch() -> None:
    """Show three buttons, one a language, that show or hide that language in this notebook.

    The choice is remembered for the other lessons in `choice_file()`; before any choice all three are shown. One
    language at least stays on. Introduced in lesson 00, and in the first cell of every lesson.

    >>> language_switch()  # doctest: +SKIP
    """
    display(_switch())


def _switch() -> ipywidgets.HBox:
    shown = chosen_languages()
    buttons = [ipywidgets.ToggleButton(code in shown, description=name, icon="eye") for code, name in LANGUAGES.items()]
    box = ipywidgets.HBox([ipywidgets.HTML(_RULES), *buttons])
    for button in buttons:
        button.observe(lambda change: _follow(box, buttons, change), "value")
    _show(box, shown)
    return box


def _follow(box, buttons, change) -> None:
    shown = [code for code, button in zip(LANGUAGES, buttons, strict=True) if button.value]
    if not shown:
        change["owner"].value = True
        return
    _show(box, shown)
    remember_languages(shown)


def _show(box, shown: list[str]) -> None:
    for code in LANGUAGES:
        (box.remove_class if code in shown else box.add_class)(_HIDDEN.format(code))


def choice_file() -> Path:
    """The small file, in the user's configuration folder, that remembers the chosen languages."""
    return Path(platformdirs.user_config_dir("lstm_lessons")) / "languages.json"


def chosen_languages() -> list[str]:
    """The languages chosen in any lesson before, or all three: a file that cannot be read counts as no choice."""
    try:
        stored = json.loads(choice_file().read_text(encoding="utf-8"))
        chosen = [code for code in LANGUAGES if code in stored]
    except (OSError, ValueError, TypeError):
        chosen = []
    return chosen or list(LANGUAGES)


def remember_languages(shown: list[str]) -> None:
    """Remember a choice for the other lessons; where that folder cannot be written, it holds for this one only."""
    try:
        choice_file().parent.mkdir(parents=True, exist_ok=True)
        choice_file().write_text(json.dumps(shown), encoding="utf-8")
    except OSError:
        pass
