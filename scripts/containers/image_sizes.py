"""Sizes of an image over its base: compressed as a push sends it, and on disk."""

from __future__ import annotations

import json
import subprocess
import tarfile
import zlib
from dataclasses import dataclass

from docker_cli import docker_command

_PART = 1 << 20


@dataclass(frozen=True, slots=True)
class ImageSize:
    """Bytes. `over_base` counts the layers above the base image; `compressed_over_base` is their gzip size."""

    compressed_over_base: int
    over_base: int
    total: int


def _inspect(image: str) -> dict[str, object]:
    output = subprocess.run([*docker_command(), "image", "inspect", image], check=True, capture_output=True).stdout
    found: dict[str, object] = json.loads(output)[0]
    return found


def base_layer_count(image: str) -> int:
    """How many of the image's layers are its base image's, by the label that the build wrote."""
    labels = _inspect(image)["Config"]["Labels"]  # type: ignore[index]
    base = _inspect(labels["org.opencontainers.image.base.name"])
    mine = _inspect(image)["RootFS"]["Layers"]  # type: ignore[index]
    theirs: list[str] = base["RootFS"]["Layers"]  # type: ignore[index]
    if mine[: len(theirs)] != theirs:
        raise ValueError(f"{image} was not built on the base image that is here now: build it again.")
    return len(theirs)


def measure(image: str) -> ImageSize:
    """Read the image from the engine layer by layer. Raises ValueError when its base image is another one now."""
    below = base_layer_count(image)
    # One pass over the stream: layers may come before or after the manifest that orders them.
    sizes: dict[str, tuple[int, int]] = {}
    manifest: list[dict[str, list[str]]] = []
    with (
        subprocess.Popen([*docker_command(), "save", image], stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as archive,
    ):
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is None:
                continue
            if member.name == "manifest.json":
                manifest = json.loads(stream.read())
                continue
            compressor, compressed = zlib.compressobj(6), 0
            while part := stream.read(_PART):
                compressed += len(compressor.compress(part))
            sizes[member.name] = (compressed + len(compressor.flush()), member.size)
    layers = [sizes[name] for name in manifest[0]["Layers"]]
    return ImageSize(
        compressed_over_base=sum(compressed for compressed, _ in layers[below:]),
        over_base=sum(size for _, size in layers[below:]),
        total=sum(size for _, size in layers),
    )
