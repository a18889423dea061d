#!/usr/bin/env bash
# Creates the virtual environment (first argument, default .venv) and installs what is pinned into it: the project with
# all that its development needs, or what the lock in the second argument says and no more.
# PYTHON may name an interpreter; it has to be Python 3.11.
set -euo pipefail
cd "$(dirname "$0")/.."

venv="${1:-.venv}"
lock="${2:-requirements/dev.txt}"
torch="$(sed -n 's/^ *"\(torch==[0-9.]*\)",$/\1/p' pyproject.toml)"

fail() {
    printf 'Error: %s\n' "$@" >&2
    exit 1
}

is_wanted() {
    "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' >/dev/null 2>&1
}

find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3 python; do
        if is_wanted "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    # Version managers keep what is installed but not chosen out of the path.
    for candidate in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.11*/bin/python3.11 \
        "$HOME"/.local/share/uv/python/*3.11*/bin/python3.11 \
        "$HOME"/.local/share/mise/installs/python/3.11*/bin/python3.11 \
        "$HOME"/.asdf/installs/python/3.11*/bin/python3.11; do
        if is_wanted "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11 was not found. Install it (apt install python3.11-venv, brew install python@3.11," \
        "  uv python install 3.11, or a version manager that reads .tool-versions), or name one: make up PYTHON=/path/to/python3.11"
}

if ! is_wanted "$venv/bin/python"; then
    python="$(find_python)"
    echo "Creating $venv with $("$python" -V)"
    rm -rf "$venv"
    "$python" -m venv "$venv" ||
        fail "$python cannot create a virtual environment. On Debian and Ubuntu: apt install python3.11-venv"
fi

# On a terminal, one line that says what pip is doing; all of it goes to the log.
log="$venv/install.log"
install_with() {
    "$@" 2>&1 | tee "$log" | if [ -t 1 ]; then
        while read -r line; do printf '\r\033[K  %.100s' "$line"; done
        printf '\r\033[K'
    else
        cat >/dev/null
    fi
}

pip_install() {
    install_with "$venv/bin/python" -m pip --disable-pip-version-check install --progress-bar off "$@"
}

give_up() {
    tail -n 20 "$log" >&2
    fail "$@" "  The whole log is in $log."
}

# PyTorch's plain wheel for Linux brings gigabytes of CUDA. Its CPU build is not on PyPI: pip finds it where a
# configured index or folder has it; otherwise uv, which knows PyTorch's own index, gets it. A lock that needs it says so
# at its end. What torch itself needs stands in the lock; torch has no hash there, since PyTorch's index, which builds it
# for the CPU, is another one.
installed="$("$venv/bin/python" -c 'from importlib.metadata import version; print(version("torch"))' 2>/dev/null || true)"
if grep -qx '# torch' "$lock" && [ "${installed%%+*}" != "${torch#*==}" ]; then
    echo "Installing $torch (CPU)"
    if [ "$(uname -s)" != Linux ]; then
        pip_install --no-deps "$torch" || give_up "$torch could not be installed."
    elif ! pip_install --no-deps "$torch+cpu"; then
        pip_install --no-deps --require-hashes --requirement requirements/uv.txt || give_up "uv could not be installed."
        install_with "$venv/bin/uv" pip install --python "$venv/bin/python" --torch-backend=cpu --no-deps "$torch" ||
            give_up "The CPU build of $torch could not be installed. If PyTorch's index cannot be reached from here," \
                "  put its wheel into a folder and name the folder: PIP_FIND_LINKS=/path/to/folder make up"
    fi
fi

# A lock is whole: nothing is looked for beside it, and nothing is installed whose hash it does not name.
echo "Installing the requirements"
pip_install --no-deps --require-hashes --requirement "$lock" || give_up "The requirements could not be installed."
[ -n "${2:-}" ] || pip_install --no-deps --editable . || give_up "The project could not be installed."
