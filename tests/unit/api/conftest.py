from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from portfolio_rag.settings.environment import Settings
from tests.support.api import FakeServices, client_of, fake_services


@pytest.fixture
def services() -> FakeServices:
    return fake_services()


@pytest.fixture
def client(services: FakeServices) -> Iterator[TestClient]:
    with client_of(create_app(services=services.api)) as client:
        yield client


@pytest.fixture
def client_with() -> Iterator[Callable[..., TestClient]]:
    """Makes a client for an API with the given settings."""
    with ExitStack() as stack:

        def make(**settings: Any) -> TestClient:
            app = create_app(services=fake_services(Settings(**settings)).api)
            return stack.enter_context(client_of(app))

        yield make
