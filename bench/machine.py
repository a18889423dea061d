"""What the figures were measured on: as much as a reader needs to compare, no names of hosts or people."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

_LIBRARIES = ("onnxruntime", "tokenizers", "torch", "sentence-transformers", "chromadb", "numpy", "ministack")
_INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8", "amx_bf16", "asimddp", "i8mm")


def describe() -> dict[str, object]:
    """CPU, cores, memory, system and the versions of the libraries that decide the figures."""
    info = _cpuinfo()
    return {
        "cpu": info.get("model name") or platform.machine(),
        "architecture": platform.machine(),
        "instructions": [
            one for one in _INSTRUCTIONS if one in (info.get("flags") or info.get("Features") or "").split()
        ],
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "system": platform.system(),
        "python": platform.python_version(),
        "libraries": {name: found for name in _LIBRARIES if (found := _version(name))},
    }


def load_average() -> float:
    """Processes that wanted to run in the last minute: well above 0 before a run means that others are at work."""
    return round(os.getloadavg()[0], 2)


def _cpuinfo() -> dict[str, str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
