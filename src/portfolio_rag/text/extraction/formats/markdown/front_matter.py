"""The values at the top of a Markdown file: its title, what a reader may ask for, and what can be filtered by."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from portfolio_rag.domain.attributes import AttributeValue

MAX_CHARACTERS = 16 * 1024
"""More is no front matter but a document between two rules."""

MAX_DEPTH = 20

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n(.*?)^(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_KEY = re.compile(r"^[\w\"'][\w .\"'-]*[ \t]*[:=]", re.MULTILINE)
_BEGINNING = re.compile(r"[\w\"'@$][^:=\n]*[:=]|[#\[\]{}?-]|\s")
"""How a paragraph of front matter begins: a name, a comment, a bracket, an entry of a list, what belongs to one."""
_PARAGRAPHS = re.compile(r"\n(?:[ \t]*\n)+")
_BRACKETS = re.compile(r"(?:[\[{][^\[\]{}]*){20}")
_LINE = re.compile(r"^([\w-]+)[ \t]*[:=][ \t]*(.+)$", re.MULTILINE)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})")
_FLOAT = re.compile(r"-?\d{1,15}\.\d{1,15}")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """`text` says the values line by line as they are written: `Owner: Team Kestrel`."""

    title: str | None = None
    text: str = ""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Scalar:
    """A single value as it is written; one in quotes is text whatever it looks like."""

    text: str
    is_text: bool

    @property
    def typed(self) -> str | int | float | bool:
        """Numbers and true or false, where they look like nothing else; `no`, dates, 007 and 3.10 stay text."""
        if self.is_text:
            return self.text
        if self.text.lower() in ("true", "false"):
            return self.text.lower() == "true"
        if _INTEGER.fullmatch(self.text):
            return int(self.text)
        is_number = bool(_FLOAT.fullmatch(self.text)) and str(float(self.text)) == self.text
        return float(self.text) if is_number else self.text


_Value = _Scalar | list["_Value"] | dict[str, "_Value"]


def split_front_matter(text: str) -> tuple[FrontMatter, str]:
    """The YAML or TOML front matter, and the text after it.

    What cannot be parsed is read line by line, unless a paragraph in it is prose: then it stands between two rules, and
    nothing of it may be lost.
    """
    match = _FRONT_MATTER.match(text)
    if not match or len(match[2]) > MAX_CHARACTERS or not _KEY.search(match[2]):
        return FrontMatter(), text
    values = _toml(match[2]) if match[1] == "+++" else _yaml(match[2])
    if values is None and not all(map(_BEGINNING.match, _PARAGRAPHS.split(match[2].strip("\n")))):
        return FrontMatter(), text
    if values is None:
        values = {line[1]: _Scalar(line[2].strip().strip("\"'"), True) for line in _LINE.finditer(match[2])}
    title = next((_said(value) for name, value in values.items() if name.lower() == "title"), None)
    rest = {name: value for name, value in values.items() if name.lower() != "title"}
    lines = (f"{_readable(name)}: {said}" for name, value in rest.items() if (said := _said(value)))
    return FrontMatter(title, "\n".join(lines), dict(_attributes(values))), text[match.end() :]


def _readable(name: str) -> str:
    words = re.sub(r"[_-]+", " ", name).strip()
    return words[:1].upper() + words[1:]


def _said(value: _Value) -> str:
    if isinstance(value, _Scalar):
        return " ".join(value.text.split())
    if isinstance(value, list):
        parts = [_said(part) for part in value]
        return ("; " if any(isinstance(part, dict) for part in value) else ", ").join(filter(None, parts))
    return ", ".join(f"{_readable(name)}: {said}" for name, part in value.items() if (said := _said(part)))


def _attributes(values: Mapping[str, _Value], prefix: str = "") -> Iterator[tuple[str, AttributeValue]]:
    """What a filter can ask for: single values, lists of them, and those of a group as `group.name`."""
    for name, value in values.items():
        if isinstance(value, _Scalar):
            yield prefix + name, value.typed
        elif isinstance(value, dict):
            yield from _attributes(value, f"{prefix}{name}.")
        else:
            texts = [part.text for part in value if isinstance(part, _Scalar)]
            if texts and len(texts) == len(value):
                yield prefix + name, texts


def _yaml(source: str) -> dict[str, _Value] | None:
    """None for what is no YAML mapping, or one with references: a few lines of those make millions of values."""
    import yaml  # only few documents have front matter

    if _BRACKETS.search(source):
        return None  # the parser's time grows with the square of the depth
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(source, Loader=yaml.SafeLoader)):
            return None
        values = _of_node(yaml.compose(source, Loader=yaml.SafeLoader), MAX_DEPTH)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return values if isinstance(values, dict) else None


def _of_node(node: Any, depth: int) -> _Value | None:
    import yaml

    if depth == 0 or node is None:
        return None
    if isinstance(node, yaml.ScalarNode):
        is_empty = node.tag == "tag:yaml.org,2002:null"
        return None if is_empty else _Scalar(node.value.strip(), node.style is not None)
    parts: list[tuple[Any, Any]] = node.value if isinstance(node, yaml.MappingNode) else [(None, n) for n in node.value]
    read = [(key, value) for key, part in parts if (value := _of_node(part, depth - 1)) is not None]
    if isinstance(node, yaml.MappingNode):
        return {key.value: value for key, value in read if isinstance(key, yaml.ScalarNode)}
    return [value for _, value in read]


def _toml(source: str) -> dict[str, _Value] | None:
    try:
        values = _of_value(tomllib.loads(source, parse_float=lambda text: _Scalar(text, False)), MAX_DEPTH)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        return None
    return values if isinstance(values, dict) else None


def _of_value(value: Any, depth: int) -> _Value | None:
    if depth == 0:
        return None
    if isinstance(value, dict):
        return {name: read for name, part in value.items() if (read := _of_value(part, depth - 1)) is not None}
    if isinstance(value, list):
        return [read for part in value if (read := _of_value(part, depth - 1)) is not None]
    if isinstance(value, _Scalar):
        return value
    if isinstance(value, (datetime, date, time)):
        return _Scalar(value.isoformat(), True)
    return _Scalar(str(value).lower() if isinstance(value, bool) else str(value), isinstance(value, str))
