"""The language switch remembers what was chosen, and code speaks in three languages."""

import pytest

from lstm_lessons import languages
from lstm_lessons.languages import Said, chosen_languages, remember_languages


def switch():
    box = languages._switch()
    return box, dict(zip(languages.LANGUAGES, box.children[1:], strict=True))


def hidden(box):
    return {css_class.removeprefix("lessons-hide-") for css_class in box._dom_classes}


def test_before_any_choice_all_languages_show():
    box, buttons = switch()
    assert hidden(box) == set()
    assert [button.description for button in buttons.values()] == ["English", "日本語", "中文"]


def test_a_button_hides_its_language_and_shows_it_again():
    box, buttons = switch()
    buttons["ja"].value = False
    assert hidden(box) == {"ja"}
    buttons["ja"].value = True
    assert hidden(box) == set()


def test_the_last_language_stays_on():
    box, buttons = switch()
    for code in ("en", "ja", "zh-CN"):
        buttons[code].value = False
    assert buttons["zh-CN"].value
    assert hidden(box) == {"en", "ja"}


def test_the_choice_is_remembered_by_the_next_switch():
    _, buttons = switch()
    buttons["en"].value = False
    buttons["zh-CN"].value = False
    box, buttons = switch()
    assert hidden(box) == {"en", "zh-CN"}
    assert buttons["ja"].value
    assert not buttons["en"].value


def test_the_rules_are_scoped_to_the_notebook_of_the_switch():
    box, _ = switch()
    rules = box.children[0].value
    for code in languages.LANGUAGES:
        assert f'.jp-Notebook:has(.lessons-hide-{code}) [lang="{code}"] {{display: none}}' in rules


@pytest.mark.parametrize("stored", ["", "{", "null", "3", "[]", '["fr"]', '{"fr": 1}', "\ufeff"])
def test_a_file_that_says_nothing_counts_as_no_choice(choice_file, stored):
    choice_file.parent.mkdir()
    choice_file.write_text(stored, encoding="utf-8")
    assert chosen_languages() == ["en", "ja", "zh-CN"]


def test_a_folder_that_cannot_be_written_is_no_reason_to_stop(choice_file):
    choice_file.parent.write_text("a file where the folder should be")
    remember_languages(["ja"])
    assert chosen_languages() == ["en", "ja", "zh-CN"]


def test_the_choice_lies_in_the_users_configuration_folder(monkeypatch):
    monkeypatch.undo()
    assert languages.choice_file().parent.name == "lstm_lessons"


def test_said_in_markdown_html_and_plain_text():
    said = Said("a `b`", "い", "乙")
    bundle = said._repr_mimebundle_()
    assert bundle["text/plain"] == "a `b`\nい\n乙"
    for code, text in (("en", "a `b`"), ("ja", "い"), ("zh-CN", "乙")):
        assert f'<div lang="{code}">\n\n{text}\n\n</div>' in bundle["text/markdown"]
        assert f'<div lang="{code}">{text}</div>' in said.html()


def test_say_shows_one_output_and_returns_nothing(monkeypatch):
    shown = []
    monkeypatch.setattr(languages, "display", shown.append)
    assert languages.say(en="a", ja="い", zh="乙") is None
    assert [said.texts for said in shown] == [{"en": "a", "ja": "い", "zh-CN": "乙"}]


def test_language_switch_shows_the_box(monkeypatch):
    shown = []
    monkeypatch.setattr(languages, "display", shown.append)
    assert languages.language_switch() is None
    assert len(shown[0].children) == 4
