#!/usr/bin/env bash
# kreuzberg 4.10.4 (PyPI, CPython 3.11, Linux x86-64) leaves out the chapters of an EPUB whose file names have a blank.
#
# Behaviour: a chapter in "chapter 1.xhtml" is named "chapter%201.xhtml" in the package document, as a URL must be. Its text
# is missing, without an error or a warning; the chapter in "end.xhtml" is there. So it is with names with an umlaut that
# are written in the same way.
# Reason: the name is looked up in the archive as it is written, with its percent signs.
# Expected: both chapters, as markitdown 0.1.9 gives them for the same file. EPUB 3.3 has the href of an item as a URL
# string, and "URL" of the WHATWG encodes a blank by %20. docling mended the same in 2026 (its pull request 4199), and so
# has xberg 1.3.9, kreuzberg's successor.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet kreuzberg==4.10.4 markitdown==0.1.9

cat > "$folder/check.py" <<'PYTHON'
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import kreuzberg
from markitdown import MarkItDown

XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
CONTAINER = (
    '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
PACKAGE = (
    '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">'
    '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">urn:example:house</dc:identifier>'
    "<dc:title>House rules</dc:title><dc:language>en</dc:language>"
    '<meta property="dcterms:modified">2026-01-01T00:00:00Z</meta></metadata>'
    '<manifest><item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>{items}</manifest>'
    "<spine>{spine}</spine></package>"
)
CHAPTERS = {"chapter 1": "The garden closes at nine.", "für alle": "Dogs stay on a leash.", "end": "The roof is locked."}


def page(body: str) -> str:
    return f"<html {XHTML}><head><title>House rules</title></head><body>{body}</body></html>"


def write(file: Path) -> None:
    names = {name: quote(f"{name}.xhtml") for name in CHAPTERS}
    item = '<item id="c{}" href="{}" media-type="application/xhtml+xml"/>'
    parts = {
        "META-INF/container.xml": CONTAINER,
        "book/package.opf": PACKAGE.format(
            items="".join(item.format(number, href) for number, href in enumerate(names.values())),
            spine="".join(f'<itemref idref="c{number}"/>' for number in range(len(names))),
        ),
        "book/nav.xhtml": page(
            '<nav xmlns:epub="http://www.idpf.org/2007/ops" epub:type="toc"><ol>'
            + "".join(f'<li><a href="{href}">{name}</a></li>' for name, href in names.items())
            + "</ol></nav>"
        ),
        **{f"book/{name}.xhtml": page(f"<p>{text}</p>") for name, text in CHAPTERS.items()},
    }
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        for name, xml in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + xml, zipfile.ZIP_DEFLATED)


file = Path(sys.argv[1])
write(file)
seen = kreuzberg.extract_file_sync(str(file))
witness = MarkItDown().convert(str(file)).text_content
print(f"kreuzberg {version('kreuzberg')}: {seen.content!r}, warnings: {seen.processing_warnings}")
print(f"markitdown {version('markitdown')}: {witness!r}")
assert all(text in witness for text in CHAPTERS.values()), "the file itself is not what it should be"
assert CHAPTERS["end"] in seen.content, "changed: the chapter with a plain name is gone, too"
assert not seen.processing_warnings, "changed: there is a warning"
for name in ("chapter 1", "für alle"):
    assert CHAPTERS[name] not in seen.content, f"changed: {name} is there"
print("As described: the chapters whose names are encoded in the package document are not in the text.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder/house.epub"
