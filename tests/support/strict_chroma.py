"""Chroma Cloud's rules before a real Chroma server: token, names and published quotas, and nothing beyond them passes.

It stands for the distributed engine in two more ways: collections say that their index is SPANN and keep the distance
alone of what they were asked for, and a dropped collection leaves nothing behind.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY, TENANT, DATABASE = "ck-of-the-tests", "acme", "prod"

RECORDS, RESULTS, PREDICATES, CALLS = 300, 300, 8, 10
ID, NAME, KEYS, KEY_BYTES, VALUE_BYTES, COLLECTION_VALUE_BYTES = 128, 128, 32, 36, 8182, 256
COLLECTION_RECORDS = 5_000_000
WRITES = {"add", "upsert", "update", "delete"}
READS = {"get", "query", "count"}


class Refusal(Exception):
    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(f"{status} {name}: {message}")
        self.answer = JSONResponse({"error": name, "message": message}, status)


class StrictChroma:
    """The proxy's `app`, and what it has seen: `refused` must stay empty."""

    def __init__(
        self, upstream: str, *, databases: tuple[str, ...] = (DATABASE,), records: int = COLLECTION_RECORDS
    ) -> None:
        """`records`: how many a collection takes."""
        self._upstream = upstream
        self._records = records
        self._databases = databases
        self._under_way: Counter[tuple[str, str]] = Counter()
        self.most_calls = 0
        self.refused: list[str] = []
        self.app = Starlette(
            routes=[Route("/{path:path}", self._serve, methods=["GET", "POST", "PUT", "DELETE"])],
            lifespan=self._lifespan,
        )
        with httpx.Client(base_url=upstream) as client:
            client.post("/api/v2/tenants", json={"name": TENANT}).raise_for_status()
            for name in databases:
                client.post(f"/api/v2/tenants/{TENANT}/databases", json={"name": name}).raise_for_status()

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=self._upstream, timeout=None) as client:
            self._client = client
            yield

    async def _serve(self, request: Request) -> Response:
        try:
            return await self._checked(request)
        except Refusal as refusal:
            self.refused.append(f"{request.method} {request.url.path} {refusal}")
            return refusal.answer

    async def _checked(self, request: Request) -> Response:
        if KEY in str(request.url):
            raise Refusal(400, "InvalidArgumentError", "the token is in the address")
        if request.headers.get("x-chroma-token") != KEY:
            raise Refusal(401, "AuthError", "the token is not known")
        place = request.path_params["path"].split("/")[2:]
        if place == ["auth", "identity"]:
            return JSONResponse({"user_id": "someone", "tenant": TENANT, "databases": self._databases})
        if place[:1] == ["tenants"]:
            self._check_place(place)
        body = await request.body()
        if place[4:5] != ["collections"]:
            return await self._passed_on(request, body)
        match place[5:]:
            case [collection, operation]:
                return await self._operation(request, collection, operation, json.loads(body or b"{}"))
            case []:
                return await self._collections(request, body)
        if request.method == "DELETE":
            await self._emptied(request)
        return await self._passed_on(request, body)

    def _check_place(self, place: list[str]) -> None:
        tenant, database = place[1], place[3] if len(place) > 3 else self._databases[0]
        if tenant != TENANT or database not in self._databases:
            raise Refusal(403, "AuthorizationError", f"the token does not open {tenant} / {database}")

    async def _collections(self, request: Request, body: bytes) -> Response:
        if request.method == "POST":
            asked = json.loads(body)
            _check(len(asked["name"].encode()), NAME, "bytes of a collection's name")
            for value in (asked["metadata"] or {}).values():
                _check(len(str(value).encode()), COLLECTION_VALUE_BYTES, "bytes of a collection's metadata value")
        elif "limit" not in request.query_params:
            raise Refusal(400, "QuotaError", "collections are listed without a limit")
        return await self._passed_on(request, body)

    async def _operation(self, request: Request, collection: str, operation: str, asked: Mapping[str, Any]) -> Response:
        kind = "write" if operation in WRITES else "read"
        assert operation in WRITES | READS, operation
        if operation in WRITES:
            _check_write(asked)
            if operation in ("add", "upsert"):
                await self._check_room(request.url.path.rpartition("/")[0], asked["ids"])
        else:
            _check_read(asked)
        self._under_way[collection, kind] += 1
        try:
            self.most_calls = max(self.most_calls, self._under_way[collection, kind])
            if self._under_way[collection, kind] > CALLS:
                raise Refusal(429, "RateLimitError", f"more than {CALLS} {kind}s at a time")
            answer = await self._passed_on(request, await request.body())
        finally:
            self._under_way[collection, kind] -= 1
        if operation == "get" and answer.status_code == 200:
            _check(len(json.loads(bytes(answer.body))["ids"]), RESULTS, "results")
        return answer

    async def _check_room(self, records: str, ids: list[str]) -> None:
        counted = await self._client.get(f"{records}/count")
        if counted.status_code != 200:
            return  # It is gone, as the write itself will hear.
        stored = counted.json()
        if stored + len(ids) > self._records:
            present = (await self._client.post(f"{records}/get", json={"ids": ids, "include": []})).json()["ids"]
            _check(stored + len(set(ids) - set(present)), self._records, "records of a collection")

    async def _emptied(self, request: Request) -> None:
        """What one node leaves behind of a dropped collection, the distributed engine does not."""
        path = request.url.path
        found = await self._client.get(path)
        if found.status_code != 200:
            return
        records = f"{path.rsplit('/', 1)[0]}/{found.json()['id']}"
        while ids := (await self._client.post(f"{records}/get", json={"limit": 1000, "include": []})).json()["ids"]:
            await self._client.post(f"{records}/delete", json={"ids": ids})

    async def _passed_on(self, request: Request, body: bytes) -> Response:
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        headers = {"content-type": "application/json"}
        answer = await self._client.request(request.method, target, content=body, headers=headers)
        content = answer.content
        if b'"configuration_json"' in content:
            told = json.loads(content)
            for collection in told if isinstance(told, list) else [told]:
                space = collection["configuration_json"]["hnsw"]["space"]
                collection["configuration_json"] |= {"hnsw": None, "spann": {"space": space}}
            content = json.dumps(told).encode()
        return Response(content, answer.status_code, media_type="application/json")


def _check(found: int, most: int, what: str) -> None:
    if found > most:
        raise Refusal(400, "QuotaError", f"{found} {what}, {most} are allowed")


def _check_write(asked: Mapping[str, Any]) -> None:
    _check(len(asked["ids"]), RECORDS, "records of a write")
    for id_ in asked["ids"]:
        _check(len(id_.encode()), ID, "bytes of an id")
    for metadata in asked.get("metadatas") or ():
        _check(len(metadata), KEYS, "metadata keys")
        for key, value in metadata.items():
            _check(len(key.encode()), KEY_BYTES, "bytes of a metadata key")
            texts = value if isinstance(value, list) else [value]
            _check(sum(len(str(text).encode()) for text in texts), VALUE_BYTES, "bytes of a metadata value")


def _check_read(asked: Mapping[str, Any]) -> None:
    _check(asked.get("n_results") or 0, RESULTS, "results")
    _check(asked.get("limit") or 0, RESULTS, "results")
    _check(len(asked.get("ids") or ()), RESULTS, "results")
    _check(_predicates(asked.get("where")), PREDICATES, "predicates")


def _predicates(where: Any) -> int:
    if not where:
        return 0
    return sum(_predicates(part) for parts in where.values() for part in parts) if where.keys() & {"$and", "$or"} else 1
