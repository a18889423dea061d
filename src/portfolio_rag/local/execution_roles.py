"""Credentials of the roles that functions and the API run under, from the emulator that issues them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from portfolio_rag.local.emulator_guard import CREDENTIALS_PATH, SECRET_HEADER

Credentials = Callable[[Mapping[str, Any]], Mapping[str, str]]
"""What an environment gets of AWS_ACCESS_KEY_ID and its like, by its function's configuration as Lambda answers it."""


def no_credentials(_: Mapping[str, Any]) -> Mapping[str, str]:
    """Where the emulator does not ask who calls."""
    return {}


def role_credentials(emulator_url: str, secret: str) -> Credentials:
    """Ask the emulator for the credentials of the function's role, as Lambda gives them to its environments."""

    def issue(configuration: Mapping[str, Any]) -> Mapping[str, str]:
        wanted = {name: configuration[name] for name in ("FunctionName", "FunctionArn", "Role")}
        with httpx.Client(trust_env=False, timeout=5) as http:
            answer = http.post(emulator_url + CREDENTIALS_PATH, json=wanted, headers={SECRET_HEADER: secret})
        answer.raise_for_status()
        issued: dict[str, str] = answer.json()
        return issued

    return issue
