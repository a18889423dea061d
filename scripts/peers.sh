#!/usr/bin/env bash
# The libraries that `make bench PEERS=1` and `PEERS=1 make eval` set beside ours, in environments of their own: they are
# never installed where the product runs. Each argument names a lock, requirements/NAME.txt, whose environment is
# .portfolio/NAME. Prints nothing when there is nothing to do.
set -euo pipefail
cd "$(dirname "$0")/.."

for name in "$@"; do
    venv=".portfolio/$name"
    stamp="$venv/.installed"
    if [ ! -f "$stamp" ] || [ "requirements/$name.txt" -nt "$stamp" ]; then
        scripts/install.sh "$venv" "requirements/$name.txt"
        touch "$stamp"
    fi
done
