#!/bin/sh
# Compiles the contracts with brownie and runs tests/brownie; `contracts/brownie.sh compile` stops after the first.
# Brownie pins every package it uses, so it has an environment of its own, and a home inside the build folder.
set -eu

cd "$(dirname "$0")/.."
root=$(pwd)
export HOME="$root/build/brownie-home"
export PATH="$root/node_modules/@foundry-rs/anvil-linux-amd64/bin:$PATH"

if ! cmp -s requirements-brownie.lock .venv-brownie/installed.lock; then
    test -x .venv-brownie/bin/python || "${PYTHON:-python3.11}" -m venv .venv-brownie
    .venv-brownie/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-brownie.lock
    cp requirements-brownie.lock .venv-brownie/installed.lock
fi

# Where brownie looks for compilers before it asks the network for one.
mkdir -p "$HOME/.solcx" build/brownie
printf '#!/bin/sh\nexec "%s/contracts/solc/solc" "$@"\n' "$root" > "$HOME/.solcx/solc-v0.8.37"
chmod +x "$HOME/.solcx/solc-v0.8.37"

.venv-brownie/bin/brownie compile --all
test "${1:-}" != compile || exit 0

# Brownie starts an anvil, or takes whatever chain answers at that port: so it is given one where none does.
port=$(.venv-brownie/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
.venv-brownie/bin/brownie networks modify development "port=$port" > build/brownie/network.log
PYTEST_ADDOPTS="-c tests/brownie/pytest.ini" .venv-brownie/bin/brownie test
