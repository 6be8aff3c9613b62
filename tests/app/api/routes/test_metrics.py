"""GET /metrics, and what the OpenAPI document says of it."""

from starlette.testclient import TestClient


def test_head_gives_the_headers_of_get_without_a_body(client: TestClient) -> None:
    answer = client.head("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == client.get("/metrics").headers["Content-Type"]
    assert answer.content == b""


def test_document_says_that_the_answer_is_text_and_nothing_else(client: TestClient) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/metrics"]["get"]
    assert operation["responses"]["200"]["content"] == {"text/plain": {"schema": {"type": "string"}}}
