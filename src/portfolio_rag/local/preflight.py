"""What must hold before anything is started: Terraform, free ports, room on the disk."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import psutil

from portfolio_rag.local.config import LOOPBACK
from portfolio_rag.local.errors import StackError
from portfolio_rag.local.programs import Program

TERRAFORM_MINIMUM = (1, 11)
_DISK_BYTES = 2 * 1024**3
GET_TERRAFORM = (
    "Install it from https://developer.hashicorp.com/terraform/install, or with a version manager that reads "
    "`.tool-versions` (`mise install`, `asdf install`)."
)


def check_terraform(environment: Mapping[str, str]) -> str:
    """The version that is installed; raises StackError when it is missing or too old."""
    wanted = ".".join(map(str, TERRAFORM_MINIMUM))
    terraform = shutil.which("terraform", path=environment.get("PATH"))
    if terraform is None:
        raise StackError(f"Terraform {wanted} or newer is needed and was not found. {GET_TERRAFORM}")
    output = subprocess.run(  # noqa: S603
        [terraform, "version", "-json"], env=dict(environment), capture_output=True, text=True, check=False
    )
    try:
        version = str(json.loads(output.stdout)["terraform_version"])
        parts = tuple(int(part) for part in version.split("-")[0].split(".")[:2])
    except (ValueError, KeyError):
        words = (output.stderr or output.stdout).strip()
        raise StackError(f"`{terraform} version -json` gave no version: {words}") from None
    if parts < TERRAFORM_MINIMUM:
        raise StackError(f"Terraform {wanted} or newer is needed, found {version} ({terraform}). {GET_TERRAFORM}")
    return version


def check_ports(programs: Iterable[Program], ours: Collection[int] = ()) -> None:
    """Raise StackError naming who holds a port that a program needs; ports in `ours` are ours already."""
    busy = [program for program in programs if program.port not in ours and not port_is_free(program.port)]
    if busy:
        raise StackError("\n".join(f"{port_holder(program)} {another_port(program)}" for program in busy))


def port_holder(program: Program) -> str:
    """Who has the port of a program, as a sentence."""
    return f"Port {program.port}, needed by {program.title}, is held by {holder(program.port)}."


def another_port(program: Program) -> str:
    """The way out of that."""
    variables = {"emulator": "EMULATOR_PORT", "chroma": "CHROMA_PORT", "lambda": "LAMBDA_HOST_PORT", "api": "API_PORT"}
    return f"Stop it, or choose another: `make up {variables[program.name]}={program.port + 10}`."


def holder(port: int) -> str:
    """Who listens on the port, as well as this user may know."""
    for process in psutil.process_iter(["pid", "name", "cmdline"]):
        try:
            connections = process.net_connections(kind="tcp")
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        for connection in connections:
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                command = " ".join(process.info["cmdline"] or [])[:100]
                return f"`{command or process.info['name']}` (pid {process.info['pid']})"
    return "a process of another user"


def check_disk(home: Path) -> None:
    """Raise StackError when there is no room for the model, the state and Terraform's provider."""
    folder = next(parent for parent in (home, *home.parents) if parent.exists())
    free = shutil.disk_usage(folder).free
    if free < _DISK_BYTES:
        raise StackError(
            f"{folder} has {free / 1024**3:.1f} GB left; the stack needs {_DISK_BYTES / 1024**3:.0f} GB. "
            "Make room, or move its state elsewhere with PORTFOLIO_HOME=/path."
        )


def port_is_free(port: int) -> bool:
    """Whether a program could listen on it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do it: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    # On macOS a listener on every address does not stand in the way of a bind to one.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) != 0
