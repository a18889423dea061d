"""Documents of public repositories, read from there as they were at a commit: none of their text is kept here."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from evaluation.datasets import rows

GITHUB = "https://github.com"


@dataclass(frozen=True, slots=True)
class Document:
    """A file of a repository (`owner/name`) at a commit, with its licence where something was learnt from it."""

    name: str
    repository: str
    commit: str
    path: str
    licence: str = ""


def load_documents(path: Path) -> list[Document]:
    """Those that a file lists, one a line."""
    return [Document(**row) for row in rows(path)]


def fetch(documents: Iterable[Document], folder: Path, base: str = GITHUB) -> dict[str, bytes]:
    """The documents by name, from the repositories below `base`: only these files of each are copied."""
    texts = {}
    for document in documents:
        copy = folder / document.repository
        if not (copy / "HEAD").exists():
            _git("init", "--quiet", "--bare", str(copy))
            _git("-C", str(copy), "remote", "add", "origin", f"{base}/{document.repository}")
        wanted = f"{document.commit}:{document.path}"
        if not _has(copy, document.commit):
            _git("-C", str(copy), "fetch", "--quiet", "--depth=1", "--filter=blob:none", "origin", document.commit)
        texts[document.name] = _git("-C", str(copy), "show", wanted)
    return texts


def _has(copy: Path, commit: str) -> bool:
    command = ["git", "-C", str(copy), "cat-file", "-e", f"{commit}^{{commit}}"]
    # Asked of the copy alone: a promised object would be fetched.
    return subprocess.run(command, check=False, capture_output=True, env={"GIT_NO_LAZY_FETCH": "1"}).returncode == 0  # noqa: S603


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], check=True, stdout=subprocess.PIPE).stdout  # noqa: S603, S607
