"""The console comes whole from this server, without a build, and can make nothing of a document but text."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.console import CSP, WORKER_CSP
from tests.support.pages import ROOT

ASSETS = ROOT / "api" / "console" / "assets"
MODULES = sorted(ASSETS.glob("*.js"))
VENDORED = json.loads((ASSETS / "vendor" / "vendored.json").read_text(encoding="utf-8"))

MAX_BYTES = 300_000
"""What a browser loads in all before a PDF is opened."""


def test_the_page_names_only_files_of_this_server_and_they_are_there(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    addresses = set(re.findall(r'(?:src|href)="([^"]+)"', page.text)) - {"docs"}
    assert len(addresses) == 6
    for address in addresses:
        assert not re.match(r"(?:[a-z]+:)?//", address)
        assert client.get(f"/{address}").status_code == 200


def test_the_policy_allows_files_of_this_server_and_nothing_inline(client: TestClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert policy == CSP
    directives = dict(directive.strip().split(" ", 1) for directive in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert {directives[name] for name in ("script-src", "style-src", "img-src", "connect-src", "worker-src")} == {
        "'self'"
    }
    assert directives["require-trusted-types-for"] == "'script'"
    # The policy of pages.js, for the one address of PDF.js's worker.
    assert directives["trusted-types"] == "pdf-worker"
    assert "unsafe" not in policy
    page = client.get("/").text
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=|\bstyle=", page)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_imports_files_that_are_there(module: object, client: TestClient) -> None:
    text = module.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    for name in re.findall(r'^(?:import|\} from|export .* from)\b.*?"([^"]+)";$', text, flags=re.M):
        assert name.startswith("./"), name
        served = client.get(f"/console/{name[2:]}")
        assert served.status_code == 200
        assert served.headers["Content-Type"].startswith("text/javascript")


def test_what_reads_a_pdf_can_reach_nothing_but_its_decoders(client: TestClient) -> None:
    worker = client.get("/console/vendor/pdfjs/pdf.worker.min.mjs")
    assert worker.headers["Content-Security-Policy"] == WORKER_CSP
    assert "connect-src" not in WORKER_CSP
    assert "default-src 'none'; script-src 'self'" in WORKER_CSP
    assert "eval" not in CSP + WORKER_CSP


@pytest.mark.parametrize("entry", VENDORED, ids=lambda entry: entry["package"])
def test_what_comes_from_npm_is_as_it_was_published(entry: dict[str, Any], client: TestClient) -> None:
    for file in entry["files"]:
        content = (ASSETS / "vendor" / file["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"], file
        assert client.get(f"/console/vendor/{file['file']}").status_code == 200
    assert entry["licence"] in ("MIT", "Apache-2.0")
    assert all((ASSETS / "vendor" / file).stat().st_size > 500 for file in entry["licence_files"])
    assert entry["package_integrity"].startswith("sha512-")


def test_every_vendored_file_is_in_the_list() -> None:
    vendor = ASSETS / "vendor"
    listed = {name for entry in VENDORED for name in entry["licence_files"]}
    listed |= {file["file"] for entry in VENDORED for file in entry["files"]}
    there = {path.relative_to(vendor).as_posix() for path in vendor.rglob("*") if path.is_file()}
    assert there == {*listed, "vendored.json"}


def test_it_is_small_until_a_pdf_is_opened() -> None:
    files = [path for path in ASSETS.rglob("*") if path.is_file() and "pdfjs" not in path.parts]
    assert sum(path.stat().st_size for path in files) < MAX_BYTES
    loaders = [module.name for module in MODULES if "pdfjs" in module.read_text(encoding="utf-8")]
    assert loaders == ["pages.js"]
    assert 'await import("./vendor/pdfjs/' in (ASSETS / "pages.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["nothing.js", "index.html", "vendor/vendored.json", "../x.py", "..%2f__init__.py"])
def test_nothing_else_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/console/{name}").status_code == 404


def test_it_opens_without_a_key_and_revalidates(client_with: Callable[..., TestClient]) -> None:
    client = client_with(api_key="k")
    for path in ("/", "/console/main.js", "/console/console.css", "/console/vendor/preact.mjs"):
        response = client.get(path)
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-cache"
        assert client.get(path, headers={"If-None-Match": response.headers["ETag"]}).headers["ETag"]
    assert client.get("/api/documents").status_code == 401
