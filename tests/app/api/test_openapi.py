from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings


@pytest.mark.parametrize("keys", ["", "secret"])
def test_routes_need_a_key_in_the_document_exactly_where_they_need_one_in_fact(tiny_bundle: Path, keys: str) -> None:
    app = create_app(Settings(model=tiny_bundle, api_keys=keys, access_log=False))
    with TestClient(app) as client:
        document = client.get("/openapi.json").json()
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                refused = client.request(method, path.format(name="tiny", version="1")).status_code == 401
                assert ("security" in operation) == refused, path
    assert ("securitySchemes" in document["components"]) == bool(keys)


def test_every_schema_that_the_document_refers_to_is_in_it(tiny_bundle: Path) -> None:
    with TestClient(create_app(Settings(model=tiny_bundle, access_log=False))) as client:
        answer = client.get("/openapi.json")
    names = {part.split('"')[0] for part in answer.text.split("#/components/schemas/")[1:]}
    assert names <= answer.json()["components"]["schemas"].keys()
    assert "Problem" in names


def test_readiness_documents_its_503_and_liveness_none(client: TestClient):
    paths = client.get("/openapi.json").json()["paths"]
    for path, documented in (("/health", True), ("/health/ready", True), ("/health/live", False)):
        assert ("503" in paths[path]["get"]["responses"]) == documented, path
