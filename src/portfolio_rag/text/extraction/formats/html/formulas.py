"""Formulas on a line of text: TeX where the page holds it, else MathML as `a/(b+1)`, `x_i`, `10^7`, `√(2)`.

Pages hold a formula several times: drawn, for screen readers, and as TeX. It is read once.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborNode

from portfolio_rag.text.extraction.formats.html.nodes import Attributes, classes
from portfolio_rag.text.extraction.scripts import power, subscript

MAX_DEPTH = 50
"""Of MathML; what is nested deeper is read as text."""

_CONTAINER = re.compile(
    r"(?:^|\s)(?:katex|katex-display|MathJax|MathJax_Display|MathJax_SVG|mwe-math-element|math(?=\s|$))(?:\s|$)"
)
_DISPLAY_STYLE = re.compile(r"\{\\(?:display|text)style\s*(.*)\}\s*", re.DOTALL)
_NEEDLESS_BRACES = re.compile(r"([_^])\{([A-Za-z]|\d+)\}")
_DELIMITERS = (("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"), ("$", "$"))
_LETTERS = re.compile(r"\w")
_SIMPLE = re.compile(r"\w+(?:\.\w+)?|\([^()]*\)")
_TEX = "application/x-tex"


def formula_of(node: LexborNode, attributes: Attributes) -> str | None:
    """The text of a formula when this element is one, a copy of one (then empty), or None."""
    tag = node.tag or ""
    if tag == "math":
        return mathml(node)
    if tag == "script":
        return tidy_tex(node.text())
    if tag == "mjx-container" or ("class" in attributes and _CONTAINER.search(classes(attributes))):
        return _in_container(node)
    return None


def _in_container(node: LexborNode) -> str | None:
    """From what a library has drawn; None where a class has the name of one and no formula is inside."""
    annotation = node.css_first(f'annotation[encoding="{_TEX}"]')
    if annotation is not None:
        return tidy_tex(annotation.text())
    math = node.css_first("math")
    if math is not None:
        return mathml(math)
    source = node.css_first('script[type^="math/"]') or _source_behind(node)
    if source is not None:
        return "" if source.parent == node.parent else tidy_tex(source.text())
    image = node.css_first("img[alt]")
    if image is not None:
        return tidy_tex(image.attributes.get("alt") or "")
    text = node.text().strip()
    return tidy_tex(text) if any(text.startswith(start) for start, _ in _DELIMITERS) else None


def _source_behind(node: LexborNode) -> LexborNode | None:
    """MathJax 2 leaves the script with the TeX behind what it has drawn: that one is read."""
    behind = node.next
    while behind is not None and behind.is_text_node and not (behind.text_content or "").strip():
        behind = behind.next
    is_source = behind is not None and (behind.attributes.get("type") or "").startswith("math/")
    return behind if is_source else None


def tidy_tex(tex: str) -> str:
    """TeX without the signs around it, and without braces around a single index or exponent."""
    tex = " ".join(tex.split())
    for start, end in _DELIMITERS:
        if tex.startswith(start) and tex.endswith(end) and len(tex) > len(start) + len(end):
            tex = tex[len(start) : -len(end)].strip()
    styled = _DISPLAY_STYLE.fullmatch(tex)
    tex = styled[1] if styled else tex.removeprefix("\\displaystyle")
    return _NEEDLESS_BRACES.sub(r"\1\2", tex).strip()


def mathml(math: LexborNode) -> str:
    """A `math` element as text: its TeX, if it carries any, else what it draws."""
    annotation = math.css_first(f'annotation[encoding="{_TEX}"]')
    if annotation is not None and annotation.text().strip():
        return tidy_tex(annotation.text())
    drawn = " ".join(_linear(math, MAX_DEPTH).split())
    return drawn or (math.attributes.get("alttext") or "").strip()


def _linear(node: LexborNode, depth: int) -> str:
    if node.is_text_node:
        return (node.text_content or "").strip()
    tag = node.tag or ""
    if tag in ("annotation", "annotation-xml", "mphantom") or not node.is_element_node:
        return ""
    if depth == 0:
        return " ".join(node.text().split())
    parts = [_linear(child, depth - 1) for child in _children(node)]
    draw = _DRAWN.get(tag)
    if draw is not None and parts:
        return draw(node, parts)
    if tag == "mo":
        return _operator("".join(parts))
    return "".join(parts)


def _children(node: LexborNode) -> list[LexborNode]:
    return [
        child for child in node.iter(include_text=True) if child.is_element_node or (child.text_content or "").strip()
    ]


_SPACED = frozenset("+−-±∓×·÷=≠<>≤≥≈≡∼→←⇒⇔∈∉⊂⊆∪∩∧∨")
_INVISIBLE = frozenset("\u2061\u2062\u2063\u2064")


_AROUND_SIGN = re.compile(f" ([{re.escape(''.join(sorted(_SPACED)))}]) ")


def _operator(sign: str) -> str:
    if sign in _INVISIBLE:
        return ""
    return f" {sign} " if sign in _SPACED and sign not in "-−·" else sign


def _at(parts: list[str], position: int) -> str:
    """A part of a fraction, a root or a script, where signs stand close."""
    return _AROUND_SIGN.sub(r"\1", parts[position].strip()) if position < len(parts) else ""


def _grouped(text: str) -> str:
    return text if _SIMPLE.fullmatch(text) else f"({text})"


def _fraction(_: LexborNode, parts: list[str]) -> str:
    return f"{_grouped(_at(parts, 0))}/{_grouped(_at(parts, 1))}"


def _raised(_: LexborNode, parts: list[str]) -> str:
    return _at(parts, 0) + power(_at(parts, 1))


def _lowered(_: LexborNode, parts: list[str]) -> str:
    return _at(parts, 0) + subscript(_at(parts, 1))


def _both(_: LexborNode, parts: list[str]) -> str:
    return _at(parts, 0) + subscript(_at(parts, 1)) + power(_at(parts, 2))


def _over(_: LexborNode, parts: list[str]) -> str:
    """An accent stands behind its letter; a limit is raised."""
    above = _at(parts, 1)
    return _at(parts, 0) + (power(above) if _LETTERS.search(above) else above)


def _root(_: LexborNode, parts: list[str]) -> str:
    return f"√({''.join(parts).strip()})"


def _nth_root(_: LexborNode, parts: list[str]) -> str:
    return f"({_at(parts, 0)})^(1/{_at(parts, 1)})"


def _fenced(node: LexborNode, parts: list[str]) -> str:
    attributes = node.attributes
    opening, closing = attributes.get("open"), attributes.get("close")
    inside = f"{(attributes.get('separators') or ',').strip()[:1]} ".join(part.strip() for part in parts)
    return f"{'(' if opening is None else opening}{inside}{')' if closing is None else closing}"


def _row(_: LexborNode, parts: list[str]) -> str:
    return ", ".join(part.strip() for part in parts)


def _table(_: LexborNode, parts: list[str]) -> str:
    return "; ".join(part.strip() for part in parts)


_DRAWN = {
    "mfrac": _fraction,
    "msup": _raised,
    "msub": _lowered,
    "msubsup": _both,
    "munder": _lowered,
    "mover": _over,
    "munderover": _both,
    "msqrt": _root,
    "mroot": _nth_root,
    "mfenced": _fenced,
    "mtable": _table,
    "mtr": _row,
}
