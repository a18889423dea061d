"""Whether a PDF that shows nothing is damaged, or was empty all along."""

from __future__ import annotations

import io
import re

import pypdfium2
from pypdfium2 import raw

_MAX_PAGES = 20
"""How many pages are looked at."""
_NO_HANDLER = -1
_SHOWS = re.compile(rb"\b(?:Tj|TJ|Do|BI)\b")
"""Operators that show text and pictures."""


def is_damaged(document: pypdfium2.PdfDocument, data: bytes) -> bool:
    """Whether a document without text and pictures holds content that cannot be read, or a key that cannot."""
    pages = range(min(len(document), _MAX_PAGES))
    if any(_objects(document, index) for index in pages):
        return False
    if b"/Encrypt" in data and raw.FPDF_GetSecurityHandlerRevision(document.raw) == _NO_HANDLER:
        return True
    # Here and not above: only files without anything need it. PDFium does not say what it could not make out.
    import pypdf

    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        for index in pages:
            contents = reader.pages[index].get_contents()
            if contents is not None and _SHOWS.search(contents.get_data()):
                return True
    except Exception:  # whatever it stumbles over is what is damaged
        return True
    return False


def _objects(document: pypdfium2.PdfDocument, index: int) -> int:
    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return 0
    try:
        return int(raw.FPDFPage_CountObjects(page.raw))
    finally:
        page.close()
