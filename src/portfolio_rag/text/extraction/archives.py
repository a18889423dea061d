"""ZIP archives that documents come in: what they may unpack to, and Office's strict variant made the common one."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Sequence

from portfolio_rag.domain.errors import DocumentRejected, FailureReason

MAX_UNPACKED_BYTES = 400 * 2**20
MAX_PART_BYTES = 100 * 2**20
"""Of one XML part: a parser's tree takes several times as much memory."""
MAX_RATIO = 200
"""Of unpacked to packed size, above RATIO_FREE_BYTES; text hardly packs better than 20 to 1."""
RATIO_FREE_BYTES = 10 * 2**20
MAX_ENTRIES = 10_000

UNREADABLE = (zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError, EOFError, OSError)
"""What `zipfile` raises for a part that is missing, damaged, or packed in a way that it does not know."""

_MARKUP = (".xml", ".rels", ".html", ".xhtml", ".htm", ".opf", ".ncx")
_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")


def malformed(what: str) -> DocumentRejected:
    return DocumentRejected(
        FailureReason.MALFORMED, f"The {what} is damaged and cannot be opened. Save it again and upload it."
    )


def check_archive(data: bytes, what: str, *, max_part_bytes: int = MAX_PART_BYTES) -> None:
    """Reject what would fill the memory when unpacked, before anything is unpacked; `what` names it for people."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile as error:
        raise malformed(what) from error
    check_entries(entries, what, max_part_bytes=max_part_bytes)


def check_entries(entries: Sequence[zipfile.ZipInfo], what: str, *, max_part_bytes: int = MAX_PART_BYTES) -> None:
    """The same of an archive that is open already."""
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries) or 1
    parts = [entry.file_size for entry in entries if entry.filename.lower().endswith(_MARKUP)]
    if (
        len(entries) > MAX_ENTRIES
        or unpacked > MAX_UNPACKED_BYTES
        or max(parts, default=0) > max_part_bytes
        or (unpacked > RATIO_FREE_BYTES and unpacked > MAX_RATIO * packed)
    ):
        raise DocumentRejected(
            FailureReason.LIMIT_EXCEEDED,
            f"The {what} unpacks to {unpacked / 2**20:,.0f} MiB from {packed / 2**20:,.1f} MiB in "
            f"{len(entries):,} entries, which looks like a zip bomb. Split it into parts.",
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise DocumentRejected(FailureReason.ENCRYPTED, f"The {what} is encrypted. Save it without a password.")


def transitional(data: bytes, probe: str) -> bytes:
    """An Office file whose XML uses the names of the common, transitional variant of the standard.

    Office saves the strict variant when it is asked to, under other names, and libraries read the common one alone.
    `probe` is a part that shows which of the two it is.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if not _STRICT.search(archive.read(probe)[:4096]):
            return data
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as rewritten:
            for entry in archive.infolist():
                content = archive.read(entry)
                if entry.filename.lower().endswith((".xml", ".rels")):
                    content = _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/", content)
                rewritten.writestr(entry.filename, content)
    return target.getvalue()
