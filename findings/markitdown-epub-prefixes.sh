#!/usr/bin/env bash
# markitdown 0.1.9 (PyPI, CPython 3.11) gives an EPUB's title and none of its text, if the package document has a prefix.
#
# Behaviour: where the package document says <opf:item> and <opf:itemref> in place of <item> and <itemref>, with the
# namespace bound to that prefix, the result is the title, the language and the identifier. There is no error or warning: a
# book is in the index, and no question finds it. With the namespace as the default one the same book is there.
# Reason: the elements are looked up by their names as they are written, prefix and all, and not by their namespace.
# Expected: the text, as kreuzberg 4.10.4 gives it for the same file. "Namespaces in XML 1.0" leaves the prefix to the
# author, and EPUB 3.3 does not forbid one. Known upstream: pull request 2480, open when this was written.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet markitdown==0.1.9 kreuzberg==4.10.4

cat > "$folder/check.py" <<'PYTHON'
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import kreuzberg
from markitdown import MarkItDown

OPF, DC = "http://www.idpf.org/2007/opf", "http://purl.org/dc/elements/1.1/"
CONTAINER = (
    '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
PACKAGE = f"""<package xmlns="{OPF}" xmlns:dc="{DC}" version="3.0" unique-identifier="id">
<metadata><dc:identifier id="id">urn:example:bees</dc:identifier><dc:title>Bees</dc:title>
<dc:language>en</dc:language><meta property="dcterms:modified">2026-01-01T00:00:00Z</meta></metadata>
<manifest><item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>
<item id="hive" href="hive.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="hive"/></spine></package>"""
SENTENCE = "A hive holds forty thousand bees."
PAGE = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Bees</title></head><body>{}</body></html>'
NAV = (
    '<nav xmlns:epub="http://www.idpf.org/2007/ops" epub:type="toc">'
    '<ol><li><a href="hive.xhtml">Hive</a></li></ol></nav>'
)


def prefixed(xml: str) -> str:
    """The same document, with the prefix opf for what was in the default namespace."""
    ElementTree.register_namespace("opf", OPF)
    ElementTree.register_namespace("dc", DC)
    return ElementTree.tostring(ElementTree.fromstring(xml), encoding="unicode")


def texts(file: Path, package: str) -> tuple[str, str]:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        for name, xml in (
            ("META-INF/container.xml", CONTAINER),
            ("package.opf", package),
            ("nav.xhtml", PAGE.format(NAV)),
            ("hive.xhtml", PAGE.format(f"<p>{SENTENCE}</p>")),
        ):
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + xml, zipfile.ZIP_DEFLATED)
    return MarkItDown().convert(str(file)).text_content, kreuzberg.extract_file_sync(str(file)).content


folder = Path(sys.argv[1])
plain = texts(folder / "plain.epub", PACKAGE)
seen, witness = texts(folder / "prefixed.epub", prefixed(PACKAGE))
print(f"markitdown {version('markitdown')}, kreuzberg {version('kreuzberg')}")
print(f"default namespace: {plain[0]!r}\nwith a prefix: {seen!r}\nkreuzberg, with a prefix: {witness!r}")
assert "<opf:itemref" in prefixed(PACKAGE), "the input is not sound: there is no prefix"
assert ElementTree.canonicalize(PACKAGE, rewrite_prefixes=True) == ElementTree.canonicalize(
    prefixed(PACKAGE), rewrite_prefixes=True
), "the input is not sound: it is another document"
assert all(SENTENCE in text for text in (*plain, witness)), "the file itself is not what it should be"
assert SENTENCE not in seen, "changed: the text is there"
assert "Bees" in seen, "changed: the title is gone, too"
print("As described: with a prefix the title is there, and no text.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder"
