"""PDFs made from scratch, line by line: what is on a page is known to the point."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ink:
    """A line of text on a page: position and size in points, turned anticlockwise by degrees, in a rendering mode."""

    text: str
    x: float = 72
    y: float = 700
    size: float = 11
    font: str = "F1"
    angle: float = 0
    mode: int = 0

    @property
    def drawn(self) -> str:
        cos, sin = (round(f(math.radians(self.angle)), 6) for f in (math.cos, math.sin))
        place = f"{cos} {sin} {-sin} {cos} {self.x} {self.y} Tm"
        return f"BT /{self.font} {self.size} Tf {self.mode} Tr {place} ({_escaped(self.text)}) Tj ET\n"


@dataclass(frozen=True)
class Sheet:
    """A page: lines of text, operators that draw, annotations as dictionaries, further resources and page entries."""

    inks: Sequence[Ink] = ()
    drawing: str = ""
    annotations: Sequence[str] = ()
    resources: str = ""
    entries: str = ""


def column(*texts: str, top: float = 700, size: float = 11, x: float = 72, font: str = "F1") -> list[Ink]:
    """Lines of a paragraph below each other."""
    return [Ink(text, x, top - 1.2 * size * row, size, font) for row, text in enumerate(texts)]


_FONTS = {"F1": "Helvetica", "F2": "Helvetica-Bold", "F3": "Courier"}
FIRST_OBJECT = 5
_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def make_pdf(
    pages: Sequence[Sequence[Ink] | Sheet],
    *,
    title: str = "",
    outline: Sequence[tuple[str, int]] = (),
    user_password: str | None = None,
    catalog: str = "",
    objects: Sequence[bytes] = (),
    further_fonts: str = "",
) -> bytes:
    """A PDF 1.5; `outline` holds (title, page from 1); with a password it is encrypted with 40-bit RC4.

    Further `objects` are numbered from FIRST_OBJECT on; streams among them are `STREAM{/Entry value}data`.
    """
    further = objects
    objects = [b""] * 4 + list(further)
    objects[0] = f"<</Type/Catalog/Pages 2 0 R/Outlines 4 0 R{catalog}>>".encode()
    fonts = "".join(
        f"/{name}<</Type/Font/Subtype/Type1/BaseFont/{font}/Encoding/WinAnsiEncoding>>" for name, font in _FONTS.items()
    )
    objects[2] = f"<</Title({title})>>".encode()
    page_numbers = []
    for page in pages:
        sheet = page if isinstance(page, Sheet) else Sheet(page)
        content = (sheet.drawing + "".join(ink.drawn for ink in sheet.inks)).encode("cp1252")
        objects.append(b"STREAM" + content)
        objects.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]{sheet.entries}/Contents {len(objects)} 0 R"
            f"/Annots[{' '.join(sheet.annotations)}]"
            f"/Resources<</Font<<{fonts}{further_fonts}>>{sheet.resources}>>>>".encode()
        )
        page_numbers.append(len(objects))
    kids = " ".join(f"{number} 0 R" for number in page_numbers)
    objects[1] = f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode()
    first = len(objects) + 1
    for position, (name, target) in enumerate(outline):
        following = f"/Next {first + position + 1} 0 R" if position + 1 < len(outline) else ""
        objects.append(f"<</Title({name})/Parent 4 0 R{following}/Dest[{page_numbers[target - 1]} 0 R/Fit]>>".encode())
    links = f"/First {first} 0 R/Last {len(objects)} 0 R" if outline else ""
    objects[3] = f"<</Type/Outlines{links}/Count {len(outline)}>>".encode()

    identifier = b"0123456789abcdef"
    encrypt, key = b"", b""
    if user_password is not None:
        encrypt, key = _encryption(user_password, identifier)
        objects[2] = b"<<>>"
    out, offsets = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        if body.startswith(b"STREAM"):
            entries, _, stream = body[7:].partition(b"}") if body.startswith(b"STREAM{") else (b"", b"", body[6:])
            if key:
                stream = _rc4(hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10], stream)
            body = b"<</Length %d%s>>stream\n%s\nendstream" % (len(stream), entries, stream)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"<</Size %d/Root 1 0 R/Info 3 0 R%s/ID[<%s><%s>]>>" % (
        len(objects) + 1,
        encrypt,
        identifier.hex().encode(),
        identifier.hex().encode(),
    )
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%strailer%s\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        table,
        trailer,
        start,
    )
    return bytes(out)


def _escaped(text: str) -> str:
    return re.sub(r"([()\\])", r"\\\1", text)


def _encryption(password: str, identifier: bytes) -> tuple[bytes, bytes]:
    """The /Encrypt entry and the file key of the standard security handler, revision 2."""
    padded = (password.encode() + _PADDING)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    key = hashlib.md5(padded + owner + (-4).to_bytes(4, "little", signed=True) + identifier).digest()[:5]
    user = _rc4(key, _PADDING)
    entry = b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>" % (owner.hex().encode(), user.hex().encode())
    return entry, key


def _rc4(key: bytes, data: bytes) -> bytes:
    state, j, out = list(range(256)), 0, bytearray()
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)
