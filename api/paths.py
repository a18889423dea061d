"""Paths as the routes know them, whatever a proxy puts in front."""

from __future__ import annotations

from typing import Final

from starlette.types import Scope

MCP_PATH: Final = "/mcp"


def local_path(scope: Scope) -> str:
    """The path of a request without the prefix under which a proxy serves the application."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path[len(root) :] if root and path.startswith(root + "/") else path
