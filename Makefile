# What a person types. `make help` lists it. Needs Python 3.11, git, make and a Python package registry; nothing else.
PYTHON ?= python3.11
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 .venv/bin/python -m pip
BIN := .venv/bin

.DEFAULT_GOAL := help

.PHONY: help setup run up down repro test chaos check lint types imports docs readme constraints clean

help: ## list the words
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/made .venv-dvc/made ## install everything into .venv and .venv-dvc (the second time: at once)

# torch first and by itself: it is the largest part, and so the build that the registry offers (CPU or CUDA) is settled
# before anything else asks for it. pip compiles what it copies, but not what stays here: where Python is told to write
# no bytecode, each start would compile it. The stamp is newer than what it was made from, or it is made again.
.venv/made: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing about 190 packages; the first time takes some minutes"
	$(PIP) install --quiet -c constraints.txt torch
	$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	$(PIP) check
	$(BIN)/python -m compileall -q modelmill orchestration assets serving sandbox
	@touch $@

# DVC pins antlr4 4.9, Dagster needs 4.13, and pip reports no conflict: so it lives by itself and is called as a program.
.venv-dvc/made: constraints-dvc.txt
	test -x .venv-dvc/bin/python || $(PYTHON) -m venv .venv-dvc
	PIP_DISABLE_PIP_VERSION_CHECK=1 .venv-dvc/bin/python -m pip install --quiet -r constraints-dvc.txt
	@touch $@

run: setup ## the main job, end to end, on real input
	$(BIN)/mill run $(ARGS)

up: setup ## start everything to look at and use; Ctrl-C ends it
	@exec $(BIN)/mill up

down: setup ## end what `make up` started, from elsewhere
	$(BIN)/mill down

repro: setup ## the same chain by DVC: what its lock file says is current is not run
	PATH="$(CURDIR)/.venv/bin:$$PATH" .venv-dvc/bin/dvc repro $(ARGS)

test: setup ## the tests
	$(BIN)/python -m pytest $(ARGS)

chaos: setup ## kill everything at random moments while it works: the whole form, an hour or more
	MILL_CHAOS=whole $(BIN)/python -m pytest -s tests/orchestration/test_chaos.py
	$(BIN)/python benchmarks/chaos.py $(ARGS)

check: lint types imports test ## what CI runs: lint, types, imports, tests (those of the docs are among them)

lint: setup ## ruff: rules and layout
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## pyright
	$(BIN)/pyright

imports: setup ## which room may know which
	$(BIN)/lint-imports

docs: setup ## only the tests that hold README, .env.example, constraints and dvc.yaml against the code
	$(BIN)/python -m pytest tests/docs

readme: setup ## write what is generated into README.md and .env.example
	$(BIN)/python scripts/generate.py

constraints: ## write the versions of this environment down as those that were tested together
	$(BIN)/python scripts/constraints.py

clean: ## remove state and environments; models and the database with them
	-test -x $(BIN)/mill && $(BIN)/mill down
	rm -rf .venv .venv-dvc .mill .pytest_cache .ruff_cache .import_linter_cache *.egg-info
