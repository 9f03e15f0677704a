# `make demo` runs Rowline on this machine, `make test` runs the tests. Both set up all they need.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
# Each command and each worker of the tests would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

PACKAGES := $(BIN)/python -m local.install.python_packages

# One installation downloads while the other works on what it has.
MAKEFLAGS += --jobs=2

.PHONY: help demo down test tested soak unit plugin-tests compiled lint audit bench setup setup-dev aws-smoke

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: setup ## servers, deploy, a real workload and its result; the stack stays up until `make down`
	@$(BIN)/python -m local.demo.run

down: setup ## stop what `make demo` started
	@$(BIN)/rowline local down

test: lint plugin-tests tested ## every test once, on real servers

# Beside the types, which one processor checks alone.
tested: compiled .local/bench/.ready
	@$(BIN)/python -m pytest -q -n 4 --dist loadfile --no-loadscope-reorder tests

# Most files have no such test, and each worker would import them all.
soak: setup-dev ## random worlds, kills and damaged input at length; make soak SEED=1 chooses other steps
	@ROWLINE_TIER=soak ROWLINE_SEED=$(or $(SEED),0) $(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder --timeout 1500 --hypothesis-seed=$(or $(SEED),0) -m soak $$(grep -rl --include='test_*.py' mark.soak tests)

unit: setup-dev plugin-tests ## the tests that need no server
	@$(BIN)/python -m pytest -q -n 2 tests/unit

plugin-tests: node_modules/.ready
	@mkdir -p .local
	@node --test --test-reporter=dot --test-reporter-destination=stdout --test-reporter=spec --test-reporter-destination=.local/plugin-tests.log plugins/rowline/test/ || { cat .local/plugin-tests.log; exit 1; }

# Each worker of the tests would compile all modules for itself, at the same time.
compiled: setup-dev
	@mkdir -p .local
	@$(BIN)/python -m pytest -q --collect-only tests > .local/collected.log || { cat .local/collected.log; exit 1; }

lint: setup-dev ## format, lint, types, layers, prose
	@$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports
	@npm run --silent lint
	@$(BIN)/python -m tests.prose

bench: setup-dev .local/bench/.ready ## Rowline measured beside other readers: make bench BENCH="--reader NAME=COMMAND"; see docs/bench.md
	@$(BIN)/python -m bench $(BENCH)

audit: setup-dev ## known vulnerabilities of pinned packages (asks the registries)
	@$(BIN)/pip-audit --require-hashes --disable-pip -r requirements-uv.txt -r requirements-dev.txt
	@npm audit --omit=dev

setup: .venv/.cli node_modules/.ready
setup-dev: .venv/.dev node_modules/.ready

.venv/.cli: requirements-uv.txt requirements-cli.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not installed. Install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $$($(PYTHON) --version) is too old. Install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3"; exit 2; }
	@echo "· Python packages of the command"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements-uv.txt
	@$(PACKAGES) $(BIN)/python --require-hashes -r requirements-cli.txt
	@$(PACKAGES) $(BIN)/python --no-deps -e .
	@touch $@

.venv/.dev: .venv/.cli requirements-dev.txt
	@echo "· Python packages of the tests"
	@$(PACKAGES) $(BIN)/python --require-hashes -r requirements-dev.txt
	@touch $@

.local/bench/.ready: .venv/.dev requirements-bench.txt
	@echo "· Python packages of the benchmark's peer"
	@mkdir -p .local/bench
	@[ -x .local/bench/venv/bin/python ] || $(PYTHON) -m venv --without-pip .local/bench/venv
	@$(PACKAGES) .local/bench/venv/bin/python --require-hashes -r requirements-bench.txt
	@touch $@

node_modules/.ready: package-lock.json
	@command -v npm >/dev/null || { echo "error: npm is not installed. Install Node.js 20 or newer."; exit 2; }
	@echo "· Serverless Framework (osls)"
	@npm ci --silent --no-fund --no-audit
	@touch $@

aws-smoke: setup-dev ## checks that need a real AWS account: make aws-smoke STAGE=dev
	@$(BIN)/python -m tests.smoke.aws --stage $(or $(STAGE),dev)
