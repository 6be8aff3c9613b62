"""Every error that a schema of this project can have has a message in the project's own words."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.api.open_inference.schemas import InferRequest
from app.api.schemas import limited_batch_request, limited_predict_request
from app.classifier.manifest import Manifest
from app.settings import Settings
from app.validation_messages import _MESSAGES, validation_message
from tests.server import ROOT

TENSOR = {"name": "headline", "shape": [1], "datatype": "BYTES", "data": ["oil"], "parameters": {"binary_data_size": 1}}
MANIFEST = json.loads((ROOT / "models" / "headlines" / "7" / "manifest.json").read_text("utf-8"))
ANY_VALUE = {name: {} for name in ("data", "figures", "libraries", "recipe")}
FEW_TOPICS = MANIFEST | ANY_VALUE | {"topics": MANIFEST["topics"][:2], "reference": {"topic_mix": {"earn": 1.0}}}
"""Without what makes validation slow: 46 topics, and sections that take any value."""
REQUESTS: list[tuple[Any, dict[str, Any]]] = [
    (limited_predict_request(Settings()), {"headline": "oil", "top_k": 3, "explain": True, "explain_topic": "crude"}),
    (limited_batch_request(Settings()), {"headlines": ["oil", "gold"], "top_k": 3}),
    (
        InferRequest,
        {"id": "a", "inputs": [TENSOR], "outputs": [{"name": "topic", "parameters": {"classification": 1}}]},
    ),
    (Manifest, FEW_TOPICS),
]
WRONG: list[Any] = [None, 5, -1, "x", "", "x" * 20_001, [], [5], ["a"], {}, {"a": 1}, True, 1.5, float("inf"), 10**30]


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of everything in a JSON value, of lists only the first element."""
    yield path
    if isinstance(value, dict):
        for name, one in value.items():
            yield from places(one, (*path, name))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*path, 0))


def variants(value: dict[str, Any]) -> Iterator[Any]:
    """The value with each part replaced by each wrong one, left out, or with a field too many."""
    yield from WRONG
    for path in list(places(value))[1:]:
        for wrong in [*WRONG, ..., {"unheard_of": 1}]:
            yield changed(value, path, wrong)


def changed(value: Any, path: tuple[str | int, ...], wrong: Any) -> Any:
    """A copy with another part at the path, or none for `...`; it shares all other parts with the value."""
    if not path:
        return wrong
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], wrong)
    if copy[path[0]] is ...:
        del copy[path[0]]
    return copy


def errors(model: TypeAdapter[Any], value: Any) -> list[Any]:
    try:
        model.validate_python(value)
    except ValidationError as error:
        return error.errors(include_url=False, include_input=False)
    return []


@pytest.mark.parametrize(
    ("model", "right"), REQUESTS, ids=["PredictRequest", "BatchRequest", "InferRequest", "Manifest"]
)
def test_no_message_is_pydantics(model: Any, right: dict[str, Any]):
    adapter = TypeAdapter(model)
    assert errors(adapter, right) == []
    found = [one for wrong in variants(right) for one in errors(adapter, wrong)]
    assert len({one["type"] for one in found}) > 5
    # The other types are those of the errors that validators of this project raise.
    assert {one["type"] for one in found} - _MESSAGES.keys() <= {"format", "newer_format", "pieces"}
    for one in found:
        message = validation_message(one)
        assert "Input should" not in message
        assert message[:3] in {"mus", "is "} or one["type"] not in _MESSAGES, message


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ({"type": "less_than_equal", "ctx": {"le": 20_000}}, "must be at most 20,000"),
        ({"type": "greater_than", "ctx": {"gt": 0.0}}, "must be greater than 0"),
        ({"type": "too_short", "ctx": {"min_length": 1}}, "must not be empty"),
        ({"type": "too_short", "ctx": {"min_length": 2}}, "must have at least 2 elements"),
        ({"type": "our_own", "msg": "did you mean top_k?"}, "did you mean top_k?"),
    ],
)
def test_message_names_the_limit(error: dict[str, Any], message: str):
    assert validation_message(error) == message
