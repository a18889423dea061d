"""A folder of this machine as the source of a sync."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.errors import InvalidRequest, NotFound
from portfolio_rag.domain.object_keys import is_sidecar
from portfolio_rag.domain.sidecar import attributes_digest
from portfolio_rag.local.sync.source import SourceDocument
from portfolio_rag.local.uploads import Upload, Uploader, files_below, sidecar_attributes, sidecar_body, why_unusable


class FolderSource:
    """`prefix` as for `Planner`. Hidden files and folders are left out, as `rag upload` does it.

    A file is hashed again only when its size or its time of change are others: for watching.
    """

    def __init__(self, folder: Path, prefix: str, uploader: Uploader) -> None:
        if not folder.is_dir():
            raise InvalidRequest(f"{folder} is no folder. `rag upload` takes single files.")
        self._folder = folder
        self._prefix = prefix
        self._uploader = uploader
        self._keys: set[str] = set()
        self._hashes: dict[str, tuple[int, int, str]] = {}

    def keys(self) -> Iterable[str]:
        return self._keys

    def documents(self) -> list[SourceDocument]:
        found = []
        keys = set()
        for path, relative in files_below(self._folder):
            if is_sidecar(path.name):
                continue
            keys.add(self._prefix + relative)
            try:
                status = path.stat()
            except OSError:
                continue  # It has gone since the folder was listed, or cannot be looked at: neither is a deletion.
            modified = datetime.fromtimestamp(status.st_mtime, UTC)
            digest = attributes_digest(sidecar_attributes(path))
            found.append(SourceDocument(self._prefix + relative, str(path), status.st_size, modified, digest))
        self._keys = keys
        return found

    def has_bytes_of(self, document: SourceDocument, version: DocumentVersion) -> bool:
        try:
            return self._sha256(Path(document.place)) == version.content_sha256
        except OSError:
            return False

    def why_unusable(self, document: SourceDocument) -> str | None:
        return why_unusable(Path(document.place))

    def send(
        self, document: SourceDocument, *, content: bool, sidecar: bool, progress: Callable[[int], object]
    ) -> None:
        path = Path(document.place)
        attributes = sidecar_attributes(path)
        body = sidecar_body(attributes) if attributes or sidecar else None
        upload = Upload(path, document.logical_key, document.size, body)
        if not content:
            self._uploader.send_sidecar(upload)
            progress(document.size)
            return
        try:
            self._uploader.send(upload, progress)
        except FileNotFoundError as error:
            raise NotFound(f"{path} is gone.") from error

    def _sha256(self, path: Path) -> str:
        status = path.stat()
        size, changed, digest = self._hashes.get(str(path), (-1, 0, ""))
        if (size, changed) != (status.st_size, status.st_mtime_ns):
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            self._hashes[str(path)] = (status.st_size, status.st_mtime_ns, digest)
        return digest
