"""The bake itself, from source to a finished directory, in one step for whoever looks at it."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from portfolio_rag.adapters.models.manifest import (
    FORMAT,
    MANIFEST_FILE,
    MODEL_FILE,
    READER_FILE,
    TOKENIZER_FILE,
    Manifest,
    digest,
    file_sha256,
)
from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
from portfolio_rag.adapters.models.onnx_reader import OnnxReader
from portfolio_rag.adapters.models.weights import Source, locate
from portfolio_rag.bake.reader import ADAPTER
from portfolio_rag.domain.errors import ConfigurationError

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is baked. The bounds are the least cosine to the original that the bake accepts.

    `reader_bound` is how far the reader's log-odds may be from the original's.
    """

    precision: str
    bound: float
    edge_bound: float
    reader_bound: float
    revision: int = 1

    def describe(self) -> dict[str, object]:
        return {
            "precision": self.precision,
            "revision": self.revision,
            "backend": "onnx",
            "pooling": "mean",
            "normalise": True,
            "padding": False,
        }


# Measured for int8: 0.9888, and 0.9794 on the edge. Per-tensor int8, which is not good enough, falls to 0.91. The
# reader's log-odds run from -20 to 20; in int8 all of them are lower, by 1.2 at most.
RECIPES = {"int8": Recipe("int8", 0.985, 0.97, 2.0), "fp32": Recipe("fp32", 0.9999, 0.9999, 0.01)}

_LIBRARIES = ("onnx", "onnxruntime", "sentence-transformers", "tokenizers", "torch", "transformers")


def bake(output: Path, *, source: str, report: Report, precision: str = "int8", force: bool = False) -> Manifest:
    """Fill `output` with the baked model, unless it holds just that already; returns its manifest.

    The directory is replaced in one piece at the end, or left as it was. Raises ConfigurationError when the source
    is missing, has the wrong weights or does not fit the recipe, and ParityError when the result is not the model.
    """
    if output.exists() and any(output.iterdir()) and not (output / MANIFEST_FILE).exists():
        raise ConfigurationError(f"{output} holds other things than a baked model: choose another directory.")
    recipe = RECIPES[precision]
    found = locate(source)
    versions = _versions()
    inputs = _inputs(found, recipe, versions)
    with _one_at_a_time(output.parent):
        ready = None if force else _finished(output, inputs)
        if ready:
            report(f"The model in {output} is up to date ({ready.recipe['precision']}, {ready.fingerprint[:12]}).")
            return ready
        draft = output.parent / f".{output.name}.baking"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        try:
            manifest = _bake_into(draft, found, recipe, inputs, versions, report)
            _put_in_place(draft, output)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return manifest


def _bake_into(
    draft: Path, source: Source, recipe: Recipe, inputs: str, versions: dict[str, str], report: Report
) -> Manifest:
    report(f"1/4 Loading {source.name} with sentence-transformers")
    from portfolio_rag.bake import export, parity, reader  # 8 s of torch: only when there is something to bake

    reference = export.load_reference(source.path)
    tokenizer = reference.tokenizer.backend_tokenizer
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(draft / TOKENIZER_FILE))

    report("2/4 Exporting to ONNX")
    int8 = recipe.precision == "int8"
    exported = draft / "exported.onnx"
    export.export(reference, exported, quantise_embeddings=int8)
    report("3/4 Quantising and optimising" if int8 else "3/4 Optimising")
    export.finish(exported, draft / MODEL_FILE, int8=int8)
    adapted = reader.load(source) if reader.fits(source) else None
    if adapted is not None:
        reader.write(adapted, draft / READER_FILE, int8=int8)

    files = [MODEL_FILE, TOKENIZER_FILE] + ([READER_FILE] if adapted is not None else [])
    sha256 = {name: file_sha256(draft / name) for name in files}
    max_tokens = int(reference.max_seq_length)
    manifest = Manifest(
        format=FORMAT,
        fingerprint=digest(
            # The tokenizer as it was published: how it is written out again may differ between releases.
            {"weights": source.weights_sha256, "tokenizer": source.tokenizer_sha256, "max_tokens": max_tokens}
            | recipe.describe()
        ),
        inputs=inputs,
        model=source.name,
        dimensions=int(reference.get_embedding_dimension() or 0),
        max_tokens=max_tokens,
        recipe=recipe.describe(),
        versions=versions,
        weights_sha256=source.weights_sha256,
        sha256=sha256,
    )
    manifest.save(draft)
    report("4/4 Comparing with sentence-transformers")
    checked = parity.check(reference, OnnxEmbedder(draft), bound=recipe.bound, edge_bound=recipe.edge_bound)
    if adapted is not None:
        reader.check(adapted, tokenizer, OnnxReader(draft), bound=recipe.reader_bound)
    manifest = replace(manifest, parity=checked)
    manifest.save(draft)
    megabytes = (draft / MODEL_FILE).stat().st_size / 1e6
    report(
        f"Baked {source.name} ({recipe.precision}, {megabytes:.0f} MB, {manifest.dimensions} dimensions): cosine to "
        f"the original over {checked.texts} texts at least {checked.minimum:.4f}, mean {checked.mean:.4f}."
    )
    return manifest


def up_to_date(output: Path, *, source: str, precision: str = "int8") -> bool:
    """Whether `bake` with the same arguments would find nothing to do."""
    return _finished(output, _inputs(locate(source), RECIPES[precision], _versions())) is not None


def _versions() -> dict[str, str]:
    return {library: version(library) for library in _LIBRARIES}


def _inputs(source: Source, recipe: Recipe, versions: dict[str, str]) -> str:
    """Digest of all that a bake reads."""
    files = {file.name: file_sha256(file) for file in sorted(source.path.glob("*.json"))}
    read = {"weights": source.weights_sha256, "files": files, "adapter": file_sha256(ADAPTER)}
    return digest(read | {"versions": versions, "name": source.name, "format": FORMAT} | recipe.describe())


def _finished(output: Path, inputs: str) -> Manifest | None:
    """The manifest in `output` if that bake had the same inputs and its files are whole."""
    try:
        manifest = Manifest.load(output)
        if manifest.inputs != inputs or manifest.parity is None:
            return None
        for name in manifest.sha256:
            manifest.verified(output, name)
    except ConfigurationError:
        return None
    return manifest


def _put_in_place(draft: Path, output: Path) -> None:
    """Two renames: whoever opens the model in between finds none, never half of one."""
    old = output.parent / f".{output.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if output.exists():
        output.rename(old)
    draft.rename(output)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _one_at_a_time(parent: Path) -> Iterator[None]:
    """Two bakes beside each other (`make up` and a test run) wait for each other; the second finds it done."""
    parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
