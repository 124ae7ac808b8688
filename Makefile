# Podo. `make run` starts it, `make test` tests it; everything else is for those who change it.
# Wants: Python 3.11 or newer with its venv package, git, GNU make.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-virtualenv
ARGS   ?=
export CLUSTERS ?=

.DEFAULT_GOAL := help
.PHONY: help run test check docs parts lock bench audit clean system assets example dev wheel image fresh

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/.run assets $(if $(CLUSTERS),,example) ## Set up what is missing and start Podo on http://127.0.0.1:8080 (CLUSTERS=local: real control planes)
	@exec $(BIN)/podo up $(if $(CLUSTERS),--clusters $(CLUSTERS)) $(ARGS)

# More processes than two cores: about half the time a test waits. What takes long begins first (tests/conftest.py).
# A process that dies is the end: for what it had to do xdist would wait for ever.
test: $(VENV)/.dev assets system example ## Run every test that can run here (ARGS="-k word" to choose)
	@exec $(BIN)/python -m pytest -n 4 --max-worker-restart 0 --dist loadgroup --no-loadscope-reorder $(ARGS)

check: $(VENV)/.dev assets ## Style, types, import contracts, docs: what CI runs before the tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/python -m tools.contracts
	$(BIN)/python -m tools.reference --check
	$(BIN)/python -m tools.messages --check

docs: $(VENV)/.dev ## Write the pages that are made from the code: docs/words.md and docs/reference/
	$(BIN)/python -m tools.reference

parts: $(VENV)/.dev ## Build the real Kubernetes parts into a cache outside the tree (minutes, once; ARGS=argocd: the bench's peer)
	$(BIN)/python tools/parts/build.py $(ARGS)

lock: $(VENV)/.dev ## Resolve the dependencies of pyproject.toml anew; the locks name no index
	$(BIN)/python -m tools.lock $(ARGS)

audit: $(VENV)/.dev ## Ask the world's list of weaknesses about every locked version (needs the network; CI has none)
	$(BIN)/python -m uv tool run pip-audit --strict --require-hashes --disable-pip -r requirements/run.txt
	$(BIN)/python -m uv tool run pip-audit --strict --require-hashes --disable-pip -r requirements/dev.txt

bench: $(VENV)/.dev assets ## Measure, each number beside its limit
	$(BIN)/python -m bench $(ARGS)

wheel: $(VENV)/.run assets ## Build dist/podo-….whl, with everything in it
	@rm -rf dist
	@$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --require-virtualenv --no-deps --no-build-isolation --wheel-dir dist .
	@ls dist/*.whl

image: wheel ## Build the container image into dist/ with buildah, as root (ARGS="--debian": on a base made here; "--base …": on yours)
	@$(BIN)/python tools/image.py $(ARGS)

fresh: ## Follow the README in a fresh Debian with Python, git and make alone, with a stopwatch (root; ten minutes)
	@$(PYTHON) tools/fresh.py $(ARGS)

clean: ## Remove what was set up; data, the example and built parts stay
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache

dev: $(VENV)/.dev assets ## Set up for development, run nothing

# Each looks for itself whether there is anything to do, in a blink.
assets: $(VENV)/.made
	@$(BIN)/python tools/assets.py

example: $(VENV)/.made
	@$(BIN)/python -m podo.app.demo $(if $(filter run,$(MAKECMDGOALS)),--unless-begun)

system:
	@$(PYTHON) tools/system.py

$(VENV)/.made:
	@$(PYTHON) tools/venv.py $(VENV)
	@touch $@

# The locks are whole: nothing is resolved here. (With hashes pip refuses a package that others ask for with extras.)
# What pip installs it compiles, but not what stays where it is: then the first start would.
$(VENV)/.run: $(VENV)/.made requirements/run.txt requirements/build.txt pyproject.toml
	@echo "Installing what Podo needs into $(VENV) (about a minute, once)…"
	@$(PIP) --no-deps --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@

$(VENV)/.dev: $(VENV)/.made requirements/dev.txt requirements/build.txt pyproject.toml
	@echo "Installing what Podo and its tests need into $(VENV) (a minute or two, once)…"
	@$(PIP) --no-deps --require-hashes -r requirements/build.txt -r requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@
