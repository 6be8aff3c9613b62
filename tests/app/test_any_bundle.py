"""The service with bundles of 2 to 400 topics, in several scripts, with codes and names of any characters."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import load_settings
from tests import any_bundles
from tests.app.metrics import read

REUTERS = re.compile(r"\b46\b|reuters|\bwires?\b|english|\bcrude\b|opec", re.IGNORECASE)
"""What only a bundle of the Reuters topics may say."""


@pytest.fixture(scope="module", params=any_bundles.BUNDLES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def topics(kind: str) -> any_bundles.Topics:
    return any_bundles.BUNDLES[kind][0]


@pytest.fixture(scope="module")
def any_client(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    bundle = any_bundles.write(tmp_path_factory.mktemp("models") / "bundle", kind)
    with TestClient(create_app(load_settings(model=bundle, access_log=False))) as one:
        yield one


def texts(topics: any_bundles.Topics) -> list[str]:
    """A text about each topic."""
    return [word for _, word in topics.values()]


def test_each_text_gets_its_topic_alone_and_in_a_batch(any_client: TestClient, topics: any_bundles.Topics):
    answers = any_client.post("/predict/batch", json={"headlines": texts(topics)}).json()["results"]
    assert [one["predictions"][0]["topic"] for one in answers] == list(topics)
    assert [one["predictions"][0]["name"] for one in answers] == [name for name, _ in topics.values()]
    assert {len(one["predictions"]) for one in answers} == {min(5, len(topics))}
    alone = any_client.post("/predict", json={"headline": texts(topics)[-1]}).json()
    assert alone["predictions"] == answers[-1]["predictions"]


def described(client: TestClient) -> dict[str, Any]:
    """What the page contains, so that it need not ask for it."""
    [found] = re.findall('id="description">(.*?)</script>', client.get("/").text)
    return dict(json.loads(found))


def test_page_contains_the_answer_to_its_first_example(any_client: TestClient, topics: any_bundles.Topics):
    page = described(any_client)
    body = {"headline": page["model"]["examples"][0], "top_k": len(topics), "explain": True}
    assert page["answer"] == any_client.post("/predict", json=body).json()


def test_page_without_a_short_example_contains_no_answer(tmp_path: Path):
    bundle = any_bundles.write(tmp_path / "bundle", "four", golden=["word1 " * 50])
    with TestClient(create_app(load_settings(model=bundle, access_log=False))) as client:
        page = described(client)
    assert (page["model"]["examples"], page["answer"]) == ([], None)


def test_top_k_runs_from_1_to_the_number_of_topics(any_client: TestClient, topics: any_bundles.Topics, kind: str):
    for path, body in (("/predict", {"headline": "x y"}), ("/predict/batch", {"headlines": [texts(topics)[0]]})):
        assert any_client.post(path, json=body | {"top_k": len(topics)}).status_code == 200
        refused = any_client.post(path, json=body | {"top_k": len(topics) + 1})
        assert refused.status_code == 422
        assert refused.json()["errors"] == [{"field": "top_k", "message": f"must be at most {len(topics)}"}]
    whole = any_client.post("/predict", json={"headline": texts(topics)[0], "top_k": len(topics)}).json()["predictions"]
    if kind != "several":
        assert sum(one["probability"] for one in whole) == pytest.approx(1, abs=1e-5)


def test_explanation_is_of_any_topic(any_client: TestClient, topics: any_bundles.Topics):
    for code in topics:
        body = {"headline": texts(topics)[0], "explain": True, "explain_topic": code}
        answer = any_client.post("/predict", json=body)
        assert answer.json()["explanation"]["topic"] == code


def test_v2_infers_with_all_probabilities_and_describes_the_model(
    any_client: TestClient, topics: any_bundles.Topics, kind: str
):
    name = any_bundles.BUNDLES[kind][1].get("name", "any")
    outputs = {one["name"]: one["shape"] for one in any_client.get(f"/v2/models/{name}").json()["outputs"]}
    assert outputs["probabilities"] == [-1, len(topics)]
    tensor = {"name": "headline", "shape": [1], "datatype": "BYTES", "data": [texts(topics)[-1]]}
    classes = {"name": "probabilities", "parameters": {"classification": len(topics)}}
    answer = any_client.post(
        f"/v2/models/{name}/infer", json={"inputs": [tensor], "outputs": [{"name": "topic"}, classes]}
    )
    topic, probabilities = answer.json()["outputs"]
    assert topic["data"] == [list(topics)[-1]]
    assert probabilities["shape"] == [1, len(topics)]


def test_topics_and_model_are_those_of_the_manifest(any_client: TestClient, topics: any_bundles.Topics, kind: str):
    listed = any_client.get("/topics").json()["topics"]
    assert [(one["topic"], one["name"]) for one in listed] == [(code, name) for code, (name, _) in topics.items()]
    more = any_bundles.BUNDLES[kind][1]
    model = any_client.get("/model").json()
    assert model["language"] == more.get("language")
    names = {"any": "Any", "support-requests": "Support requests"}
    assert model["title"] == more.get("title", names.get(model["name"]))
    assert model["examples"][:2] == texts(topics)[:2]
    assert all(0 < len(one) <= 200 for one in model["examples"])
    answers = any_client.post("/predict/batch", json={"headlines": model["examples"]}).json()["results"]
    read = zip(model["examples"], answers, strict=True)
    assert model["unreadable_examples"] == [one for one, each in read if each["abstained"] == "no_known_words"]
    assert [one["name"] for one in model["models"]] == [model["name"]]
    assert model["shadow"] is None


def test_openapi_has_the_models_limits_and_examples(any_client: TestClient, topics: any_bundles.Topics):
    document = any_client.get("/openapi.json")
    schemas = document.json()["components"]["schemas"]
    for name in ("PredictRequest", "BatchRequest"):
        top_k = schemas[name]["properties"]["top_k"]
        assert (top_k["minimum"], top_k["maximum"], top_k["default"]) == (1, len(topics), min(5, len(topics)))
    code, _ = schemas["PredictRequest"]["properties"]["explain_topic"]["anyOf"]
    assert code["maxLength"] == max(200, *map(len, topics))
    for path, schema in (("/predict", "PredictRequest"), ("/predict/batch", "BatchRequest")):
        [example] = schemas[schema]["examples"]
        assert any_client.post(path, json=example).status_code == 200
    assert f"into {len(topics)} topics" in document.json()["info"]["summary"]
    assert not REUTERS.findall(document.text)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.scripts = 0
        self._open: str | None = None

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.scripts += tag == "script" and ("type", "application/json") not in attrs
        self._open = tag if tag in {"title", "bdi"} else None

    def handle_endtag(self, tag: str) -> None:
        self._open = None

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open] = self.texts.get(self._open, "") + data


def test_page_has_the_models_title_as_text(any_client: TestClient, topics: any_bundles.Topics):
    page = any_client.get("/").text
    title = any_client.get("/model").json()["title"]
    tags = _Tags()
    tags.feed(page)
    assert tags.texts == {"title": title, "bdi": title}
    assert tags.scripts == 1
    assert f">{len(topics)}</span> topics" in page
    text = re.sub(r'(?s)<script type="application/json".*?</script>', "", page)  # the answers of /model and /topics
    assert not REUTERS.findall(text.replace(title, ""))
    for path in ("/docs", "/model/card"):
        assert not REUTERS.findall(any_client.get(path).text)


def test_metrics_count_each_topic_under_its_code(any_client: TestClient, topics: any_bundles.Topics):
    before = read(any_client.get("/metrics").text)
    any_client.post("/predict/batch", json={"headlines": texts(topics)})
    after = read(any_client.get("/metrics").text)
    for code in topics:
        assert after("topics_predictions_total", topic=code) - before("topics_predictions_total", topic=code) == 1


def test_errors_name_the_models_own_topics_and_models(any_client: TestClient):
    for path, body in (
        ("/predict", {"headline": "x", "explain": True, "explain_topic": "no such topic"}),
        ("/predict", {"headline": ""}),
        ("/v2/models/nothing/infer", {"inputs": []}),
    ):
        answer = any_client.post(path, json=body)
        assert 400 <= answer.status_code < 500
        assert not REUTERS.findall(json.dumps(answer.json()))
