#!/usr/bin/env bash
# mcp 2.3.0 (PyPI, CPython 3.11): an optional text of a tool must not look like a JSON list or object.
#
# Behaviour: for a tool with `filter: str | None`, the argument "[draft] 2025" arrives as it is, and "[1, 2]" and
# '{"owner": "me"}' are rejected with "Input should be a valid string", although the tool's own schema says that a string is
# what it takes. With `filter: str` all of them arrive. A model that searches for a piece of JSON, or hands on a filter
# that is written in it, gets an error that tells it to send what it has sent.
# Reason: a string for a parameter whose type is not exactly `str` is first parsed as JSON, and a list or an object that
# comes of it replaces the string before the arguments are checked.
# Expected: the string, which is valid by the schema that the server gives out.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet mcp==2.3.0 jsonschema==4.26.0

cat > "$folder/check.py" <<'PYTHON'
import asyncio
import logging
from importlib.metadata import version

import jsonschema
from mcp.server.mcpserver import MCPServer

logging.disable()
server = MCPServer("library")


@server.tool()
def optional(filter: str | None = None) -> str:
    return f"got {filter}"


@server.tool()
def required(filter: str) -> str:
    return f"got {filter}"


async def call(tool: str, text: str) -> str:
    try:
        result = await server.call_tool(tool, {"filter": text})
    except Exception as error:
        return str(error)
    content = result.content if hasattr(result, "content") else result[0] if isinstance(result, tuple) else result
    return content[0].text


async def main() -> None:
    print(f"mcp {version('mcp')}")
    schemas = {tool.name: tool.model_dump(by_alias=True)["inputSchema"] for tool in await server.list_tools()}
    for text in ("[draft] 2025", "2025", "[1, 2]", '{"owner": "me"}'):
        seen = {}
        for tool, schema in schemas.items():
            jsonschema.validate({"filter": text}, schema)
            seen[tool] = await call(tool, text)
            print(f"{tool}({text!r}): {' '.join(seen[tool].split())[:120]}")
        assert seen["required"] == f"got {text}", "the input is not sound"
        if text in ("[draft] 2025", "2025"):
            assert seen["optional"] == f"got {text}", f"changed: {text} is rejected, too"
        else:
            assert "valid string" in seen["optional"], f"changed: {text} arrives"


asyncio.run(main())
print("As described: a string that reads as a JSON list or object is no string for an optional parameter.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
