"""A server with an invalid bundle, or without an address to listen on, does not start."""

import http.client
import json
import shutil
import socket
from contextlib import closing
from pathlib import Path

import pytest

from app.classifier.bundle import GOLDEN, MANIFEST, MODEL, WORD_INDEX
from tests.server import RunningServer, free_port
from tests.tiny_bundle import seal


def refusal(bundle: Path, **settings: object) -> tuple[int, str]:
    """Exit status and output of a start that must fail."""
    server = RunningServer(bundle, wait=False, **settings)
    with pytest.raises(RuntimeError), server:  # the process ended, or never became ready
        server.wait_ready()
    return server.wait(), server.output


def change_golden(bundle: Path) -> None:
    golden = json.loads((bundle / GOLDEN).read_text())
    golden[0]["probabilities"].reverse()
    (bundle / GOLDEN).write_text(json.dumps(golden))
    seal(bundle)


FAULTS = {
    "no word index": (lambda bundle: (bundle / WORD_INDEX).unlink(), WORD_INDEX),
    "truncated model": (lambda bundle: (bundle / MODEL).write_bytes((bundle / MODEL).read_bytes()[:-1]), MODEL),
    "no manifest": (lambda bundle: (bundle / MANIFEST).unlink(), MANIFEST),
    "hash right but golden wrong": (change_golden, "golden"),
}


@pytest.mark.parametrize(("name", "workers"), [*((name, 1) for name in FAULTS), ("no word index", 2)])
def test_broken_bundle_stops_the_start_with_one_sentence_that_names_the_file(
    tiny_bundle: Path, tmp_path: Path, name: str, workers: int
):
    break_it, named = FAULTS[name]
    bundle = tmp_path / "bundle"
    shutil.copytree(tiny_bundle, bundle)
    break_it(bundle)
    status, output = refusal(bundle, workers=workers)
    assert status != 0
    assert "Traceback" not in output
    assert len([line for line in output.splitlines() if str(bundle) in line and named in line]) == 1


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_port_that_is_taken_stops_the_start_with_one_sentence(tiny_bundle: Path, workers: int):
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:  # as by another instance of the service
        port = taken.getsockname()[1]
        server = RunningServer(tiny_bundle, ("-m", "app", "serve", "--port", str(port)), wait=False, workers=workers)
        with pytest.raises(RuntimeError), server:
            pass
    assert server.wait() != 0
    assert "Traceback" not in server.output
    assert "address already in use" in server.output.lower()


def test_metrics_port_that_is_taken_stops_the_start_with_one_sentence(tiny_bundle: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, output = refusal(tiny_bundle, metrics_port=taken.getsockname()[1])
    assert status != 0
    assert "Traceback" not in output
    assert "TOPICS_METRICS_PORT" in output


def test_variable_of_uvicorn_for_its_own_workers_is_ignored(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WEB_CONCURRENCY", "auto")
    port = free_port()
    with RunningServer(tiny_bundle, metrics_port=port) as server:
        assert server.predict("gold ounce").status == 200
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            connection.request("GET", "/metrics")
            assert connection.getresponse().status == 200


def test_running_is_logged_after_startup_is_complete(tiny_bundle: Path):
    with RunningServer(tiny_bundle) as server:
        said = [line for line in server.lines if "startup complete" in line or "running on" in line]
    assert ["complete" in line for line in said] == [True, False]


@pytest.mark.slow
def test_two_workers_with_keras_answer_as_numpy_does(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch):
    """TensorFlow's threads do not survive a fork, so each worker loads it after the fork."""
    pytest.importorskip("tensorflow")
    monkeypatch.setattr("tests.server.START_SECONDS", 120.0)  # two workers import TensorFlow at the same time
    with (
        RunningServer(tiny_bundle, wait=False, workers=2, runtime="keras") as keras,
        RunningServer(tiny_bundle) as numpy,
    ):
        keras.wait_ready(120)
        expected = numpy.predict("oil and wheat").json()["predictions"]
        for _ in range(20):  # so that both workers answer
            answers = keras.predict("oil and wheat").json()["predictions"]
            assert [one["topic"] for one in answers] == [one["topic"] for one in expected]
            assert [one["probability"] for one in answers] == pytest.approx(
                [one["probability"] for one in expected], abs=1e-5
            )
        assert len(keras.worker_pids()) == 2
