# Everything is installed into .venv, from the lock in requirements/; a second run installs nothing.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# The tests start hundreds of processes, and each would compile the whole package for itself.
unexport PYTHONDONTWRITEBYTECODE

# The first Python that has wheels for all that is pinned; PYTHON=… chooses another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.14 python3.11; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null \
	&& echo $$python && break; done)
BIN := .venv/bin
# How many processes share the tests: one more than two cores, for a third of their time they wait.
WORKERS ?= 2
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV := uv==0.13.9
AUDIT := pip-audit==2.10.1
LOCK = $(BIN)/uv pip compile $(ARGS) --system-certs --quiet --universal --python-version 3.11 --generate-hashes --no-header

.PHONY: help
help:  ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 16

.PHONY: demo
demo: .venv/run  ## Run a lively instance; Ctrl-C ends it
	@$(BIN)/tidings demo $(ARGS)

.PHONY: test
test: .venv/dev  ## Run all tests, on real servers, and hold the coverage gates
	@tools/test-machine
	@$(BIN)/coverage erase
	@$(BIN)/pytest -n $(WORKERS) --dist worksteal --cov --cov-report=
	@$(BIN)/coverage report --skip-covered --fail-under=100 \
		--include='src/tidings/core/*,src/tidings/egress/*,src/tidings/outbox/*'
	@$(BIN)/coverage report --skip-covered --fail-under=90

.PHONY: chaos
chaos: .venv/dev  ## Kill, freeze and starve servers under load, more often than the tests do
	@tools/test-machine
	@CHAOS_KILLS=25 CHAOS_INSTANTS=50 CHAOS_CUTS=25 $(BIN)/pytest -n $(WORKERS) --dist worksteal --timeout 1800 tests/reliability $(ARGS)

.PHONY: fuzz
fuzz: .venv/dev  ## Throw twenty times as much at the parsers as the tests do, and something new each time; FUZZ=100 for more
	@FUZZ=$${FUZZ:-20} $(BIN)/pytest -n $(WORKERS) --timeout 3600 tests/fuzz $(ARGS)

.PHONY: check
check: format lint types contracts dependencies changelog-check  ## Format, lint, types, contracts, dependencies

.PHONY: format lint types contracts dependencies changelog-check
format: .venv/dev
	@$(BIN)/ruff format --check
lint: .venv/dev
	@$(BIN)/ruff check
types: .venv/dev
	@$(BIN)/mypy
contracts: .venv/dev
	@$(BIN)/lint-imports
dependencies: .venv/dev
	@$(BIN)/deptry src
changelog-check: .venv/dev
	@$(BIN)/towncrier build --draft --version next > /dev/null

.PHONY: bench
bench: .venv/dev  ## Measure both engines beside what is to be reached; ARGS="--events 1000" or the like, one measure alone
	@$(BIN)/python tools/bench.py $(ARGS)

.PHONY: soak
soak: .venv/dev  ## Ten minutes of load and faults on each engine: is anything lost, does anything grow? ARGS="sqlite --minutes 60"
	@$(BIN)/python -m tools.soak $(ARGS)

.PHONY: machines
machines: .venv/dev  ## Several machines on one PostgreSQL: lose each, lose the database; ARGS="upgrade --from COMMIT"
	@$(BIN)/python -m tools.machines $(ARGS)

.PHONY: console-speed
console-speed: .venv/dev  ## Time every page of the console with a million events; ARGS=sqlite or postgresql, one alone
	@$(BIN)/python -m tools.console_speed $(ARGS)

.PHONY: shots
shots: .venv/dev  ## Photograph every page of the console into build/shots; ARGS=/webhooks takes those below it
	@tools/test-machine
	@$(BIN)/python tools/shots.py $(ARGS)

.PHONY: audit
audit: .venv/audit/bin/pip-audit  ## Ask whether anything that Tidings runs on has a known vulnerability; needs the internet
	@tools/audit $(ARGS)

.PHONY: lock
lock: | .venv/bin/pip  ## Pin what pyproject.toml asks for; ARGS=--upgrade takes the newest
	@$(PIP) install $(UV)
	@$(LOCK) --group build --output-file requirements/build.txt
	@$(LOCK) pyproject.toml --extra otel --extra parquet --group dev --output-file requirements/dev.txt
	@$(LOCK) pyproject.toml --constraint requirements/dev.txt --output-file requirements/run.txt

.venv/bin/pip:
	@test -n "$(PYTHON)" || { echo "Tidings needs Python 3.11 to 3.14 with venv; install one, or name it: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/build: requirements/build.txt pyproject.toml | .venv/bin/pip
	@$(PIP) install --requirement requirements/build.txt
	@$(PIP) install --no-deps --no-index --no-build-isolation --editable .
	@touch $@

# Apart from the rest, so that what it needs itself changes nothing of what is tested.
.venv/audit/bin/pip-audit: | .venv/bin/pip
	@$(BIN)/python -m venv .venv/audit
	@.venv/audit/bin/python -m pip --disable-pip-version-check --quiet install $(AUDIT)

.venv/run: requirements/run.txt .venv/build
	@echo "Installing what Tidings runs on into .venv …"
	@$(PIP) install --requirement requirements/run.txt
	@touch $@

.venv/dev: requirements/dev.txt .venv/build
	@echo "Installing what the tests and the checks need into .venv …"
	@$(PIP) install --requirement requirements/dev.txt
	@touch $@
