"""Whether an upload is taken in: its size, key and type by the ingestion rules, and the attributes of its sidecar."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portfolio_rag.domain import object_keys as keys
from portfolio_rag.domain.access import AccessList, parse_access_list
from portfolio_rag.domain.attributes import AttributeValue
from portfolio_rag.domain.documents import ObjectInfo, ObjectRef
from portfolio_rag.domain.errors import DocumentRejected, FailureReason, PayloadTooLarge
from portfolio_rag.domain.sidecar import MAX_SIDECAR_BYTES, parse_sidecar
from portfolio_rag.ports.object_store import ObjectStore
from portfolio_rag.settings.ingestion_rules import ConfigSource, Rules
from portfolio_rag.text.extraction.file_types import detect_type


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checks have found.

    With a `rejection`, `metadata` is empty and the type may be what the name says.
    """

    file_type: str
    metadata: Mapping[str, AttributeValue] = field(default_factory=dict)
    access_list: AccessList = ()
    rejection: DocumentRejected | None = None


class Acceptance:
    def __init__(self, store: ObjectStore, config: ConfigSource) -> None:
        self._store = store
        self._config = config

    def check(self, logical_key: str, upload: ObjectInfo, beginning: bytes, sidecar: ObjectInfo | None) -> Verdict:
        """`beginning` is what `detect_type` reads of the upload. Raises StorageUnavailable."""
        rules = self._config.rules_for(logical_key)
        file_type = logical_key.rpartition(".")[2].lower() if "." in logical_key else ""
        try:
            _check_size(upload.size, rules)
            _check_key(logical_key)
            file_type = detect_type(beginning, logical_key, complete=False)
            _check_type(file_type, rules)
            body = self._read(logical_key, sidecar) if sidecar is not None else {"metadataAttributes": {}}
            return Verdict(file_type, parse_sidecar(body), (*parse_access_list(body), *self._inherited(logical_key)))
        except DocumentRejected as rejection:
            # Whoever may see the document may see why it failed.
            return Verdict(file_type, access_list=self._readable_list(logical_key, sidecar), rejection=rejection)

    def find_sidecar(self, bucket: str, logical_key: str, *, uploaded_before: bool) -> ObjectInfo | None:
        """The one beside the upload or, when only the document was uploaded again, the one it had before."""
        for stage in [keys.INCOMING, *([keys.PROCESSED] if uploaded_before else [])]:
            sidecar = self._store.head(ObjectRef(bucket, stage + keys.sidecar_of(logical_key)))
            if sidecar is not None:
                return sidecar
        return None

    def _readable_list(self, logical_key: str, sidecar: ObjectInfo | None) -> AccessList:
        try:
            own = parse_access_list(self._read(logical_key, sidecar)) if sidecar is not None else ()
        except DocumentRejected:
            own = ()
        return (*own, *self._inherited(logical_key))

    def _inherited(self, logical_key: str) -> AccessList:
        return self._config.access_rules().for_key(logical_key)

    def _read(self, logical_key: str, sidecar: ObjectInfo) -> Any:
        try:
            return json.loads(self._store.get(sidecar.ref, max_bytes=MAX_SIDECAR_BYTES))
        except PayloadTooLarge as error:
            raise DocumentRejected(
                FailureReason.BAD_METADATA,
                f"The sidecar {keys.sidecar_of(logical_key)} is too large: {MAX_SIDECAR_BYTES:,} bytes are allowed.",
            ) from error
        except (ValueError, RecursionError) as error:
            raise DocumentRejected(
                FailureReason.BAD_METADATA,
                f"The sidecar {keys.sidecar_of(logical_key)} is not valid JSON: {error}. "
                "Correct it and upload it again.",
            ) from error


def _check_size(size: int, rules: Rules) -> None:
    if size == 0:
        raise DocumentRejected(FailureReason.EMPTY_FILE, "The file is empty. Upload it again with its content.")
    if size > rules.max_file_size_bytes:
        raise DocumentRejected(
            FailureReason.TOO_LARGE,
            f"The file has {size:,} bytes; the ingestion rules allow {rules.max_file_size_bytes:,}. "
            "Split it, or raise max_file_size_bytes.",
        )


def _check_key(logical_key: str) -> None:
    if len(logical_key.encode()) > keys.MAX_LOGICAL_KEY_BYTES:
        raise DocumentRejected(
            FailureReason.KEY_TOO_LONG,
            f"The key after incoming/ has more than {keys.MAX_LOGICAL_KEY_BYTES} bytes, so that the document could not "
            "be moved within S3's limit of 1,024. Use a shorter path.",
        )


def _check_type(file_type: str, rules: Rules) -> None:
    if file_type not in rules.allowed_types:
        raise DocumentRejected(
            FailureReason.UNSUPPORTED_TYPE,
            f"The ingestion rules do not allow {file_type} files here; "
            f"allowed: {', '.join(sorted(rules.allowed_types))}.",
        )
