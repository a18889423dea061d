"""SmartArt (ECMA-376 part 1, 21.4): its points in the order of their ranks."""

from __future__ import annotations

from typing import Any

from portfolio_rag.text.extraction.formats.docx.names import number, qn


def diagram_items(root: Any | None) -> list[tuple[int, str]]:
    """Depth and text of each point of SmartArt (ECMA-376 part 1, 21.4), parents before their children."""
    if root is None:
        return []
    points = {
        point.get("modelId"): point
        for point in root.iter(qn("dgm:pt"))
        if point.get("type", "node") not in ("pres", "parTrans", "sibTrans")
    }
    children: dict[str, list[tuple[int, str]]] = {}
    for connection in root.iter(qn("dgm:cxn")):
        if connection.get("type", "parOf") == "parOf":
            order = number(connection.get("srcOrd"))
            children.setdefault(connection.get("srcId"), []).append((order, connection.get("destId")))
    inner = {child for siblings in children.values() for _, child in siblings}
    # Points that nothing connects come last; those of a loop have no place in any order but the file's.
    starts = [name for name in points if name not in inner] + list(points)
    items: list[tuple[int, str]] = []
    seen: set[str] = set()
    stack = [(0, name) for name in starts[::-1]]
    while stack:
        depth, name = stack.pop()
        point = points.get(name)
        if point is None or name in seen:
            continue
        seen.add(name)
        text = " ".join(text_lines(point))
        if text:
            items.append((depth, text))
        following = sorted(children.get(name, []), key=lambda child: child[0], reverse=True)
        stack.extend((depth + bool(text), child) for _, child in following)
    return items


def text_lines(element: Any) -> list[str]:
    """The paragraphs of DrawingML in an element that hold text."""
    texts = ["".join(text.text or "" for text in line.iter(qn("a:t"))).strip() for line in element.iter(qn("a:p"))]
    return [text for text in texts if text]
