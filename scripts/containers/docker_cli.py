"""Find a `docker` command that works here, and one that can build.

Debian's docker.io 20.10 builds with the BuildKit inside the engine; a newer command needs its buildx plugin for
that, and a machine may carry both. Compose is either the plugin or the stand-alone `docker-compose`.
"""

from __future__ import annotations

import os
import shutil
import subprocess


class DockerNotFoundError(Exception):
    """No usable docker command; the message says what to install."""


def _candidates() -> list[str]:
    found = (shutil.which("docker", path=directory) for directory in os.get_exec_path())
    return [path for path in dict.fromkeys(found) if path]


def _answers(*command: str) -> bool:
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def _can_build(docker: str) -> bool:
    if _answers(docker, "buildx", "version"):
        return True
    version = subprocess.run([docker, "--version"], capture_output=True, text=True, check=False).stdout
    # "Docker version 20.10.24+dfsg1, build …": up to 22 the command speaks BuildKit without a plugin.
    number = version.removeprefix("Docker version ").partition(".")[0]
    return number.isdigit() and int(number) < 23


def docker_command(*, building: bool = False) -> list[str]:
    """The docker command, one that builds with BuildKit if `building`. Raises DockerNotFoundError."""
    candidates = _candidates()
    if not candidates:
        raise DockerNotFoundError("There is no `docker` command on this machine: install Docker first.")
    if not building:
        return [candidates[0]]
    for docker in candidates:
        if _can_build(docker):
            return [docker]
    raise DockerNotFoundError(f"{candidates[0]} cannot build with BuildKit: install its buildx plugin.")


def compose_command() -> list[str]:
    """`docker compose` where the plugin is there, else `docker-compose`. Raises DockerNotFoundError."""
    for docker in _candidates():
        if _answers(docker, "compose", "version"):
            return [docker, "compose"]
    if standalone := shutil.which("docker-compose"):
        return [standalone]
    raise DockerNotFoundError("There is neither `docker compose` nor `docker-compose` on this machine.")
