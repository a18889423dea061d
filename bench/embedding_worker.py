"""One way to run the model, in a process of its own: `python -m bench.embedding_worker KIND MODEL THREADS`.

KIND is `torch` (sentence-transformers as its documentation uses it), `onnx` (this project's embedder on a baked model)
or `openvino-bf16` / `openvino-fp32` (OpenVINO on an ONNX or OpenVINO graph, its tokenizer beside it; in int8 where the
graph is). THREADS 0 leaves their number to the library. Texts are embedded one by one, as one message a chunk gives.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bench.measure import Stopwatch, peak_rss_mb, serve


class Model(Protocol):
    def embed(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        """Shape (texts, dimensions)."""


class Torch:
    def __init__(self, path: Path, threads: int) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        if threads:
            torch.set_num_threads(threads)
        self._model = SentenceTransformer(str(path), device="cpu")

    def embed(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        return np.concatenate(
            [self._model.encode([text], normalize_embeddings=True, show_progress_bar=False) for text in texts]
        )


class OpenVino:
    def __init__(self, graph: Path, threads: int, precision: str) -> None:
        import openvino
        from tokenizers import Tokenizer

        options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
        if threads:
            options["INFERENCE_NUM_THREADS"] = threads
        self._request = openvino.Core().compile_model(str(graph), "CPU", options).create_infer_request()
        self._tokenizer = Tokenizer.from_file(str(graph.parent / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(256)

    def embed(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        return np.concatenate([self._one(text) for text in texts])

    def _one(self, text: str) -> np.ndarray[Any, Any]:
        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        return np.array(self._request.infer([ids])[0])


def load(kind: str, path: Path, threads: int) -> Model:
    if kind == "torch":
        return Torch(path, threads)
    if kind == "onnx":
        from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder

        return OnnxEmbedder(path, threads=threads)
    return OpenVino(path, threads, {"openvino-bf16": "bf16", "openvino-fp32": "f32"}[kind])


def main() -> None:
    kind, path, threads = sys.argv[1:]
    model = load(kind, Path(path), int(threads))

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        with Stopwatch() as watch:
            vectors = model.embed(request["texts"])
        told = {"cpu_s": watch.cpu_s, "wall_s": watch.wall_s, "peak_rss_mb": peak_rss_mb()}
        return {**told, "vectors": np.asarray(vectors, float).tolist()} if request.get("vectors") else told

    serve(answer)


if __name__ == "__main__":
    main()
