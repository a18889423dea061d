"""A second stack beside the developer's: free ports, and an environment that nothing of theirs reaches into."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from pathlib import Path

from portfolio_rag.local.config import LOOPBACK, PORT_VARIABLES
from portfolio_rag.settings.environment import Settings

_STEERING = ("AWS_", "OPENAI_", "PORTFOLIO_HOME", "PORTFOLIO_ENV_FILE", "TF_VAR_")


def isolated_environment(home: Path, *, model_dir: Path) -> dict[str, str]:
    """The shell's environment for a stack with its state in `home`, on free ports.

    What steers this project or names a real account is left out, and no `.env` is read. The model is baked once for
    all stacks: it lies in `model_dir` unless the shell names another place.
    """
    own = {name.upper() for name in Settings.__dataclass_fields__}.union(PORT_VARIABLES)
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in own and (name == "AWS_CA_BUNDLE" or not name.startswith(_STEERING))
    }
    environment.setdefault("PORTFOLIO_MODEL_DIR", str(model_dir))
    ports = free_ports(len(PORT_VARIABLES))
    return environment | {
        "PORTFOLIO_HOME": str(home),
        "PORTFOLIO_ENV_FILE": os.devnull,
        **{name: str(port) for name, port in zip(PORT_VARIABLES, ports, strict=True)},
    }


def free_ports(count: int) -> list[int]:
    """Ports that nobody held a moment ago; all are taken at once, so that they differ."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]
