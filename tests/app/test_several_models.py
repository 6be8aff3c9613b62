"""Several models in one service: TOPICS_MODEL with more than one folder."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient
from starlette.testclient import TestClient

from app.classifier import BundleError
from app.main import create_app
from app.settings import SettingsError, load_settings
from tests import any_bundles
from tests.app.metrics import read
from tests.tiny_bundle import write_any_bundle, write_outside_bundle

WORD = {"tiny/1": "opec", "news/1": "국회", "news/2": "word9", "strange/1": "quotes"}
"""A word of each model that the others do not know."""
TOPICS = {"tiny/1": 46, "news/1": 4, "news/2": 150, "strange/1": 10}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, tiny_bundle: Path) -> list[Path]:
    models = tmp_path_factory.mktemp("several")
    return [
        tiny_bundle,
        write_any_bundle(models / "news" / "1", any_bundles.KOREAN, "news", "1", format=3, language="ko"),
        write_any_bundle(models / "news" / "2", any_bundles.numbered(150), "news", "2"),
        write_any_bundle(models / "strange" / "1", any_bundles.STRANGE, "strange", "1"),
    ]


@pytest.fixture(scope="module")
def several(folders: list[Path]) -> Iterator[TestClient]:
    with TestClient(create_app(load_settings(model=",".join(map(str, folders)), access_log=False))) as client:
        yield client


@pytest.mark.parametrize("name", WORD)
def test_model_is_chosen_by_name_and_version(several: TestClient, name: str):
    for query in (name, name.replace("/", "%2F")):
        answer = several.post(f"/predict?model={query}", json={"headline": WORD[name], "explain": True}).json()
        assert f"{answer['model']['name']}/{answer['model']['version']}" == name
        assert answer["words"]["known"] == 1
        assert answer["explanation"]["topic"] == answer["predictions"][0]["topic"]
        batch = several.post(f"/predict/batch?model={query}", json={"headlines": [WORD[name]], "top_k": 3}).json()
        assert batch["model"] == answer["model"]
        assert batch["results"][0]["predictions"] == answer["predictions"][:3]
        assert len(several.get(f"/topics?model={query}").json()["topics"]) == TOPICS[name]
        described = several.get(f"/model?model={query}").json()
        assert (described["name"], described["version"]) == tuple(name.split("/"))


def test_without_a_model_the_first_answers_and_a_name_alone_means_its_first_version(several: TestClient):
    assert several.post("/predict", json={"headline": "x"}).json()["model"] == {"name": "tiny", "version": "1"}
    assert several.get("/model").json()["name"] == "tiny"
    assert several.get("/model?model=news").json()["version"] == "1"


def test_openapi_says_what_a_name_without_a_version_means(several: TestClient):
    paths = several.get("/openapi.json").json()["paths"]
    told = {
        path: [one["description"] for one in operation.get("parameters", ()) if one["name"] in ("model", "name")]
        for path, methods in paths.items()
        for operation in methods.values()
    }
    chosen = {path: " ".join(texts) for path, texts in told.items() if texts}
    assert chosen.keys() >= {"/predict", "/predict/batch", "/topics", "/model", "/v2/models/{name}/infer"}
    assert [path for path, text in chosen.items() if "first" not in text] == []
    assert "need not be the highest version" in chosen["/predict"]


def test_model_lists_all_in_order_with_their_digests(several: TestClient):
    for query in ("", "?model=strange"):
        models = several.get(f"/model{query}").json()["models"]
        assert [f"{one['name']}/{one['version']}" for one in models] == list(WORD)
    for one in models:
        chosen = several.get(f"/model?model={one['name']}/{one['version']}").json()
        assert chosen["digest"] == one["digest"]


@pytest.mark.parametrize("name", WORD)
def test_v2_serves_each_name_and_version(several: TestClient, name: str):
    model, version = name.split("/")
    tensor = {"name": "headline", "shape": [1], "datatype": "BYTES", "data": [WORD[name]]}
    path = f"/v2/models/{model}/versions/{version}"
    answer = several.post(f"{path}/infer", json={"inputs": [tensor], "outputs": [{"name": "probabilities"}]}).json()
    assert (answer["model_name"], answer["model_version"]) == (model, version)
    assert answer["outputs"][0]["shape"] == [1, TOPICS[name]]
    assert several.get(f"{path}/ready").json() == {"name": model, "ready": True}
    described = several.get(path).json()
    assert described["versions"] == (["1", "2"] if model == "news" else ["1"])
    assert described["outputs"][2]["shape"] == [-1, TOPICS[name]]


def test_top_k_is_limited_by_the_chosen_model(several: TestClient):
    for name, topics in TOPICS.items():
        for top_k, status in ((topics, 200), (topics + 1, 422)):
            body = {"headline": WORD[name], "top_k": top_k}
            assert several.post(f"/predict?model={name}", json=body).status_code == status
    top_k = several.get("/openapi.json").json()["components"]["schemas"]["PredictRequest"]["properties"]["top_k"]
    assert top_k["maximum"] == 150


@pytest.mark.parametrize(
    "query", ["other", "news/3", "NEWS", "", "news/", "/1", "news/1/", "news%00", "x" * 5000, "%ff"]
)
def test_unknown_model_is_404_with_the_names_that_there_are(several: TestClient, query: str):
    for method, path, body in (
        ("POST", "/predict", {"headline": "x"}),
        ("POST", "/predict/batch", {"headlines": ["x"]}),
        ("GET", "/topics", None),
        ("GET", "/model", None),
        ("GET", "/model/card", None),
    ):
        answer = several.request(method, f"{path}?model={query}", json=body)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["title"] == "Model not found"
        assert answer.json()["detail"].endswith("this service has tiny/1, news/1, news/2, strange/1.")
        assert len(answer.json()["detail"]) < 400


@pytest.mark.parametrize("query", ["model=news&model=tiny", "model=news&x=1", "models=news", "Model=news", "top_k=3"])
def test_other_queries_are_refused(several: TestClient, query: str):
    assert several.post(f"/predict?{query}", json={"headline": "x"}).status_code == 422
    assert several.get(f"/topics?{query}").status_code == 422


def test_misspelt_parameter_gets_a_hint(several: TestClient):
    [error] = several.get("/topics?models=news").json()["errors"]
    assert error == {"field": "query.models", "message": "unknown query parameter; did you mean model?"}


def test_card_and_its_plots_are_those_of_the_chosen_model(several: TestClient):
    assert "<title>Model card: news 2</title>" in several.get("/model/card?model=news/2").text
    assert "<title>Model card: tiny 1</title>" in several.get("/model/card").text


def test_metrics_tell_the_models_apart_and_drift_is_that_of_the_first(several: TestClient):
    before = read(several.get("/metrics").text)
    for name, number in (("tiny/1", 3), ("news/1", 5)):
        several.post(f"/predict/batch?model={name}", json={"headlines": [WORD[name]] * number})
    several.post("/predict?model=news/1", json={"headline": "unheard-of"})
    after = read(several.get("/metrics").text)

    def added(metric: str, /, **labels: str) -> float:
        return after(metric, **labels) - before(metric, **labels)

    assert added("topics_headlines_total") == 9
    assert added("topics_model_headlines_total", model="tiny/1") == 3
    assert added("topics_model_headlines_total", model="news/1") == 6
    assert added("topics_model_confidence_count", model="news/1") == 5
    assert added("topics_model_abstained_total", model="news/1", reason="no_known_words") == 1
    assert added("topics_confidence_count") == added("topics_unknown_word_ratio_count") == 3
    assert added("topics_abstained_total", reason="no_known_words") == 0
    assert added("topics_predictions_total", topic="crude") == 3
    for name in WORD:
        digest = several.get(f"/model?model={name}").json()["digest"]
        model, version = name.split("/")
        assert after("topics_model_info", name=model, version=version, digest=digest) == 1


def test_service_is_ready_only_while_every_model_reproduces_its_golden_headlines(
    several: TestClient, monkeypatch: pytest.MonkeyPatch
):
    service = several.app.state.service  # type: ignore[attr-defined]

    def fail() -> None:
        raise BundleError("other probabilities.")

    for one in service.models:
        monkeypatch.setattr(service, "_verified_at", 0.0)
        with monkeypatch.context() as patch:
            patch.setattr(one.classifier, "verify_golden", fail)
            assert several.get("/health/ready").status_code == 503
        assert several.get("/health/ready").status_code == 200


def test_same_name_and_version_twice_prevents_the_start_with_one_sentence(tiny_bundle: Path, folders: list[Path]):
    for model in ((tiny_bundle, folders[1], tiny_bundle), (tiny_bundle, write_again(tiny_bundle))):
        with (
            pytest.raises(BundleError, match=r"^TOPICS_MODEL: \S+ and \S+ are both tiny/1; [^.]+\.$"),
            TestClient(create_app(load_settings(model=model))),
        ):
            pass


def write_again(bundle: Path) -> Path:
    """A different bundle with the same name and version."""
    return write_outside_bundle(bundle.parent / "again")


def test_folders_are_separated_by_commas_and_a_path_is_one_folder():
    assert load_settings(model="a/1, b/2,,").model == (Path("a/1"), Path("b/2"))
    assert load_settings(model=Path("a,b")).model == (Path("a,b"),)
    for empty in (",", " , "):
        with pytest.raises(SettingsError, match=r'^TOPICS_MODEL: "[ ,]+": it has no folder; '):
            load_settings(model=empty)


def test_requests_for_several_models_at_once_get_their_own_answers(several: TestClient):
    async def main() -> list[tuple[str, str]]:
        transport = ASGITransport(several.app)
        async with AsyncClient(transport=transport, base_url="http://x") as client:
            names = [*WORD] * 25
            answers = await asyncio.gather(
                *(client.post(f"/predict?model={one}", json={"headline": WORD[one]}) for one in names)
            )
            models = [answer.json()["model"] for answer in answers]
            return [(one, f"{model['name']}/{model['version']}") for one, model in zip(names, models, strict=True)]

    assert all(asked == answered for asked, answered in several.portal.call(main))  # type: ignore[union-attr]
