# VoucherTrail. `make help` lists what there is. Needs Python >= 3.11 and make; everything else is installed below this folder.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

# Without a home folder the package clients get one of ours for their caches.
ifeq ($(strip $(HOME)),)
export HOME := $(CURDIR)/.cache/home
endif

BIN := .venv/bin
STAMP := .venv/.stamp
UV_INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps
FORGE := $(BIN)/forge
UV_SELF := $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --build-constraint requirements/build.lock --editable .
export SOLCX_BINARY_PATH := $(CURDIR)/tools/solc
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export UV_NO_CONFIG := 1
# Compiled modules are kept whatever the shell says: without them each of the many processes takes seconds to start.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- environment: one .venv, two locks of the same versions -------------------------------------------------------

.PHONY: venv venv-dev node
venv: $(STAMP)-run ## Environment of the service and the demonstration
venv-dev: $(STAMP)-dev node ## Environment of development and tests

$(STAMP)-base: requirements/installer.lock tools/python
	@[ -x $(BIN)/python ] || { python="$$(bash tools/python)"; echo "Python: $$python"; "$$python" -m venv .venv; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/installer.lock
	@touch $@

$(STAMP)-run: $(STAMP)-base requirements/run.lock requirements/build.lock pyproject.toml
	@[ -e $(STAMP)-dev ] || $(UV_INSTALL) -r requirements/run.lock
	@$(UV_SELF)
	@touch $@

$(STAMP)-dev: $(STAMP)-base node_modules/.stamp requirements/dev.lock requirements/build.lock pyproject.toml tools/environment.py
	@$(UV_INSTALL) -r requirements/dev.lock
	@$(UV_SELF)
	@$(BIN)/python -m tools.environment
	@touch $@ $(STAMP)-run

node: node_modules/.stamp

node_modules/.stamp: package.json package-lock.json .npmrc requirements/node.lock | $(STAMP)-base
	@if ! bash tools/node-version; then echo "No Node >= 20 on PATH: installing one into .venv"; $(UV_INSTALL) -r requirements/node.lock; fi
	@npm ci --ignore-scripts --loglevel=error
	@touch $@

# --- what there is to do ------------------------------------------------------------------------------------------

# SERVE=no ends after the report instead of serving.
.PHONY: demo
demo: venv node ## Chain, contracts, 27 real campaigns, replay, audit, and a node that serves (SERVE=no: stop there)
	@$(BIN)/vouchertrail demo $(if $(filter no,$(SERVE)),--no-serve)

# CAMPAIGN=n takes another one of the 27.
.PHONY: network-demo
network-demo: venv geth ## Five organisations' signers and an observer, one real campaign replayed, and the regulator's audit of it
	@$(BIN)/vouchertrail network-demo $(if $(CAMPAIGN),--campaign $(CAMPAIGN))

# TESTS=path runs only those; COVERED=yes notes the lines of Python that they run, at least 90 % (tests/conftest.py says of which tests).
WORKERS := --numprocesses=3 --dist=loadfile --no-loadscope-reorder
.PHONY: test
test: venv-dev $(if $(TESTS),,geth-for-tests) ## All tests: Solidity, Python, ape, end to end (TESTS=path: only those)
	@mkdir -p build/coverage
	@$(BIN)/pytest $(if $(TESTS),$(TESTS),$(WORKERS)) $(if $(COVERED),--cov --cov-report=term:skip-covered --cov-fail-under=90)

# TESTS=path runs those of it alone.
.PHONY: test-network
test-network: venv-dev geth ## The end-to-end tests that move no clock, on a network of geth; says which run, which do not, and why
	@$(BIN)/pytest --on-network $(or $(TESTS),tests/api tests/e2e)

.PHONY: coverage
coverage: venv-dev ## Lines of the contracts that forge's tests run, 95 % at least (of Python: make test COVERED=yes)
	@$(BIN)/python -m tools.coverage

# What compiles goes first and takes one core for minutes; all the rest of it fits beside.
BESIDE := coverage artifacts-check types readme geth-for-tests slither gas-check

.PHONY: check
check: format-check lint layers ## What CI runs: format, lint, types, layers, artifacts, gas, README's commands, slither, coverage, all tests
	@$(MAKE) --no-print-directory --jobs=2 --output-sync $(BESIDE)
	@$(MAKE) --no-print-directory test COVERED=yes

.PHONY: format-check lint types layers
format-check: venv-dev
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted; run: make fmt" >&2; $(BIN)/ruff format --check .; }
	@$(FORGE) fmt --check contracts tests/contracts >/dev/null || { echo "Solidity is not formatted; run: make fmt" >&2; exit 1; }
lint: venv-dev
	@$(BIN)/ruff check --quiet .
types: venv-dev
	@$(BIN)/mypy
layers: venv-dev
	@$(BIN)/lint-imports --no-cache

.PHONY: readme
readme: venv-dev # runs README's commands; the tests it names run in `make check` itself
	@$(BIN)/python -m tools.readme

.PHONY: slither mutants fuzz
slither: venv-dev ## Static analysis of the contracts; a finding without a reason in tools/slither.json fails
	@$(BIN)/python -m tools.slither
# COUNT=n draws n faults instead of 80.
mutants: venv-dev ## Put 80 small faults into the contracts, one at a time, and see that the tests notice
	@nice $(BIN)/python -m tools.mutants $(if $(COUNT),--count $(COUNT))

# CALLS=n makes n calls instead of two million.
fuzz: venv-dev ## Two million calls of the state machine, from many seeds; prints seeds and what was reached
	@nice $(BIN)/python -m tools.fuzz $(if $(CALLS),--calls $(CALLS))

# SECONDS=n and SEED=n say how long, and which kills and orders are drawn.
.PHONY: siege
siege: venv-dev ## Two processes on one PostgreSQL under load, one killed every few seconds, for three minutes
	@SIEGE_SECONDS=$(if $(filter command line,$(origin SECONDS)),$(SECONDS),180) SIEGE_SEED=$(or $(SEED),1) SIEGE_KEYS=40 \
		$(BIN)/pytest -q -s --timeout=1800 tests/e2e/test_siege.py

# SEED=n draws everything, ROUNDS=n says how many rounds, ROUND=n plays that one alone.
.PHONY: chaos
chaos: venv-dev ## Kill, cut off and mislead a node under load for 10 rounds, and compare clients, database and chain
	@$(BIN)/python -m bench.chaos $(if $(SEED),--seed $(SEED)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(ROUND),--only $(ROUND))

# SECONDS=n says how long, RATE=n how many redemptions a second, CUT=n for how many seconds a signer is cut off (0: never).
.PHONY: network-soak
network-soak: venv-dev geth ## Redemptions on a network of six nodes for ten minutes, one signer cut off for one: what is taken back, what is lost
	@$(BIN)/python -m bench.soak $(if $(filter command line,$(origin SECONDS)),--seconds $(SECONDS)) $(if $(RATE),--rate $(RATE)) $(if $(CUT),--cut $(CUT))

# EXAMPLES=n asks each operation with n examples instead of 500, SEED=n draws others.
.PHONY: fuzz-api
fuzz-api: venv-dev ## Ask every operation of the API with 500 examples, and along the links of its answers (schemathesis)
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),500) FUZZ_SEED=$(or $(SEED),1) $(BIN)/pytest -q -s tests/api/test_fuzz.py

.PHONY: fmt
fmt: venv-dev ## Format Python and Solidity
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .
	@$(FORGE) fmt contracts tests/contracts

.PHONY: artifacts artifacts-check
artifacts: venv-dev ## Compile the contracts into node_api/chain/artifacts
	@$(BIN)/python -m tools.compile
artifacts-check: venv-dev
	@$(BIN)/python -m tools.compile --check

.PHONY: pages
pages: venv-dev ## Write docs/roles.md and docs/rules.md from the tables in tests/cases
	@$(BIN)/python -m tools.pages

.PHONY: gas gas-check
gas: venv-dev ## Measure gas anew and record it in bench/gas (BECAUSE="reason" where a figure rises)
	@$(BIN)/python -m tools.gas --record $(if $(BECAUSE),--because "$(BECAUSE)")
gas-check: venv-dev
	@$(BIN)/python -m tools.gas

# WHAT=single,index measures those lines alone, SECONDS=n and RUNS=n say how long, SIZE=n how many redemptions are indexed or make up
# the record, DB=url where to.
.PHONY: bench
bench: venv-dev ## Gas beside its record, redemptions and events a second beside peers (WHAT=single,index: only those); see bench/README.md
	@$(if $(WHAT),,$(BIN)/python -m tools.gas)
	@$(BIN)/python -m bench $(if $(WHAT),--what $(WHAT)) $(if $(filter command line,$(origin SECONDS)),--seconds $(SECONDS)) $(if $(RUNS),--runs $(RUNS)) $(if $(SIZE),--size $(SIZE)) $(if $(DB),--database $(DB))

.PHONY: bench-http
bench-http: venv-dev ## CPU time that HTTP alone takes of a redemption
	@$(BIN)/python -m bench.http

# Where there is no Go, it comes from PyPI into .venv; where geth cannot be built, the tests that run it are skipped and say so.
.PHONY: geth geth-for-tests
geth: | $(STAMP)-base ## Build geth, which networks of several organisations run, into the user's cache (two minutes, once)
	@bash tools/geth/build --there || { \
		bash tools/go-version || { echo "No Go >= 1.24 on PATH: installing one into .venv"; $(UV_INSTALL) -r requirements/go.lock; }; \
		bash tools/geth/build; }
geth-for-tests: venv-dev
	@$(MAKE) --no-print-directory geth || echo "geth was not built: tests that run it are skipped" >&2

.PHONY: wheel
wheel: $(STAMP)-base ## Build the wheel into dist/
	@$(BIN)/uv build --quiet --wheel --build-constraint requirements/build.lock --out-dir dist .

.PHONY: clean
clean: ## Remove environments, build products and caches; keeps a node's data
	@rm -rf .venv node_modules build dist .build .tools .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: lock
lock: $(STAMP)-base ## Resolve the lock files anew
	@bash tools/lock
