"""A corpus that every machine has: AWS's own reference texts, as they lie in botocore.

Some 49,000 pages of Markdown, 38 MB of text about 430 services, 100,000 windows and more: real prose about AWS, with
attributes to filter by, wherever this project is installed. Their order is a fixed shuffle, so that each beginning of
it is a sample of the whole.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore

from evaluation.datasets import EvalDocument
from portfolio_rag.domain.attributes import AttributeValue

_MIN_CHARACTERS = 200
_BLOCK = re.compile(r"</?(?:p|li|ul|ol|note|important|div|dl|dt|dd|h\d)[^>]*>")
_TAG = re.compile(r"<[^>]+>")
_BLANKS = re.compile(r"[ \t]+")
_EMPTY_LINES = re.compile(r"\n\s*\n+")


@dataclass(frozen=True, slots=True)
class Page:
    """One operation or one data type of a service, with what its attributes say in a filter."""

    document: EvalDocument
    attributes: dict[str, AttributeValue]


def pages() -> list[Page]:
    """All pages with text enough to be searched, each text once, in an order that depends on their names alone."""
    found: dict[str, Page] = {}
    for path in sorted((Path(botocore.__file__).parent / "data").glob("*/*/service-2.json.gz")):
        for page in _of_service(json.loads(gzip.decompress(path.read_bytes()))):
            found.setdefault(hashlib.sha256(page.document.data).hexdigest(), page)
    return sorted(found.values(), key=lambda page: hashlib.sha256(page.document.name.encode()).hexdigest())


def _of_service(model: dict[str, Any]) -> Iterator[Page]:
    about = model["metadata"]
    service, year = about["serviceId"], int(about["apiVersion"][:4])
    for kind in ("operations", "shapes"):
        for name, described in model.get(kind, {}).items():
            text = _text(described)
            if len(text) < _MIN_CHARACTERS:
                continue
            title = f"# {about.get('serviceFullName', service)}: {name}\n\n{text}\n"
            path = f"{service.lower().replace(' ', '-')}/{about['apiVersion']}/{kind}/{name}.md"
            attributes: dict[str, AttributeValue] = {
                "service": service,
                "kind": kind,
                "protocol": about["protocol"],
                "year": year,
                "words": sorted(set(re.findall("[A-Z][a-z]+", name))),
            }
            yield Page(EvalDocument(path, title.encode(), service), attributes)


def _text(described: dict[str, Any]) -> str:
    parts = [_plain(described.get("documentation", ""))]
    for name, member in (described.get("members") or {}).items():
        if text := _plain(member.get("documentation", "")):
            parts.append(f"## {name}\n\n{text}")
    return "\n\n".join(part for part in parts if part)


def _plain(markup: str) -> str:
    text = html.unescape(_TAG.sub("", _BLOCK.sub("\n\n", markup)))
    return _EMPTY_LINES.sub("\n\n", _BLANKS.sub(" ", text)).strip()
