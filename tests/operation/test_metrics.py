"""Metrics of several processes, and on a separate port."""

import http.client
import json
import os
import signal
import socket
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.app.metrics import read, total
from tests.server import RunningServer, free_port
from tests.waiting import wait_for

HEADLINES = ["gold ounce", "crude oil", "qwertz", "crude qwertz"]


def ask_a_known_sequence(server: RunningServer) -> None:
    """40 single headlines, 5 batches of 4, 3 invalid requests and 2 refusals, each on a new connection."""
    for _ in range(40):
        assert server.predict("gold ounce").status == 200
    for _ in range(5):
        assert server.request("POST", "/predict/batch", {"headlines": HEADLINES}).status == 200
    for _ in range(3):
        assert server.request("POST", "/predict", {"headline": 5}).status == 422
    for _ in range(2):
        assert server.request("POST", "/predict/batch", {"headlines": HEADLINES * 3}).status == 413


def check_the_known_sequence(text: str) -> None:
    value = read(text)
    single = {"route": "/predict", "method": "POST"}
    batch = {"route": "/predict/batch", "method": "POST"}
    assert value("http_requests_total", **single, status=200) == 40
    assert value("http_request_duration_seconds_count", **single, status=200) == 40
    assert value("http_requests_total", **single, status=422) == 3
    assert value("http_requests_total", **batch, status=200) == 5
    assert value("http_requests_total", **batch, status=413) == 2
    assert value("topics_rejected_total", reason="batch_too_large") == 2
    assert value("topics_headlines_total") == 60
    assert (value("topics_batch_size_count"), value("topics_batch_size_sum")) == (45, 60)
    assert value("topics_batch_size_bucket", le="1.0") == 40
    assert value("topics_inference_seconds_count") == 45
    assert value("topics_predictions_total", topic="gold") == 45
    assert value("topics_predictions_total", topic="crude") == 10
    assert value("topics_abstained_total", reason="no_known_words") == 5
    assert value("topics_confidence_count") == 55
    assert value("topics_unknown_word_ratio_count") == 60
    assert value("topics_unknown_word_ratio_sum") == pytest.approx(5 + 2.5)
    assert value("topics_in_flight") == 0
    assert total(text, "topics_model_info") == 1


@pytest.mark.slow
def test_metrics_of_two_workers_are_exact_and_survive_one(tiny_bundle: Path):
    with RunningServer(tiny_bundle, workers=2, max_batch=10) as server:
        ask_a_known_sequence(server)
        texts = {server.get("/metrics").body for _ in range(3)}
        for text in texts:
            check_the_known_sequence(text.decode())
        os.kill(server.worker_pids()[0], signal.SIGKILL)
        server.wait_ready()
        check_the_known_sequence(server.get("/metrics").body.decode())


@pytest.mark.slow
def test_both_workers_answered_requests(tiny_bundle: Path):
    """Otherwise the previous test would prove nothing; the kernel distributes new connections."""
    with RunningServer(tiny_bundle, workers=2) as server:
        for _ in range(200):
            server.get("/health/live")
        pids = {file.stem.rpartition("_")[2] for file in Path(_directory(server)).glob("histogram*")}
        assert len(pids) == 2


def _directory(server: RunningServer) -> str:
    """Paths of the metrics files that a worker has mapped."""
    maps = Path(f"/proc/{server.worker_pids()[0]}/maps").read_text().splitlines()
    return next(line.split()[-1].rpartition("/")[0] for line in maps if line.endswith(".db"))


@pytest.fixture
def port() -> int:
    """A free port."""
    return free_port()


def ask(port: int, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_metrics_port_has_the_metrics_and_the_services_port_has_not(tiny_bundle: Path, workers: int, port: int):
    with RunningServer(tiny_bundle, workers=workers, metrics_port=port, max_batch=10, api_keys="hush") as server:
        assert server.get("/metrics").status == 404
        for _ in range(3):
            server.request("POST", "/predict", {"headline": "oil"}, {"X-API-Key": "hush"})
        status, headers, text = ask(port, "GET", "/metrics")
        assert status == 200
        assert headers["content-type"].startswith("text/plain; version=0.0.4")
        assert read(text.decode())("topics_headlines_total") == 3
        status, headers, body = ask(port, "HEAD", "/metrics")
        assert (status, body) == (200, b"")
        assert int(headers["content-length"]) > 1000
        for method, path, expected in (("GET", "/", 404), ("GET", "/predict", 404), ("POST", "/metrics", 405)):
            status, headers, body = ask(port, method, path)
            assert (status, headers["content-type"]) == (expected, "application/problem+json")
            assert json.loads(body)["status"] == expected
            assert "/docs" not in json.loads(body)["detail"]
        assert ask(port, "POST", "/metrics")[1]["allow"] == "GET, HEAD"


def test_slow_clients_of_the_metrics_port_take_no_thread_and_delay_no_scrape(tiny_bundle: Path, port: int):
    with RunningServer(tiny_bundle, metrics_port=port) as server, ExitStack() as stack:
        tasks = Path(f"/proc/{server.pid}/task")
        threads = len(list(tasks.iterdir()))
        for _ in range(200):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            slow.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
        assert ask(port, "GET", "/metrics")[0] == 200
        assert len(list(tasks.iterdir())) <= threads + 2  # those that read the files
        assert server.predict().status == 200
        slow.settimeout(30)
        assert slow.recv(100).startswith(b"HTTP/1.1 408")


@pytest.mark.slow
def test_connection_of_the_metrics_port_is_not_kept_open_by_a_worker_forked_meanwhile(tiny_bundle: Path, port: int):
    with (
        RunningServer(tiny_bundle, workers=2, metrics_port=port) as server,
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as client,
    ):
        client.request("GET", "/metrics")
        client.getresponse().read()  # the parent has accepted this connection
        before = set(server.worker_pids())
        os.kill(min(before), signal.SIGKILL)
        wait_for(lambda: set(server.worker_pids()) - before)
        server.wait_ready()
        client.request("GET", "/metrics", headers={"Connection": "close"})
        assert client.getresponse().read().endswith(b"\n")  # it ends although the new worker lives
        table = [row.split() for row in Path(f"/proc/{server.pid}/net/tcp").read_text().splitlines()]
        sockets = {f"socket:[{row[9]}]" for row in table if row[1].endswith(f":{port:04X}") and row[9] != "0"}
        assert sockets
        for pid in server.worker_pids():
            assert not sockets & {str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()}
