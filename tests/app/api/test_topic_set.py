"""Prediction sets as the service, the command line and the client show them."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from app.__main__ import main
from tests.app.conftest import Start
from tests.tiny_bundle import SHARES, write_sets_bundle

SETS = {
    "certain": ["crude"],
    "torn": ["gas", "crude"],
    "vague": ["wheat", "grain", "rubber", "cocoa", "coffee"],
}
"""Topics of the prediction set, most probable first; the threshold is 0.125."""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sets_bundle(tmp_path_factory.mktemp("models") / "sets" / "1")


@pytest.fixture
def client(start: Start, bundle: Path) -> TestClient:
    return start(model=bundle)


def predict(client: TestClient, headline: str, **fields: object) -> dict:
    reply = client.post("/predict", json={"headline": headline, **fields})
    assert reply.status_code == 200
    return reply.json()


@pytest.mark.parametrize("top_k", [1, 2, 5, 46])
@pytest.mark.parametrize("word", SETS)
def test_set_is_the_same_for_every_top_k(client: TestClient, word: str, top_k: int):
    answer = predict(client, word, top_k=top_k)
    assert answer["topic_set"] == SETS[word]
    assert len(answer["predictions"]) == top_k
    shown = [one["topic"] for one in answer["predictions"]]
    length = min(top_k, len(SETS[word]))
    assert shown[:length] == SETS[word][:length]


def test_topics_exactly_at_the_threshold_are_in_the_set(client: TestClient):
    answer = predict(client, "even")
    assert sorted(answer["topic_set"]) == sorted(SHARES["even"])  # eight topics, although top_k is five
    assert [one["probability"] for one in answer["predictions"]] == [0.125] * 5


def test_each_headline_of_a_batch_has_its_own_set(client: TestClient):
    words = [*SETS, "unheard", "scarce", *reversed(SETS)]
    answer = client.post("/predict/batch", json={"headlines": words, "top_k": 1}).json()
    assert [one["topic_set"] for one in answer["results"]] == [SETS.get(word, []) for word in words]
    assert [len(one["predictions"]) for one in answer["results"]] == [1, 1, 1, 0, 0, 1, 1, 1]


def test_answer_without_a_known_word_has_an_empty_set(client: TestClient):
    answer = predict(client, "unheard")
    assert (answer["predictions"], answer["topic_set"], answer["abstained"]) == ([], [], "no_known_words")


def test_low_confidence_still_shows_the_set(start: Start, bundle: Path):
    answer = predict(start(model=bundle, min_probability=0.3), "vague")
    assert (answer["topic_set"], answer["abstained"]) == (SETS["vague"], "low_confidence")


def test_model_says_how_often_the_set_holds_the_topic(client: TestClient):
    assert client.get("/model").json()["topic_set"] == {"coverage": 0.9, "threshold": 0.125}


def test_bundle_without_sets_answers_null(start: Start, tmp_path: Path):
    client = start(model=write_sets_bundle(tmp_path / "1", None))
    assert [predict(client, word)["topic_set"] for word in ("certain", "unheard")] == [None, None]
    batch = client.post("/predict/batch", json={"headlines": ["certain", "unheard"]}).json()
    assert [one["topic_set"] for one in batch["results"]] == [None, None]
    assert client.get("/model").json()["topic_set"] is None


@pytest.mark.parametrize("top_k", [1, 3])
def test_wide_set_adds_no_columns_to_the_command_lines_rows(bundle: Path, monkeypatch: pytest.MonkeyPatch, top_k: int):
    monkeypatch.setenv("TOPICS_MODEL", str(bundle))
    arguments = ["classify", "vague", "certain", "--top-k", str(top_k)]
    [vague, certain] = [json.loads(line) for line in CliRunner().invoke(main, arguments).stdout.splitlines()]
    assert (vague["topic"], certain["topic"]) == ("wheat", "crude")
    assert [vague.get(f"topic_{rank}") for rank in (2, 3, 4)] == [*SETS["vague"][1:top_k], None, None, None][:3]
    table = list(csv.reader(io.StringIO(CliRunner().invoke(main, [*arguments, "--format", "csv"]).stdout)))
    assert [len(row) for row in table] == [len(vague)] * 3


@pytest.mark.parametrize("classes", [1, 2, 46])
def test_v2_gives_as_many_classes_as_asked_for_whatever_the_set(client: TestClient, classes: int):
    tensor = {"name": "headline", "shape": [2], "datatype": "BYTES", "data": ["vague", "certain"]}
    outputs = [{"name": "topic"}, {"name": "probabilities", "parameters": {"classification": classes}}]
    reply = client.post("/v2/models/sets/infer", json={"inputs": [tensor], "outputs": outputs})
    [topic, probabilities] = reply.json()["outputs"]
    assert topic["data"] == ["wheat", "crude"]
    assert probabilities["shape"] == [2, classes]
    named = [one.split(":")[2] for one in probabilities["data"]]
    assert (named[0], named[classes]) == ("wheat", "crude")
