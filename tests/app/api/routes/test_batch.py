"""POST /predict/batch."""

from collections.abc import Sequence

import pytest
from starlette.testclient import TestClient

from app.serving.batching import TimedBatch
from app.serving.chunks import CHUNK_TEXTS
from tests.app.conftest import Start
from tests.app.metrics import read

HEADLINES = ["Gold falls", "Wheat harvest", "unheard-of", "the", "Oil prices rise", "Gold falls"]


def batch(client: TestClient, headlines: object, **fields: object):
    return client.post("/predict/batch", json={"headlines": headlines, **fields})


def test_results_come_in_order_and_are_those_of_single_headlines(client: TestClient):
    answer = batch(client, HEADLINES, top_k=3).json()
    singles = [client.post("/predict", json={"headline": one, "top_k": 3}).json() for one in HEADLINES]
    assert answer["model"] == {"name": "tiny", "version": "1"}
    for result, single in zip(answer["results"], singles, strict=True):
        single.pop("model")
        assert result == single


def test_top_k_is_5_unless_given(client: TestClient):
    assert [len(one["predictions"]) for one in batch(client, ["gold", "wheat"]).json()["results"]] == [5, 5]


@pytest.mark.parametrize("size", [1, CHUNK_TEXTS - 1, CHUNK_TEXTS, CHUNK_TEXTS + 1, 1000])
def test_batch_of_1_to_1000_is_answered(client: TestClient, size: int):
    headlines = [f"gold filler{number % 30}" for number in range(size)]
    reply = batch(client, headlines, top_k=1)
    assert reply.status_code == 200
    assert len(reply.json()["results"]) == size
    assert {"encode", "predict"} == {
        part.strip().partition(";")[0] for part in reply.headers["server-timing"].split(",")
    }


def test_seconds_of_all_chunks_are_added_up(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    service = client.app.state.service
    classify = service.model().classify

    def timed(texts: Sequence[str], top_k: int) -> TimedBatch:
        return classify(texts, top_k)._replace(encoding=0.002, predicting=0.004)

    monkeypatch.setattr(service.model(), "classify", timed)
    before = read(client.get("/metrics").text)
    reply = batch(client, ["oil"] * (2 * CHUNK_TEXTS + 1))
    assert reply.headers["server-timing"] == "encode;dur=6.000, predict;dur=12.000"
    after = read(client.get("/metrics").text)
    added = {
        name: after(name) - before(name) for name in ("topics_inference_seconds_sum", "topics_inference_seconds_count")
    }
    assert added == pytest.approx({"topics_inference_seconds_sum": 0.018, "topics_inference_seconds_count": 1})


def test_batch_over_limit_is_413(client: TestClient):
    reply = batch(client, ["oil"] * 1001)
    assert reply.status_code == 413
    assert "1,000" in reply.json()["detail"]


def test_empty_batch_is_422(client: TestClient):
    assert batch(client, []).status_code == 422


@pytest.mark.parametrize("headlines", ["oil", None, {"0": "oil"}, 5])
def test_batch_that_is_not_a_list_is_422(client: TestClient, headlines: object):
    reply = batch(client, headlines)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["field"] == "headlines"


@pytest.mark.parametrize("bad", [None, 5, "", "x" * 20_001])
def test_one_bad_headline_is_422_that_names_its_place(client: TestClient, bad: object):
    reply = batch(client, ["oil", bad, "gold"])
    assert reply.status_code == 422
    assert [one["field"] for one in reply.json()["errors"]] == ["headlines.1"]


@pytest.mark.parametrize("top_k", [0, 47])
def test_top_k_outside_1_to_46_is_422(client: TestClient, top_k: int):
    assert batch(client, ["oil"], top_k=top_k).status_code == 422


def test_largest_batch_is_a_setting(start: Start):
    client = start(max_batch=2)
    assert [batch(client, ["oil"] * size).status_code for size in (2, 3)] == [200, 413]


def test_errors_of_a_thousand_bad_headlines_stay_a_short_answer(client: TestClient):
    reply = batch(client, [5] * 1000)
    assert reply.status_code == 422
    assert len(reply.content) < 20_000
