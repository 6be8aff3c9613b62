"""Which services are compared, and how they are asked."""

import json
from pathlib import Path

import pytest

from benchmarks.environment import InstallationError
from benchmarks.speed import targets
from benchmarks.speed.apis import BENTOML, LITSERVE, OPEN_INFERENCE, OWN
from benchmarks.speed.loads import BATCH, write_bodies
from benchmarks.speed.targets import FRAMEWORKS, TARGETS, installed

PREDICTIONS = [{"topic": "gold"}, {"topic": "crude"}]


def test_framework_that_cannot_be_installed_is_reported_and_left_out(monkeypatch: pytest.MonkeyPatch):
    def install(folder: Path, *_: object) -> Path:
        if folder.name == "mlserver":
            raise InstallationError("No matching distribution")
        return folder

    monkeypatch.setattr(targets, "install", install)
    said: list[str] = []
    found = installed(said.append)
    assert found == (*TARGETS, *[one for one in FRAMEWORKS if one.name != "MLServer"])
    assert said == ["MLServer is not measured, its packages cannot be installed: No matching distribution"]


def test_each_framework_has_its_program_and_pinned_packages():
    for framework in FRAMEWORKS:
        folder = Path(targets.__file__).parent / "framework_peers"
        assert (folder / f"{framework.framework}.py").exists()
        lines = (folder / "requirements" / f"{framework.environment}.txt").read_text().splitlines()
        assert all("==" in line for line in lines)


@pytest.mark.parametrize(
    ("api", "answer"),
    [
        (OWN, {"predictions": PREDICTIONS}),
        (LITSERVE, [PREDICTIONS]),
        (BENTOML, [PREDICTIONS]),
        (OPEN_INFERENCE, {"outputs": [{"name": "topic", "data": ["gold", "crude"]}]}),
    ],
)
def test_bodies_have_all_headlines_and_answers_a_best_topic(
    api: targets.Api, answer: object, tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TOPICS_MODEL", str(tiny_bundle))
    files = write_bodies(tmp_path, api)
    assert api.best(answer) == "gold"
    singles, batches = (files[size].read_text().splitlines() for size in (1, BATCH))
    assert len(singles) == len(batches) * BATCH
    assert [headline for line in batches for headline in sent(json.loads(line))] == [
        sent(json.loads(one))[0] for one in singles
    ]


def sent(body: dict) -> list[str]:
    if "inputs" in body:
        [tensor] = body["inputs"]
        assert tensor["shape"] == [len(tensor["data"])]
        return tensor["data"]
    return body.get("headlines") or [body["headline"]]
