"""The compose stack as the container tests see it: command lines, API, data, and the containers themselves."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

_T = TypeVar("_T")
ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ("document-intake", "document-processor", "embedding-generator", "batch-reindex", "check-health")
IMAGES = (*FUNCTIONS, "api")


def docker(*arguments: str) -> str:
    """Run the docker command; returns its standard output, fails with what it said."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def eventually(probe: Callable[[], _T | None], what: str, *, timeout: float) -> _T:
    """The first result of `probe` that is true; fails naming `what` when none comes in time."""
    deadline = time.monotonic() + timeout
    while True:
        found = probe()
        if found:
            return found
        assert time.monotonic() < deadline, f"Not within {timeout:.0f} s: {what}"
        time.sleep(0.5)


@dataclass(frozen=True)
class ColdStart:
    """Milliseconds as the Runtime Interface Emulator measured them inside the container."""

    init: float
    first_invocation: float


@dataclass(frozen=True)
class LiveContainers:
    """`network` is the name of the compose project too."""

    network: str
    environment: Mapping[str, str]
    api: httpx.Client

    def aws(self, *arguments: str) -> str:
        """The `aws` command line against the emulator, as a user types it; returns what it printed."""
        endpoint = f"http://localhost:{self.environment['EMULATOR_PORT']}"
        done = subprocess.run(
            [str(Path(sys.executable).parent / "aws"), "--endpoint-url", endpoint, *arguments],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"aws {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def documents(self) -> list[dict[str, Any]]:
        """Every document version that the API lists."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.api.get("/api/documents", params={"limit": 100, **cursor}).raise_for_status().json()
            found += page["items"]
            if not page["next_cursor"]:
                return found
            cursor = {"cursor": page["next_cursor"]}

    def all_ended(self, count: int, *, timeout: float) -> list[dict[str, Any]]:
        """All document versions once there are `count` of them and each is COMPLETED or FAILED."""

        def ended() -> list[dict[str, Any]] | None:
            found = self.documents()
            over = [document for document in found if document["status"] in ("COMPLETED", "FAILED")]
            return found if len(over) == len(found) == count else None

        return eventually(ended, f"{count} documents at their end", timeout=timeout)

    def vector_ids(self) -> list[str]:
        """The ids of all vectors of the live collection, from Chroma itself."""
        collections = f"http://127.0.0.1:{self.environment['CHROMA_PORT']}/api/v2/tenants/default_tenant/databases/default_database/collections"
        ids: list[str] = []
        for collection in httpx.get(collections, trust_env=False).raise_for_status().json():
            got = httpx.post(f"{collections}/{collection['id']}/get", json={"include": []}, trust_env=False)
            ids += got.raise_for_status().json()["ids"]
        return ids

    def expected_vector_ids(self) -> list[str]:
        """The ids that the chunks of every live version say they have in Chroma."""
        ids: list[str] = []
        for document_id in sorted({document["document_id"] for document in self.documents()}):
            offset = 0
            while True:
                params = {"chunk_offset": offset, "chunk_limit": 100}
                body = self.api.get(f"/api/documents/{document_id}", params=params).raise_for_status().json()
                ids += [vector_id for chunk in body["chunks"] for vector_id in chunk["vector_ids"]]
                offset += len(body["chunks"])
                if not body["chunks"] or offset >= body["chunk_count"]:
                    break
        return ids

    def service(self, name: str) -> str:
        """The container of a compose service."""
        labels = (f"label=com.docker.compose.project={self.network}", f"label=com.docker.compose.service={name}")
        return docker("ps", "--all", "--quiet", "--filter", labels[0], "--filter", labels[1]).strip()

    def function_containers(self) -> Iterator[tuple[str, str]]:
        """(function, container id) of the containers that the emulator started, running or not."""
        listing = docker(
            *("ps", "--all", "--no-trunc", "--filter", "label=ministack=lambda", "--filter", f"network={self.network}"),
            *("--format", "{{.ID}} {{.Image}}"),
        )
        for line in listing.splitlines():
            container, image = line.split()
            yield image.rpartition("/")[2].partition(":")[0], container

    def cold_start(self, container: str) -> ColdStart | None:
        """The first invocation of a function's container; None when it has had none."""
        logs = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=True)
        text = logs.stdout + logs.stderr
        init = re.search(r"INIT REPORT\(durationMs: ([\d.]+)\)", text)
        first = re.search(r"INVOKE RTDONE\(status: success.*?duration: ([\d.]+)ms\)", text)
        return ColdStart(float(init[1]), float(first[1])) if init and first else None


def inspect(image: str) -> dict[str, Any]:
    """`docker image inspect` of one of ours."""
    found: dict[str, Any] = json.loads(docker("image", "inspect", f"portfolio/{image}:latest"))[0]
    return found
