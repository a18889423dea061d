"""Custom attributes of documents."""

from __future__ import annotations

AttributeValue = str | int | float | bool | list[str]
"""What a custom attribute may hold: the types of Bedrock Knowledge Bases' metadata."""
