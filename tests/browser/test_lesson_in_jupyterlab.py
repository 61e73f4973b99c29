"""What only a browser shows: lessons in JupyterLab, their language switch and their things to play with.

Lesson 02 is looked at from all sides, the others for what is their own: that they run, speak and play.
"""

import re
from functools import partial
from pathlib import Path

import nbformat
import psutil  # it comes with Jupyter
import pytest
from limits import MEMORY_LIMIT

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"

ALL = "en,ja,zh-CN"
CHOICES = [("en", "ja", "zh-CN"), ("en", "zh-CN"), ("ja",)]
WINDOWING_MODES = ["contentVisibility", "defer", "full", "none"]
PICTURE = "cell => cell.querySelector('.jp-OutputArea img').src"
OTHER_CHOICES = "[class*=lessons-]:not(.widget-play) :is(button:not(.mod-active), input)"
FILM = ".widget-play button"
SLIDERS = "[class*=lessons-] .noUi-handle"
SWITCH = "import lstm_lessons\n\nlstm_lessons.language_switch()"
PROSE = '<div lang="en">\n\nOne\n\n</div>\n\n<div lang="ja">\n\n一つ\n\n</div>\n\n<div lang="zh-CN">\n\n一个\n\n</div>'


@pytest.fixture
def second_notebook(lab):
    """The name of a second lesson, not run yet: one text in three languages, and the switch."""
    cells = [nbformat.v4.new_markdown_cell(PROSE), nbformat.v4.new_code_cell(SWITCH)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), lab.folder / "notebooks" / "second.ipynb")
    return "second.ipynb"


def code_cells(notebook):
    """The code cells, each with its index in the notebook."""
    return [(index, cell) for index, cell in enumerate(notebook.cells()) if cell["cell_type"] == "code"]


def complaints(notebook):
    """The outputs that are stderr, or an error that their cell was not meant to raise."""
    return [
        (index, output)
        for index, cell in code_cells(notebook)
        for output in cell["outputs"]
        if output.get("name") == "stderr" or (output["output_type"] == "error" and not raises_on_purpose(cell))
    ]


def raises_on_purpose(cell):
    """Whether a cell is there to show the error it raises."""
    return "raises-exception" in cell["metadata"].get("tags", [])


def last_played(notebook):
    """The index of the last cell that calls play."""
    return [index for index, cell in code_cells(notebook) if re.search(r"\bplay\(", cell["source"])][-1]


def languages_on_the_way(notebook):
    """What languages are seen in prose, outputs and controls, scrolled to from the top to the end and back."""
    prose = [index for index, cell in enumerate(notebook.cells()) if 'lang="ja"' in cell["source"]]
    spoken = [index for index, cell in code_cells(notebook) if 'lang="ja"' in str(cell["outputs"])]
    stops = {found[part] for found in (prose, spoken) for part in (0, len(found) // 2, -1)} | {last_played(notebook)}
    return [(stop, notebook.languages_in(stop)) for stop in [*sorted(stops), *sorted(stops, reverse=True)]]


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


def complaints_of_every_choice(notebook):
    """What the kernel says when each choice is clicked and each slider moved by a key, one picture for each."""
    cell = notebook.cell(last_played(notebook))
    moves = [control.click for control in cell.query_selector_all(OTHER_CHOICES)]
    moves += [partial(handle.press, "ArrowRight") for handle in cell.query_selector_all(SLIDERS)]
    assert moves
    notebook.page.evaluate("kernelSaid.pictures = 0; kernelSaid.complaints = []")
    for count, move in enumerate(moves, start=1):
        move()
        notebook.page.wait_for_function("n => kernelSaid.pictures + kernelSaid.complaints.length >= n", arg=count)
    if film := cell.query_selector(FILM):
        play_three_pictures(notebook.page, film)
    return notebook.page.evaluate("kernelSaid.complaints")


def play_three_pictures(page, film):
    """Start a film by its button, let it draw, and stop it by the same button."""
    page.evaluate("kernelSaid.pictures = 0")
    film.click()
    page.wait_for_function("kernelSaid.pictures >= 3")
    film.click()


def test_every_choice_draws_without_complaint(lesson):
    assert complaints_of_every_choice(lesson) == []


def peak_of_the_last_kernel():
    """The most memory that the kernel started last has held so far, in bytes; 0 where the system does not tell."""
    kernels = [child for child in psutil.Process().children(recursive=True) if "ipykernel_launcher" in child.cmdline()]
    status = Path(f"/proc/{max(kernels, key=lambda kernel: kernel.create_time()).pid}/status")
    held = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return 1024 * int(held[1]) if held else 0


OTHER_LESSONS = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb") if not path.name.startswith("02_"))


@pytest.mark.parametrize("name", OTHER_LESSONS)
def test_the_other_lessons_run_speak_and_play(lab, name):
    with lab.opened(name) as other:
        other.run_all()
        assert complaints(other) == []
        assert peak_of_the_last_kernel() < MEMORY_LIMIT
        other.choose("ja")
        seen = languages_on_the_way(other)
        assert seen == [(cell, "ja") for cell, _ in seen]
        assert complaints_of_every_choice(other) == []
