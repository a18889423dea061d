"""The chunking strategies by name, apart from the code that cuts: the rules are read where nothing is cut."""

from enum import StrEnum


class Strategy(StrEnum):
    """Where chunks end. Tables and code blocks that fit a chunk are torn by none of them."""

    STRUCTURE = "structure"
    """At headings, then paragraphs, then sentences, each window under its heading path."""
    FIXED = "fixed"
    """As many sentences as fit, whatever stands there; headings are text like any other."""
    SEMANTIC = "semantic"
    """As STRUCTURE, and wherever a new topic begins (text/chunking/topic_boundaries.py)."""
