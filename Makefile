PYTHON ?= python3
BIN := .venv/bin

.PHONY: help install test lint format types layers check docs bench demo clean

help:  ## List what can be made.
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install:  ## Make .venv and install the project with its development tools.
	$(PYTHON) -m venv .venv && $(BIN)/pip install -q -e '.[dev]'

test:  ## Run every test.
	$(BIN)/pytest -q -n auto

lint:  ## Look for faults of style.
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

format:  ## Mend what can be mended by itself.
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

types:  ## Check types, tests included.
	$(BIN)/mypy

layers:  ## Check who imports whom.
	$(BIN)/lint-imports

check: lint types layers test  ## All that CI checks.

docs:  ## Write the generated pages anew.
	$(BIN)/python -m deskmetry.store.docs > docs/schema.md
	$(BIN)/python -m deskmetry_metrics > docs/kpis.md
	$(BIN)/python -m deskmetry_cli.reference > docs/commands.md
	$(BIN)/python -m deskmetry.testing.docs > docs/grades.md

bench:  ## Measure speed; see benchmarks/README.md.
	$(BIN)/python benchmarks/run.py

demo:  ## Make up a company and answer its KPIs.
	$(BIN)/deskmetry demo

clean:  ## Remove what was built.
	rm -rf .venv dist build .mypy_cache .pytest_cache .ruff_cache deskmetry-demo
