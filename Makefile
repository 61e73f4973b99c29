# Each target works first, alone, from a fresh clone: it makes .venv and installs what it needs.
#   make lab        open the course in JupyterLab, on this machine only
#   make test       run every test, the outputs of the lessons included
#   make bench      how fast streaming and saving are, as a table of ratios
#   make notebooks  run all lessons again and save them with their outputs
#   make lint       check the style of the code, in the lessons too
#   make links      put the repository's address (pyproject.toml) into the READMEs
#   make clean      remove what the targets made

OK_PYTHON := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
CANDIDATES := python3 python3.13 python3.12 python3.11 python
PYTHON ?= $(firstword $(foreach p,$(CANDIDATES),$(shell $(p) -c '$(OK_PYTHON)' 2>/dev/null && echo $(p))))
PORT ?= 8888
JOBS ?= 2
LESSON ?= notebooks/00_start_here.ipynb
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
AS_ROOT := $(if $(filter 0,$(shell id -u 2>/dev/null)),--allow-root)

.PHONY: lab test bench notebooks lint links clean
.DELETE_ON_ERROR:

lab: .venv/has-course
	$(BIN)/jupyter lab --ip=127.0.0.1 --port=$(PORT) $(AS_ROOT) --LabApp.default_url=/lab/tree/$(LESSON)

test: .venv/has-tests
	$(BIN)/python -m pytest --nbval -n $(JOBS)

bench: .venv/has-tests
	$(BIN)/python -m pytest tests/benchmarks --quiet --capture=no

notebooks: .venv/has-tests
	$(BIN)/python tools/run_notebooks.py

lint: .venv/has-tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check

links: .venv/has-tests
	$(BIN)/python tools/repository_links.py

.venv/has-course: pyproject.toml | .venv/made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/has-tests: pyproject.toml | .venv/made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@ .venv/has-course

.venv/made:
	@'$(PYTHON)' -c '$(OK_PYTHON)' 2>/dev/null || { echo "The course needs Python 3.11, 3.12 or 3.13 (TensorFlow 2.21 has no wheel for others), and '$(or $(PYTHON),python3)' is none of them. Install one, or name it: make $(or $(MAKECMDGOALS),lab) PYTHON=/path/to/python3.12" >&2; exit 1; }
	'$(PYTHON)' -m venv .venv || { rm -rf .venv; echo "Python could not make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@touch $@

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
