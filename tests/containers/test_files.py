"""What can be told from the files alone: no engine is needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.containers.live import ROOT

_DOCKERFILES = [ROOT / "images" / "Dockerfile", *sorted((ROOT / "tests" / "containers").rglob("*.Dockerfile"))]
_HADOLINT = Path(sys.executable).parent / "hadolint"


@pytest.mark.parametrize("path", _DOCKERFILES, ids=lambda path: path.name)
def test_dockerfiles_pass_hadolint(path: Path) -> None:
    done = subprocess.run([str(_HADOLINT), str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", _DOCKERFILES, ids=lambda path: path.name)
def test_dockerfiles_build_without_a_frontend_to_pull_on_one_pinned_base(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"^#\s*syntax\s*=", text, re.MULTILINE | re.IGNORECASE)
    (base,) = re.findall(r"^ARG BASE_IMAGE=(.+)$", text, re.MULTILINE)
    assert re.fullmatch(r"python:3\.11\.14-slim-bookworm@sha256:[0-9a-f]{64}", base)
    assert base in (ROOT / "images" / "Dockerfile").read_text()


def test_compose_pins_what_the_requirements_pin() -> None:
    lock = dict(
        re.findall(r"^(chromadb|ministack)==(\S+)", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE)
    )
    compose = (ROOT / "docker-compose.yml").read_text()
    (chroma,) = re.findall(rf"image: (chromadb/chroma:{re.escape(lock['chromadb'])}@sha256:[0-9a-f]{{64}})\n", compose)
    assert f'optional(string, "{chroma}")' in (ROOT / "terraform" / "variables.tf").read_text()
    assert f"image: ministackorg/ministack:{lock['ministack']}\n" in (ROOT / "compose" / "ministack.yml").read_text()


def _compose_config(**environment: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        command = ["docker", "compose"]
    elif shutil.which("docker-compose"):
        command = ["docker-compose"]
    else:
        pytest.skip("neither `docker compose` nor `docker-compose` is installed")
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [*command, "--file", str(ROOT / "docker-compose.yml"), "config"],
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_compose_file_is_valid_and_runs_ministack_by_default() -> None:
    done = _compose_config()
    assert done.returncode == 0, done.stderr
    assert "image: ministackorg/ministack:" in done.stdout
    for port in (4566, 8001, 8000):
        assert re.search(rf"127\.0\.0\.1:{port}:|published: [\"']?{port}", done.stdout), port


def test_localstack_is_one_variable_and_a_token_away() -> None:
    done = _compose_config(EMULATOR="localstack", LOCALSTACK_AUTH_TOKEN="a-token")
    assert done.returncode == 0, done.stderr
    assert "image: localstack/localstack:" in done.stdout
    assert "ministack" not in done.stdout


def test_localstack_without_a_token_is_refused_with_the_reason() -> None:
    done = _compose_config(EMULATOR="localstack")
    assert done.returncode != 0
    assert "EMULATOR=localstack needs LOCALSTACK_AUTH_TOKEN" in done.stderr
