"""The API's process: uvicorn, with the secrets that no other process of the stack has.

They are read from a file at each start, and so are not in the environment of supervisord, which starts all of them.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import uvicorn

from portfolio_rag.local.config import LOOPBACK


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--app-dir", required=True, help="the folder that `api` lies in")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--environment", type=Path, required=True, help="JSON file of variables to set")
    arguments = parser.parse_args()
    os.environ.update(json.loads(arguments.environment.read_text(encoding="utf-8")))
    uvicorn.run("api.main:create_app", factory=True, app_dir=arguments.app_dir, host=LOOPBACK, port=arguments.port)


if __name__ == "__main__":
    main()
