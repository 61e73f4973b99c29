"""The package keeps its own rules: public names, docstrings that run, rooms that import only what lies below them."""

import ast
import doctest
import importlib
import re
from pathlib import Path

import pytest

import lstm_lessons

PACKAGE = Path(lstm_lessons.__file__).parent
# From the ground up; a module imports only modules of lower floors (the ground is what all rest on).
FLOORS = [
    {"backend", "arguments"},
    {"states", "batches", "datasets", "stepwise"},
    {"persistence", "training", "twins"},
    {"streaming"},
    {"forecasting"},
    {"figures", "languages"},
    {"exercises", "widgets"},
]
MODULES = sorted({path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in PACKAGE.rglob("[a-z]*.py")})
SOURCES = sorted(PACKAGE.rglob("*.py"))


def imported_rooms(path: Path) -> set[str]:
    """The package's own modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("lstm_lessons.")}


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_its_floor_and_imports_only_what_lies_below(module):
    floor = next(n for n, rooms in enumerate(FLOORS) if module in rooms)
    allowed = set().union(*FLOORS[:floor]) | {module}
    for path in SOURCES:
        if path.relative_to(PACKAGE).parts[0].removesuffix(".py") == module:
            assert imported_rooms(path) <= allowed, path


@pytest.mark.parametrize("name", lstm_lessons.__all__)
def test_public_names_say_what_they_do_and_where_they_are_introduced(name):
    public = getattr(lstm_lessons, name)
    first_line = public.__doc__.splitlines()[0]
    assert first_line.endswith((".", ".)"))
    assert "Introduced in lesson" in " ".join(public.__doc__.split())
    assert ">>>" in public.__doc__
    signature = public.__init__ if isinstance(public, type) else public
    assert set(signature.__annotations__) >= {"return"}


@pytest.mark.parametrize("readme", sorted(PACKAGE.parent.glob("README*.md")), ids=lambda path: path.name)
def test_every_readme_lists_the_public_names(readme):
    listed = set(re.findall(r"`(\w+)`", readme.read_text(encoding="utf-8")))
    assert set(lstm_lessons.__all__) <= listed


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(AttributeError, match=r"no attribute 'get_state'; it has .*memory_test"):
        _ = lstm_lessons.get_state
    assert dir(lstm_lessons) == lstm_lessons.__all__


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_docstrings_run(module):
    room = importlib.import_module(f"lstm_lessons.{module}")
    names = {**vars(room), "np": importlib.import_module("numpy")}
    assert doctest.testmod(room, extraglobs=names).failed == 0


def test_functions_are_short():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = node.end_lineno - body[0].lineno + 1 if body else 0
                assert lines <= 20, f"{path.name}: {node.name} has {lines} lines"
