"""Who sees which document, by every way in: the real pipeline, search and API over models of AWS and Chroma."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from portfolio_rag.access.keyring import Keyring
from portfolio_rag.composition.api import ApiServices
from portfolio_rag.domain.api_keys import Scope
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.settings.ingestion_rules import ACCESS_LISTS_KEY
from tests.simulation.world import CONFIG, RAW, World
from tests.support.api import UNKNOWN_ID, FakeMonthlyCost, MemoryApiKeys, client_of
from tests.unit.api.test_authentication import ROUTES

BOARD = {"Name": "board", "Type": "GROUP", "Access": "ALLOW"}
STAFF = {"Name": "staff", "Type": "GROUP", "Access": "ALLOW"}
NOT_ANN = {"Name": "ann", "Type": "USER", "Access": "DENY"}

# Logical key -> the word that only this document has, and its own list.
DOCUMENTS: dict[str, tuple[str, list[dict[str, str]] | None]] = {
    "acme/plan.md": ("zebracorn", [BOARD]),
    "acme/news.md": ("gnulight", [STAFF]),
    "globex/plan.md": ("quokkaton", [BOARD]),
    "globex/news.md": ("lemuride", [STAFF, NOT_ANN]),
    "shared/unlisted.md": ("walrusium", None),
    "shared/notes.md": ("ibexalon", [STAFF, NOT_ANN]),
    "reports/first.md": ("pangolite", None),
    "reports/second.md": ("okapinite", [NOT_ANN]),
}
RULES = [{"keyPrefix": f"s3://{RAW}/reports/", "aclEntries": [STAFF]}]

# Key -> its tenant and groups, and what it may see.
KEYS: dict[str, tuple[str | None, list[str], set[str]]] = {
    "ann": (None, ["staff"], {"acme/news.md", "reports/first.md"}),
    "bob": (
        None,
        ["staff"],
        {"acme/news.md", "globex/news.md", "shared/notes.md", "reports/first.md", "reports/second.md"},
    ),
    "carol": (None, ["board"], {"acme/plan.md", "globex/plan.md"}),
    "acme": ("acme", ["board", "staff"], {"acme/plan.md", "acme/news.md"}),
    "globex": ("globex", ["board", "staff"], {"globex/plan.md", "globex/news.md"}),
    "nobody": (None, [], set()),
    "root": (None, [], set(DOCUMENTS)),
}


@dataclass
class Deployment:
    """The API over a world, and a key for each of KEYS."""

    world: World
    client: TestClient
    keyring: Keyring
    keys: dict[str, dict[str, str]]

    def ask(self, key: str, method: str, path: str, **options: Any) -> Any:
        return self.client.request(method, path, headers=self.keys[key], **options)

    def found(self, key: str, query: str) -> set[str]:
        """The logical keys of the documents that a search finds."""
        passages = self.ask(key, "POST", "/api/search", json={"query": query, "top_k": 20}).json()["passages"]
        return {passage["s3_key"].partition("/")[2] for passage in passages}

    def settle(self) -> None:
        self.world.run()
        follower = self.world.container.full_text_follower
        assert follower is not None
        while follower.step():
            pass


def put(world: World, key: str, text: str, entries: list[dict[str, str]] | None) -> None:
    if entries is not None:
        world.upload(f"{key}.metadata.json", json.dumps({"AccessControlList": entries}))
    world.upload(key, text)


def text_of(key: str) -> str:
    word = DOCUMENTS[key][0]
    return f"# Budgets\n\nThe budget of the year is spent on {word}. Nobody else has any {word} in the budget.\n"


@pytest.fixture(scope="module")
def filled() -> World:
    world = World()
    world.s3.put_object(Bucket=CONFIG, Key=ACCESS_LISTS_KEY, Body=json.dumps(RULES).encode())
    for key, (_, entries) in DOCUMENTS.items():
        put(world, key, text_of(key), entries)
    world.run()
    return world


def deployment_of(world: World, access_lists: str = "true") -> Deployment:
    parts = world.container
    changed = replace(parts.settings, access_lists=access_lists)
    # Keys of its own: the world's table may serve several of these.
    keyring = Keyring(MemoryApiKeys(), parts.clock, always_required=changed.access_lists == "true")
    services = ApiServices(
        documents=parts.documents,
        cited=parts.cited,
        redrive=parts.redrive,
        rollback=parts.rollback,
        comparison=parts.comparison,
        jobs=parts.job_service,
        job_estimator=parts.job_estimator,
        health=parts.health,
        operations=parts.operations,
        retrieval=parts.retrieval,
        chat=parts.chat,
        conversations=parts.conversations,
        answer_log=parts.answer_log,
        answer_durations=parts.answer_durations,
        feedback=parts.feedback,
        keyring=keyring,
        token_budget=parts.token_budget,
        usage_recorder=parts.usage_recorder,
        monthly_cost=FakeMonthlyCost(),  # type: ignore[arg-type]
        access_rules=parts.config.access_rules,
        settings=changed,
    )
    keys = {}
    for name, (tenant, groups, _) in KEYS.items():
        scopes = [Scope.ADMIN] if name == "root" else [Scope.READ, Scope.WRITE]
        keys[name] = {"X-API-Key": keyring.create(name, scopes, tenant=tenant, groups=groups)[1]}
    made = Deployment(world, client_of(create_app(services=services)), keyring, keys)
    made.settle()
    return made


@pytest.fixture(scope="module")
def deployment(filled: World) -> Iterator[Deployment]:
    made = deployment_of(filled)
    with made.client:  # `/mcp` answers while the application runs.
        yield made


@pytest.fixture
def own() -> Deployment:
    """One that a test may change."""
    world = World()
    put(world, "acme/plan.md", text_of("acme/plan.md"), [BOARD])
    world.run()
    return deployment_of(world)


def chunk_of(deployment: Deployment, key: str) -> str:
    document_id = document_id_for(RAW, key)
    return str(deployment.world.chunks(document_id)[0].chunk_id)


AGENTS = ("POST", "/mcp")


def rpc(method: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"json": {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}}


def tool(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return rpc("tools/call", {"name": name, "arguments": arguments})


def attempts(deployment: Deployment, key: str) -> Iterator[tuple[tuple[str, str], str, dict[str, Any]]]:
    """Every way to a document: the route, its address, what is sent."""
    document_id = document_id_for(RAW, key)
    filters: list[dict[str, Any] | None] = [
        None,
        {"equals": {"key": "document_id", "value": document_id}},
        {"orAll": [{"notEquals": {"key": "x", "value": 1}}, {"listContains": {"key": "acl_allow", "value": "x"}}]},
    ]
    for where in filters:
        sent = {"filter": where} if where else {}
        yield ("POST", "/api/search"), "/api/search", {"json": {"query": "budget", "top_k": 20, **sent}}
        for stream in (False, True):
            asked = {"question": "What is the budget spent on?", "top_k": 20, "stream": stream, **sent}
            yield ("POST", "/api/chat"), "/api/chat", {"json": asked}
            yield ("POST", "/api/chat"), "/api/chat", {"json": {**asked, "conversation_id": document_id}}
            messages = [{"role": "user", "content": asked["question"]}]
            openai = {"model": "portfolio-rag", "messages": messages, "top_k": 20, "stream": stream, **sent}
            yield ("POST", "/v1/chat/completions"), "/v1/chat/completions", {"json": openai}
            response = {"model": "portfolio-rag", "input": asked["question"], "top_k": 20, "stream": stream, **sent}
            yield ("POST", "/v1/responses"), "/v1/responses", {"json": response}
        yield AGENTS, "/mcp", tool("search", {"query": "budget", "top_k": 20, **sent})
        yield AGENTS, "/mcp", tool("ask", {"question": "What is the budget spent on?", "top_k": 20, **sent})
    for status in ("", "&status=COMPLETED", "&status=FAILED", "&name=.md", "&attribute=file_type:md&counts=false"):
        yield ("GET", "/api/documents"), f"/api/documents?limit=100{status}", {}
    own_path = f"/api/documents/{document_id}"
    yield ("GET", "/api/documents/{document_id}"), own_path, {}
    yield ("GET", "/api/documents/{document_id}"), f"{own_path}?version=1", {}
    yield (
        ("GET", "/api/documents/{document_id}/chunks/{chunk_id}"),
        f"{own_path}/chunks/{chunk_of(deployment, key)}",
        {},
    )
    for version in ("", "?version=1"):
        yield ("GET", "/api/documents/{document_id}/file"), f"{own_path}/file{version}", {}
    yield ("POST", "/api/documents/{document_id}/retry"), f"{own_path}/retry", {}
    yield ("GET", "/api/documents/{document_id}/compare"), f"{own_path}/compare?from=1&to=2", {}
    yield ("POST", "/api/documents/{document_id}/rollback"), f"{own_path}/rollback", {"json": {"version": 1}}
    times: list[dict[str, Any]] = [{"as_of": "2026-06-01"}, {"as_of": 1, "document_id": document_id}]
    for time in times:
        yield ("POST", "/api/search"), "/api/search", {"json": {"query": "budget", "top_k": 20, **time}}
        yield ("POST", "/api/chat"), "/api/chat", {"json": {"question": "What is the budget spent on?", **time}}
    yield AGENTS, "/mcp", tool("search", {"query": "budget", "top_k": 20, "as_of": "2026-06-01"})
    yield AGENTS, "/mcp", tool("ask", {"question": "What is the budget spent on?", "as_of": "2026-06-01"})
    yield AGENTS, "/mcp", tool("list_documents", {"limit": 100})
    yield AGENTS, "/mcp", tool("get_passage", {"document_id": document_id, "chunk_id": chunk_of(deployment, key)})
    yield AGENTS, "/mcp", rpc("resources/list", {})
    yield AGENTS, "/mcp", rpc("resources/read", {"uri": f"rag://documents/{document_id}"})
    yield (
        ("POST", "/api/answers/{answer_id}/feedback"),
        f"/api/answers/{UNKNOWN_ID}/feedback",
        {"json": {"rating": "up"}},
    )
    for kind in ("unanswered", "up", "down"):
        yield ("GET", "/api/answers"), f"/api/answers?limit=100&kind={kind}", {}
    for path in ("/api/reindex", "/api/jobs/x/cancel", "/api/jobs/x/resume"):
        yield ("POST", path.replace("/x/", "/{job_id}/")), path, {}
    for path in ("/api/dead-letters/redrive", "/api/dead-letters/x/redrive"):
        yield ("POST", path.replace("/x/", "/{message_id}/")), path, {}
    for path in ("/api/dead-letters", "/api/queues", "/api/alarms", "/api/metrics", "/api/index"):
        yield ("GET", path), path, {}
    for path in ("/api/jobs", "/api/jobs/x", "/api/jobs/x/documents"):
        yield ("GET", path.replace("/x", "/{job_id}")), path, {}
    for path in ("/v1/models", "/v1/models/portfolio-rag"):
        yield ("GET", path.replace("portfolio-rag", "{model}")), path, {}


HIDDEN = [(name, key) for name, (_, _, seen) in KEYS.items() for key in DOCUMENTS if key not in seen]
SEEN = [(name, key) for name, (_, _, seen) in KEYS.items() for key in sorted(seen)]


@pytest.mark.parametrize(("name", "key"), HIDDEN)
def test_what_is_not_seen_is_not_there_by_any_way_in(deployment: Deployment, name: str, key: str) -> None:
    word, document_id = DOCUMENTS[key][0], document_id_for(RAW, key)
    for (method, template), path, sent in attempts(deployment, key):
        response = deployment.ask(name, method, path, **sent)
        body = response.text
        assert word not in body, path
        if "{document_id}" in template:
            assert response.status_code == 404, path
            # Nothing tells it from one that does not exist.
            unknown = path.replace(document_id, "00000000-0000-4000-8000-000000000000")
            other = deployment.ask(name, method, unknown, **sent)
            assert (
                other.json()["detail"].replace(unknown.split("/")[3].partition("?")[0], document_id)
                == response.json()["detail"]
            )
        elif document_id not in json.dumps(sent):
            assert document_id not in body, path


@pytest.mark.parametrize(("name", "key"), SEEN)
def test_what_is_seen_is_there(deployment: Deployment, name: str, key: str) -> None:
    word, document_id = DOCUMENTS[key][0], document_id_for(RAW, key)
    assert key in deployment.found(name, "budget")
    assert key in deployment.found(name, word)
    shown = deployment.ask(name, "GET", f"/api/documents/{document_id}")
    assert word in shown.json()["chunks"][0]["content"]
    chunk = deployment.ask(name, "GET", f"/api/documents/{document_id}/chunks/{chunk_of(deployment, key)}")
    assert word in chunk.json()["chunk"]["content"]
    assert deployment.ask(name, "GET", f"/api/documents/{document_id}/file").text == text_of(key)
    for sent in (
        tool("search", {"query": word, "top_k": 20}),
        tool("get_passage", {"document_id": document_id, "chunk_id": chunk_of(deployment, key)}),
        rpc("resources/read", {"uri": f"rag://documents/{document_id}"}),
    ):
        assert word in deployment.ask(name, *AGENTS, **sent).text
    listed = deployment.ask(name, "GET", "/api/documents?limit=100").json()
    assert {item["document_id"] for item in listed["items"]} == {document_id_for(RAW, seen) for seen in KEYS[name][2]}
    assert (listed["counts"] is not None) == (name == "root")


def test_the_matrix_has_every_way_in(deployment: Deployment) -> None:
    tried = {route for route, _, _ in attempts(deployment, "acme/plan.md")}
    elsewhere = {
        ("POST", "/api/documents"),
        ("POST", "/api/documents/presign"),
        ("DELETE", "/api/documents/{document_id}"),
        ("GET", "/api/cost"),
        ("GET", "/api/reindex/estimate"),
        ("GET", "/api/health"),
    }
    assert (tried - {AGENTS}) | elsewhere == set(ROUTES)


WHOLE = (
    *("/api/jobs", "/api/dead-letters", "/api/queues", "/api/alarms", "/api/metrics", "/api/index"),
    *("/api/cost", "/api/reindex/estimate"),
)
"""What tells of all documents at once."""


@pytest.mark.parametrize("path", WHOLE)
def test_jobs_and_operations_are_for_those_who_see_everything(deployment: Deployment, path: str) -> None:
    for name in KEYS.keys() - {"root"}:
        assert deployment.ask(name, "GET", path).status_code == 403
    assert deployment.ask("root", "GET", path).status_code == 200


def test_where_lists_hold_nobody_is_answered_without_a_key(deployment: Deployment) -> None:
    fresh = World()
    parts = deployment_of(fresh)
    for key in parts.keyring.list():
        parts.keyring.revoke(key.key_id)
    assert parts.client.get("/api/documents").status_code == 401


def test_lists_count_only_where_they_are_switched_on_and_tenants_always(filled: World) -> None:
    off = deployment_of(filled, access_lists="false")
    assert off.found("nobody", "budget") == set(DOCUMENTS)
    assert off.found("acme", "budget") == {"acme/plan.md", "acme/news.md"}
    assert off.ask("acme", "GET", f"/api/documents/{document_id_for(RAW, 'globex/plan.md')}").status_code == 404


def test_a_page_is_filled_with_what_is_seen(deployment: Deployment) -> None:
    seen, cursor, pages = set(), "", 0
    while pages < 20:
        page = deployment.ask("bob", "GET", f"/api/documents?limit=2{cursor}").json()
        seen |= {item["s3_key"].partition("/")[2] for item in page["items"]}
        pages += 1
        if page["next_cursor"] is None:
            break
        assert len(page["items"]) == 2
        cursor = f"&cursor={quote(page['next_cursor'], safe='')}"
    assert seen == KEYS["bob"][2]


# --- what changes


def test_an_old_version_is_shown_to_those_alone_who_were_allowed_that_one(own: Deployment) -> None:
    chunk = chunk_of(own, "acme/plan.md")
    put(own.world, "acme/plan.md", "# Budgets\n\nThe budget of the year is spent on nothing at all.\n", [STAFF])
    own.settle()
    path = f"/api/documents/{document_id_for(RAW, 'acme/plan.md')}/chunks/{chunk}?version=1"
    assert "zebracorn" in own.ask("root", "GET", path).json()["chunk"]["content"]
    assert own.found("bob", "budget") == {"acme/plan.md"}
    assert own.ask("bob", "GET", path).status_code == 404
    assert own.ask("carol", "GET", path).status_code == 404


def test_a_new_list_alone_reaches_every_store_and_nothing_is_embedded_for_it(own: Deployment) -> None:
    assert own.found("carol", "budget") == {"acme/plan.md"}
    assert own.found("bob", "budget") == set()
    embedded = own.world.embedder.embedded.copy()
    own.world.upload("acme/plan.md.metadata.json", json.dumps({"AccessControlList": [STAFF]}))
    own.settle()
    del own.world.embedder.embedded["budget"], embedded["budget"]
    assert own.world.embedder.embedded == embedded
    assert own.found("carol", "budget") == set()
    assert own.found("bob", "budget") == {"acme/plan.md"}
    document_id = document_id_for(RAW, "acme/plan.md")
    assert own.ask("carol", "GET", f"/api/documents/{document_id}").status_code == 404
    collection = own.world.chroma.data["portfolio_knowledge"]
    assert {tuple(record.metadata["acl_allow"]) for record in collection.values()} == {("GROUP:staff",)}
    # The old version was open to others: it is shown to those alone who may see both that one and the document now.
    history = own.world.chroma.data["portfolio_knowledge.history"]
    assert {tuple(record.metadata["acl_allow"]) for record in history.values()} != {("GROUP:staff",)}
    first = own.world.container.registry.head(document_id).publications[0]  # type: ignore[union-attr]
    for name, keys in (("carol", set()), ("bob", set()), ("root", {"acme/plan.md"})):
        sent = {"query": "budget", "top_k": 20, "as_of": first.at}
        found = own.ask(name, "POST", "/api/search", json=sent).json()["passages"]
        assert {passage["document_id"] for passage in found} == {document_id_for(RAW, key) for key in keys}


def test_a_denial_by_prefix_holds_before_anything_is_ingested_again(own: Deployment) -> None:
    assert own.found("carol", "budget") == {"acme/plan.md"}
    denial = [{"keyPrefix": f"s3://{RAW}/acme/", "aclEntries": [{"Name": "board", "Type": "GROUP", "Access": "DENY"}]}]
    own.world.s3.put_object(Bucket=CONFIG, Key=ACCESS_LISTS_KEY, Body=json.dumps(denial).encode())
    own.world.container.config._cache.clear()
    assert own.found("carol", "budget") == set()
    document_id = document_id_for(RAW, "acme/plan.md")
    assert own.ask("carol", "GET", f"/api/documents/{document_id}").status_code == 404
    # Whatever is no list shows nothing to anybody.
    own.world.s3.put_object(Bucket=CONFIG, Key=ACCESS_LISTS_KEY, Body=b"{")
    own.world.container.config._cache.clear()
    assert own.ask("carol", "POST", "/api/search", json={"query": "budget"}).status_code == 500


def test_an_upload_belongs_to_its_uploader_and_keeps_its_list(own: Deployment) -> None:
    sent = {"files": {"file": ("mine.md", b"# Mine\n\nThe budget of bob is spent on tapirs.\n")}}
    uploaded = own.ask("bob", "POST", "/api/documents", data={"prefix": "bob", "metadata": '{"year": 2026}'}, **sent)
    assert uploaded.status_code == 202
    own.settle()
    assert own.found("bob", "tapirs") == {"bob/mine.md"}
    assert own.found("carol", "tapirs") == {"acme/plan.md"}
    assert own.found("ann", "tapirs") == set()
    for data in ({"prefix": "bob"}, {"prefix": "bob", "metadata": '{"year": 2027}'}):
        assert own.ask("root", "POST", "/api/documents", data=data, **sent).status_code == 202
        own.settle()
        assert own.found("bob", "tapirs") == {"bob/mine.md"}
    # A failure is shown to its uploader, too, and can be uploaded again.
    broken = {"files": {"file": ("bad.md", b"")}}
    for _ in range(2):
        failed = own.ask("bob", "POST", "/api/documents", **broken).json()["document_id"]
        own.settle()
        assert own.ask("bob", "GET", f"/api/documents/{failed}").json()["error_code"] == "EMPTY_FILE"
        assert own.ask("carol", "GET", f"/api/documents/{failed}").status_code == 404


def test_a_tenant_writes_below_its_folder_and_nobody_over_what_they_do_not_see(own: Deployment) -> None:
    sent = {"files": {"file": ("plan.md", b"# Plan\n\nThe budget is mine.\n")}}
    placed = own.ask("globex", "POST", "/api/documents", data={"prefix": "acme"}, **sent).json()
    assert placed["s3_key"] == "incoming/globex/acme/plan.md"
    form = own.ask("globex", "POST", "/api/documents/presign", json={"filename": "x.md", "prefix": "../acme"}).json()
    assert form["s3_key"] == "incoming/globex/../acme/x.md"
    for path, options in (
        ("/api/documents", {"data": {"prefix": "acme"}, **sent}),
        ("/api/documents/presign", {"json": {"filename": "plan.md", "prefix": "acme/"}}),
    ):
        assert own.ask("bob", "POST", path, **options).status_code == 403
        assert own.ask("carol", "POST", path, **options).is_success


def test_nobody_deletes_what_they_do_not_see(own: Deployment) -> None:
    path = f"/api/documents/{document_id_for(RAW, 'acme/plan.md')}"
    for name in ("ann", "bob", "globex", "nobody"):
        assert own.ask(name, "DELETE", path).status_code == 404
    assert own.found("carol", "budget") == {"acme/plan.md"}
    assert own.ask("carol", "DELETE", path).status_code == 202
    assert own.found("carol", "budget") == set()


def test_nobody_goes_on_with_the_conversation_of_another(own: Deployment) -> None:
    conversation = "3f0c1f64-6a55-4c39-9d64-9a6b6a6f1b1e"
    for name, question in (("carol", "What is the budget of acme spent on?"), ("bob", "And how much?")):
        sent = {"question": question, "conversation_id": conversation}
        answer = own.ask(name, "POST", "/api/chat", json=sent).json()
        assert answer["question"] == question
    kept = own.world.dynamo.tables["conversations"].items
    assert len(kept) == 2


def test_what_came_with_a_mail_has_the_list_of_the_mail(own: Deployment) -> None:
    mail = (
        b"From: a@example.org\r\nTo: b@example.org\r\nSubject: Offer\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\n'
        b"The budget comes attached.\r\n--x\r\nContent-Type: text/markdown; name=prices.md\r\n"
        b"Content-Disposition: attachment; filename=prices.md\r\n\r\n"
        b"# Prices\r\n\r\nThe budget buys narwhals.\r\n--x--\r\n"
    )
    own.world.upload("mails/offer.eml.metadata.json", json.dumps({"AccessControlList": [BOARD]}))
    own.world.upload("mails/offer.eml", mail)
    own.settle()
    assert own.found("carol", "narwhals") >= {"mails/offer.eml/prices.md"}
    assert own.found("bob", "narwhals") == set()
