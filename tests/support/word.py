"""Word files for tests, written part by part as Word writes them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import NamedTuple
from xml.sax.saxutils import escape

_SCHEMAS = "http://schemas.openxmlformats.org"
_SPACES = " ".join(
    f'xmlns:{prefix}="{address}"'
    for prefix, address in {
        "w": f"{_SCHEMAS}/wordprocessingml/2006/main",
        "r": f"{_SCHEMAS}/officeDocument/2006/relationships",
        "m": f"{_SCHEMAS}/officeDocument/2006/math",
        "a": f"{_SCHEMAS}/drawingml/2006/main",
        "wp": f"{_SCHEMAS}/drawingml/2006/wordprocessingDrawing",
        "pic": f"{_SCHEMAS}/drawingml/2006/picture",
        "c": f"{_SCHEMAS}/drawingml/2006/chart",
        "dgm": f"{_SCHEMAS}/drawingml/2006/diagram",
        "adec": "http://schemas.microsoft.com/office/drawing/2017/decorative",
        "mc": f"{_SCHEMAS}/markup-compatibility/2006",
        "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
        "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
        "v": "urn:schemas-microsoft-com:vml",
        "o": "urn:schemas-microsoft-com:office:office",
    }.items()
)
_MAIN_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_HEADINGS = "".join(
    f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/></w:style>'
    for level in (1, 2, 3)
)


class Link(NamedTuple):
    """A relationship of the part with the text; `kind` is the last word of its type."""

    kind: str
    target: str
    external: bool = False


def part(tag: str, inner: str) -> str:
    """A root element with all namespaces that these tests use."""
    return f'<?xml version="1.0" encoding="UTF-8"?><{tag} {_SPACES}>{inner}</{tag}>'


def p(text: str = "", style: str = "", *, properties: str = "", run: str = "", inner: str = "") -> str:
    """A paragraph of one run; `inner` follows that run as it stands."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    body = f'<w:r><w:rPr>{run}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>' if text else ""
    return f"<w:p><w:pPr>{named}{properties}</w:pPr>{body}{inner}</w:p>"


def r(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def numbered(text: str, number_id: int, level: int = 0) -> str:
    """A paragraph that names its numbering."""
    return p(text, properties=f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number_id}"/></w:numPr>')


def tbl(*rows: str, properties: str = "") -> str:
    return f"<w:tbl><w:tblPr>{properties}</w:tblPr>{''.join(rows)}</w:tbl>"


def tr(*cells: str, properties: str = "") -> str:
    """Cells are texts, or `w:tc` as they stand."""
    written = "".join(cell if cell.startswith("<w:tc") else tc(p(cell)) for cell in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{written}</w:tr>"


def tc(inner: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inner}</w:tc>"


def word_file(
    body: str,
    *,
    styles: str = "",
    numbering: str = "",
    settings: str = "",
    title: str = "",
    links: Mapping[str, Link] | None = None,
    parts: Mapping[str, str | bytes] | None = None,
    main: str = "word/document.xml",
    main_type: str = _MAIN_TYPE,
    types: str = "",
) -> bytes:
    """A file with that XML for a body. `styles` add to three headings, `parts` and `types` to the archive."""
    links = {
        "rStyles": Link("styles", "styles.xml"),
        "rNumbering": Link("numbering", "numbering.xml"),
        "rSettings": Link("settings", "settings.xml"),
        **(links or {}),
    }
    entries: dict[str, str | bytes] = {
        "[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        'content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType='
        f'"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/{main}" '
        f'ContentType="{main_type}"/>{types}</Types>',
        "_rels/.rels": relationships(
            {"r1": Link("officeDocument", main), "r2": Link("metadata/core-properties", "docProps/core.xml")}
        ),
        "docProps/core.xml": '<?xml version="1.0"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/'
        'package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{escape(title)}</dc:title></cp:coreProperties>",
        main: part("w:document", f"<w:body>{body}</w:body>"),
        f"word/_rels/{main.rpartition('/')[2]}.rels": relationships(links),
        "word/styles.xml": part("w:styles", _HEADINGS + styles),
        "word/numbering.xml": part("w:numbering", numbering),
        "word/settings.xml": part("w:settings", settings),
        **(parts or {}),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return target.getvalue()


def relationships(links: Mapping[str, Link]) -> str:
    written = "".join(
        f'<Relationship Id="{name}" Type="{_SCHEMAS}/officeDocument/2006/relationships/{link.kind}" '
        f'Target="{escape(link.target)}"{" TargetMode=" + chr(34) + "External" + chr(34) if link.external else ""}/>'
        for name, link in links.items()
    )
    return (
        f'<?xml version="1.0"?><Relationships xmlns="{_SCHEMAS}/package/2006/relationships">{written}</Relationships>'
    )
