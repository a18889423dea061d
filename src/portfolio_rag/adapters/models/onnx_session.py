"""A session of ONNX Runtime for one text at a time: one thread, and the graph as the bake left it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from portfolio_rag.adapters.models.manifest import REMEDY
from portfolio_rag.domain.errors import ConfigurationError


def open_session(model: Path) -> Any:
    """Raises ConfigurationError when ONNX Runtime cannot load the file."""
    import onnxruntime  # 0.1 s: only where a text is really read

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # plans memory per input shape, and here every length is one
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # the bake did it
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own classes have no common base but this
        raise ConfigurationError(
            f"ONNX Runtime cannot load {model.name} in {model.parent}: {error}. {REMEDY}"
        ) from error
