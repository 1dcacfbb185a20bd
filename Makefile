PYTHON_IN_VENV := .venv/bin/python
FAST := -m "not slow"
ON_SERVERS := tests/billing tests/credentials tests/mappings tests/runs tests/sources

.PHONY: setup demo test test-all lint bench screenshots requirements

setup:  ## .venv with every package pinned; nothing global
	@PYTHON="$(PYTHON)" sh scripts/setup.sh

demo: setup  ## everything from nothing on this machine; Ctrl-C ends it
	@$(PYTHON_IN_VENV) manage.py demo

lint: setup  ## ruff and mypy
	$(PYTHON_IN_VENV) -m ruff check .
	$(PYTHON_IN_VENV) -m ruff format --check --quiet .
	$(PYTHON_IN_VENV) -m mypy .

test: lint  ## lint, types, the suite on SQLite, then again on a real PostgreSQL and Redis
	$(PYTHON_IN_VENV) -m pytest -n auto $(FAST)
	$(PYTHON_IN_VENV) -m tests.services $(PYTHON_IN_VENV) -m pytest -n auto -m "database and not browser and not slow" $(ON_SERVERS)

test-all: test  ## test, then the long ones, and on PostgreSQL and Redis what test leaves out
	$(PYTHON_IN_VENV) -m pytest -n auto -m slow
	$(PYTHON_IN_VENV) -m tests.services $(PYTHON_IN_VENV) -m pytest -n auto -m "database and not browser" $(ON_SERVERS:%=--ignore=%)

bench: setup  ## the benchmarks: one table and bench.json; QUICK=1 measures less
	$(PYTHON_IN_VENV) -m benchmarks $(if $(QUICK),--quick)

screenshots: setup  ## docs/images from a demo of its own
	$(PYTHON_IN_VENV) scripts/screenshots.py

requirements:  ## the pinned packages, from pyproject.toml (needs uv)
	uv pip compile $(COMPILE) pyproject.toml -o requirements.txt
	uv pip compile $(COMPILE) pyproject.toml --group dev -o requirements-dev.txt

COMPILE := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate
