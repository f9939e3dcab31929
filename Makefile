# Every command a developer or CI runs is a target here. `make help` lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --only-binary :all: --require-hashes
ROOMS  := kernel venues service research migrations
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install dev demo check test test-all format lock peers bench ops clean

help:  ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 12

$(BIN)/python:
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info < (3, 14); sys.exit(0 if ok else f"candled needs Python 3.11 to 3.13, and {sys.executable} is {sys.version.split()[0]}: set PYTHON=/path/to/python3.12 and run make again")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements/core.lock requirements/build.lock pyproject.toml | $(BIN)/python
	@echo "installing candled into $(VENV) (a minute on a fresh machine)"
	@$(PIP) -r requirements/build.lock
	@$(PIP) -r requirements/core.lock
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev-installed: requirements/dev.lock $(VENV)/installed
	@echo "installing the development tools"
	@$(PIP) -r requirements/dev.lock
	@touch $@

install: $(VENV)/installed  ## the program, in .venv/bin/candled

dev: $(VENV)/dev-installed  ## the program and the tools that check it

demo: install  ## a synthetic market: backtested, persisted in PostgreSQL, replayed, verified
	@$(BIN)/candled demo

check: dev  ## ruff, mypy --strict, import-linter
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(ROOMS)
	$(BIN)/lint-imports --no-cache

test: check  ## everything that CI runs
	$(BIN)/pytest

format: dev  ## let ruff rewrite what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## forget the venv and every cache
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
