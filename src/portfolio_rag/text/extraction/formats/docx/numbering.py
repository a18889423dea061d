"""Automatic numbers of headings, clauses and steps (numbering.xml), counted as Word counts them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from portfolio_rag.text.extraction.formats.docx.names import chosen, is_on, number, qn, value
from portfolio_rag.text.extraction.formats.docx.number_formats import formatted
from portfolio_rag.text.extraction.formats.docx.styles import Styles, font_of

LEVELS = 9
_LINKS = 10
"""Of numberings that refer to each other by styles; a longer chain is a loop."""
_PLACE = re.compile(r"%([1-9])")
_TELLING_BULLETS = {
    **{sign: sign for sign in "✓✔✗✘☑☒☐"},
    **{"Wingdings" + sign: mark for sign, mark in zip("\xfc\xfb\xfe\xfd\xa8o", "✓✗☑☒☐☐", strict=True)},
    **{"Wingdings 2" + sign: mark for sign, mark in zip("PORST\xa3", "✓✗☑☒☒☐", strict=True)},
    "Webdingsa": "✓",
}
"""Bullets that say something of their item (done, left out, to do), behind the names of their fonts."""
_PRIVATE_AREA = 0xF000
"""Where the characters of symbol fonts are moved to."""
_MAX_LABEL_CHARACTERS = 100
_MAX_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Label:
    """The number or bullet of a paragraph. `text` is empty for a bullet, and for a level that shows nothing."""

    text: str
    level: int
    is_bullet: bool
    separator: str = " "

    @property
    def shows_nothing(self) -> bool:
        """Whether the paragraph only goes on with the item before it."""
        return not self.text and not self.is_bullet

    def marker(self, text: str) -> str:
        """What stands before the text of an item. Words do not run together, even where Word sets no blank."""
        if self.is_bullet:
            return f"{self.text or '-'} "
        is_joined = self.separator == "" and not (text[:1].isspace() or (self.text[-1:] + text[:1]).isalnum())
        return self.text + ("" if is_joined else " ") if self.text else ""


@dataclass(frozen=True, slots=True)
class _Level:
    """`restart` is the level, counted from 1, whose paragraphs restart this one: None for any above it, 0 for none.

    `mark` is a bullet that says something.
    """

    start: int
    number_format: str
    text: str
    separator: str
    restart: int | None
    is_legal: bool
    mark: str = ""


@dataclass(slots=True)
class _Definition:
    """An abstract numbering: its levels, the style that each belongs to, and where its counters stand."""

    levels: dict[int, _Level] = field(default_factory=dict)
    level_of_style: dict[str, int] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    numbering_style: str | None = None


@dataclass(slots=True)
class _Instance:
    """A numbering as paragraphs refer to it; several may share a definition, and so its counters."""

    definition: str
    starts: dict[int, int] = field(default_factory=dict)
    levels: dict[int, _Level] = field(default_factory=dict)
    started: set[int] = field(default_factory=set)


class Numbering:
    """Counts the paragraphs of a document; `label` is to be asked once for each, in order."""

    def __init__(self, root: Any | None, styles: Styles) -> None:
        self._styles = styles
        self._definitions: dict[str, _Definition] = {}
        self._instances: dict[str, _Instance] = {}
        for element in () if root is None else root:
            if element.tag == qn("w:abstractNum"):
                self._definitions[element.get(qn("w:abstractNumId"))] = _definition(element)
            elif element.tag == qn("w:num"):
                self._instances[element.get(qn("w:numId"))] = _instance(element)

    def label(self, own: Any | None, style_id: str | None) -> Label | None:
        """The label of the next paragraph, from its `w:numPr` and style; None where it is not numbered."""
        number_id = None if own is None else value(own.find(qn("w:numId")))
        level_id = None if own is None else value(own.find(qn("w:ilvl")))
        style_number, style_level = self._styles.numbering(style_id)
        instance = self._instances.get(number_id or style_number or "")
        definition = None if instance is None else self._resolve(instance)
        if instance is None or definition is None:
            return None
        if level_id is None:
            linked = self._level_of(definition, style_id)
            level = number(style_level) if linked is None else linked
        else:
            level = number(level_id)
        level = min(max(level, 0), LEVELS - 1)
        return self._next(instance, definition, level)

    def _level_of(self, definition: _Definition, style_id: str | None) -> int | None:
        for style in self._styles.chain(style_id):
            level = definition.level_of_style.get(style.get(qn("w:styleId")))
            if level is not None:
                return level
        return None

    def _resolve(self, instance: _Instance) -> _Definition | None:
        """The definition of a numbering, through the numbering style that it may refer to."""
        definition = self._definitions.get(instance.definition)
        for _ in range(_LINKS):
            if definition is None or definition.numbering_style is None:
                break
            number_id = self._styles.numbering_of_style(definition.numbering_style)
            linked = self._instances.get(number_id or "")
            following = None if linked is None else self._definitions.get(linked.definition)
            if following is None or following is definition:
                break
            definition = following
        return definition

    def _next(self, instance: _Instance, definition: _Definition, level: int) -> Label:
        counts = definition.counts
        if level in instance.starts and level not in instance.started:
            counts[level] = instance.starts[level]
        elif level in counts:
            counts[level] += 1
        else:
            counts[level] = _level(instance, definition, level).start
        instance.started.add(level)
        for above in range(level):
            counts.setdefault(above, instance.starts.get(above, _level(instance, definition, above).start))
        for below in range(level + 1, LEVELS):
            restart = _level(instance, definition, below).restart
            if restart is None or level < restart:
                counts.pop(below, None)
        return self._shown(instance, definition, level)

    def _shown(self, instance: _Instance, definition: _Definition, level: int) -> Label:
        shape = _level(instance, definition, level)
        if shape.number_format == "bullet":
            if not shape.text.strip() and not shape.mark:
                return Label("", level, False, shape.separator)
            is_word = sum(character.isalpha() for character in shape.text) > 1
            return Label(shape.text if is_word else shape.mark, level, True, shape.separator)

        def place(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            part = _level(instance, definition, at)
            count = definition.counts.get(at, part.start)
            is_decimal = shape.is_legal and part.number_format not in ("none", "bullet")
            return formatted(count, "decimal" if is_decimal else part.number_format)

        text = _PLACE.sub(place, shape.text)[:_MAX_LABEL_CHARACTERS]
        return Label(text.strip(), level, False, " " if text[-1:].isspace() else shape.separator)


_NO_LEVEL = _Level(1, "none", "", " ", None, False)


def _level(instance: _Instance, definition: _Definition, level: int) -> _Level:
    return instance.levels.get(level) or definition.levels.get(level) or _NO_LEVEL


def _definition(element: Any) -> _Definition:
    definition = _Definition(numbering_style=value(element.find(qn("w:numStyleLink"))))
    for child in element.iterchildren(qn("w:lvl")):
        level = number(child.get(qn("w:ilvl")))
        definition.levels[level] = _read_level(child)
        style_id = value(child.find(qn("w:pStyle")))
        if style_id:
            definition.level_of_style[style_id] = level
    return definition


def _instance(element: Any) -> _Instance:
    instance = _Instance(value(element.find(qn("w:abstractNumId"))) or "")
    for override in element.iterchildren(qn("w:lvlOverride")):
        level = number(override.get(qn("w:ilvl")))
        start = value(override.find(qn("w:startOverride")))
        if start is not None:
            instance.starts[level] = number(start, 1)
        own = override.find(qn("w:lvl"))
        if own is not None:
            instance.levels[level] = _read_level(own)
    return instance


def _read_level(element: Any) -> _Level:
    shape = element.find(qn("w:numFmt"))
    if shape is None:
        alternate = element.find(qn("mc:AlternateContent"))
        branch = None if alternate is None else chosen(alternate)
        shape = None if branch is None else branch.find(qn("w:numFmt"))
    number_format = value(shape) or "decimal"
    custom = "" if shape is None else (shape.get(qn("w:format")) or "").split(",")[0].strip()
    if number_format == "custom" and custom.isdigit() and len(custom) <= _MAX_DIGITS:
        number_format = f"digits{len(custom)}"
    text = (value(element.find(qn("w:lvlText"))) or "")[:_MAX_LABEL_CHARACTERS]
    mark = _TELLING_BULLETS.get(text) or ""
    if number_format == "bullet" and len(text) == 1 and not mark:
        font = font_of(element.find(qn("w:rPr"))).title()
        mark = _TELLING_BULLETS.get(font + chr(ord(text) % _PRIVATE_AREA), "")
    restart = value(element.find(qn("w:lvlRestart")))
    return _Level(
        start=number(value(element.find(qn("w:start"))), 0),
        number_format=number_format,
        text=text,
        separator="" if value(element.find(qn("w:suff"))) == "nothing" else " ",
        restart=None if restart is None else number(restart),
        is_legal=is_on(element.find(qn("w:isLgl"))),
        mark=mark,
    )
