#!/usr/bin/env bash
# onnxruntime 1.31.1 (PyPI, CPython 3.11, Linux x86-64): the import alone writes an identifier of the machine to the home
# folder and starts a second thread.
#
# Behaviour: after `import onnxruntime`, without a session and without a model, there is a `deviceid` and a database of
# events under ~/.cache/Microsoft/DeveloperTools/.onnxruntime, and the process has two threads. With
# ORT_DISABLE_TELEMETRY=1 in the environment before the import there is neither. Reason: since 1.29 the wheels for Linux
# and macOS are built with telemetry, on by default (upstream pull request 27379, "Add POSIX telemetry"). Whether and when
# events are sent is not looked at here.
# It also means that a process that imports it must not be forked afterwards, and that a read-only or shared home sees
# writes.
# Expected: on these systems nothing, as with onnxruntime 1.22.1, which is run beside it.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for version in 1.31.1 1.22.1; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install --quiet "onnxruntime==$version" "numpy==2.3.5"
done

cat > "$folder/check.py" <<'PYTHON'
import os
from pathlib import Path

import numpy

before = len(os.listdir("/proc/self/task"))
import onnxruntime

written = sorted(str(path.relative_to(Path.home())) for path in Path.home().rglob("*") if path.is_file())
print(f"onnxruntime {onnxruntime.__version__}, threads started: {len(os.listdir('/proc/self/task')) - before}, files: {written}")
PYTHON

run() {
    # A fresh home each time, and one thread for the numerics, so that what is counted is onnxruntime's own.
    rm -rf "${folder:?}/home"
    mkdir "$folder/home"
    env -i "HOME=$folder/home" "PATH=$PATH" OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "${@:2}" \
        "$folder/$1/bin/python" "$folder/check.py"
}

seen=$(run 1.31.1)
quiet=$(run 1.31.1 ORT_DISABLE_TELEMETRY=1)
older=$(run 1.22.1)
printf '%s\nWith ORT_DISABLE_TELEMETRY=1:\n%s\n%s\n' "$seen" "$quiet" "$older"

changed() {
    echo "Changed: $1"
    exit 1
}
grep -q 'threads started: 1,.*\.cache/Microsoft/DeveloperTools/\.onnxruntime/deviceid' <<< "$seen" \
    || changed "the import starts no thread, or writes no identifier."
for other in "$quiet" "$older"; do
    grep -q 'threads started: 0, files: \[\]$' <<< "$other" || changed "the witness writes or starts something too."
done
echo "As described: the import alone starts a thread and writes an identifier, unless the environment forbids it."
