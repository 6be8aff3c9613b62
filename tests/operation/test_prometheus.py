"""The dashboard and the alerts in a real Prometheus that scrapes real services."""

import math
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.settings import Settings
from tests.operation.test_instances import ABOUT_SOME
from tests.prometheus import RunningPrometheus, expressions, needs_prometheus, panels, rules
from tests.server import ROOT, RunningServer

pytestmark = [pytest.mark.slow, needs_prometheus]

[MODEL] = Settings.model_fields["model"].default
OTHER = ROOT / "models" / "book" / "1"
HEADLINES = [
    "Oil prices rise as OPEC agrees to cut output",
    "Gold falls to a three-month low",
    "Wheat exports grow by a third",
    "Bank of England holds interest rates",
    "Quarterly profit of the chip maker doubles",
    "Qwertyuiop wins the zxcvbnm asdfghjkl",
]


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, RunningPrometheus]]:
    """A service with two models, a shadow, two workers and small limits; nothing was sent to it yet."""
    limits: dict[str, object] = {"max_batch": 100, "max_in_flight": 100, "max_body_bytes": 50_000}
    folder = tmp_path_factory.mktemp("prometheus")
    with (
        RunningServer(MODEL, model=f"{MODEL},{OTHER}", shadow=OTHER, workers=2, api_keys="sesame", **limits) as server,
        RunningPrometheus(folder, [server.port]) as prometheus,
    ):
        yield server, prometheus


def test_quiet_service_raises_no_alert(scraped: tuple[RunningServer, RunningPrometheus]):
    _, prometheus = scraped
    prometheus.wait_for(lambda: not prometheus.rule_errors(), "evaluation of all rules")
    prometheus.scraped_again()
    assert prometheus.alerts() == {}
    assert [rule["alert"] for rule in rules() if prometheus.query(rule["expr"])] == []


@pytest.fixture(scope="module")
def loaded(scraped: tuple[RunningServer, RunningPrometheus]) -> tuple[RunningPrometheus, dict[str, int]]:
    """After a known load: 2 rounds of 60 single headlines, 4 batches of 100, one of 60 for the other model, and 10
    refusals of each of three kinds.
    """
    server, prometheus = scraped
    key = {"X-API-Key": "sesame"}
    for _ in range(2):
        for at in range(60):
            assert server.request("POST", "/predict", {"headline": HEADLINES[at % 6]}, key).status == 200
        for _ in range(4):
            batch = {"headlines": HEADLINES * 16 + HEADLINES[:4]}
            assert server.request("POST", "/predict/batch", batch, key).status == 200
        batch = {"headlines": HEADLINES * 10}
        assert server.request("POST", "/predict/batch?model=book", batch, key).status == 200
        for _ in range(10):
            assert server.request("POST", "/predict", {"headline": "oil"}).status == 401
            assert server.request("POST", "/predict/batch", {"headlines": ["oil"] * 101}, key).status == 413
            assert server.request("POST", "/predict", b"x" * 50_001, key).status == 413
        prometheus.scraped_again()
    compared = "sum(topics_shadow_headlines_total)"  # behind the requests
    prometheus.wait_for(lambda: prometheus.value(compared) == 920, "comparison of all headlines with the shadow")
    prometheus.scraped_again()
    return prometheus, {"singles": 120, "batches": 10, "headlines": 920, "other": 120, "refused": 20}


def test_load_is_counted_exactly(loaded: tuple[RunningPrometheus, dict[str, int]]):
    prometheus, sent = loaded
    expected = {
        'sum(http_requests_total{route="/predict", status="200"})': sent["singles"],
        'sum(http_requests_total{route="/predict/batch", status="200"})': sent["batches"],
        "sum(topics_headlines_total)": sent["headlines"] + sent["other"],
        'sum(topics_model_headlines_total{model="headlines/7"})': sent["headlines"],
        'sum(topics_model_headlines_total{model="book/1"})': sent["other"],
        "sum(topics_shadow_headlines_total)": sent["headlines"],
        "sum(topics_predictions_total)": sent["headlines"],
        "sum(topics_batch_size_sum)": sent["headlines"] + sent["other"],
        'sum(topics_rejected_total{reason="unauthorized"})': sent["refused"],
        'sum(topics_rejected_total{reason="batch_too_large"})': sent["refused"],
        'sum(topics_rejected_total{reason="body_too_large"})': sent["refused"],
        "sum(topics_workers)": 2,
        'sum(up{job="topics"})': 1,
    }
    assert {expression: prometheus.value(expression) for expression in expected} == expected
    assert 30e6 < prometheus.value("sum(topics_memory_bytes)") < 1e9


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_no_panel_is_empty_after_a_load(panel: dict, loaded: tuple[RunningPrometheus, dict[str, int]]):
    prometheus, _ = loaded
    for expression in expressions(panel):
        found = prometheus.query(expression)
        assert found, expression
        assert not any(math.isnan(value) for _, value in found), (expression, found)


def test_dashboard_shows_the_rates_of_the_load(loaded: tuple[RunningPrometheus, dict[str, int]]):
    prometheus, _ = loaded
    [panel] = [one for one in panels() if one["title"] == "Requests by route and status"]
    [expression] = expressions(panel)
    shown = {(labels["route"], labels["status"]): value for labels, value in prometheus.query(expression)}
    assert {("/predict", "200"), ("/predict", "401"), ("/predict", "413"), ("/predict/batch", "200")} <= shown.keys()
    assert all(value > 0 for value in shown.values())
    [panel] = [one for one in panels() if one["title"] == "Refusals by reason"]
    [expression] = expressions(panel)
    reasons = {labels["reason"] for labels, value in prometheus.query(expression) if value > 0}
    assert reasons == {"unauthorized", "batch_too_large", "body_too_large"}


def test_dashboard_shows_each_model_and_the_agreement_of_the_shadow(
    loaded: tuple[RunningPrometheus, dict[str, int]],
):
    prometheus, sent = loaded
    by_title = {panel["title"]: expressions(panel) for panel in panels()}
    for title in ("Headlines by model", "Confidence by model", "Abstained by model"):
        [expression] = by_title[title]
        found = {labels["model"]: value for labels, value in prometheus.query(expression)}
        assert found.keys() == {"headlines/7", "book/1"}, title
    # The last of HEADLINES is outside, which book/1 was not trained to tell.
    assert found["book/1"] == 0 < found["headlines/7"] < 0.2
    recent, since_the_start, left_out = map(prometheus.value, by_title["Agreement of the shadow"])
    assert 0.8 < recent < 0.9
    assert since_the_start == pytest.approx(1 - (20 + 8 * 16) / sent["headlines"])
    assert left_out == 0


STRANGE = "Qwertyuiop asdfghjkl defeats zxcvbnm in the football final "
"""Unknown words, and about no topic."""


def misuse(server: RunningServer) -> None:
    """One round of what the alerts are about, except stopping the service."""
    for _ in range(60):  # another mix of topics, with unknown words, and nothing about any topic
        server.predict(STRANGE)
    for _ in range(3):
        late = server.request("POST", "/predict", {"headline": "oil"}, {"X-Request-Timeout": "0.0000001"})
        assert late.status == 504
    # A batch above the whole limit is admitted only while nothing else is in flight.
    large = {"headlines": [STRANGE * 90] * 100}
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(lambda _: server.request("POST", "/predict/batch", large), range(16)))


def test_each_alert_is_true_when_what_it_is_about_happens(tmp_path: Path):
    found = set()
    texts = {"model": MODEL, "max_batch": 100, "max_in_flight": 100, "drain_seconds": 120, "log_headlines": True}
    with RunningServer(MODEL, **texts) as server, RunningPrometheus(tmp_path, [server.port]) as prometheus:

        def true_now(*names: str) -> bool:
            found.update(rule["alert"] for rule in rules() if prometheus.query(rule["expr"]))
            return found.issuperset(names)

        def misused() -> bool:
            misuse(server)
            return true_now(
                "TopicsErrors", "TopicsOverloaded", "TopicsTopicDrift", "TopicsUnknownWordDrift", "TopicsOutsideDrift"
            )

        prometheus.wait_for(misused, "alerts about requests", 120)
        server.pause_reading.set()
        prometheus.wait_for(
            lambda: [server.predict("gold " * 3_900) for _ in range(60)] and true_now("TopicsLogLinesDropped"),
            "alert about the log",
            120,
        )
        server.pause_reading.clear()
        server.signal(signal.SIGTERM)
        prometheus.wait_for(
            lambda: server.get("/health/ready").status == 503 and true_now("TopicsNotReady"), "alert about readiness"
        )
        server.kill()
        prometheus.wait_for(lambda: true_now("TopicsDown"), "alert about the scrape")
        assert found | ABOUT_SOME == {rule["alert"] for rule in rules()}
        prometheus.wait_for(lambda: "TopicsDown" in prometheus.alerts(), "pending alert")
