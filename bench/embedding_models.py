"""The ways to run the model that are compared, and their graphs, made once and kept in the scratch directory."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.measure import ROOT, Worker
from portfolio_rag.adapters.models.manifest import MANIFEST_FILE, MODEL_FILE, TOKENIZER_FILE, Manifest, file_sha256
from portfolio_rag.adapters.models.weights import DEFAULT_SOURCE, locate
from portfolio_rag.bake.baking import bake
from portfolio_rag.ports.vectors import Vectors

BASELINE = "sentence-transformers (torch fp32)"
OURS = "ONNX int8 per channel (shipped)"
EIGHT_BITS = "ONNX int8, eight bits of the weights in place of seven"
PEERS_PYTHON = ROOT / ".portfolio" / "peers" / "bin" / "python"
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Candidate:
    """`kind` and `path` are arguments of `bench.embedding_worker`, `python` the interpreter that has its libraries.

    `precision` is that of its products: fp32, bf16 or int8.
    """

    name: str
    kind: str
    path: Path
    precision: str
    python: str = sys.executable

    def command(self, threads: int) -> list[str]:
        return [self.python, "-m", "bench.embedding_worker", self.kind, str(self.path), str(threads)]

    def start(self, *, threads: int = 1) -> Worker:
        """In a process of its own; 0 leaves the number of threads to the library."""
        environment = {"TOKENIZERS_PARALLELISM": "false", "PYTHONPATH": str(ROOT / "src")}
        return Worker(self.command(threads), environment=environment | (_ONE_THREAD if threads == 1 else {}))


class WorkerEmbedder:
    """`ports.Embedder` on a candidate in its own process, for what asks for one."""

    def __init__(self, candidate: Candidate, dimensions: int) -> None:
        self._worker = candidate.start(threads=0)
        self._dimensions = dimensions
        self._name = candidate.name

    @property
    def fingerprint(self) -> str:
        return f"bench: {self._name}"

    @property
    def dimensions(self) -> int:
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.asarray(self._worker.ask(texts=list(texts), vectors=True)["vectors"], dtype=np.float32)

    def close(self) -> None:
        self._worker.close()


def candidates(work: Path, model: Path, texts: Sequence[str], *, peers: bool, quick: bool) -> list[Candidate]:
    """The baseline first. What takes long to make is left out of a quick run, OpenVINO of one without peers."""
    source = locate(DEFAULT_SOURCE).path
    found = [Candidate(BASELINE, "torch", source, "fp32"), Candidate(OURS, "onnx", model, "int8")]
    if not quick:
        fp32 = work / "model-fp32"
        bake(fp32, source=DEFAULT_SOURCE, precision="fp32", report=lambda line: print(line, file=sys.stderr))
        found.append(Candidate("ONNX fp32", "onnx", fp32, "fp32"))
        found.append(Candidate(EIGHT_BITS, "onnx", _eight_bits(work / "model-eight-bits", model, source), "int8"))
    if peers:
        plain = _openvino_graphs(work / "openvino", model, source, texts)
        python = str(PEERS_PYTHON)
        found += [
            Candidate("OpenVINO bf16", "openvino-bf16", plain / "plain.onnx", "bf16", python),
            Candidate("OpenVINO int8", "openvino-fp32", plain / "int8.xml", "int8", python),
        ]
    return found


def _eight_bits(folder: Path, model: Path, source: Path) -> Path:
    """The shipped recipe with the whole range of int8, which overflows without a word where a CPU has no VNNI."""
    shipped = Manifest.load(model)
    if not (folder / MANIFEST_FILE).exists() or Manifest.load(folder).inputs != shipped.inputs:
        from portfolio_rag.bake import export

        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        exported, quantised = folder / "exported.onnx", folder / "quantised.onnx"
        export.export(export.load_reference(source), exported, quantise_embeddings=True)
        export.quantise(exported, quantised, reduce_range=False)
        export.optimise(quantised, folder / MODEL_FILE)
        for scratch in (exported, quantised):
            scratch.unlink()
        shutil.copy(model / TOKENIZER_FILE, folder)
        sums = {name: file_sha256(folder / name) for name in (MODEL_FILE, TOKENIZER_FILE)}
        replace(shipped, fingerprint=f"bench: {EIGHT_BITS}", sha256=sums, parity=None).save(folder)
    return folder


def _openvino_graphs(folder: Path, model: Path, source: Path, texts: Sequence[str]) -> Path:
    """`plain.onnx`, without ONNX Runtime's own operators, and `int8.xml`, calibrated on `texts`."""
    if not (folder / "int8.xml").exists():
        from portfolio_rag.bake import export

        folder.mkdir(parents=True, exist_ok=True)
        export.export(export.load_reference(source), folder / "plain.onnx", quantise_embeddings=False)
        (folder / "tokenizer.json").write_bytes((model / "tokenizer.json").read_bytes())
        command = [str(PEERS_PYTHON), "-m", "bench.openvino_int8", str(folder)]
        subprocess.run(command, cwd=ROOT, input="\0".join(texts), text=True, check=True, stdout=sys.stderr)
    return folder


def dimensions(model: Path) -> int:
    return Manifest.load(model).dimensions
