"""Small files of the types that people have beside texts, made from scratch."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote

import openpyxl
import pptx


def saved(document: Any) -> bytes:
    """The bytes of a document that has a `save`."""
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return saved(book)


def deck(*titles: str) -> bytes:
    presentation = pptx.Presentation()
    for title in titles:
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = f"What there is to say about {title}"
    return saved(presentation)


def mail(text: str, attachments: Mapping[str, bytes] | None = None, *, subject: str = "Offer") -> bytes:
    message = EmailMessage()
    message["From"] = "Ana Ruiz <ana@example.org>"
    message["To"] = "bob@example.org"
    message["Date"] = "Tue, 03 Mar 2026 10:15:00 +0100"
    message["Subject"] = subject
    message.set_content(text)
    for name, data in (attachments or {}).items():
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)


def book(
    chapters: Mapping[str, str],
    *,
    names: Mapping[str, str] | None = None,
    extra: str = "",
    parts: Mapping[str, str] | None = None,
) -> bytes:
    """An EPUB whose spine is `chapters`, URL -> XHTML body; `names` go into its table of contents.

    `extra` goes into its manifest, and `parts` into the archive.
    """
    items = "".join(
        f'<item id="c{n}" href="{path}" media-type="application/xhtml+xml"/>' for n, path in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    nav = "".join(f'<li><a href="{path}#top">{name}</a></li>' for path, name in (names or {}).items())
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr(
            "OEBPS/book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
            "<dc:title>Sea birds</dc:title><dc:creator>A. Ek</dc:creator></metadata><manifest>"
            '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
            f"{items}{extra}</manifest><spine>{spine}</spine></package>",
        )
        archive.writestr(
            "OEBPS/nav.xhtml",
            '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>'
            f'<nav epub:type="toc"><ol>{nav}</ol></nav></body></html>',
        )
        for path, body in chapters.items():
            archive.writestr(
                f"OEBPS/{unquote(path)}",
                f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>{body}</body></html>',
            )
        for path, content in (parts or {}).items():
            archive.writestr(path, content)
    return target.getvalue()


ONE_OF_EACH: dict[str, bytes] = {
    "prices.xlsx": workbook(["Plan", "Users"], ["Gold", 900]),
    "talk.pptx": deck("Fleet"),
    "ports.csv": b"Port;Depth\nOslo;11,5\n",
    "ports.tsv": b"Port\tDepth\nOslo\t11.5\n",
    "settings.json": b'{"server": {"port": 8080}}',
    "events.jsonl": b'{"event": "start"}\n{"event": "stop"}\n',
    "tides.ipynb": b'{"nbformat": 4, "cells": [{"cell_type": "markdown", "source": ["The tide turns at six."]}]}',
    "offer.eml": mail("The offer stands until May."),
    "birds.epub": book({"one.xhtml": "<h1>Gulls</h1><p>They fly.</p>"}),
}
"""A file of each of these types, which holds text."""
