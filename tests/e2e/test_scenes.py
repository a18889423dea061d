"""The pictures of the console in the documentation: the scenes run, and each picture has the size of its scene.

SCREENSHOTS=1 (`make screenshots`) writes them anew to docs/.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.live import LiveStack
from tests.e2e.scenes import SCENES, Scene, lived_in
from tests.support.pages import DOCS, PAGES

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def used_stack(stack: LiveStack) -> Iterator[LiveStack]:
    with lived_in(stack):
        yield stack


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_picture_is_made_of_its_scene(used_stack: LiveStack, scene: Scene, tmp_path: Path) -> None:
    path = (DOCS if os.environ.get("SCREENSHOTS") else tmp_path) / scene.name
    path.write_bytes(scene.picture(used_stack))
    with Image.open(path) as made, Image.open(DOCS / scene.name) as kept:
        assert made.size == kept.size == scene.size
        # An empty page has a handful of colours.
        assert len(made.getcolors() or []) > 32
    assert path.stat().st_size < 100_000


def test_the_pages_show_the_scenes() -> None:
    picture = re.compile(r"\((?:docs/)?(console[\w-]*\.png)\)")
    shown = {name for page in PAGES for name in picture.findall(page.read_text(encoding="utf-8"))}
    assert shown == {scene.name for scene in SCENES} == {path.name for path in DOCS.glob("console*.png")}
