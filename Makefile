# Every command a developer or CI runs is a target here. `make help` lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --only-binary :all: --require-hashes
ROOMS  := kernel venues service research migrations
JOBS   ?= 3
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install dev demo paper check test campaign crash soak format lock peers peers-orders lock-peers bench bench-features ops clean

help:  ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 12

$(BIN)/python:
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info < (3, 14); sys.exit(0 if ok else f"candled needs Python 3.11 to 3.13, and {sys.executable} is {sys.version.split()[0]}: set PYTHON=/path/to/python3.12 and run make again")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements/core.lock requirements/build.lock pyproject.toml | $(BIN)/python
	@echo "installing candled into $(VENV) (a minute on a fresh machine)"
	@$(PIP) -r requirements/build.lock
	@$(PIP) -r requirements/core.lock
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev-installed: requirements/dev.lock $(VENV)/installed
	@echo "installing the development tools"
	@$(PIP) -r requirements/dev.lock
	@touch $@

install: $(VENV)/installed  ## the program, in .venv/bin/candled

dev: $(VENV)/dev-installed  ## the program and the tools that check it

demo: install  ## a synthetic market: backtested, persisted in PostgreSQL, replayed, verified
	@$(BIN)/candled demo

paper: install  ## the daemon on a synthetic market, ten minutes of it a second; Ctrl-C ends it, and again goes on
	@id=$$($(BIN)/candled data sample --json | $(BIN)/python -c 'import json, sys; print(json.load(sys.stdin)["dataset"])'); \
	echo "look at it from another terminal:  $(BIN)/candled status   (also pause, resume, flatten; curl the metrics below)"; \
	exec $(BIN)/candled run examples/paper.toml --dataset $$id --speed 600

check: dev  ## ruff, mypy --strict, import-linter
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(ROOMS)
	$(BIN)/lint-imports --no-cache

test: check  ## everything that CI runs; JOBS=6 where there are four cores: many tests wait
	$(BIN)/pytest -n $(JOBS) --dist worksteal

campaign: dev  ## 300,000 random markets for the simulated venue, 20 times the draws of the tests: two hours or so
	CANDLED_TEST_TIMES=20 $(BIN)/pytest -n $(JOBS) --dist worksteal -o timeout=0
	$(BIN)/python -m tests.venues.reference --cases 200000 --seed 1
	$(BIN)/python -m tests.venues.reference --cases 100000 --seed 2 --block

crash: dev  ## 200 kills of the daemon, anywhere: it must end as if nothing had happened; ten minutes or so
	$(BIN)/python -m tests.service.daemon.campaign --kills 200 --seed 1

soak: dev  ## the daemon for an hour at speed: memory, files and tasks must not grow
	$(BIN)/python -m tests.service.daemon.soak --minutes 60

peers: install  ## third-party engines on the same rule and rows: equal trades first, then their speed
	@$(BIN)/python benchmarks/peers/run.py

peers-orders: install  ## the same limits, stops and brackets through other engines, fill by fill
	@$(BIN)/python benchmarks/peers/orders_run.py

bench: install  ## the figures of the README: step and block mode, orders, append, verify, replay, the daemon
	@$(BIN)/python benchmarks/step.py
	@$(BIN)/python benchmarks/block.py
	@$(BIN)/python benchmarks/orders.py
	@$(BIN)/python benchmarks/append.py
	@$(BIN)/python benchmarks/daemon.py

bench-features: dev  ## features and orchestration: what a candle costs, here and with other libraries
	@$(BIN)/python benchmarks/features.py
	@$(BIN)/python benchmarks/orchestration.py

.venv-ops/installed: deploy/ops.lock
	@$(PYTHON) -m venv .venv-ops
	@.venv-ops/bin/python -m pip --disable-pip-version-check install --quiet --only-binary :all: --require-hashes -r deploy/ops.lock
	@touch $@

ops: .venv-ops/installed  ## what is deployed, held to the tools that know it (each says how to install it)
	@HADOLINT=$(CURDIR)/.venv-ops/bin/hadolint $(PYTHON) deploy/checks.py $(CHECKS)

lock:  ## resolve the pins anew (needs uv)
	@for out in "dev --extra localdb --extra research --extra live --extra dev" "core --extra localdb --extra research --constraint requirements/dev.lock"; do \
	  set -- $$out; name=$$1; shift; \
	  uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
	    pyproject.toml "$$@" --output-file requirements/$$name.lock || exit 1; done
	@uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
	  --allow-unsafe requirements/build.in --output-file requirements/build.lock

lock-peers:  ## resolve the peers' pins anew, each alone (needs uv)
	@for name in backtesting backtrader nautilus vectorbt; do \
	  uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
	    --only-binary :all: requirements/peers-$$name.in --output-file requirements/peers-$$name.lock || exit 1; done

format: dev  ## let ruff rewrite what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## forget the venv and every cache
	rm -rf $(VENV) .venv-peers .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
