"""Calls to the API, its problem details turned into our errors."""

from __future__ import annotations

from typing import Any

import httpx

from portfolio_rag.domain.errors import DependencyUnavailable, InvalidRequest, PortfolioRagError
from portfolio_rag.local.config import StackConfig

_TIMEOUT = httpx.Timeout(120.0, connect=3.0)  # an answer written by a language model takes its time


class ApiClient:
    """The API of the stack that `config` describes. Use as a context manager."""

    def __init__(self, config: StackConfig, transport: httpx.BaseTransport | None = None) -> None:
        key = config.settings.get("API_KEY")
        self._client = httpx.Client(
            base_url=config.api_url,
            headers={"X-API-Key": key} if key else {},
            timeout=_TIMEOUT,
            transport=transport,
            trust_env=False,  # no proxy stands between us and this machine
        )

    def __enter__(self) -> ApiClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str) -> Any:
        return self._call("GET", path)

    def post(self, path: str, body: object) -> Any:
        return self._call("POST", path, body)

    def delete(self, path: str) -> Any:
        return self._call("DELETE", path)

    def _call(self, method: str, path: str, body: object = None) -> Any:
        try:
            response = self._client.request(method, path, json=body)
        except httpx.TimeoutException:
            raise DependencyUnavailable(
                f"The API at {self._client.base_url} took too long. `rag logs api` may say why."
            ) from None
        except httpx.HTTPError as error:
            raise DependencyUnavailable(
                f"The API at {self._client.base_url} does not answer ({error}). `make up` starts it."
            ) from None
        if response.is_success:
            return response.json()
        raise _problem(response)


def _problem(response: httpx.Response) -> PortfolioRagError:
    try:
        problem = response.json()
        words = [problem.get("detail") or problem.get("title") or "", problem.get("hint") or ""]
        words[1:1] = [f"{entry['field']}: {entry['detail']}" for entry in problem.get("errors") or []]
        message = " ".join(filter(None, words))
    except (ValueError, AttributeError, KeyError, TypeError):
        message = response.text[:300]
    message = message or f"The API answered {response.status_code}."
    return InvalidRequest(message) if response.status_code < 500 else DependencyUnavailable(message)
