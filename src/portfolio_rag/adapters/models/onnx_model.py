"""A graph that `portfolio_rag.bake` made, under ONNX Runtime: no torch, a fraction of its memory.

One text is one run on one thread, and several threads run several texts: nothing depends on the company that a text
comes in, and no thread is left spinning against a CPU quota.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from portfolio_rag.adapters.models.manifest import REMEDY, TOKENIZER_FILE, Manifest
from portfolio_rag.adapters.models.tokenizer import load_backend
from portfolio_rag.adapters.process.cpu import available_cpus
from portfolio_rag.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from tokenizers import Tokenizer as BackendTokenizer

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_KEPT: dict[tuple[Path, str, str], tuple[Any, BackendTokenizer]] = {}
"""Sessions and tokenizers for the models of processes that are forked from this one."""


class OnnxModel:
    """The graph in the file `graph` of the baked model in `model_dir`, with its tokenizer. Safe for several threads.

    With `cuts`, the tokenizer cuts a text at the model's limit, which counts the special tokens, as
    sentence-transformers counts them. `threads` run at a time; 0: as many as `available_cpus()` says. The manifest is
    read at once, the graph when it is first needed. Raises ConfigurationError when there is no baked model, or it is
    damaged or of another version.
    """

    def __init__(self, model_dir: str | Path, graph: str, *, threads: int = 0, cuts: bool = False) -> None:
        self._directory = Path(model_dir)
        self._graph = graph
        self._cuts = cuts
        self.manifest = Manifest.load(self._directory)
        self.threads = threads if threads > 0 else available_cpus()
        self._lock = threading.Lock()
        self._loaded: tuple[Any, BackendTokenizer] | None = None
        self._pool: ThreadPoolExecutor | None = None

    def load(self) -> tuple[Any, BackendTokenizer]:
        """The session and the tokenizer."""
        with self._lock:
            if self._loaded is None:
                self._loaded = _KEPT.get(self._key)
            if self._loaded is None:
                tokenizer = load_backend(self.manifest.verified(self._directory, TOKENIZER_FILE))
                if self._cuts:
                    tokenizer.enable_truncation(self.manifest.max_tokens)
                self._loaded = (_open_session(self.manifest.verified(self._directory, self._graph)), tokenizer)
            return self._loaded

    def keep_for_forks(self) -> None:
        """Load it once, for all processes that are forked from this one: they share its memory.

        A session with one thread starts none, so it lives on in a fork.
        """
        _KEPT[self._key] = self.load()

    def map(self, function: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
        """The results in order, of as many at a time as there are threads."""
        entries = list(items)
        if len(entries) < 2 or self.threads == 1:
            return [function(entry) for entry in entries]
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix=self._graph)
        return list(self._pool.map(function, entries))

    @property
    def _key(self) -> tuple[Path, str, str]:
        return self._directory.resolve(), self.manifest.fingerprint, self._graph


def _open_session(model: Path) -> Any:
    """One thread, and the graph as the bake left it. Raises ConfigurationError when ONNX Runtime cannot load it."""
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
