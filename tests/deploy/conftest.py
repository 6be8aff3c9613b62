"""Fixtures: rendered overlays, and all workloads that create pods."""

import pytest

from tests.deploy.manifests import BASE, FOLDER, KSERVE, OVERLAYS, Manifest, rendered, the


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> list[Manifest]:
    return rendered(FOLDER / "overlays" / request.param)


@pytest.fixture
def production() -> list[Manifest]:
    return rendered(FOLDER / "overlays" / "production")


@pytest.fixture(params=["base", *OVERLAYS, "kserve"])
def workload(request: pytest.FixtureRequest) -> Manifest:
    if request.param == "base":
        return BASE
    if request.param == "kserve":
        return KSERVE
    return the("Deployment", rendered(FOLDER / "overlays" / request.param))
