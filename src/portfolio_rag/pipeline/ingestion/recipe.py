"""What the text and the chunks of a version were made with: this code, and the rules that were in force."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

import portfolio_rag.text
from portfolio_rag.settings.ingestion_rules import Rules

_TEXT = Path(portfolio_rag.text.__file__ or "").parent


def recipe_of(rules: Rules) -> str:
    """SHA-256 of the code of `text` and of all the rules.

    Where it is equal, the same bytes give the same chunks. What changes no chunk (a comment, a limit that was not
    reached) changes it too: then a document is taken in once more than it had to be.
    """
    values = {**asdict(rules), "allowed_types": sorted(rules.allowed_types)}
    return hashlib.sha256(f"{code_digest()} {json.dumps(values, sort_keys=True)}".encode()).hexdigest()


@cache
def code_digest() -> str:
    """SHA-256 of the sources of `text`: no version number that somebody would have to think of. Some 10 ms."""
    digest = hashlib.sha256()
    for path in sorted(_TEXT.rglob("*.py")):
        digest.update(path.relative_to(_TEXT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
