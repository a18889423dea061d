"""boto3 clients, made once and shared, and the translation of their errors into ours."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader, create_loader

from portfolio_rag.adapters.aws.item_parsing import read_items_from_json
from portfolio_rag.adapters.process.garbage import collector_paused
from portfolio_rag.domain.errors import NotFound, StorageUnavailable
from portfolio_rag.settings.environment import Settings

_P = ParamSpec("_P")
_R = TypeVar("_R")

_USER_AGENT = f"portfolio-rag Boto3/{boto3.__version__}"
"""Who called, in CloudTrail. What botocore would say of itself and of this machine it puts together at each call."""

_NOT_FOUND = {"NoSuchKey", "NoSuchVersion", "404", "NotFound", "NoSuchBucket", "ResourceNotFoundException"}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may take: seconds until a connection, until the next bytes, and attempts in all."""

    connect_seconds: float = 3
    read_seconds: float = 30
    attempts: int = 5


class AwsClients:
    """One Session; each client is built when first asked for (5–18 ms each after the first).

    `patience` is that of all but S3, which may take its time over megabytes.
    """

    def __init__(self, settings: Settings, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._settings = settings
        self._clients: dict[str, Any] = {}
        emulator = bool(settings.aws_endpoint_url)
        self._session = _session(settings.aws_default_region)
        self._options: dict[str, Any] = {
            "config": Config(
                retries={"mode": "standard", "max_attempts": self._patience.attempts},
                connect_timeout=self._patience.connect_seconds,
                read_timeout=self._patience.read_seconds,
                max_pool_connections=32,
                user_agent=_USER_AGENT,
            )
        }
        # A quarter of the processor time of a read of 26 keys; the service checks the same, and says so. Not so for
        # S3: there a request for the key "" is one for the bucket.
        self._dynamodb = Config(parameter_validation=False)
        patient = Patience()
        self._s3 = Config(
            retries={"mode": "standard", "max_attempts": patient.attempts},
            connect_timeout=patient.connect_seconds,
            read_timeout=patient.read_seconds,
            # In the oldest Regions botocore presigns with SigV2 by default, which buckets under KMS refuse; and without
            # a style it presigns for the global endpoint, which redirects to younger buckets: a browser's upload ends.
            signature_version="s3v4",
            s3={"addressing_style": "path" if emulator else "virtual"},
        )
        if emulator:
            self._options["endpoint_url"] = settings.aws_endpoint_url
            if self._session.get_credentials() is None:
                self._options |= {"aws_access_key_id": "test", "aws_secret_access_key": "test"}

    def __call__(self, service: str, **config: Any) -> Any:
        """`config` goes over the common one of a client, at its first call."""
        if service not in self._clients:
            common = self._options["config"]
            if service == "s3":
                common = common.merge(self._s3)
            elif service == "dynamodb":
                common = common.merge(self._dynamodb)
            options = {**self._options, "config": common.merge(Config(**config))}
            with collector_paused():
                client = self._session.client(service, **options)
            if service == "dynamodb":
                read_items_from_json(client)
            self._clients[service] = client
        return self._clients[service]


def load_models(services: Iterable[str]) -> None:
    """Read the models of these services, so that clients made later in this process, or in a fork of it, share them."""
    session = _session("us-east-1")
    for service in services:
        session.client(service, aws_access_key_id="none", aws_secret_access_key="none")  # noqa: S106  # nosec B106


def _session(region: str) -> boto3.Session:
    core = botocore.session.get_session()
    core.register_component("data_loader", _loader(core.get_config_variable("data_path")))
    return boto3.Session(region_name=region, botocore_session=core)


@functools.cache
def _loader(data_path: str | None) -> Loader:
    """One for all sessions of the process: it keeps what it has read of the services' models, megabytes of JSON."""
    return create_loader(data_path)


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what botocore raises into NotFound or StorageUnavailable; `what` names the call for people."""
    try:
        yield
    except ClientError as error:
        if error_code(error) in _NOT_FOUND:
            raise NotFound(f"{what}: not found ({error_code(error)}).") from error
        raise StorageUnavailable(f"{what}: {error}") from error
    except BotoCoreError as error:
        raise StorageUnavailable(f"{what}: {error}") from error


def translating(what: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """`translated` as a decorator."""

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @functools.wraps(function)
        def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            with translated(what):
                return function(*args, **kwargs)

        return wrapper

    return decorate
