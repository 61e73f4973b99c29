"""What only a browser shows, on lesson 02: the language switch, and things to play with, in JupyterLab."""

import nbformat
import pytest
from seen_in_browser import OTHER_CHOICES, complaints, complaints_of_every_choice, languages_on_the_way, last_played

ALL = "en,ja,zh-CN"
CHOICES = [("en", "ja", "zh-CN"), ("en", "zh-CN"), ("ja",)]
WINDOWING_MODES = ["contentVisibility", "defer", "full", "none"]
PICTURE = "cell => cell.querySelector('.jp-OutputArea img').src"
SWITCH = "import lstm_lessons\n\nlstm_lessons.language_switch()"
PROSE = '<div lang="en">\n\nOne\n\n</div>\n\n<div lang="ja">\n\n一つ\n\n</div>\n\n<div lang="zh-CN">\n\n一个\n\n</div>'


@pytest.fixture
def second_notebook(lab):
    """The name of a second lesson, not run yet: one text in three languages, and the switch."""
    cells = [nbformat.v4.new_markdown_cell(PROSE), nbformat.v4.new_code_cell(SWITCH)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), lab.folder / "notebooks" / "second.ipynb")
    return "second.ipynb"


def test_every_cell_runs_without_error_or_stderr(lesson):
    assert complaints(lesson) == []


@pytest.mark.parametrize("chosen", CHOICES, ids=",".join)
def test_the_chosen_languages_are_seen_everywhere_and_no_other(lesson, chosen):
    lesson.choose(*chosen)
    seen = languages_on_the_way(lesson)
    assert seen == [(cell, ",".join(chosen)) for cell, _ in seen]


@pytest.mark.parametrize("mode", WINDOWING_MODES)
def test_one_language_stays_the_only_one_however_jupyterlab_draws_cells_out_of_sight(lab, lesson, mode):
    lesson.choose("en", "ja", "zh-CN")
    lesson.save()
    with lab.opened(lesson.path, windowingMode=mode) as reopened:
        assert reopened.windowing_mode() == mode
        reopened.choose("ja")
        seen = languages_on_the_way(reopened)
    assert seen == [(cell, "ja") for cell, _ in seen]


def test_the_last_language_cannot_be_switched_off(lesson):
    lesson.choose("ja")
    lesson.button("ja").click()
    lesson.button("en").click()
    lesson.wait_for_title_in("en", "ja")


def test_before_any_choice_all_languages_are_seen(lab, second_notebook):
    lab.forget_languages()
    with lab.opened(second_notebook) as second:
        second.run_all()
        assert second.languages_in(0) == ALL


def test_the_choice_is_remembered_in_the_next_notebook(lab, lesson, second_notebook):
    lesson.choose("ja")
    with lab.opened(second_notebook) as second:
        second.run_all()
        second.wait_for_title_in("ja")


def test_a_notebook_beside_that_was_not_run_hides_nothing(lesson, second_notebook):
    lesson.choose("ja")
    beside = lesson.open_beside(second_notebook)
    assert (lesson.languages_in(0), beside.languages_in(0)) == ("ja", ALL)


def test_another_choice_changes_the_picture(lesson):
    cell = lesson.cell(last_played(lesson))
    before = cell.evaluate(PICTURE)
    cell.query_selector(OTHER_CHOICES).click()
    lesson.page.wait_for_function(f"([cell, before]) => ({PICTURE})(cell) !== before", arg=[cell, before])


def test_every_choice_draws_without_complaint(lesson):
    assert complaints_of_every_choice(lesson) == []
