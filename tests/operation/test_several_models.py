"""Several models and a shadow with several workers: shared memory, reload of all or none, one comparison."""

import shutil
import signal
from pathlib import Path

import pytest

from tests import any_bundles
from tests.server import RunningServer
from tests.tiny_bundle import write_any_bundle
from tests.waiting import wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def folders(tmp_path: Path, tiny_bundle: Path) -> list[Path]:
    news = write_any_bundle(tmp_path / "news" / "1", any_bundles.KOREAN, "news", "1")
    return [Path(shutil.copytree(tiny_bundle, tmp_path / "tiny" / "1")), news]


def names(server: RunningServer) -> set[tuple[str, ...]]:
    """The models that the workers list, of many requests, each on a connection of its own."""
    answers = [server.get("/model").json()["models"] for _ in range(20)]
    return {tuple(f"{one['name']}/{one['version']}" for one in models) for models in answers}


def test_reload_replaces_all_models_or_none(folders: list[Path]) -> None:
    with RunningServer(folders[0], model=",".join(map(str, folders)), workers=2, access_log=False) as server:
        assert names(server) == {("tiny/1", "news/1")}
        broken = folders[1] / "word_index.json"
        whole = broken.read_bytes()
        shutil.rmtree(folders[0])
        write_any_bundle(folders[0], any_bundles.numbered(3), "three", "1")
        broken.write_bytes(b"{}" + whole[2:])
        server.signal(signal.SIGHUP)
        server.wait_line("aborting the reload")
        assert names(server) == {("tiny/1", "news/1")}
        broken.write_bytes(whole)
        server.signal(signal.SIGHUP)
        server.wait_line("replacing the workers")
        wait_for(lambda: names(server) == {("three/1", "news/1")}, why=lambda: server.output)
        answer = server.request("POST", "/predict?model=news", {"headline": "국회"})
        assert answer.json()["predictions"][0]["topic"] == "정치"


def test_comparison_with_the_shadow_is_that_of_all_workers(folders: list[Path]) -> None:
    with RunningServer(folders[0], shadow=folders[0], workers=2, access_log=False) as server:
        headlines = ["opec", "wheat", "zzyzx", "한국"] * 10
        for _ in range(10):
            assert server.request("POST", "/predict/batch", {"headlines": headlines}).status == 200
        wait_for(lambda: server.get("/model").json()["shadow"]["headlines"] >= 400)
        shadow = server.get("/model").json()["shadow"]
        assert (shadow["headlines"], shadow["agreed"]) == (400, 400)
        assert b'topics_shadow_agreed_total{model="tiny/1",shadow="tiny/1"} 400.0' in server.get("/metrics").body
        assert "한국" not in server.output


def test_comparison_begins_again_when_sighup_replaces_the_shadow(folders: list[Path], tmp_path: Path) -> None:
    link = tmp_path / "shadow"
    link.symlink_to(folders[1])

    def shadow_after_batch(server: RunningServer, name: str, headlines: int) -> dict[str, object]:
        assert server.request("POST", "/predict/batch", {"headlines": ["opec"] * 10}).status == 200
        wait_for(lambda: server.get("/model").json()["shadow"]["headlines"] == headlines, why=lambda: server.output)
        shadow = server.get("/model").json()["shadow"]
        assert shadow["name"] == name
        return shadow

    with RunningServer(folders[0], shadow=link, workers=2, drain_seconds=0, access_log=False) as server:
        assert shadow_after_batch(server, "news", 10)["agreed"] == 0
        link.unlink()
        link.symlink_to(folders[0])
        server.signal(signal.SIGHUP)
        server.wait_line("replaced the workers")
        shadow = shadow_after_batch(server, "tiny", 10)
        assert (shadow["agreed"], shadow["disagreed"]) == (10, {"topic": 0, "default_only": 0, "shadow_only": 0})


def test_start_fails_with_one_sentence_if_two_models_have_one_name(folders: list[Path]) -> None:
    again = shutil.copytree(folders[1], folders[1].parent / "again")
    model = f"{folders[1]},{again}"
    with (
        pytest.raises(RuntimeError, match=r"Error: TOPICS_MODEL: \S+ and \S+again are both news/1; [^\n]+\.$"),
        RunningServer(folders[0], model=model, workers=2, wait=False) as server,
    ):
        raise AssertionError(server.output)


def test_start_fails_with_one_sentence_if_the_shadow_is_broken(folders: list[Path]) -> None:
    (folders[1] / "golden.json").write_text("[]")
    with (
        pytest.raises(RuntimeError, match=r"Error: TOPICS_SHADOW: \S+golden.json: [^\n]+\.$"),
        RunningServer(folders[0], shadow=folders[1], wait=False) as server,
    ):
        raise AssertionError(server.output)
