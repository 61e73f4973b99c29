"""What every lesson has to be, beyond what nbval compares: see CONTRIBUTING.md."""

import json
import re
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import nbformat
import pytest
from markdown_it import MarkdownIt  # it comes with Keras

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))
from run_notebooks import RUN_THIS_CELL, lessons, normalised, read  # noqa: E402

LANGUAGES = ("en", "ja", "zh-CN")
BLOCKS = re.compile(
    r"(?:(#{1,4} [^\n]+)\n\n)?" + r"\n\n".join(rf'<div lang="{code}">\n\n(.+?)\n\n</div>' for code in LANGUAGES), re.S
)
CLAIMS = json.loads((ROOT / "lstm_lessons/data/claims.json").read_text(encoding="utf-8"))
VERDICTS = {"true", "changed", "incomplete", "false", "a bug"}

each_lesson = pytest.mark.parametrize("path", lessons(), ids=lambda path: path.stem)
each_document = pytest.mark.parametrize(
    "path", sorted([*ROOT.glob("*.md"), *ROOT.glob("lstm_lessons/**/*.md")]), ids=lambda path: path.name
)
read = cache(read)


def cells(path, kind=None):
    return [cell for cell in read(path).cells if kind in (None, cell.cell_type)]


def tags(cell):
    return cell.metadata.get("tags", [])


def claims_of(path):
    return {claim for cell in cells(path, "code") for claim in cell.metadata.get("claims", [])}


def test_there_are_lessons_and_their_numbers_differ():
    numbers = [path.name[:2] for path in lessons()]
    assert numbers
    assert len(set(numbers)) == len(numbers)


@each_lesson
def test_the_title_carries_the_number_in_three_languages(path):
    title = cells(path)[0].source.splitlines()[0]
    assert re.fullmatch(rf"# {path.name[:2]} · .+ · .+ · .+", title)


@each_lesson
def test_length_and_order(path):
    assert 30 <= len(cells(path)) <= 80
    first = cells(path, "code")[0].source
    assert first.startswith("import lstm_lessons")
    assert first.rstrip().endswith("language_switch()")
    headings = [cell.source.split("\n")[0] for cell in cells(path, "markdown") if cell.source.startswith("## ")]
    numbered = [heading for heading in headings if heading[3].isdigit()]
    assert [int(heading.split()[1]) for heading in numbered] == list(range(1, len(numbered) + 1))
    assert headings[-1].startswith("## What you now know")


# --- three languages ------------------------------------------------------------------------------------------------


@each_lesson
def test_every_prose_cell_says_the_same_in_three_languages(path):
    for n, cell in enumerate(cells(path, "markdown")):
        blocks = BLOCKS.fullmatch(cell.source)
        assert blocks, f"prose cell {n} is not heading, en, ja, zh-CN with blank lines:\n{cell.source[:300]}"
        heading, *texts = blocks.groups()
        assert heading is None or heading.count(" · ") >= 2, heading
        english, *others = (shape(text) for text in texts)
        for code, other in zip(LANGUAGES[1:], others, strict=True):
            assert other == english, f"prose cell {n}: {code} differs from en"


def shape(text):
    """What must be equal in all languages."""
    fenced = re.findall(r"```.*?```", text, re.S)
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    return {
        "fenced code": fenced,
        "code spans": Counter(re.findall(r"`[^`\n]+`", text)),
        "formulas": Counter(re.findall(r"\$[^$\n]+\$", text)),
        "links": re.findall(r"\]\(([^)\s]+)\)", text),
        "list items": len(re.findall(r"^\s*(?:[-*]|\d+\.) ", text, re.M)),
        "table rows": len(re.findall(r"^\|", text, re.M)),
        "quotes": len(re.findall(r"^>", text, re.M)),
        "paragraphs": len(re.findall(r"\n\n", text)),
    }


@each_lesson
def test_emphasis_closes(path):
    """Before a CJK letter, ** after a full stop does not close: Markdown then shows the asterisks."""
    for cell in cells(path, "markdown"):
        shown = re.sub(r"<code>.*?</code>|\$[^$]+\$", "", MarkdownIt().enable("table").render(cell.source), flags=re.S)
        assert "*" not in shown, shown


@each_lesson
def test_each_language_is_written_in_itself(path):
    kana, han = re.compile(r"[\u3040-\u30ff]"), re.compile(r"[\u4e00-\u9fff]")
    for cell in cells(path, "markdown"):
        if "Sources" in cell.source:  # names the documents in their own languages
            continue
        english, japanese, chinese = BLOCKS.fullmatch(cell.source).groups()[1:]
        assert not kana.search(english + chinese)
        assert not han.search(english)
        assert kana.search(japanese)
        assert han.search(chinese)
        for text in (japanese, chinese):
            assert not re.search(r"[\u3040-\u30ff\u4e00-\u9fff][,;:?!]", text), f"half-width punctuation: {text}"


# --- code and outputs -----------------------------------------------------------------------------------------------


@each_lesson
def test_every_code_cell_was_run_in_order(path):
    code = cells(path, "code")
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))


@each_lesson
def test_the_notebook_is_saved_as_make_notebooks_saves_it(path):
    notebook = nbformat.read(path, as_version=4)
    assert normalised(notebook) == notebook


@each_lesson
def test_errors_are_raised_on_purpose_and_nothing_is_logged(path):
    for cell in cells(path, "code"):
        raised = any(output.output_type == "error" for output in cell.outputs)
        assert raised == ("raises-exception" in tags(cell)), cell.source
        assert not any(output.get("name") == "stderr" for output in cell.outputs), cell.source


@each_lesson
def test_code_is_plain(path):
    for cell in cells(path, "code"):
        assert not cell.source.rstrip().endswith(";"), cell.source
        assert cell.source.isascii() or "say(" in cell.source, cell.source
        assert len(cell.source.splitlines()) <= 25, cell.source


@each_lesson
def test_widgets_and_progress_bars_are_not_compared_and_the_others_are(path):
    for cell in cells(path, "code"):
        race = "race" in tags(cell)  # threads race in it: what it prints may differ, what it asserts may not
        changes = race or bool(re.search(r"\b(tqdm|play|language_switch)\(", cell.source))
        assert ("nbval-ignore-output" in tags(cell)) == changes, cell.source
        assert not race or "assert " in cell.source, cell.source


@each_lesson
def test_there_are_figures_and_something_to_play_with(path):
    code = cells(path, "code")
    assert any("image/png" in output.get("data", {}) for cell in code for output in cell.outputs)
    playing = [cell for cell in code if re.search(r"^play\(", cell.source, re.M)]
    assert playing
    for cell in playing:
        assert any("image/png" in output.get("data", {}) for output in cell.outputs), "the first state is a picture"
        assert any(output.get("data") == RUN_THIS_CELL for output in cell.outputs)


# --- exercises ------------------------------------------------------------------------------------------------------


@each_lesson
def test_exercises_wait_for_an_answer_and_their_solutions_are_right(path):
    asked = Counter(re.findall(r'^check\("([\d-]+)", ', "\n".join(cell.source for cell in cells(path, "code")), re.M))
    assert 2 <= len(asked) <= 3
    assert set(asked.values()) == {2}
    assert all(exercise.startswith(path.name[:2]) for exercise in asked)
    for cell in cells(path, "code"):
        if re.search(r"^check\(", cell.source, re.M):
            solution = cell.source.startswith("# Solution")
            folded = {"outputs_hidden": True, "source_hidden": True}
            assert cell.metadata.get("jupyter", {}) == (folded if solution else {})
            assert solution or re.search(r"^answer = \.\.\.", cell.source, re.M)
            assert cell.outputs[-1].data["text/plain"].startswith("✔" if solution else "○")


# --- claims ---------------------------------------------------------------------------------------------------------


@each_lesson
def test_every_claim_has_a_cell_and_every_cell_a_known_claim(path):
    stated = {claim["id"] for claim in CLAIMS["claims"] if claim["lesson"] == path.name[:2]}
    assert claims_of(path) == stated


def test_claims_are_complete_and_in_three_languages():
    finished = {path.name[:2] for path in lessons()}
    ids = [claim["id"] for claim in CLAIMS["claims"]]
    assert len(set(ids)) == len(ids)
    for claim in CLAIMS["claims"]:
        assert set(claim) == {"id", "source", "lesson", "verdict", "statement", "finding"}
        assert claim["lesson"] in finished
        assert claim["verdict"] in VERDICTS
        assert claim["source"] in CLAIMS["sources"]
        for text in (claim["statement"], claim["finding"]):
            assert tuple(text) == LANGUAGES
            assert all(text.values())


# --- links ----------------------------------------------------------------------------------------------------------


def local_links(text):
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"^\[[^\]]+\]: (\S+)", text, re.M)
    return [link.partition("#")[0] for link in links if not re.match(r"https?:|#|mailto:", link)]


@each_lesson
def test_links_of_a_lesson_lead_somewhere(path):
    for link in local_links("\n".join(cell.source for cell in cells(path, "markdown"))):
        assert (path.parent / link).exists(), link


@each_document
def test_links_of_a_document_lead_somewhere(path):
    for link in local_links(path.read_text(encoding="utf-8")):
        assert (path.parent / link).exists(), link
