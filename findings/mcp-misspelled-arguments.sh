#!/usr/bin/env bash
# mcp 2.3.0 (PyPI, CPython 3.11): an argument that a tool does not have is dropped, and the call succeeds without it.
#
# Behaviour: a tool search(query, owner=None) is called with "ownr" in place of "owner". The search runs over the documents
# of all owners, and the model is told nothing. It takes what it gets for what it has asked for. The same goes for a filter
# that was renamed, or that a model has made up.
# Reason: the arguments go through a pydantic model that ignores what it does not know, and the tool's schema has no
# "additionalProperties": false, so that a client that checks by it finds no fault, either.
# Expected: an error that names the argument, as for a required one that is missing, and as fastmcp 4.2.3 gives it for the
# same tool. Known upstream: issue 3067, open when this was written.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet mcp==2.3.0
python3 -m venv "$folder/fastmcp"
"$folder/fastmcp/bin/pip" install --quiet fastmcp==4.2.3

cat > "$folder/check.py" <<'PYTHON'
import asyncio
import logging
import sys
from importlib.metadata import version

if sys.argv[1] == "mcp":
    from mcp.server.mcpserver import MCPServer as Server
else:
    from fastmcp import FastMCP as Server

logging.disable()
server = Server("library")


@server.tool()
def search(query: str, owner: str | None = None) -> str:
    return f"searched for {query} among {owner or 'all owners'}"


async def call(arguments: dict[str, str]) -> str:
    try:
        result = await server.call_tool("search", arguments)
    except Exception as error:
        return f"error: {' '.join(str(error).split())}"
    return result.content[0].text


async def main() -> None:
    print(f"{sys.argv[1]} {version(sys.argv[1])}")
    right, missing, wrong = [
        await call(arguments)
        for arguments in ({"query": "rent", "owner": "me"}, {"owner": "me"}, {"query": "rent", "ownr": "me"})
    ]
    print(f"right: {right}\nwithout a query: {missing[:100]}\nmisspelled: {wrong[:100]}")
    assert right == "searched for rent among me", "the input is not sound"
    assert missing.startswith("error:") and "query" in missing, "a missing argument is no error, either"
    if sys.argv[1] == "mcp":
        assert wrong == "searched for rent among all owners", f"changed: {wrong}"
    else:
        assert wrong.startswith("error:") and "ownr" in wrong, f"the witness takes it, too: {wrong}"


asyncio.run(main())
PYTHON
"$folder/fastmcp/bin/python" "$folder/check.py" fastmcp
"$folder/venv/bin/python" "$folder/check.py" mcp
echo "As described: the misspelled filter is dropped, and the answer is that of all owners."
