"""Files of this machine into `incoming/`: which of them, under which keys, and what became of them."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portfolio_rag.adapters.aws.clients import AwsClients, translated
from portfolio_rag.adapters.dynamodb.document_registry import DynamoDocumentRegistry
from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.errors import DocumentRejected, InvalidRequest
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.object_keys import INCOMING, is_sidecar, sidecar_of
from portfolio_rag.domain.sidecar import parse_sidecar
from portfolio_rag.settings.environment import Settings
from portfolio_rag.text.extraction.file_types import SNIFFED_BYTES, detect_type


@dataclass(frozen=True, slots=True)
class Upload:
    """`metadata` is the body of the sidecar that goes with the document, if it has one. `size` in bytes."""

    path: Path
    logical_key: str
    size: int
    metadata: bytes | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Sent:
    """An upload and the version that it is, or will be once the intake has seen it.

    `last_seen_at` is the head's before the upload: when it changes and the version does not come, the upload is
    unchanged.
    """

    upload: Upload
    document_id: str
    version: int
    last_seen_at: str | None = None


def collect(
    paths: Iterable[Path], *, prefix: str = "", attributes: Mapping[str, AttributeValue] | None = None
) -> tuple[list[Upload], list[Skipped]]:
    """What to upload: files as named, folders with everything below them, hidden files left out.

    A folder's files keep their path below it. Types are told by content, as the pipeline does it. Raises
    InvalidRequest for a path that does not exist, two files with one key, or a sidecar that is not usable.
    """
    uploads: dict[str, Upload] = {}
    skipped: list[Skipped] = []
    for path, relative in _files(paths):
        if is_sidecar(path.name):
            continue
        reason = why_unusable(path)
        if reason is not None:
            skipped.append(Skipped(path, reason))
            continue
        key = "/".join(filter(None, [prefix.strip("/"), relative]))
        if key in uploads:
            raise InvalidRequest(f"{path} and {uploads[key].path} would both be incoming/{key}: upload them apart.")
        uploads[key] = Upload(path, key, path.stat().st_size, _metadata(path, attributes or {}))
    return list(uploads.values()), skipped


def _files(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    for path in paths:
        if path.is_dir():
            yield from files_below(path)
        elif path.is_file():
            yield path, path.name
        else:
            raise InvalidRequest(f"{path} does not exist.")


def files_below(folder: Path) -> Iterator[tuple[Path, str]]:
    """Files and their paths below the folder, in order; hidden files and folders left out."""
    for found in sorted(folder.rglob("*")):
        relative = found.relative_to(folder)
        if found.is_file() and not any(part.startswith(".") for part in relative.parts):
            yield found, relative.as_posix()


def why_unusable(path: Path) -> str | None:
    """Why a file is no document, by its first bytes; None if it may be one."""
    try:
        with path.open("rb") as file:
            return why_no_document(file.read(SNIFFED_BYTES), path.name)
    except OSError as error:
        return f"it cannot be read ({error.strerror})"


def why_no_document(beginning: bytes, name: str) -> str | None:
    try:
        detect_type(beginning, name, complete=False)
    except DocumentRejected as error:
        return str(error)
    return None


def sidecar_attributes(path: Path) -> dict[str, AttributeValue]:
    """Those in the sidecar beside the file, none without one. Raises InvalidRequest: a typing error shows at once."""
    sidecar = path.with_name(sidecar_of(path.name))
    try:
        return parse_sidecar(json.loads(sidecar.read_bytes())) if sidecar.is_file() else {}
    except DocumentRejected as error:
        raise InvalidRequest(f"{path}: {error}") from None
    except (ValueError, OSError) as error:
        raise InvalidRequest(f"{sidecar} is not a metadata sidecar: {error}") from None


def sidecar_body(attributes: Mapping[str, AttributeValue]) -> bytes:
    return json.dumps({"metadataAttributes": dict(attributes)}).encode()


def _metadata(path: Path, attributes: Mapping[str, AttributeValue]) -> bytes | None:
    """The sidecar beside the file with `attributes` over its own."""
    merged = {**sidecar_attributes(path), **attributes}
    try:
        parse_sidecar({"metadataAttributes": merged})
    except DocumentRejected as error:
        raise InvalidRequest(f"{path}: {error}") from None
    return sidecar_body(merged) if merged else None


class Uploader:
    """Puts uploads into the raw bucket and follows them in the registry."""

    def __init__(self, clients: AwsClients, settings: Settings) -> None:
        self._clients = clients
        self._bucket = settings.s3_raw_bucket
        self._registry = DynamoDocumentRegistry(Table(clients("dynamodb"), settings.dynamodb_document_table))

    def newest(self, upload: Upload) -> Sent | None:
        """The newest version of the document, deleted ones included; None when it was never uploaded."""
        document_id = document_id_for(self._bucket, upload.logical_key)
        head = self._registry.head(document_id)
        return Sent(upload, document_id, head.latest_version) if head else None

    def put(self, upload: Upload, progress: Callable[[int], Any] = lambda _: None) -> Sent:
        """`send` it, knowing which version it will be."""
        document_id = document_id_for(self._bucket, upload.logical_key)
        head = self._registry.head(document_id)
        self.send(upload, progress)
        if head is None:
            return Sent(upload, document_id, 1)
        return Sent(upload, document_id, head.latest_version + 1, head.last_seen_at)

    def send(self, upload: Upload, progress: Callable[[int], Any] = lambda _: None) -> None:
        """Upload a document, its sidecar first so that the version sees it; `progress` is called with bytes sent."""
        key = INCOMING + upload.logical_key
        content_type = mimetypes.guess_type(upload.path.name)[0] or "application/octet-stream"
        self.send_sidecar(upload)
        with translated(f"Upload of {upload.path}"):
            self._clients("s3").upload_file(
                str(upload.path), self._bucket, key, ExtraArgs={"ContentType": content_type}, Callback=progress
            )

    def send_sidecar(self, upload: Upload) -> None:
        """The attributes of an upload, where it has any."""
        if upload.metadata is not None:
            key = sidecar_of(INCOMING + upload.logical_key)
            with translated(f"Upload of {upload.path}"):
                self._clients("s3").put_object(
                    Bucket=self._bucket, Key=key, Body=upload.metadata, ContentType="application/json"
                )

    def ended(self, sent: Sequence[Sent]) -> dict[Sent, DocumentVersion]:
        """Those that are COMPLETED or FAILED by now; of an unchanged one, the version that goes on answering."""
        rows = self._registry.heads_and_versions((entry.document_id, entry.version) for entry in sent)
        ended = {}
        for entry in sent:
            head, version = rows[entry.document_id, entry.version]
            if version is None and head is not None and head.last_seen_at != entry.last_seen_at:
                version = self._registry.get(entry.document_id, head.latest_version)
            if version is not None and version.status.terminal:
                ended[entry] = version
        return ended
