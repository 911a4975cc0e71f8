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
UV_SELF := $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --build-constraint requirements/build.lock --editable .
export SOLCX_BINARY_PATH := $(CURDIR)/tools/solc
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export UV_NO_CONFIG := 1
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- environment: one .venv, two locks of the same versions -------------------------------------------------------

.PHONY: venv venv-dev node
venv: $(STAMP)-run ## Environment of the service and the demonstration
venv-dev: $(STAMP)-dev node ## Environment of development and tests

$(STAMP)-base: requirements/installer.lock tools/python
	@python="$$(bash tools/python)" && echo "Python: $$python" && "$$python" -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/installer.lock
	@touch $@

$(STAMP)-run: $(STAMP)-base requirements/run.lock requirements/build.lock pyproject.toml
	@[ -e $(STAMP)-dev ] || $(UV_INSTALL) -r requirements/run.lock
	@$(UV_SELF)
	@touch $@

$(STAMP)-dev: $(STAMP)-base requirements/dev.lock requirements/build.lock pyproject.toml
	@$(UV_INSTALL) -r requirements/dev.lock
	@$(UV_SELF)
	@touch $@ $(STAMP)-run

node: node_modules/.stamp

node_modules/.stamp: package.json package-lock.json .npmrc requirements/node.lock | $(STAMP)-base
	@if ! bash tools/node-version; then echo "No Node >= 20 on PATH: installing one into .venv"; $(UV_INSTALL) -r requirements/node.lock; fi
	@npm ci --ignore-scripts --loglevel=error
	@touch $@

.PHONY: lock
lock: $(STAMP)-base ## Resolve the lock files anew
	@bash tools/lock
