# Podo. `make run` starts it, `make test` tests it; everything else is for those who change it.
# Wants: Python 3.11 or newer with its venv package, git, GNU make.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-virtualenv
ARGS   ?=
export CLUSTERS ?=

# What others build for us; each rule works from the day its tool is there.
ASSETS := $(if $(wildcard tools/assets.py),$(VENV)/.assets)
PARTS  := $(wildcard tools/parts/build.py)

.DEFAULT_GOAL := help
.PHONY: help run test check parts lock bench clean system dev

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/.run $(ASSETS) ## Set up what is missing and start Podo on http://127.0.0.1:8080 (CLUSTERS=local: real control planes)
	@exec $(BIN)/podo up $(if $(CLUSTERS),--clusters $(CLUSTERS)) $(ARGS)

test: $(VENV)/.dev $(ASSETS) system ## Run every test that can run here (ARGS="-k word" to choose)
	@exec $(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

check: $(VENV)/.dev ## Style, types, import contracts, docs: what CI runs before the tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/python -m tools.contracts
	$(if $(wildcard tools/messages.py),$(BIN)/python -m tools.messages --check)

parts: $(VENV)/.dev ## Build the real Kubernetes parts into a cache outside the tree (minutes, once)
	$(if $(PARTS),$(BIN)/python $(PARTS) $(ARGS),@echo "There are no parts to build yet.")

lock: $(VENV)/.dev ## Resolve the dependencies of pyproject.toml anew; the locks name no index
	$(BIN)/python -m tools.lock $(ARGS)

bench: $(VENV)/.dev $(ASSETS) ## Measure, each number beside its limit
	$(BIN)/python -m bench $(ARGS)

clean: ## Remove what was set up; data in .podo and built parts stay
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache

dev: $(VENV)/.dev $(ASSETS) ## Set up for development, run nothing

system:
	@$(PYTHON) tools/system.py

$(VENV)/.made:
	@$(PYTHON) tools/venv.py $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.made requirements/run.txt requirements/build.txt pyproject.toml
	@echo "Installing what Podo needs into $(VENV) (about a minute, once)…"
	@$(PIP) --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.made requirements/dev.txt requirements/build.txt pyproject.toml
	@echo "Installing what Podo and its tests need into $(VENV) (a minute or two, once)…"
	@$(PIP) --require-hashes -r requirements/build.txt -r requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.assets: $(VENV)/.made $(wildcard tools/assets.py package.json package-lock.json tools/assets/*)
	@$(BIN)/python tools/assets.py
	@touch $@
