"""`make demo` on the real stack: both pictures come about, and the document is gone afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from scripts.demo.__main__ import make
from scripts.demo.story import FILENAME
from scripts.npm_package import XTERM, NotFetched
from tests.e2e.live import LiveStack
from tests.e2e.swagger import chromium_path

pytestmark = pytest.mark.browser


def test_the_demo_records_itself(stack: LiveStack, tmp_path: Path) -> None:
    chromium_path()
    try:
        XTERM.file("lib/xterm.js")
    except NotFetched as error:
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail(str(error))
        pytest.skip(str(error))
    cast, terminal, console = make(stack.config, stack.environment, tmp_path)
    told = cast.read_text(encoding="utf-8")
    assert (
        told.index("The answer is not in the documents.") < told.index(f"upload: ./{FILENAME}") < told.rindex("06:40")
    )
    for picture in (terminal, console):
        with Image.open(picture) as image:
            assert image.n_frames > 20  # type: ignore[attr-defined]
    document = stack.api.get(f"/api/documents/{stack.document_id(FILENAME)}").json()
    assert document["deleted_at"] is not None
