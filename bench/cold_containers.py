"""How long the functions' images take to load their handler, where an engine runs and the images are built."""

from __future__ import annotations

import shutil
import subprocess
import time

from bench.measure import summary
from bench.section import Result

_PREFIX = "portfolio/"
_FUNCTIONS = ("document-intake", "document-processor", "check-health", "batch-reindex", "embedding-generator")
# With what the first invocation of the embedding function imports and loads later.
_PROGRAM = (
    "import os, time; import handler; "
    "model = os.path.join(os.environ['MODEL_DIR'], 'model.onnx'); "
    "os.path.exists(model) and __import__('portfolio_rag.adapters.models.onnx_embedder', fromlist=['x'])"
    ".OnnxEmbedder(os.environ['MODEL_DIR'], threads=1).embed(['first']); "
    "clock = time.clock_gettime(time.CLOCK_BOOTTIME); "
    "began = int(open('/proc/self/stat').read().rsplit(')', 1)[1].split()[19]) / os.sysconf('SC_CLK_TCK'); "
    "print('loaded', clock - began, flush=True)"
)


def measure_containers(rounds: int) -> Result:
    """`images`: seconds since the interpreter's start and since `docker run`; `skipped`: why there are none."""
    if shutil.which("docker") is None:
        return {"skipped": "as there is no Docker here"}
    listed = subprocess.run(
        ["docker", "images", "--format", "{{.Repository}}:{{.Tag}}"], capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        return {"skipped": "as no Docker engine runs here"}
    there = set(listed.stdout.split())
    images = {name: f"{_PREFIX}{name}:latest" for name in _FUNCTIONS if f"{_PREFIX}{name}:latest" in there}
    if not images:
        return {"skipped": "as the images are not built here (`make build-images`)"}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in images}
    for _ in range(rounds):
        for name, image in images.items():
            found[name].append(_load(image))
    return {
        "images": {
            name: {"inside_s": summary([one for one, _ in taken]), "outside_s": summary([one for _, one in taken])}
            for name, taken in found.items()
        }
    }


def _load(image: str) -> tuple[float, float]:
    command = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "python", image, "-c", _PROGRAM]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1]), time.perf_counter() - started
