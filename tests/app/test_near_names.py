"""A near name is suggested only where it is probably meant."""

import time

import pytest

from app.near_names import did_you_mean, near_names
from app.settings import Settings

SETTINGS = sorted(Settings.model_fields)
FIELDS = ["headline", "top_k", "explain", "explain_topic"]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("DEADLINE", ["deadline_seconds"]),
        ("DEADLIN", ["deadline_seconds"]),
        ("MODLE", ["model"]),
        ("MODELS", ["model"]),
        ("APIKEY", ["api_keys"]),
        ("API_KEY_FILE", ["api_keys_file"]),
        ("MAX_BACTH", ["max_batch"]),
        ("OMDEL", ["model"]),
        ("MAX_BODY", ["max_body_bytes"]),
        ("METRIC_PORT", ["metrics_port"]),
        ("LOG", ["log_headlines", "log_level"]),
    ],
)
def test_misspelt_or_shortened_setting_is_recognized(name: str, near: list[str]) -> None:
    assert near_names(name, SETTINGS) == near


@pytest.mark.parametrize("name", ["PORT", "HOST", "HEADLINE", "THREADS", "TIMEOUT", "BATCH", "M", "", "_", "x" * 10**6])
def test_setting_that_none_is_like_gets_no_suggestion(name: str) -> None:
    assert near_names(name, SETTINGS) == []
    assert did_you_mean(name, SETTINGS) is None


@pytest.mark.parametrize(
    ("name", "near"),
    [("topk", "top_k"), ("TopK", "top_k"), ("explian", "explain"), ("eadline", "headline"), ("haedline", "headline")],
)
def test_misspelt_field_is_recognized(name: str, near: str) -> None:
    assert did_you_mean(name, FIELDS) == f"did you mean {near}?"


@pytest.mark.parametrize(
    "name", ["deadline", "handling", "topics", "topic", "text", "k", "id", "explanation_of_topics"]
)
def test_field_that_none_is_like_gets_no_suggestion(name: str) -> None:
    assert near_names(name, FIELDS) == []


def test_long_names_cost_little() -> None:
    begun = time.process_time()
    for _ in range(100):
        near_names("headline" * 100_000, FIELDS)
    assert time.process_time() - begun < 1
