# Every verb makes what it needs first: a fresh clone needs Python 3.11, Node 20 and npm.
PYTHON ?= python3.11
BIN := .venv/bin
FORGE := node_modules/@foundry-rs/forge-linux-amd64/bin/forge
SOL := $(shell find contracts -name '*.sol')

.PHONY: run demo test check lint contracts brownie lock clean

run: build/main.stamp build/bindings.stamp  ## Start the local network, walk the main journey, serve the app; Ctrl-C ends it.
	$(BIN)/fusion up --foreground --demo

demo: build/main.stamp build/bindings.stamp  ## Walk the main journey on the local network and leave the network up.
	$(BIN)/fusion demo

test: check  ## All checks and tests.
	$(BIN)/python -m tests.packages
	$(BIN)/python -m pytest
	$(FORGE) test

check: build/dev.stamp build/bindings.stamp  ## Format, lint, types, architecture.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(FORGE) fmt --check
	$(BIN)/mypy
	$(BIN)/lint-imports

contracts: build/bindings.stamp  ## Build the contracts and run their tests.
	$(FORGE) test

brownie: build/node.stamp  ## Compile and test the contracts with brownie, in its own environment.
	contracts/brownie.sh

lock:  ## Resolve the dependencies of pyproject.toml anew and write the lock files.
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet --editable .
	build/lock/bin/pip freeze --exclude-editable > requirements.lock
	build/lock/bin/pip install --quiet --editable ".[dev]"
	build/lock/bin/pip freeze --exclude-editable > requirements-dev.lock
	rm -f package-lock.json && npm install --package-lock-only --no-audit --no-fund

clean:  ## Remove everything that was built; FUSION_HOME is left alone.
	rm -rf build .venv .venv-* node_modules fusion/chain/bindings

build/main.stamp: requirements.lock pyproject.toml
	@mkdir -p build
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

build/dev.stamp: build/main.stamp requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $@

build/node.stamp: package-lock.json
	@mkdir -p build
	npm ci --loglevel=error --no-audit --no-fund
	@touch $@

build/bindings.stamp: build/main.stamp build/node.stamp foundry.toml $(SOL) fusion/chain/generate.py
	$(FORGE) build --quiet
	$(BIN)/python -m fusion.chain.generate
	@touch $@
