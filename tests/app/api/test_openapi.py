from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.api.keys import is_guarded
from app.main import create_app
from app.settings import Settings


@pytest.mark.parametrize("keys", ["", "secret"])
def test_guarded_paths_want_a_key_in_the_document_exactly_where_they_want_one_in_fact(
    tiny_bundle: Path, keys: str
) -> None:
    app = create_app(Settings(model=tiny_bundle, api_keys=keys, access_log=False))
    with TestClient(app) as client:
        document = client.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert ("security" in operation) == (bool(keys) and is_guarded(path)), path
    assert ("securitySchemes" in document["components"]) == bool(keys)


def test_every_schema_that_the_document_refers_to_is_in_it(tiny_bundle: Path) -> None:
    with TestClient(create_app(Settings(model=tiny_bundle, access_log=False))) as client:
        answer = client.get("/openapi.json")
    names = {part.split('"')[0] for part in answer.text.split("#/components/schemas/")[1:]}
    assert names <= answer.json()["components"]["schemas"].keys()
    assert "Problem" in names
