"""Formulas (OMML, ECMA-376 part 1, 22.1) as linear text: `s = qL/(8H)`, `10^4`, `√(a + b)`, `∑_(i=1)^n x_i`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from portfolio_rag.text.extraction.formats.docx.names import chosen, qn
from portfolio_rag.text.extraction.scripts import power, subscript

_ATOM = re.compile(r"[\d.,]*\d|[^\W\d_][′̀-ͯ⃐-⃿]*|[^\W\d_]+(?:\([^()]*\))|[∞∅…]")
"""What needs no parentheses as a denominator, radicand or base."""
_SCRIPTED = re.compile(r"(?:\d+|[^\W\d_])(?:[_^](?:[^\W_]+|\([^()]*\)))+")
_PRODUCT = re.compile(r"[\w.′^]+")
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|\|[^|]*\|")
_ACCENTS = {
    "\u0300": "grave",
    "\u0301": "acute",
    "\u0302": "hat",
    "\u0303": "tilde",
    "\u0304": "bar",
    "\u0305": "bar",
    "\u0306": "breve",
    "\u0307": "dot",
    "\u0308": "ddot",
    "\u030c": "check",
    "\u20d6": "vec",
    "\u20d7": "vec",
    "\u20d1": "vec",
    "^": "hat",
    "~": "tilde",
    "¯": "bar",
}
_PRIMES = frozenset("′″‴'*")


def linear(element: Any) -> str:
    """The text of `m:oMath`, or of any part of one."""
    return " ".join(_read(element).split())


def _read(element: Any) -> str:
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    if tag in _UNSEEN:
        return ""
    if tag == _ALTERNATE:
        branch = chosen(element)
        return "" if branch is None else _children(branch)
    write = _WRITERS.get(tag)
    return _children(element) if write is None else write(element)


def _children(element: Any) -> str:
    text = ""
    was_structure = False
    for child in element:
        part = _read(child)
        # Side by side, a fraction or power would read on: 1/2 x is not 1/(2x), and x^2 y is not x^(2y).
        reads_on = was_structure or child.tag in _APART
        if reads_on and text[-1:].isalnum() and part[:1].isalnum():
            text += " "
        text += part
        was_structure = child.tag in _WRITERS and child.tag not in _RUNS
    return text


def _argument(element: Any, name: str) -> str:
    found = element.find(qn(name))
    return "" if found is None else _children(found).strip()


def _property(element: Any, properties: str, name: str, default: str) -> str:
    """`m:val` of a property; the default where it is missing."""
    found = element.find(f"{qn(properties)}/{qn(name)}")
    return default if found is None else found.get(qn("m:val"), default)


def _is_on(element: Any, properties: str, name: str, default: bool = False) -> bool:
    found = element.find(f"{qn(properties)}/{qn(name)}")
    return default if found is None else found.get(qn("m:val"), "1") not in ("0", "off", "false")


def _grouped(text: str) -> str:
    """`text` in parentheses unless it holds together by itself."""
    if any(pattern.fullmatch(text) for pattern in (_ATOM, _SCRIPTED, _BRACKETED)):
        return text
    return f"({text})"


def _fraction(element: Any) -> str:
    above, below = _argument(element, "m:num"), _argument(element, "m:den")
    if _property(element, "m:fPr", "m:type", "bar") == "noBar":
        return f"({above} choose {below})"
    above = above if _PRODUCT.fullmatch(above) else _grouped(above)
    return f"{above}/{_grouped(below)}"


def _raised(base: str, exponent: str) -> str:
    if exponent and set(exponent) <= _PRIMES:
        return base + exponent
    if exponent in ("∘", "°"):
        return f"{base}°"
    return base + power(exponent)


def _scripts(element: Any) -> str:
    base = _argument(element, "m:e")
    base = base if len(base.split()) == 1 and base.isalpha() else _grouped(base) if base else ""
    below, above = _argument(element, "m:sub"), _argument(element, "m:sup")
    return _raised(base + subscript(below), above)


def _scripts_before(element: Any) -> str:
    return power(_argument(element, "m:sup")) + subscript(_argument(element, "m:sub")) + _argument(element, "m:e")


def _radical(element: Any) -> str:
    degree = "" if _is_on(element, "m:radPr", "m:degHide") else _argument(element, "m:deg")
    radicand = _argument(element, "m:e")
    sign = {"": "√", "2": "√", "3": "∛", "4": "∜"}.get(degree)
    return f"root({degree}, {radicand})" if sign is None else sign + _grouped(radicand)


def _large_operator(element: Any) -> str:
    sign = _property(element, "m:naryPr", "m:chr", "∫")
    below = "" if _is_on(element, "m:naryPr", "m:subHide") else subscript(_argument(element, "m:sub"))
    above = "" if _is_on(element, "m:naryPr", "m:supHide") else power(_argument(element, "m:sup"))
    return f"{sign}{below}{above} {_argument(element, 'm:e')}"


def _delimited(element: Any) -> str:
    begin = _property(element, "m:dPr", "m:begChr", "(")
    end = _property(element, "m:dPr", "m:endChr", ")")
    separator = _property(element, "m:dPr", "m:sepChr", "|")
    parts = []
    for argument in element.iterchildren(qn("m:e")):
        children = [child for child in argument if child.tag != qn("m:ctrlPr") and child.tag != qn("m:argPr")]
        only = children[0] if len(children) == 1 else None
        if only is not None and only.tag == qn("m:m"):
            parts.append(_matrix_rows(only))
        elif only is not None and only.tag == _FRACTION and _property(only, "m:fPr", "m:type", "") == "noBar":
            parts.append(_fraction(only)[1:-1])
        else:
            parts.append(_children(argument).strip())
    return begin + (separator + " " if separator in ",;" else separator).join(parts) + end


def _matrix_rows(element: Any) -> str:
    rows = [
        ", ".join(_children(cell).strip() for cell in row.iterchildren(qn("m:e")))
        for row in element.iterchildren(qn("m:mr"))
    ]
    return "; ".join(rows)


def _equations(element: Any) -> str:
    """Equations below each other; `&` marks where they are aligned."""
    return "; ".join(_children(line).replace("&", "").strip() for line in element.iterchildren(qn("m:e")))


def _function(element: Any) -> str:
    name, argument = _argument(element, "m:fName"), _argument(element, "m:e")
    return f"{name}{argument}" if _BRACKETED.fullmatch(argument) else f"{name} {argument}"


def _accented(base: str, accent: str) -> str:
    if len(base) == 1 and accent in _ACCENTS and accent > "\u02ff":
        return base + accent
    return f"{_ACCENTS[accent]}({base})" if accent in _ACCENTS else base + accent


def _accent(element: Any) -> str:
    return _accented(_argument(element, "m:e"), _property(element, "m:accPr", "m:chr", "\u0302"))


def _bar(element: Any) -> str:
    base = _argument(element, "m:e")
    if _property(element, "m:barPr", "m:pos", "bot") == "top":
        return _accented(base, "\u0304")
    return base + "\u0332" if len(base) == 1 else f"underline({base})"


def _phantom(element: Any) -> str:
    return _argument(element, "m:e") if _is_on(element, "m:phantPr", "m:show", True) else ""


def _run(element: Any) -> str:
    return "".join(text.text or "" for text in element.iter(qn("m:t"), qn("w:t")))


_ALTERNATE = qn("mc:AlternateContent")
_FRACTION = qn("m:f")
_APART = frozenset([_FRACTION, qn("m:func")])
_RUNS = frozenset([qn("m:r"), qn("w:r")])
_UNSEEN = frozenset(qn(name) for name in ("w:del", "w:moveFrom", "w:rPr"))
_WRITERS: dict[str, Callable[[Any], str]] = {
    qn(name): write
    for name, write in {
        "m:f": _fraction,
        "m:sSup": _scripts,
        "m:sSub": _scripts,
        "m:sSubSup": _scripts,
        "m:sPre": _scripts_before,
        "m:rad": _radical,
        "m:nary": _large_operator,
        "m:d": _delimited,
        "m:m": lambda element: f"[{_matrix_rows(element)}]",
        "m:eqArr": _equations,
        "m:func": _function,
        "m:acc": _accent,
        "m:bar": _bar,
        "m:limLow": lambda element: _argument(element, "m:e") + subscript(_argument(element, "m:lim")),
        "m:limUpp": lambda element: _argument(element, "m:e") + power(_argument(element, "m:lim")),
        "m:phant": _phantom,
        "m:r": _run,
        "w:r": _run,
    }.items()
}
