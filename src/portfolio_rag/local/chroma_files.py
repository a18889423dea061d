"""What Chroma leaves on its volume: the folder of each collection that was dropped, for good (1.5.9).

Such a folder holds the vectors and their graph, and nothing names it any more. It may be removed while Chroma is down.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID


def remove_leftovers(folder: Path) -> int:
    """Remove the folders of no collection from the volume of a Chroma that does not run; how many they were."""
    database = folder / "chroma.sqlite3"
    if not database.exists():
        return 0
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        named = {str(row[0]) for row in connection.execute("SELECT id FROM segments")}
    leftovers = [
        path for path in folder.iterdir() if path.is_dir() and _is_segment(path.name) and path.name not in named
    ]
    for path in leftovers:
        shutil.rmtree(path)
    return len(leftovers)


def _is_segment(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
