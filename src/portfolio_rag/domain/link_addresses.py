"""The addresses behind links, as the extracted text has them: `status page (https://status.example/report)`.

A reader wants them, and a citation shows them. A search does not: their words name the site and not the matter, and
they take the place of what the text says.
"""

from __future__ import annotations

import re

LINKED_ADDRESS = re.compile(r" \((https?://[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)\)", re.IGNORECASE)
"""With the blank in front and the parentheses; group 1 is the address."""


def without_link_addresses(text: str) -> str:
    """`text` without the addresses that stand in parentheses behind a link's text."""
    return LINKED_ADDRESS.sub("", text) if "://" in text else text
