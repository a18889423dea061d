"""What a baked model directory holds: `model.onnx`, `reader.onnx`, `tokenizer.json`, and this manifest beside them.

Read by whoever uses the model, written by `portfolio_rag.bake`; light enough for every cold start.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from portfolio_rag.domain.errors import ConfigurationError

FORMAT = 1
"""Bumped when the directory's layout or the graph's inputs and outputs change: older bakes are refused."""

MODEL_FILE = "model.onnx"
READER_FILE = "reader.onnx"
"""Only beside the model whose reader the project has."""
TOKENIZER_FILE = "tokenizer.json"
MANIFEST_FILE = "manifest.json"

REMEDY = "Run `make bake` (or `make up`, which does it), or point MODEL_DIR at a baked model."


@dataclass(frozen=True, slots=True)
class Parity:
    """Cosine similarities to sentence-transformers over the bake's fixed texts; the bounds are what was demanded.

    The edge figures are of what is hardly text, and of scripts that the model was not made for.
    """

    texts: int
    bound: float
    minimum: float
    mean: float
    edge_bound: float
    edge_minimum: float


@dataclass(frozen=True, slots=True)
class Manifest:
    """`fingerprint` covers what decides a vector: weights, tokenizer, recipe, token limit.

    `inputs` covers all that the bake read, library versions included: equal inputs, nothing to bake again. Newer
    libraries therefore bake anew, but do not make the vectors that are stored already worthless.
    """

    format: int
    fingerprint: str
    inputs: str
    model: str
    dimensions: int
    max_tokens: int
    recipe: Mapping[str, Any]
    versions: Mapping[str, str]
    weights_sha256: str
    sha256: Mapping[str, str] = field(default_factory=dict)
    parity: Parity | None = None

    @classmethod
    def load(cls, directory: Path) -> Manifest:
        """Raise ConfigurationError when there is none, it cannot be read, or it is of another format."""
        try:
            raw = json.loads((directory / MANIFEST_FILE).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigurationError(f"There is no baked model in {directory}. {REMEDY}") from None
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"The model manifest in {directory} cannot be read ({error}). {REMEDY}") from error
        stored = raw.get("format") if isinstance(raw, dict) else None
        if stored != FORMAT:
            raise ConfigurationError(
                f"The model in {directory} has format {stored}, and this version needs {FORMAT}. {REMEDY}"
            )
        try:
            parity = raw.pop("parity", None)
            return cls(**raw, parity=Parity(**parity) if parity else None)
        except TypeError as error:
            raise ConfigurationError(f"The model manifest in {directory} is damaged ({error}). {REMEDY}") from error

    def save(self, directory: Path) -> None:
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"
        (directory / MANIFEST_FILE).write_text(text, encoding="utf-8")

    def verified(self, directory: Path, name: str) -> Path:
        """The path of a file of the bake; raises ConfigurationError when it is missing or not the one that was baked.

        A model and a manifest that do not belong together would fill the index with vectors that no query matches.
        """
        path = directory / name
        try:
            actual = file_sha256(path)
        except OSError as error:
            raise ConfigurationError(f"The baked model in {directory} lacks {name} ({error}). {REMEDY}") from error
        if actual != self.sha256.get(name):
            raise ConfigurationError(f"{name} in {directory} is not the file that was baked. {REMEDY}")
        return path


def digest(parts: Mapping[str, Any]) -> str:
    """Hex SHA-256 of a JSON object, the same for any order of its keys."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
