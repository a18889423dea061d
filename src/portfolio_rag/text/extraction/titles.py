"""Titles in the properties of files that nobody gave: defaults of programs, and names of files."""

from __future__ import annotations

import re

_DEFAULTS = frozenset(
    name.strip()
    for name in """
    anonymous|unspecified|unknown|unnamed|untitled|none|null|n/a|title|name|default|blank|new|draft|index|page|home
    no title|document title|title of document|title page|enter title here|insert title here|add title|type the title
    document|doc|word|word document|microsoft word|microsoft word document|new microsoft word document|ms word document
    office document|untitled document|new document|blank document|scan|scanned document|scanned image|template|normal
    presentation|powerpoint presentation|microsoft powerpoint presentation|slide|no slide title|untitled presentation
    workbook|book|sheet|spreadsheet|excel workbook|microsoft excel|untitled spreadsheet|worksheet|untitled page|web page
    dokument|unbenannt|unbenanntes dokument|ohne titel|kein titel|titel|neues dokument|mappe|tabelle|präsentation
    microsoft word-dokument|powerpoint-präsentation|sans titre|document sans titre|sans nom|titre
    présentation powerpoint|classeur|documento|sin título|documento sin título|sem título|documento sem título|título
    presentación de powerpoint|senza titolo|documento senza titolo|senza nome|titolo|presentazione|cartel
    presentazione standard di powerpoint
    naamloos|naamloos document|zonder titel|presentatie|uden titel|namnlös|namnlöst dokument|без названия|документ
    презентация|無題|无标题|文档|文書|제목 없음
    """.replace("\n", "|").split("|")
) - {""}
_PRINTED = re.compile(
    r"microsoft (?:office )?(?:word|excel|powerpoint|outlook|publisher|visio) [-–—] .*", re.IGNORECASE
)
"""How printer drivers name what they print."""
_FILE_NAME = re.compile(
    r"[^\n]{1,120}\.(?:docx?|docm|dotx?|rtf|odt|pages|wpd|pptx?|ppsx?|xlsx?|xls[mb]|pdf|ps|eps|dvi|tex|indd|qxd|pmd|fm|ai"
    r"|psd|cdr|pub|vsdx?|html?|xml|txt|tmp|tiff?|jpe?g|png)",
    re.IGNORECASE,
)


def given_title(title: str) -> str:
    """`title` (one clean line), or nothing where a program made it up."""
    words = re.sub(r"[\s_]+", " ", title).strip(" ()[]<>{}.:*-–—\"'").casefold()
    numbered = re.sub(r"[\s#(-]*\d+\)?$", "", words)
    if not any(character.isalnum() for character in words) or {words, numbered} & _DEFAULTS:
        return ""
    return "" if _PRINTED.fullmatch(title) or _FILE_NAME.fullmatch(title) else title
