"""The shadow model: counted, never answering, never in the way."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector
from starlette.testclient import TestClient

from app.classifier import BundleError, load_classifier
from app.main import create_app
from app.serving import shadow as module
from app.serving.shadow import MAX_CHARACTERS, MAX_WAITING, SLICE_TEXTS, Shadow
from app.settings import load_settings
from app.telemetry.prometheus.shadow_metrics import Comparison, Difference, Pair, ShadowMetrics, comparison
from tests import any_bundles
from tests.app.metrics import Read, read
from tests.tiny_bundle import write_any_bundle

SAME = any_bundles.numbered(4)
MOVED = {"t0": ("Topic 0", "word1"), "t1": ("Topic 1", "word0"), "t2": ("Topic 2", "word2"), "t4": ("Topic 4", "word3")}
"""Agrees with SAME on word2, and on texts that neither knows."""

NEWS = {"model": "news/1", "shadow": "news/2"}
"""Labels of the comparison of `served` with `moved`."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_any_bundle(tmp_path_factory.mktemp("models") / "1", SAME, "news", "1")


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_any_bundle(tmp_path_factory.mktemp("models") / "2", MOVED, "news", "2")


class Running:
    """A shadow with a registry of its own."""

    def __init__(self, moved: Path, served: Path) -> None:
        self.registry = CollectorRegistry()
        self.served = load_classifier(served)
        self.metrics = ShadowMetrics(self.registry)
        self.shadow = Shadow(load_classifier(moved), self.served, self.metrics)

    def offer(self, texts: list[str]) -> None:
        self.shadow.offer(texts, self.served.classify(texts, 1))

    def value(self, name: str) -> float:
        return self.registry.get_sample_value(f"topics_shadow_{name}", NEWS) or 0

    def comparison(self) -> Comparison:
        return comparison(self.registry, self.metrics.pair)

    async def until_empty(self) -> None:
        async with asyncio.timeout(60):
            while self.shadow._waiting or self.shadow._timer:  # noqa: ASYNC110
                await asyncio.sleep(0.001)


@pytest.fixture
def running(moved: Path, served: Path) -> Running:
    return Running(moved, served)


def test_agreement_is_that_of_the_most_probable_topics_by_code(running: Running):
    async def main() -> None:
        running.offer(["word0", "word1", "word2", "word3", "unheard-of"])
        assert running.comparison().headlines == 0  # nothing happens before the answer has left
        await running.until_empty()

    asyncio.run(main())
    disagreed = {"topic": 3, "default_only": 0, "shadow_only": 0}
    assert running.comparison() == Comparison(headlines=5, agreed=2, disagreed=disagreed)
    assert running.value("confidence_count") == 4


def test_comparison_collects_only_the_metrics_of_the_shadow(running: Running):
    class OfARoute(Collector):
        """Stands for the thousands of samples of all routes and topics."""

        def describe(self) -> list[Metric]:
            return [Metric("http_requests", "", "counter")]

        def collect(self) -> list[Metric]:
            raise AssertionError("was collected")

    running.registry.register(OfARoute())
    running.metrics.compared([], [None] * 3)
    assert running.comparison().agreed == 3


def test_comparison_begins_again_with_another_shadow_or_default_model(served: Path, moved: Path):
    registry = CollectorRegistry()
    metrics = ShadowMetrics(registry)
    news1, news2 = load_classifier(served), load_classifier(moved)
    nothing = Comparison(headlines=0, agreed=0, disagreed=dict.fromkeys(get_args(Difference), 0))
    pairs = ((news1, news2), (news2, news2), (news2, news1))
    for number, (default, shadow) in enumerate(pairs, start=1):
        metrics.models_loaded(default, shadow)
        assert comparison(registry, metrics.pair) == nothing
        metrics.compared([], [None, "topic", "default_only", "shadow_only"] * number)
        assert comparison(registry, metrics.pair).agreed == number
    for number, pair in enumerate((("news/1", "news/2"), ("news/2", "news/2"), ("news/2", "news/1")), start=1):
        found = comparison(registry, Pair(*pair))
        assert (found.agreed, set(found.disagreed.values())) == (number, {number})


def test_disagreement_says_which_model_alone_gives_a_topic(tiny_bundle: Path, outside_bundle: Path):
    texts = ["election court football film oil", "gold ounce", "flurble"]
    for served, shadow, reason in (
        (outside_bundle, tiny_bundle, "shadow_only"),
        (tiny_bundle, outside_bundle, "default_only"),
    ):
        running = Running(shadow, served)
        outside = load_classifier(outside_bundle).classify(texts, 1)
        assert [one.abstained for one in outside] == ["outside", None, "no_known_words"]

        async def main(running: Running = running) -> None:
            running.offer(texts)
            await running.until_empty()

        asyncio.run(main())
        assert running.comparison().headlines == 3
        disagreed = running.comparison().disagreed
        assert {name: number for name, number in disagreed.items() if number} == {reason: 1}


def test_queue_is_bounded_and_what_does_not_fit_is_counted(running: Running):
    async def main() -> None:
        running.offer(["word2"] * (MAX_WAITING + 7))
        running.offer(["word2 " * MAX_CHARACTERS, "word2"])
        assert len(running.shadow._waiting) == MAX_WAITING
        await running.until_empty()
        running.offer(["word2 " * MAX_CHARACTERS])
        await running.until_empty()

    asyncio.run(main())
    assert running.value("dropped_total") == 7 + 2 + 1
    assert running.comparison().headlines == MAX_WAITING


def test_shadow_works_in_short_slices_with_long_pauses(running: Running, monkeypatch: pytest.MonkeyPatch):
    class Loop:
        """Takes the place of the event loop, and notes how long the shadow pauses."""

        def __init__(self) -> None:
            self.later: list[tuple[float, Callable[[], None]]] = []

        def call_later(self, delay: float, do: Callable[[], None]) -> object:
            self.later.append((delay, do))
            return self

    loop, sizes, now = Loop(), [], [100.0]
    classify = running.shadow.classifier.classify

    def slow(texts: list[str], top_k: int) -> object:
        sizes.append(len(texts))
        now[0] += 0.5
        return classify(texts, top_k)

    monkeypatch.setattr(module.asyncio, "get_running_loop", lambda: loop)
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(running.shadow.classifier, "classify", slow)
    running.offer(["word2"] * 40)
    while loop.later:
        delay, do = loop.later.pop()
        assert delay == pytest.approx(9.5 if sizes else module.MIN_PAUSE)
        do()
    assert sizes == [SLICE_TEXTS, SLICE_TEXTS, 40 - 2 * SLICE_TEXTS]


def test_every_count_begins_again_with_another_shadow(running: Running, served: Path, moved: Path):
    def counts(**labels: str) -> list[float | None]:
        names = ("headlines_total", "agreed_total", "dropped_total", "failed_total", "confidence_count")
        return [running.registry.get_sample_value(f"topics_shadow_{name}", labels) for name in names]

    [result] = running.served.classify(["word0"], 1)
    assert counts(**NEWS) == [0, 0, 0, 0, 0]
    running.metrics.compared([result], [None])
    running.metrics.dropped(2)
    running.metrics.failed(3)
    other = {"model": "news/2", "shadow": "news/1"}
    assert counts(**other) == [None] * 5
    running.metrics.models_loaded(load_classifier(moved), load_classifier(served))
    assert counts(**other) == [0, 0, 0, 0, 0]
    running.metrics.dropped(1)
    assert counts(**other) == [0, 0, 1, 0, 0]
    assert counts(**NEWS) == [1, 1, 2, 3, 1]


def test_failure_is_counted_and_logged_once_without_the_text(
    running: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fail(texts: list[str], top_k: int) -> None:
        raise ValueError(f"cannot read {texts}")

    monkeypatch.setattr(running.shadow.classifier, "classify", fail)

    async def main() -> None:
        for _ in range(3):
            running.offer(["a secret headline"])
            await running.until_empty()

    with caplog.at_level(logging.ERROR):
        asyncio.run(main())
    assert running.value("failed_total") == 3
    assert running.comparison().headlines == 0
    assert [record.getMessage() for record in caplog.records] == [
        "the shadow model failed (ValueError); topics_shadow_failed_total counts"
    ]


@pytest.fixture
def client(served: Path, moved: Path) -> Iterator[TestClient]:
    with TestClient(create_app(load_settings(model=served, shadow=moved, access_log=False))) as one:
        yield one


def scrape_when_compared(client: TestClient, headlines: int) -> Read:
    """The metrics once the shadow has classified this number of headlines."""
    for _ in range(2000):
        value = read(client.get("/metrics").text)
        if value("topics_shadow_headlines_total", **NEWS) >= headlines:
            return value
    raise AssertionError("the shadow does not work")


def test_answers_are_those_of_the_model_in_service_and_the_comparison_is_in_metrics_and_model(client: TestClient):
    words = ["word0", "word1", "word2", "word3"]
    answers = client.post("/predict/batch", json={"headlines": words}).json()
    assert answers["model"] == {"name": "news", "version": "1"}
    assert [one["predictions"][0]["topic"] for one in answers["results"]] == ["t0", "t1", "t2", "t3"]
    client.post("/predict", json={"headline": "word2"})
    tensor = {"name": "headline", "shape": [1], "datatype": "BYTES", "data": ["word2"]}
    client.post("/v2/models/news/infer", json={"inputs": [tensor]})
    value = scrape_when_compared(client, 6)
    compared = [value(f"topics_shadow_{name}_total", **NEWS) for name in ("headlines", "agreed")]
    assert compared == [6, 3]
    assert value("topics_shadow_disagreed_total", **NEWS, reason="topic") == 3
    assert value("topics_headlines_total") == value("topics_model_headlines_total", model="news/1") == 6
    assert value("topics_model_headlines_total", model="news/2") == 0
    shadow = client.get("/model").json()["shadow"]
    assert (shadow["name"], shadow["version"], shadow["headlines"], shadow["agreed"]) == ("news", "2", 6, 3)
    assert shadow["disagreed"] == {"topic": 3, "default_only": 0, "shadow_only": 0}
    assert value("topics_shadow_info", name="news", version="2", digest=shadow["digest"]) == 1


def test_shadow_answers_nobody(client: TestClient):
    assert [one["version"] for one in client.get("/model").json()["models"]] == ["1"]
    assert client.post("/predict?model=news/2", json={"headline": "word0"}).status_code == 404
    assert client.get("/v2/models/news/versions/2").status_code == 404
    assert client.get("/v2/models/news").json()["versions"] == ["1"]


def test_other_models_are_not_compared(served: Path, moved: Path, tiny_bundle: Path):
    settings = load_settings(model=(served, tiny_bundle), shadow=moved, access_log=False)
    with TestClient(create_app(settings)) as client:
        client.post("/predict?model=tiny", json={"headline": "opec"})
        client.post("/predict", json={"headline": "word2"})
        assert scrape_when_compared(client, 1)("topics_shadow_headlines_total", **NEWS) == 1


def test_shadow_that_fails_verification_prevents_the_start_and_names_its_setting(served: Path, tmp_path: Path):
    with (
        pytest.raises(BundleError, match=r"^TOPICS_SHADOW: \S+: no such bundle folder; [^.]+\.json\.$"),
        TestClient(create_app(load_settings(model=served, shadow=tmp_path / "nowhere"))),
    ):
        pass
