"""Alerts about some of several instances and workers, in a real Prometheus, while others still answer."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.prometheus import RunningPrometheus, needs_prometheus, rules
from tests.server import RunningServer

pytestmark = [pytest.mark.slow, needs_prometheus]

ABOUT_SOME = {"TopicsInstanceDown", "TopicsInstanceGone", "TopicsWorkerMissing", "TopicsReloadFailed"}
EXPRESSIONS = {rule["alert"]: rule["expr"] for rule in rules() if rule["alert"] in {"TopicsDown", *ABOUT_SOME}}


@pytest.fixture
def two(tiny_bundle: Path) -> Iterator[tuple[RunningServer, RunningServer]]:
    """A service with two workers, and another instance of it with one."""
    with RunningServer(tiny_bundle, workers=2) as one, RunningServer(tiny_bundle) as other:
        yield one, other


def test_dead_instance_or_worker_is_noticed_while_others_answer(
    two: tuple[RunningServer, RunningServer], tmp_path: Path
):
    one, other = two
    with RunningPrometheus(tmp_path, [one.port, other.port]) as prometheus:

        def found() -> dict[str, list[tuple[str | None, float]]]:
            """Instance and value of what each alert that is true now is about."""
            answers = {name: prometheus.query(expression) for name, expression in EXPRESSIONS.items()}
            return {
                name: [(labels.get("instance"), value) for labels, value in answer]
                for name, answer in answers.items()
                if answer
            }

        def becomes(**expected: tuple[str | None, float]) -> None:
            wanted = {name: [value] for name, value in expected.items()}
            prometheus.wait_for(lambda: found() == wanted, str(wanted))

        prometheus.wait_for(lambda: prometheus.value("sum(topics_workers)") == 3, "three workers")
        prometheus.scraped_again()
        assert found() == {}
        other.kill()
        becomes(TopicsInstanceDown=(f"127.0.0.1:{other.port}", 0))
        prometheus.scrape([one.port])  # as when Docker's DNS no longer lists the container
        becomes(TopicsInstanceGone=(None, 1))
        prometheus.wait_for(lambda: "TopicsInstanceGone" in prometheus.alerts(), "pending alert")
        kept = min(one.worker_pids())

        def misses_a_worker() -> bool:
            for pid in set(one.worker_pids()) - {kept}:
                os.kill(pid, signal.SIGKILL)  # as often as the supervisor starts it again
            return found().get("TopicsWorkerMissing") == [(f"127.0.0.1:{one.port}", 1)]

        prometheus.wait_for(misses_a_worker, "alert about a worker")
        becomes(TopicsInstanceGone=(None, 1))  # and the worker is back
        one.kill()
        prometheus.wait_for(lambda: "TopicsDown" in found(), "alert about all")
        assert "TopicsInstanceDown" not in found()
        assert "TopicsWorkerMissing" not in found()


def test_failed_reload_is_noticed_until_another_one_succeeds(tiny_bundle: Path, tmp_path: Path):
    bundle = shutil.copytree(tiny_bundle, tmp_path / "bundle")
    manifest = (bundle / "manifest.json").read_bytes()
    expression = EXPRESSIONS["TopicsReloadFailed"]
    with RunningServer(bundle, workers=2) as server, RunningPrometheus(tmp_path, [server.port]) as prometheus:
        prometheus.wait_for(lambda: prometheus.value("topics_last_reload_successful") == 1, "outcome of the start")
        assert prometheus.query(expression) == []
        (bundle / "manifest.json").write_bytes(manifest[:-5])
        server.signal(signal.SIGHUP)
        prometheus.wait_for(lambda: prometheus.query(expression), "alert about the reload")
        (bundle / "manifest.json").write_bytes(manifest)
        server.signal(signal.SIGHUP)
        prometheus.wait_for(lambda: not prometheus.query(expression), "end of the alert")
