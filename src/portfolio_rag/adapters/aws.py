"""AWS clients, made once and shared, and the translation of their errors into ours.

They are botocore's own, which boto3 hands out too: importing boto3 on top costs a cold start and adds nothing here.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session

from portfolio_rag.config import Settings
from portfolio_rag.errors import NotFound, StorageUnavailable

_P = ParamSpec("_P")
_R = TypeVar("_R")

_NOT_FOUND = {"NoSuchKey", "NoSuchVersion", "404", "NotFound", "NoSuchBucket", "ResourceNotFoundException"}


class _PlainJson(JSONFileLoader):  # type: ignore[misc]
    """Reads into plain dictionaries, which keep their order as OrderedDict does, in a third of the time."""

    def _load_file(self, full_path: str, open_method: Callable[..., Any]) -> Any:
        try:
            with open_method(full_path, "rb") as file:
                return json.loads(file.read())
        except FileNotFoundError:
            return None


class _DirectLoader(Loader):  # type: ignore[misc]
    """Takes a service's folder to be there, where botocore first lists those of all 400."""

    def list_available_services(self, type_name: str) -> list[str]:
        del type_name
        return ["cloudwatch", "dynamodb", "lambda", "s3", "sqs"]


def _with_uploads(class_attributes: dict[str, Any], **_: Any) -> None:
    """Give the S3 client the managed uploads of boto3's, which is only imported when something is uploaded."""

    def lazy(name: str) -> Callable[..., Any]:
        def upload(client: Any, *arguments: Any, **named: Any) -> Any:
            from boto3.s3 import inject

            return getattr(inject, name)(client, *arguments, **named)

        return upload

    class_attributes |= {name: lazy(name) for name in ("upload_file", "upload_fileobj")}


class AwsClients:
    """One Session; each client is built when first asked for (5–18 ms each after the first)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clients: dict[str, Any] = {}
        emulator = bool(settings.aws_endpoint_url)
        self._session = Session()
        self._session.register_component("data_loader", _DirectLoader(file_loader=_PlainJson()))
        self._session.register("creating-client-class.s3", _with_uploads)
        self._options: dict[str, Any] = {
            "region_name": settings.aws_default_region,
            "config": Config(
                retries={"mode": "standard", "max_attempts": 5},
                connect_timeout=3,
                read_timeout=30,
                max_pool_connections=32,
                s3={"addressing_style": "path"} if emulator else {},
            ),
        }
        if emulator:
            self._options["endpoint_url"] = settings.aws_endpoint_url
            if self._session.get_credentials() is None:
                self._options |= {"aws_access_key_id": "test", "aws_secret_access_key": "test"}

    def __call__(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.create_client(service, **self._options)
        return self._clients[service]


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
