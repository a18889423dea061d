"""Animated WebP out of screenshots, small enough for a repository."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops


@dataclass
class Animation:
    """Frames with the milliseconds that each is shown; one that shows what the last one did only makes that longer."""

    frames: list[Image.Image] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)

    def add(self, png: bytes, milliseconds: int) -> None:
        frame = Image.open(BytesIO(png)).convert("RGB")
        if self.frames and _are_same(self.frames[-1], frame):
            self.durations[-1] += milliseconds
            return
        self.frames.append(frame)
        self.durations.append(milliseconds)

    def hold(self, milliseconds: int) -> None:
        """Show the last frame for longer."""
        self.durations[-1] += milliseconds

    def save(self, path: Path, *, lossless: bool) -> None:
        first, *rest = self.frames
        first.save(
            path,
            save_all=True,
            append_images=rest,
            duration=self.durations,
            loop=0,
            lossless=lossless,
            quality=80,
            method=4,
            minimize_size=True,
        )


def _are_same(left: Image.Image, right: Image.Image) -> bool:
    return left.size == right.size and ImageChops.difference(left, right).getbbox() is None
