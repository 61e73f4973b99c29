"""What the browser tests look at in a lesson that is open in JupyterLab."""

import ast
import re
import symtable
from functools import partial

OTHER_CHOICES = "[class*=lessons-]:not(.widget-play) :is(button:not(.mod-active), input)"
FILM = ".widget-play button"
SLIDERS = "[class*=lessons-] .noUi-handle"


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


def cells_that_play_needs(notebook):
    """The last cell that calls play, and those before it that bind what it uses, or what they use in turn."""
    cells, last, wanted, needed = code_cells(notebook), last_played(notebook), set(), []
    for index, cell in reversed([(index, cell) for index, cell in cells if index <= last]):
        read, bound = names_in(cell["source"])
        if index in (last, cells[0][0]) or bound & wanted:
            needed.insert(0, index)
            wanted |= read
    return needed


def names_in(source):
    """The names that a cell reads from others, its functions included, and those that it binds.

    A name that an earlier statement of the cell has bound, or the same one unless it assigns, is the cell's own.
    """
    read, bound = set(), set()
    for statement in ast.parse(source).body:
        used, assigned = names_in_statement(statement)
        assigns = isinstance(statement, ast.Assign | ast.AugAssign)  # in x = x + 1 the x is from before
        read |= used - bound - (set() if assigns else assigned)
        bound |= assigned
    return read, bound


def names_in_statement(statement):
    """The global names that a statement refers to, its functions and comprehensions included, and those it binds."""
    top = symtable.symtable(ast.unparse(statement), "statement", "exec")
    inner = top.get_children()
    for table in inner:
        inner.extend(table.get_children())
    used = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    used |= {symbol.get_name() for table in inner for symbol in table.get_symbols() if symbol.is_global()}
    return used, {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}


def languages_on_the_way(notebook):
    """What languages are seen in prose, outputs and controls, scrolled to from the top to the end and back."""
    prose = [index for index, cell in enumerate(notebook.cells()) if 'lang="ja"' in cell["source"]]
    spoken = [index for index, cell in code_cells(notebook) if 'lang="ja"' in str(cell["outputs"])]
    stops = {found[part] for found in (prose, spoken) for part in (0, len(found) // 2, -1)} | {last_played(notebook)}
    return [(stop, notebook.languages_in(stop)) for stop in [*sorted(stops), *sorted(stops, reverse=True)]]


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
