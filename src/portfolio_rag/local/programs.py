"""The four processes of the local stack: how each is started and how it says that it is ready."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from portfolio_rag.local.config import LOOPBACK, StackConfig
from portfolio_rag.local.functions import discover


@dataclass(frozen=True, slots=True)
class Program:
    """`priority` orders the stop: highest first. `stop_seconds` is the grace between TERM and KILL."""

    name: str
    title: str
    command: tuple[str, ...]
    port: int
    health_url: str
    priority: int
    stop_seconds: int
    environment: Mapping[str, str] = field(default_factory=dict)


def programs(config: StackConfig) -> list[Program]:
    """In the order in which they start."""
    return [_emulator(config), _chroma(config), _lambda_host(config), _api(config)]


def _emulator(config: StackConfig) -> Program:
    environment = {
        # Not GATEWAY_PORT: that would be part of the queues' URLs, by which the saved state knows them, and queues
        # would be dead after a start on another port.
        "EDGE_PORT": str(config.emulator_port),
        "BIND_HOST": LOOPBACK,
        "MINISTACK_REGION": config.region,
        # State is written every few seconds (emulator.py) and when the emulator is stopped, objects at once.
        "PERSIST_STATE": "1",
        "STATE_DIR": str(config.state_dir / "emulator"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(config.state_dir / "s3"),
        # No listeners of services that the project does not use.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # Asynchronous invocations are tried three times. AWS waits minutes in between; a burst of uploads that
        # outruns the Lambda host's environments must find its turn within those tries.
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "10",
        # One emulator per port keeps its pid file in the temporary directory.
        "TMPDIR": str(config.run_dir),
        # Whose pages may upload; programs may always.
        "EMULATOR_ORIGINS": " ".join(config.page_origins()),
        "LAMBDA_HOST_URL": config.lambda_host_url,
        "LAMBDA_HOST_SECRET_FILE": str(config.lambda_secret_file),
        # Whether roles and policies count, as on AWS.
        "AUTH": "true" if config.enforce_iam else "false",
    }
    for function in discover(config.project / "images"):
        url = f"{config.lambda_host_url}/functions/{function.name}/invocations"
        environment[f"MINISTACK_LAMBDA_PROXY_{function.name}"] = url
    return Program(
        name="emulator",
        title="AWS emulator (MiniStack)",
        command=(sys.executable, "-m", "portfolio_rag.local.emulator"),
        port=config.emulator_port,
        health_url=f"{config.emulator_url}/_ministack/ready",
        priority=10,
        stop_seconds=60,
        environment=environment,
    )


def _chroma(config: StackConfig) -> Program:
    return Program(
        name="chroma",
        title="Chroma",
        command=(
            *(str(Path(sys.executable).parent / "chroma"), "run"),
            *("--path", str(config.state_dir / "chroma")),
            *("--host", LOOPBACK, "--port", str(config.chroma_port)),
        ),
        port=config.chroma_port,
        health_url=f"{config.chroma_url}/api/v2/heartbeat",
        priority=20,
        stop_seconds=20,
    )


def _lambda_host(config: StackConfig) -> Program:
    return Program(
        name="lambda",
        title="Lambda host",
        command=(
            *(sys.executable, "-m", "portfolio_rag.local.lambda_host"),
            *("--images", str(config.project / "images")),
            *("--port", str(config.lambda_host_port)),
            *("--secret-file", str(config.lambda_secret_file)),
            *(("--enforce-iam",) if config.enforce_iam else ()),
        ),
        port=config.lambda_host_port,
        health_url=f"{config.lambda_host_url}/health",
        priority=30,
        stop_seconds=20,
    )


def _api(config: StackConfig) -> Program:
    return Program(
        name="api",
        title="API",
        command=(
            *(sys.executable, "-m", "portfolio_rag.local.api_server"),
            *("--app-dir", str(config.project), "--port", str(config.api_port)),
            *("--environment", str(config.api_environment_file)),
        ),
        port=config.api_port,
        health_url=f"{config.api_url}/api/live",
        priority=40,
        stop_seconds=20,
    )
