"""Chroma's HTTP API without Chroma's client: what a server or a proxy in between may answer."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portfolio_rag.adapters.chroma.api import ChromaRefused
from portfolio_rag.adapters.chroma.http import HttpApi
from portfolio_rag.domain.errors import NotFound, PortfolioRagError, VectorStoreUnavailable


@contextmanager
def answering(
    status: int, body: str, seen: list[str] | None = None, tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    """The address of a server that answers everything so; `seen` are the targets of the requests."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if seen is not None:
                seen.append(self.path)
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"{'https://localhost' if tls else 'http://127.0.0.1'}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def problem(status: int, body: str) -> PortfolioRagError:
    with answering(status, body) as url, closing(HttpApi(url, 5)) as api, pytest.raises(PortfolioRagError) as raised:
        api.collection("any")
    return raised.value


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (404, "NotFoundError", NotFound),
        (400, "InvalidArgumentError", ChromaRefused),
        (422, "ChromaError", ChromaRefused),
        (403, "AuthorizationError", VectorStoreUnavailable),
        (429, "QuotaError", ChromaRefused),
        (429, "RateLimitError", VectorStoreUnavailable),
        (500, "InternalError", VectorStoreUnavailable),
        (404, "Unknown", VectorStoreUnavailable),
    ],
)
def test_the_servers_named_errors(status: int, name: str, kind: type[PortfolioRagError]) -> None:
    error = problem(status, json.dumps({"error": name, "message": "the reason"}))
    assert type(error) is kind
    assert ("CHROMA_API_KEY" if status == 403 else "the reason") in str(error)


@pytest.mark.parametrize(
    ("status", "body"),
    [(502, "<p>no</p>"), (404, "{}"), (413, "Payload too large"), (301, ""), (500, '{"error": null, "message": 1}')],
)
def test_what_is_not_the_servers_own_answer_can_be_tried_again(status: int, body: str) -> None:
    error = problem(status, body)
    assert isinstance(error, VectorStoreUnavailable)
    assert f"does not answer: status {status}, {body!r}" in str(error)


@pytest.mark.parametrize("body", ["{}", "[]", "null", "<html>"])
def test_an_answer_of_another_shape_is_none(body: str) -> None:
    error = problem(200, body)
    assert isinstance(error, VectorStoreUnavailable)
    assert "does not answer" in str(error)


def test_the_environments_proxy_is_used_unless_the_host_is_excepted(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    with answering(200, '{"nanosecond heartbeat": 1}', asked) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.setenv("no_proxy", "")
        with closing(HttpApi("http://chroma.invalid:8000/", 5)) as api:
            api.heartbeat()
        assert asked == ["http://chroma.invalid:8000/api/v2/heartbeat"]
        monkeypatch.setenv("no_proxy", "chroma.invalid")
        with closing(HttpApi("http://chroma.invalid:8000/", 5)) as api, pytest.raises(VectorStoreUnavailable):
            api.heartbeat()
    assert len(asked) == 1


def test_certificates_are_verified(tmp_path: Path) -> None:
    """A server whose certificate nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = tmp_path / "server.pem"
    file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with (
        answering(200, '{"nanosecond heartbeat": 1}', tls=context) as url,
        closing(HttpApi(url, 5)) as api,
        pytest.raises(VectorStoreUnavailable, match="certificate verify failed"),
    ):
        api.heartbeat()
