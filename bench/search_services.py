"""Chroma and an emulator of DynamoDB for the benchmark of the search, with what its questions need."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.search_corpus import SearchCorpus
from bench.stack import wait_until_up
from portfolio_rag.adapters.aws.clients import AwsClients
from portfolio_rag.adapters.dynamodb.chunk_store import _item
from portfolio_rag.adapters.dynamodb.document_items import HEAD
from portfolio_rag.adapters.dynamodb.table import Table
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentHead, DocumentVersion, LiveDocument
from portfolio_rag.domain.object_keys import logical_key_of
from portfolio_rag.local.isolation import free_ports
from portfolio_rag.ports.index_alias import IndexAlias
from portfolio_rag.ports.live_document_reader import LiveRead
from portfolio_rag.settings.environment import Settings


@contextmanager
def running_chroma(path: Path) -> Iterator[tuple[str, int]]:
    """URL and process id of a server over the data in `path`."""
    [port] = free_ports(1)
    path.mkdir(parents=True, exist_ok=True)
    chroma = str(Path(sys.executable).parent / "chroma")
    command = [chroma, "run", "--path", str(path), "--host", "127.0.0.1", "--port", str(port)]
    with _running(command, {}) as pid:
        wait_until_up(f"http://127.0.0.1:{port}/api/v2/heartbeat")
        yield f"http://127.0.0.1:{port}", pid


@contextmanager
def running_dynamodb(work: Path) -> Iterator[str]:
    """URL of an emulator with empty tables."""
    [port] = free_ports(1)
    temporary = work / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    own = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "TMPDIR": str(temporary), "PERSIST_STATE": "0"}
    own |= {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
    with _running([sys.executable, "-m", "ministack"], own):
        wait_until_up(f"http://127.0.0.1:{port}/_ministack/ready")
        yield f"http://127.0.0.1:{port}"


class Hit:
    """The ports that a search reads DynamoDB through, answered from the corpus; notes what was asked for."""

    def __init__(self, corpus: SearchCorpus, collection: str) -> None:
        self._versions = corpus.versions
        self._chunks = {chunk.chunk_id: chunk for chunk in corpus.chunks}
        self._collection = collection
        self.versions: dict[str, DocumentVersion] = {}
        self.chunks: dict[str, Chunk] = {}

    def current(self) -> IndexAlias:
        return IndexAlias(self._collection)

    def read(self, versions: Iterable[tuple[str, int]], chunks: Iterable[tuple[str, str]]) -> LiveRead:
        hit = {pair: self._versions[pair[0]] for pair in versions if pair[0] in self._versions}
        self.versions |= {document_id: version for (document_id, _), version in hit.items()}
        documents = {pair: LiveDocument.of(version) for pair, version in hit.items()}
        found = {chunk_id: self._chunks[chunk_id] for chunk_id, _ in chunks}
        self.chunks |= found
        return LiveRead(documents, found, self._collection)


def fill_dynamodb(url: str, hit: Hit) -> None:
    """The documents and chunks that the questions hit: a read costs the same however many others there are."""
    settings = Settings(aws_endpoint_url=url)
    client = AwsClients(settings)("dynamodb")
    keys = {
        settings.dynamodb_document_table: [("document_id", "S"), ("version", "N")],
        settings.dynamodb_chunks_table: [("chunk_id", "S"), ("document_id", "S")],
        settings.dynamodb_jobs_table: [("job_id", "S")],
        settings.dynamodb_keys_table: [("key_id", "S")],
    }
    for name, attributes in keys.items():
        client.create_table(**_table(name, attributes))
    registry = Table(client, settings.dynamodb_document_table)
    registry.put_many(
        row
        for version in hit.versions.values()
        for row in (asdict(version), {**asdict(_head(version)), "version": HEAD})
    )
    chunks = Table(client, settings.dynamodb_chunks_table)
    chunks._write_many([{"PutRequest": {"Item": _item(chunk)}} for chunk in hit.chunks.values()])


def _head(version: DocumentVersion) -> DocumentHead:
    return DocumentHead(
        document_id=version.document_id,
        bucket=version.bucket,
        logical_key=logical_key_of(version.s3_key),
        latest_version=version.version,
        live_version=version.version,
    )


def _table(name: str, attributes: Sequence[tuple[str, str]]) -> dict[str, Any]:
    kinds = ("HASH", "RANGE")
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": one, "AttributeType": kind} for one, kind in attributes],
        "KeySchema": [{"AttributeName": one, "KeyType": kinds[place]} for place, (one, _) in enumerate(attributes)],
    }


@contextmanager
def _running(command: Sequence[str], variables: Mapping[str, str]) -> Iterator[int]:
    process = subprocess.Popen(
        command, env={**os.environ, **variables}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
