"""An local stack of the benchmark's own, and APIs of other settings beside it: what they run, on free ports."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from bench.measure import ROOT
from portfolio_rag.local.config import LOOPBACK, StackConfig
from portfolio_rag.local.isolation import free_ports, isolated_environment

_STARTED_WITHIN_S = 60.0
_MODEL = ROOT / ".portfolio" / "model"
_APPLIED = ROOT / ".portfolio" / "bench" / "applied"


@dataclass(frozen=True, slots=True)
class RunningStack:
    """`environment` is what the `rag` and `aws` commands run with to reach it."""

    config: StackConfig
    environment: Mapping[str, str]

    def pids(self) -> dict[str, int]:
        """Process id of the emulator, Chroma, the Lambda host and the API, by the port that each listens on."""
        ports = {
            self.config.emulator_port: "emulator",
            self.config.chroma_port: "chroma",
            self.config.lambda_host_port: "lambda",
            self.config.api_port: "api",
        }
        return {ports[port]: pid for port, pid in _listeners().items() if port in ports}


@contextmanager
def running_stack(home: Path, *, samples: bool) -> Iterator[RunningStack]:
    """A stack whose state lies in `home` and stays there: the next one in the same home starts in seconds.

    A new home begins as a copy of one in which Terraform has been applied, which takes a minute and is done once.
    """
    if not home.exists():
        if not _APPLIED.exists():
            _apply_once()
        shutil.copytree(_APPLIED, home, ignore=shutil.ignore_patterns("run", "logs"))
    environment = isolated_environment(home, model_dir=_MODEL)
    config = StackConfig.load(environment, project=ROOT)
    environment |= config.child_environment()
    try:
        _rag(environment, "up", *([] if samples else ["--no-samples"]))
        yield RunningStack(config, environment)
    finally:
        _rag(environment, "down")


def _apply_once() -> None:
    draft = _APPLIED.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    environment = isolated_environment(draft, model_dir=_MODEL)
    try:
        _rag(environment, "up", "--no-samples")
    finally:
        _rag(environment, "down")
    draft.rename(_APPLIED)


@contextmanager
def running_api(stack: RunningStack, **variables: str) -> Iterator[tuple[str, int]]:
    """Another API over the same data with other variables: (URL, process id)."""
    [port] = free_ports(1)
    # One full-text index for each process.
    own = {"LEXICAL_INDEX_PATH": str(stack.config.state_dir / f"lexical-{port}.sqlite"), **variables}
    command = [sys.executable, "-m", "uvicorn", "api.main:create_app", "--factory", "--app-dir", str(ROOT)]
    process = subprocess.Popen(
        [*command, "--host", LOOPBACK, "--port", str(port), "--no-access-log"],
        env={**stack.environment, **own},
        stdout=subprocess.DEVNULL,
    )
    url = f"http://{LOOPBACK}:{port}"
    try:
        wait_until_up(f"{url}/api/live")
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(20)
        Path(own["LEXICAL_INDEX_PATH"]).unlink(missing_ok=True)


def wait_until_up(url: str) -> None:
    """Raises TimeoutError when nothing answers there within a minute."""
    deadline = time.monotonic() + _STARTED_WITHIN_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"{url} does not answer.")


def _listeners() -> dict[int, int]:
    """Port -> process id of what listens on the loopback address."""
    found = psutil.net_connections("tcp")
    return {one.laddr.port: one.pid for one in found if one.status == psutil.CONN_LISTEN and one.pid}


def _rag(environment: Mapping[str, str], *arguments: str) -> None:
    """Raises CalledProcessError with what the command printed on standard error."""
    command: Sequence[str] = [str(Path(sys.executable).parent / "rag"), *arguments]
    subprocess.run(command, env=dict(environment), cwd=ROOT, stdout=sys.stderr, check=True)
