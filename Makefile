# Every verb makes what it needs first: a fresh clone needs Python 3.11, Node 20 and npm. What says that packages are
# installed lies among them, and goes with them.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
FORGE := node_modules/@foundry-rs/forge-linux-amd64/bin/forge
SOL := $(shell find contracts -name '*.sol')

.PHONY: run demo test check contracts brownie bench chaos soak fuzz walls lock clean

run: $(VENV)/main.stamp build/bindings.stamp  ## Start the local network, walk the main journey, serve the app; Ctrl-C ends it.
	$(BIN)/fusion up --foreground --demo

demo: $(VENV)/main.stamp build/bindings.stamp  ## Walk the main journey on the local network and leave the network up.
	$(BIN)/fusion demo --json

test: check  ## All checks and tests.
	$(BIN)/python -m tests.packages
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile tests/unit tests/property
	$(BIN)/python -m pytest --ignore tests/unit --ignore tests/property
	$(FORGE) test

check: $(VENV)/dev.stamp build/bindings.stamp  ## Format, lint, types, architecture.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(FORGE) fmt --check
	$(BIN)/mypy
	$(BIN)/lint-imports

contracts: build/bindings.stamp .venv-contracts/main.stamp  ## All that the contracts promise, with a summary; DEEP=1 goes deeper.
	$(PYTHON) contracts/check.py

bench: $(VENV)/dev.stamp  ## Benchmarks and recomputed tables, as JSON.
	$(BIN)/python bench/economics.py --json
	$(BIN)/python bench/sandbox.py --json
	$(BIN)/python bench/atom.py --json
	$(BIN)/python bench/fanout.py --json
	$(BIN)/python bench/exchange.py --json
	$(BIN)/python bench/storage.py --json

chaos: $(VENV)/dev.stamp build/bindings.stamp  ## Fourteen operators, two hundred jobs, and faults while they run.
	$(BIN)/python -m tests.soak.chaos --operators 14 --jobs 200

soak: $(VENV)/dev.stamp build/bindings.stamp  ## Half an hour under load: nothing may grow. MINUTES=5 is shorter.
	$(BIN)/python -m tests.soak.leaks --minutes $(or $(MINUTES),30)

fuzz: $(VENV)/dev.stamp  ## Ten million hostile commands through both engines of the exchange.
	$(BIN)/python -m tests.soak.exchange --commands 10000000 --seeds 16
	$(BIN)/python -m tests.soak.exchange.perpetual

walls: $(VENV)/dev.stamp build/bindings.stamp  ## Each wall of the sandbox removed in turn: some escape must succeed then.
	$(BIN)/python -m tests.escape.walls

brownie: node_modules/main.stamp  ## Compile and test the contracts with brownie, in its own environment.
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

$(VENV)/main.stamp: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/main.stamp requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock
	@touch $@

.venv-contracts/main.stamp: requirements-contracts.lock
	test -x .venv-contracts/bin/python || $(PYTHON) -m venv .venv-contracts
	.venv-contracts/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-contracts.lock
	@touch $@

node_modules/main.stamp: package-lock.json
	npm ci --loglevel=error --no-audit --no-fund
	@touch $@

build/bindings.stamp: $(VENV)/main.stamp node_modules/main.stamp foundry.toml $(SOL) fusion/chain/generate.py
	$(FORGE) build contracts --skip test --quiet
	$(BIN)/python -m fusion.chain.generate
	@touch $@
