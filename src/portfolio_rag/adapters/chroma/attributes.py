"""The attributes of a window as Chroma Cloud stores them: few, under short names, each of a bounded size.

What does not fit a quota (a name of more than 36 bytes, a long text, the 33rd attribute) is kept as JSON beside the
others, in `more_0`, `more_1`, … with their number in `more`. Reading puts it back under its own name. Chroma cannot
filter by what stands in there, so its filter lets every such window pass, and `domain.filters.matches` decides
(filters.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from portfolio_rag.adapters.chroma.api import ChromaRefused
from portfolio_rag.domain.sidecar import BUILT_IN

MAX_KEYS = 32
MAX_KEY_BYTES = 36
MAX_VALUE_BYTES = 8182

MORE = "more"
"""How many pieces of JSON follow; only windows that have some have it."""


def is_native(key: str, value: Any) -> bool:
    """Whether an attribute can be stored, and looked for, as it is; our own names are taken."""
    if key == MORE or key.startswith(f"{MORE}_"):
        return False
    texts = value if isinstance(value, list | tuple) else [value]
    size = sum(_bytes(text) for text in texts if isinstance(text, str))
    return _bytes(key) <= MAX_KEY_BYTES and size <= MAX_VALUE_BYTES


def packed(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """At most MAX_KEYS attributes that fit. Raises ChromaRefused where even the pieces are too many: 150 KB."""
    ordered = sorted(metadata, key=lambda key: key not in BUILT_IN)
    native = {key: metadata[key] for key in ordered if is_native(key, metadata[key])}
    more = {key: metadata[key] for key in ordered if key not in native}
    while (pieces := _pieces(more)) or len(native) > MAX_KEYS:
        if len(native) + len(pieces) <= MAX_KEYS:
            return native | pieces
        key, value = native.popitem()
        if key in BUILT_IN:
            raise ChromaRefused("The attributes and access list of a document are larger than Chroma Cloud stores.")
        more[key] = value
    return native


def unpacked(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was given to `packed`."""
    count = metadata.get(MORE)
    if count is None:
        return metadata
    names = [f"{MORE}_{n}" for n in range(int(count))]
    more: dict[str, Any] = json.loads("".join(metadata[name] for name in names))
    return {key: value for key, value in metadata.items() if key != MORE and key not in names} | more


def _bytes(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))  # a filter may hold halves of characters


def _pieces(more: Mapping[str, Any]) -> dict[str, Any]:
    if not more:
        return {}
    text = json.dumps(more)  # ASCII: a character is a byte
    parts = [text[start : start + MAX_VALUE_BYTES] for start in range(0, len(text), MAX_VALUE_BYTES)]
    return {MORE: len(parts)} | {f"{MORE}_{n}": part for n, part in enumerate(parts)}
