"""Where the local stack lives and listens, and the environment that its processes get."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from portfolio_rag.local.errors import StackError

LOOPBACK = "127.0.0.1"
_LOOPBACK_NAMES = frozenset({LOOPBACK, "localhost", "::1"})

# port variable -> (default, the variable whose URL may name the port instead)
_PORTS: Mapping[str, tuple[int, str | None]] = {
    "EMULATOR_PORT": (4566, "AWS_ENDPOINT_URL"),
    "CHROMA_PORT": (8001, "CHROMA_URL"),
    "API_PORT": (8000, "API_URL"),
    "LAMBDA_HOST_PORT": (9700, None),
}

PORT_VARIABLES = tuple(_PORTS)

_PORTS_FILE = "ports.json"

# Real credentials and profiles never reach the emulator, this machine's Chroma, or what runs against them. The last
# two: see programs.py.
_DROPPED = (
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_ENDPOINT_URL_S3",
    "AWS_CONFIG_FILE",
    "CHROMA_API_KEY",
    "CHROMA_TENANT",
    "CHROMA_DATABASE",
    "GATEWAY_PORT",
    "AUTH",
)
_REAL_KEY_PREFIXES = ("AKIA", "ASIA")

SECRETS = ("OPENAI_API_KEY", "API_KEY")
"""What only the API needs: no other process of the stack gets them."""


def project_root() -> Path:
    """The checkout that this package is installed from (editable); raises StackError when there is none."""
    for folder in (*Path(__file__).resolve().parents, Path.cwd()):
        if (folder / "images").is_dir() and (folder / "terraform").is_dir():
            return folder
    raise StackError("The project's images/ and terraform/ folders were not found: run `rag` from the clone's .venv.")


@dataclass(frozen=True, slots=True)
class StackConfig:
    """`home` holds all state; `settings` are the user's variables, the environment over `.env`."""

    project: Path
    home: Path
    emulator_port: int
    chroma_port: int
    api_port: int
    lambda_host_port: int
    settings: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, env: Mapping[str, str] | None = None, project: Path | None = None) -> StackConfig:
        """Read the environment (by default os.environ) over `.env` of the project (or PORTFOLIO_ENV_FILE).

        A port that neither names is that of the stack that runs in this home, if one does.
        Raises StackError when a port is no port or two are the same.
        """
        project = project or project_root()
        # An empty variable counts as unset, as in Settings.
        given = {name: value for name, value in (os.environ if env is None else env).items() if value}
        path = project / given.get("PORTFOLIO_ENV_FILE", ".env")
        settings = {name: value for name, value in dotenv_values(path).items() if value} | given
        home = project / settings.get("PORTFOLIO_HOME", ".portfolio")
        running = _running_ports(home)
        ports = {name: _port(name, settings, running) for name in _PORTS}
        if len(set(ports.values())) < len(ports):
            listed = ", ".join(f"{name}={port}" for name, port in ports.items())
            raise StackError(f"Each process needs a port of its own: {listed}.")
        return cls(
            project=project,
            home=home,
            settings=settings,
            **{name.lower(): port for name, port in ports.items()},
        )

    @property
    def emulator_url(self) -> str:
        return f"http://{LOOPBACK}:{self.emulator_port}"

    @property
    def chroma_url(self) -> str:
        return f"http://{LOOPBACK}:{self.chroma_port}"

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK}:{self.api_port}"

    @property
    def lambda_host_url(self) -> str:
        return f"http://{LOOPBACK}:{self.lambda_host_port}"

    @property
    def region(self) -> str:
        return self.settings.get("AWS_DEFAULT_REGION", "us-east-1")

    @property
    def enforce_iam(self) -> bool:
        """Whether the emulator holds every call against the caller's policies: ENFORCE_IAM=true."""
        return self.settings.get("ENFORCE_IAM", "").lower() in ("1", "true")

    @property
    def state_dir(self) -> Path:
        return self.home / "state"

    @property
    def logs_dir(self) -> Path:
        return self.home / "logs"

    @property
    def run_dir(self) -> Path:
        return self.home / "run"

    @property
    def api_environment_file(self) -> Path:
        """The secrets, for the API alone; it is there while the stack runs."""
        return self.run_dir / "api-environment.json"

    @property
    def lambda_secret_file(self) -> Path:
        """What the emulator and the Lambda host know each other by; it is there while the stack runs."""
        return self.run_dir / "lambda-host-secret"

    @property
    def terraform_dir(self) -> Path:
        """The working copy of `terraform/`: state and plugins stay out of the source tree."""
        return self.home / "terraform"

    @property
    def model_dir(self) -> Path:
        return self.project / self.settings.get("PORTFOLIO_MODEL_DIR", str(self.home / "model"))

    def remember_ports(self) -> None:
        """Let later commands find the running stack without being told its ports again."""
        ports = {name: getattr(self, name.lower()) for name in _PORTS}
        (self.run_dir / _PORTS_FILE).write_text(json.dumps(ports))

    def forget_ports(self) -> None:
        (self.run_dir / _PORTS_FILE).unlink(missing_ok=True)

    def ignored_urls(self) -> list[str]:
        """Variables that point elsewhere than the stack listens: told to the user, since they have no effect here."""
        wanted = {"AWS_ENDPOINT_URL": self.emulator_port, "CHROMA_URL": self.chroma_port}
        ignored = []
        for name, port in wanted.items():
            url = urlsplit(self.settings.get(name, ""))
            if url.hostname and (url.hostname not in _LOOPBACK_NAMES or url.port != port):
                ignored.append(f"{name}={self.settings[name]}")
        return ignored

    def aws_environment(self) -> dict[str, str]:
        """What points boto3, the `aws` command line and tflocal at the emulator."""
        key = self.settings.get("AWS_ACCESS_KEY_ID", "test")
        return {
            "AWS_ENDPOINT_URL": self.emulator_url,
            "AWS_ACCESS_KEY_ID": "test" if key.startswith(_REAL_KEY_PREFIXES) else key,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": self.region,
        }

    def secrets(self) -> dict[str, str]:
        """Those of SECRETS that are set."""
        return {name: self.settings[name] for name in SECRETS if name in self.settings}

    def process_environment(self) -> dict[str, str]:
        """The environment of every process of the stack: `child_environment` without SECRETS."""
        return {name: value for name, value in self.child_environment().items() if name not in SECRETS}

    def page_origins(self) -> list[str]:
        """Origins whose pages may upload to the emulator: the API's own, and those that it is told to allow."""
        own = [f"http://{host}:{self.api_port}" for host in (LOOPBACK, "localhost", "[::1]")]
        allowed = (origin.strip() for origin in self.settings.get("API_CORS_ORIGINS", "").split(","))
        return own + [origin for origin in allowed if origin not in ("", "*")]

    def child_environment(self) -> dict[str, str]:
        """The settings as this stack uses them, its secrets included."""
        child = {name: value for name, value in self.settings.items() if name not in _DROPPED}
        # A proxy of the system must not stand between processes of this machine.
        for name in ("NO_PROXY", "no_proxy"):
            child[name] = ",".join(filter(None, [child.get(name, ""), LOOPBACK, "localhost"]))
        child["PATH"] = os.pathsep.join(filter(None, [str(Path(sys.executable).parent), child.get("PATH", "")]))
        child["PYTHONUNBUFFERED"] = "1"
        child["ANONYMIZED_TELEMETRY"] = "False"  # Chroma's
        child["CHROMA_URL"] = self.chroma_url
        child["MODEL_DIR"] = str(self.model_dir)
        child["LEXICAL_INDEX_PATH"] = str(self.state_dir / "lexical.sqlite")
        return child | self.aws_environment()


def _running_ports(home: Path) -> Mapping[str, int]:
    try:
        ports = json.loads((home / "run" / _PORTS_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): int(port) for name, port in ports.items()}


def _port(name: str, settings: Mapping[str, str], running: Mapping[str, int]) -> int:
    default, url_name = _PORTS[name]
    raw = settings.get(name, "")
    if raw:
        if not raw.isdecimal() or not 0 < int(raw) < 65536:
            raise StackError(f"{name} must be a port (1 to 65535), not {raw!r}.")
        return int(raw)
    if url_name is not None:
        url = urlsplit(settings.get(url_name, ""))
        if url.hostname in _LOOPBACK_NAMES and url.port:
            return url.port
    return running.get(name, default)
