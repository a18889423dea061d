#!/usr/bin/env bash
# The libraries that `make bench PEERS=1` sets beside ours, in an environment of their own (first argument): they are
# never installed where the product runs. Prints nothing when there is nothing to do.
set -euo pipefail
cd "$(dirname "$0")/.."

venv="${1:-.portfolio/peers}"
stamp="$venv/.installed"
if [ ! -f "$stamp" ] || [ requirements/peers.txt -nt "$stamp" ]; then
    scripts/install.sh "$venv" requirements/peers.txt
    touch "$stamp"
fi
