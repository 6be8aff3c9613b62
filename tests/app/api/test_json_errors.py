"""Bodies that are not JSON get an error in words of the request."""

import pytest
from starlette.testclient import TestClient

V2 = "/v2/models/tiny/infer"
HALF = "The body is not JSON: an escape is one half of a surrogate pair, without the other at line 1 column "


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "The body is empty; send a JSON object."),
        (b" \r\n", "The body is empty; send a JSON object."),
        (b'{"headline":"caf\xe9"}', "The body is not JSON: a character is not valid UTF-8 at line 1 column 17."),
        ('{"headline":"oil"}'.encode("utf-16"), "The body is encoded as UTF-16 or UTF-32; send it as UTF-8."),
        ('{"headline":"oil"}'.encode("utf-16-le"), "The body is encoded as UTF-16 or UTF-32; send it as UTF-8."),
        ('{"headline":"oil"}'.encode("utf-32"), "The body is encoded as UTF-16 or UTF-32; send it as UTF-8."),
        (b'{"a"\0:1}', "The body is not JSON: expected `:` at line 1 column 5."),
        (b'{"headline":"\\ud800"}', HALF + "20."),
        (b'{"headline":"\\udc00"}', HALF + "19."),
        (b"headline=oil", "The body is not JSON: expected value at line 1 column 1."),
        (b'\xef\xbb\xbf{"headline":"oil"}', "The body begins with a byte order mark; send UTF-8 without one."),
    ],
)
@pytest.mark.parametrize("path", ["/predict", V2])
def test_body_that_is_not_json_is_400_that_says_why(client: TestClient, path: str, body: bytes, detail: str):
    reply = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400
    assert reply.json()["type"] == "urn:topics:problem:not-json"
    assert reply.json()["detail"] == detail


@pytest.mark.parametrize("value", ["3.0", '"3"', "true", "null"])
def test_number_that_is_not_a_json_integer_is_told_how_to_write_it(client: TestClient, value: str):
    reply = client.post("/predict", content=b'{"headline":"oil","top_k":%s}' % value.encode())
    assert reply.json()["detail"] == "top_k: must be a whole number, without quotes or decimal point."
