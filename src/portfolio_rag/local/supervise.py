"""The stack's processes under supervisord: its configuration, and its XML-RPC over a Unix socket."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

# Only our own supervisord answers it, on a socket of its owner's.
from xmlrpc.client import Fault, ServerProxy  # nosec B411

import psutil
from supervisor.xmlrpc import SupervisorTransport

from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.errors import StackError
from portfolio_rag.local.private_files import OWNER_ONLY_UMASK, make_private, write_private
from portfolio_rag.local.programs import Program

_SOCKET_PATH_LIMIT = 100  # sun_path holds 104 bytes on macOS, 108 on Linux
_GONE = (OSError, HTTPException)


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """`state` is supervisor's: STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL, UNKNOWN."""

    name: str
    state: str
    pid: int
    started_at: float
    description: str

    @property
    def dead(self) -> bool:
        return self.state in ("EXITED", "FATAL", "UNKNOWN")


class Supervisor:
    """One supervisord per `home`. Nothing here starts a program unasked: `autostart` is off."""

    def __init__(self, config: StackConfig) -> None:
        self._config = config
        self._conf = config.run_dir / "supervisord.conf"
        self._socket = socket_path(config.run_dir)

    def running(self) -> bool:
        """Whether the daemon answers."""
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except _GONE:
            return False

    def start(self, programs: Sequence[Program], environment: Mapping[str, str]) -> None:
        """Start the daemon and wait until it answers; raises StackError with its own words when it does not."""
        for folder in (self._config.run_dir, self._config.logs_dir, self._config.state_dir):
            make_private(folder)
        write_private(self._conf, configuration(self._config, programs, self._socket))
        started = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._conf)],
            env=dict(environment),
            cwd=self._config.project,
            umask=OWNER_ONLY_UMASK,  # the daemon opens its log before it reads its own
            capture_output=True,
            text=True,
            check=False,
        )
        deadline = time.monotonic() + 20
        while not self.running():
            if started.returncode != 0 or time.monotonic() > deadline:
                words = (started.stderr or started.stdout).strip() or "it gave no reason"
                raise StackError(f"supervisord did not start: {words}")
            time.sleep(0.1)

    def shutdown(self) -> bool:
        """Stop every program, last started first, then the daemon; returns False when none was running."""
        if not self.running():
            return False
        pid = int(self._call("getPID"))
        self._call("shutdown")
        # Not bounded here: supervisord itself kills what outlives its grace.
        while _alive(pid):
            time.sleep(0.1)
        return True

    def start_program(self, name: str) -> None:
        """Start it unless it runs already; does not wait until it is ready."""
        if self.info(name).state in ("RUNNING", "STARTING"):
            return
        try:
            self._call("startProcess", name, False)
        except Fault as fault:
            raise StackError(f"supervisord refused to start `{name}`: {fault.faultString}") from None

    def info(self, name: str) -> ProcessInfo:
        return _info(self._call("getProcessInfo", name))

    def all(self) -> list[ProcessInfo]:
        """Every program's state; empty when the daemon does not run."""
        try:
            return [_info(raw) for raw in self._call("getAllProcessInfo")]
        except _GONE:
            return []

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, serverurl=f"unix://{self._socket}")
        try:
            return getattr(ServerProxy("http://localhost", transport=transport).supervisor, method)(*arguments)
        finally:
            transport.close()


def socket_path(run_dir: Path) -> Path:
    """In `run_dir`, or, where the path is too long for a Unix socket, in the temporary directory."""
    path = run_dir / "supervisor.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_LIMIT:
        return path
    digest = hashlib.sha256(os.fsencode(run_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"portfolio-rag-{digest}.sock"


def configuration(config: StackConfig, programs: Sequence[Program], socket_file: Path) -> str:
    """supervisord's configuration file. Logs are rotated at 5 MB, three old ones kept."""
    lines = [
        "[unix_http_server]",
        f"file={_literal(str(socket_file))}",
        "chmod=0700",
        "[supervisord]",
        f"umask={OWNER_ONLY_UMASK:03o}",
        f"logfile={_literal(str(config.logs_dir / 'supervisord.log'))}",
        "logfile_maxbytes=5MB",
        "logfile_backups=3",
        f"pidfile={_literal(str(config.run_dir / 'supervisord.pid'))}",
        f"directory={_literal(str(config.project))}",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for program in programs:
        environment = ",".join(f'{name}="{_literal(value)}"' for name, value in program.environment.items())
        lines += [
            f"[program:{program.name}]",
            f"command={_literal(shlex.join(program.command))}",
            f"environment={environment}",
            f"priority={program.priority}",
            "autostart=false",
            "autorestart=true",
            "startsecs=1",
            "startretries=3",
            f"stopwaitsecs={program.stop_seconds}",
            "stopasgroup=false",
            "killasgroup=true",
            f"stdout_logfile={_literal(str(config.logs_dir / f'{program.name}.log'))}",
            "stdout_logfile_maxbytes=5MB",
            "stdout_logfile_backups=3",
            "redirect_stderr=true",
        ]
    return "\n".join(lines) + "\n"


def _literal(value: str) -> str:
    """supervisord expands `%(…)s` and ends a value at a quote, a line or ` ;`."""
    if '"' in value or "\n" in value or " ;" in value:
        raise StackError(f"A path or setting of the stack must not hold quotes, line breaks or ` ;`: {value!r}")
    return value.replace("%", "%%")


def _info(raw: Mapping[str, Any]) -> ProcessInfo:
    return ProcessInfo(
        name=str(raw["name"]),
        state=str(raw["statename"]),
        pid=int(raw["pid"]),
        started_at=float(raw["start"]),
        description=str(raw["description"] or raw["spawnerr"]),
    )


def _alive(pid: int) -> bool:
    # A zombie counts as gone: in a container nothing may reap what was orphaned.
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
