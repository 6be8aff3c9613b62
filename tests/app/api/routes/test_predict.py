"""POST /predict."""

import pytest
from starlette.testclient import TestClient

from app.classifier import TopicClassifier
from app.classifier.bundle import load_bundle
from tests.app.conftest import Start

HEADLINE = "Oil prices rise as OPEC cuts crude output"


def predict(client: TestClient, headline: object = HEADLINE, **fields: object):
    return client.post("/predict", json={"headline": headline, **fields})


def test_answer_has_the_fields_of_the_contract(client: TestClient):
    reply = predict(client, top_k=2)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json"
    answer = reply.json()
    assert set(answer) == {"predictions", "topic_set", "outside", "words", "abstained", "model"}
    first, second = answer["predictions"]
    assert first == {"topic": "crude", "name": first["name"], "label": 16, "probability": first["probability"]}
    assert first["probability"] > second["probability"]
    assert answer["words"] == {"known": 6, "rare": 0, "unknown": ["as", "cuts"]}
    assert answer["abstained"] is None
    assert answer["model"] == {"name": "tiny", "version": "1"}


def test_probabilities_are_the_golden_ones(client: TestClient, tiny_bundle):
    golden = load_bundle(tiny_bundle).golden[0]
    answer = predict(client, golden.headline, top_k=46).json()["predictions"]
    assert {one["label"]: one["probability"] for one in answer} == pytest.approx(
        dict(enumerate(golden.probabilities)), abs=1e-6
    )


def test_46_probabilities_sum_to_1_most_probable_first(client: TestClient):
    probabilities = [one["probability"] for one in predict(client, top_k=46).json()["predictions"]]
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)
    assert probabilities == sorted(probabilities, reverse=True)


@pytest.mark.parametrize("top_k", [1, 5, 46])
def test_top_k_is_how_many_topics_come_back(client: TestClient, top_k: int):
    assert len(predict(client, top_k=top_k).json()["predictions"]) == top_k


def test_top_k_is_5_unless_given(client: TestClient):
    assert len(predict(client).json()["predictions"]) == 5


@pytest.mark.parametrize("top_k", [0, 47, -1, 10**30, "5", 2.5, True, None, [], {}])
def test_top_k_outside_1_to_46_is_422_that_names_it(client: TestClient, top_k: object):
    reply = predict(client, top_k=top_k)
    assert reply.status_code == 422
    assert [one["field"] for one in reply.json()["errors"]] == ["top_k"]


@pytest.mark.parametrize("headline", [None, 5, True, [], {}, ["oil"], ""])
def test_headline_that_is_not_a_text_is_422_that_names_it(client: TestClient, headline: object):
    reply = predict(client, headline)
    assert reply.status_code == 422
    assert [one["field"] for one in reply.json()["errors"]] == ["headline"]


@pytest.mark.parametrize("body", ["{}", "[]", "null", '"oil"', "5", '{"headlines":["oil"]}'])
def test_json_that_is_not_a_predict_request_is_422(client: TestClient, body: str):
    assert client.post("/predict", content=body).status_code == 422


def test_20000_characters_fit_and_one_more_is_422(client: TestClient):
    assert predict(client, "é" * 20_000).status_code == 200
    reply = predict(client, "é" * 20_001)
    assert reply.status_code == 422
    assert "20,000" in reply.json()["detail"]


def test_longest_text_is_a_setting(start: Start):
    client = start(max_characters=3)
    assert [predict(client, text).status_code for text in ("oil", "oils")] == [200, 422]


@pytest.mark.parametrize("headline", ["qwertz uiop", "zimbabwe", "...", "\u3000"])
def test_text_without_a_known_word_gets_no_guess(client: TestClient, headline: str):
    answer = predict(client, headline).json()
    assert (answer["predictions"], answer["abstained"]) == ([], "no_known_words")


def test_answer_below_the_least_probability_is_marked(start: Start):
    answer = predict(start(min_probability=1), "the").json()
    assert answer["abstained"] == "low_confidence"
    assert len(answer["predictions"]) == 5


def test_explanation_says_what_each_word_did_where_it_stands(client: TestClient):
    explanation = predict(client, explain=True).json()["explanation"]
    assert explanation["topic"] == "crude"
    words = explanation["words"]
    assert [HEADLINE[one["start"] : one["end"]].lower() for one in words] == [one["word"] for one in words]
    assert max(words, key=lambda one: one["effect"])["word"] in {"oil", "opec", "crude"}


def test_explanation_of_a_chosen_topic(client: TestClient):
    assert predict(client, explain=True, explain_topic="gold").json()["explanation"]["topic"] == "gold"


def test_explanation_of_an_unknown_topic_is_422(client: TestClient):
    reply = predict(client, explain=True, explain_topic="weather")
    assert reply.status_code == 422
    assert "GET /topics" in reply.json()["detail"]


def test_explanation_only_where_asked_for(client: TestClient):
    assert "explanation" not in predict(client).json()


def test_server_timing_tells_encode_and_predict(client: TestClient):
    parts = dict(part.strip().split(";dur=") for part in predict(client).headers["server-timing"].split(","))
    assert set(parts) == {"encode", "predict"}
    assert all(0 <= float(milliseconds) < 10_000 for milliseconds in parts.values())


def test_single_headline_alone_has_the_seconds_of_its_batch(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    service = client.app.state.service
    monkeypatch.setattr(
        service.model().batcher,
        "_classify",
        lambda texts, top_k: service.model().classify(texts, top_k)._replace(encoding=0.002, predicting=0.004),
    )
    assert predict(client).headers["server-timing"] == "encode;dur=2.000, predict;dur=4.000"


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/x+json"]
)
def test_json_under_any_of_its_names_is_taken(client: TestClient, content_type: str):
    reply = client.post("/predict", content='{"headline":"oil"}', headers={"content-type": content_type})
    assert reply.status_code == 200


def test_without_a_content_type_the_body_is_taken_for_json(client: TestClient):
    assert client.post("/predict", content=b'{"headline":"oil"}').status_code == 200


def test_answers_are_the_classifiers(client: TestClient):
    classifier: TopicClassifier = client.app.state.service.classifier
    [expected] = classifier.classify([HEADLINE], 3)
    answer = predict(client, top_k=3).json()["predictions"]
    assert [one["label"] for one in answer] == expected.labels
