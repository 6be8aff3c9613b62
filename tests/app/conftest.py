"""Fixtures: the service in this process, through Starlette's TestClient."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import load_settings

Start = Callable[..., TestClient]


@pytest.fixture
def start(tiny_bundle: Path) -> Iterator[Start]:
    """`start(max_batch=10)`: a client of a service with these settings, whose lifespan ends with the test."""
    with ExitStack() as stack:

        def start_client(**settings: object) -> TestClient:
            app = create_app(load_settings(**{"model": tiny_bundle} | settings))
            return stack.enter_context(TestClient(app))

        yield start_client


@pytest.fixture(scope="package")
def client(tiny_bundle: Path) -> Iterator[TestClient]:
    """A service shared by all tests, with a deadline that no request reaches on a busy machine."""
    settings = load_settings(model=tiny_bundle, access_log=False, deadline_seconds=60)
    with TestClient(create_app(settings)) as one:
        yield one


@pytest.fixture
def client_without_model(tiny_bundle: Path) -> TestClient:
    """A service whose lifespan has not run."""
    return TestClient(create_app(load_settings(model=tiny_bundle)))
