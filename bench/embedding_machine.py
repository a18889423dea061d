"""What the embedding costs beside time in a warm process: start, memory, disk, and how much of the machine it uses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np

from bench.measure import ROOT

LAYERS, HIDDEN, INNER = 6, 384, 1536
"""Of all-MiniLM-L6-v2."""

_GEMM = 1024
_QUOTA_ROOT = Path("/sys/fs/cgroup")


def forward_flops(pieces: int) -> float:
    """Of one text's matrix products, a multiplication and an addition counted as two.

    Each layer has four products of HIDDEN x HIDDEN and two of HIDDEN x INNER for each word piece, and two of the
    attention for each pair of them (Vaswani et al. 2017, sections 3.2 and 3.3).
    """
    weights = 4 * HIDDEN * HIDDEN + 2 * HIDDEN * INNER
    return float(LAYERS * (2 * weights * pieces + 4 * pieces * pieces * HIDDEN))


def gemm_flops(kind: str) -> float:
    """What one thread reaches in a large product here (operations a CPU second), `fp32` or `int8`: the ceiling."""
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper

    size = _GEMM
    operator, element, out = {
        "fp32": ("MatMul", TensorProto.FLOAT, TensorProto.FLOAT),
        "int8": ("MatMulInteger", TensorProto.UINT8, TensorProto.INT32),
    }[kind]
    draw = np.random.default_rng(0)
    left: np.ndarray[Any, Any]
    right: np.ndarray[Any, Any]
    if kind == "fp32":
        left, right = (draw.standard_normal((size, size), dtype=np.float32) for _ in range(2))
    else:
        left = draw.integers(0, 255, (size, size), dtype=np.uint8)
        right = draw.integers(-64, 64, (size, size), dtype=np.int8)
    weight = onnx.numpy_helper.from_array(right, "b")
    graph = helper.make_graph(
        [helper.make_node(operator, ["a", "b"], ["y"])],
        "gemm",
        [helper.make_tensor_value_info("a", element, [size, size])],
        [helper.make_tensor_value_info("y", out, [size, size])],
        [weight],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    best = float("inf")
    for _ in range(8):
        started = time.thread_time()
        session.run(None, {"a": left})
        best = min(best, time.thread_time() - started)
    return 2.0 * size**3 / best


def start_command(kind: str, path: Path) -> list[str]:
    """A program that embeds one text and says so: what a process does from its start to its first vector."""
    body = {
        "torch": "from sentence_transformers import SentenceTransformer\n"
        f"SentenceTransformer({str(path)!r}, device='cpu').encode(['first'])",
        "onnx": "from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder\n"
        f"OnnxEmbedder({str(path)!r}, threads=1).embed(['first'])",
    }[kind]
    return [sys.executable, "-c", f"{body}\nprint('done', flush=True)"]


def seconds_to_first_vector(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """From the start of the process to its first line; raises RuntimeError when it ends without one."""
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        elapsed = time.perf_counter() - started
        process.kill()
    if line != "done\n":
        raise RuntimeError(f"{command!r} gave no vector")
    return elapsed


@contextmanager
def quota_of_one_core() -> Iterator[list[str] | None]:
    """A prefix that runs a command under a quota of one core, as a container has; None: not possible here.

    A quota, and not a CPU mask: under a mask libraries see one CPU and start one thread, under a quota they see all
    of them. Needs the right to make a control group (root; version 1 or 2).
    """
    group, files = _group()
    try:
        group.mkdir()
        for name, text in files.items():
            (group / name).write_text(text)
    except OSError:
        if group.is_dir():
            group.rmdir()
        yield None
        return
    try:
        yield ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh"]
    finally:
        for _ in range(50):
            try:
                group.rmdir()
                break
            except OSError:  # what ran in it is not gone yet
                time.sleep(0.1)


def _group() -> tuple[Path, dict[str, str]]:
    name = f"portfolio-rag-bench-{os.getpid()}"
    if (_QUOTA_ROOT / "cpu" / "cpu.cfs_quota_us").exists() or (_QUOTA_ROOT / "cpu" / "cgroup.procs").exists():
        return _QUOTA_ROOT / "cpu" / name, {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "100000"}
    return _QUOTA_ROOT / name, {"cpu.max": "100000 100000"}


def installed_mb(names: Sequence[str]) -> float:
    """Size of the files of these distributions and of all that they require here, in MB."""
    closure: set[str] = set()
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in closure:
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:  # of another platform, or of an extra
            continue
        closure.add(name)
        for requirement in found.requires or []:
            if "extra ==" not in requirement:
                waiting.append(re.split(r"[\s;<>=!~\[(]", requirement, maxsplit=1)[0])
    total = 0
    for name in closure:
        for file in distribution(name).files or []:
            path = Path(str(file.locate()))
            if path.is_file():
                total += path.stat().st_size
    return total / 1e6
