"""The app on Ray Serve with the shipped configuration answers as without Ray."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from app.settings import Settings
from tests.ray.conftest import Run
from tests.server import ROOT, Reply, RunningServer

pytestmark = [pytest.mark.slow, pytest.mark.ray]

START_SECONDS = 180
ANSWERS = 200
"""Number of requests before a replica is killed; twice as many follow."""
CLIENTS = 8
"""Number of clients, each with one request at a time."""
CONFIGURATION = yaml.safe_load((ROOT / "deploy" / "ray" / "serve.yaml").read_text("utf-8"))

OF_ONE_PROCESS = {"date", "server", "server-timing", "connection"}
"""Headers that differ between any two answers, or between two servers."""


class Served(RunningServer):
    """The request methods of RunningServer, for a service that was started elsewhere."""

    def __init__(self, port: int, metrics: Path) -> None:
        self.port = port
        self.metrics = metrics

    def replicas(self) -> set[int]:
        """Processes that have answered: running ones that have written metrics."""
        pids = {int(file.stem.rpartition("_")[2]) for file in self.metrics.glob("counter_*.db")}
        return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


@pytest.fixture(scope="module")
def served(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Two replicas."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        unused_port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("serve")
    there = json.loads(json.dumps(CONFIGURATION))
    there["http_options"] |= {"host": "127.0.0.1", "port": unused_port}
    [application] = there["applications"]
    application["runtime_env"]["env_vars"]["PROMETHEUS_MULTIPROC_DIR"] = str(folder / "metrics")
    [deployment] = application["deployments"]
    deployment["ray_actor_options"]["num_cpus"] = 0.1
    deployment["autoscaling_config"] |= {"min_replicas": 2, "max_replicas": 2}
    (folder / "serve.yaml").write_text(yaml.safe_dump(there))
    with (folder / "log").open("w") as log:
        command = ["-m", "ray.serve.scripts", "run", "--address", "local", folder / "serve.yaml"]
        with run.start(*command, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as process:
            one = Served(unused_port, folder / "metrics")
            try:
                due = time.monotonic() + START_SECONDS
                while not ready(one) or len(one.replicas()) < 2:
                    going_on = process.poll() is None and time.monotonic() < due
                    assert going_on, (folder / "log").read_text()[-3000:]
                    time.sleep(0.1)
                yield one
            finally:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    process.kill()


def until(holds: Callable[[], bool]) -> None:
    due = time.monotonic() + START_SECONDS
    while not holds():
        assert time.monotonic() < due
        time.sleep(0.1)


def ready(served: Served) -> bool:
    try:
        return served.get("/health/ready").status == 200
    except OSError:
        return False


def told(reply: Reply) -> tuple[int, dict[str, str], bytes]:
    """The parts of a response that must be equal: everything except times and durations."""
    headers = {name: value for name, value in reply.headers.items() if name not in OF_ONE_PROCESS}
    return reply.status, headers, reply.body


V2 = {"inputs": [{"name": "headline", "shape": [2], "datatype": "BYTES", "data": ["oil", "wheat"]}]}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/predict", {"headline": "Oil prices rise as OPEC cuts crude output", "explain": True}),
        ("POST", "/predict", {"headline": "Café “quotas”", "top_k": 46}),
        ("POST", "/predict", {"headline": 7}),
        ("POST", "/predict", b"{"),
        ("POST", "/predict/batch", {"headlines": ["oil", "zzyzx", "wheat"] * 300, "top_k": 3}),
        ("POST", "/predict/batch", {"headlines": ["oil"] * 1001}),
        ("POST", "/predict", b"x" * (9 * 1024 * 1024)),
        ("GET", "/predict", None),
        ("GET", "/topics", None),
        ("GET", "/model", None),
        ("GET", "/nothing", None),
        ("GET", "/", None),
        ("GET", "/openapi.json", None),
        ("GET", "/health/live", None),
        ("POST", "/v2/models/tiny/infer", V2),
    ],
)
def test_answers_are_those_of_the_service_alone(
    served: Served, alone: RunningServer, method: str, path: str, body: object
) -> None:
    mine = {"X-Request-ID": "mine"}
    assert told(served.request(method, path, body, mine)) == told(alone.request(method, path, body, mine))


@pytest.fixture(scope="module")
def alone(tiny_bundle: Path) -> Iterator[RunningServer]:
    with RunningServer(tiny_bundle) as server:
        yield server


def test_an_id_comes_back_once(served: Served) -> None:
    asked = urllib.request.Request(f"{served.url}/nothing", headers={"X-Request-ID": "mine"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=30)
    assert refused.value.headers.get_all("X-Request-ID") == ["mine"]
    assert json.loads(refused.value.read())["request_id"] == "mine"


def headlines_counted(served: Served) -> float:
    lines = served.get("/metrics").body.decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("topics_headlines_total"))


def test_metrics_add_up_the_replicas(served: Served) -> None:
    before = headlines_counted(served)
    for _ in range(20):
        assert served.request("POST", "/predict/batch", {"headlines": ["oil"] * 10}).status == 200
    assert headlines_counted(served) == before + 200
    assert len(served.replicas()) == 2


def test_replica_killed_under_load_loses_no_answer_for_clients_that_retry(served: Served, alone: RunningServer) -> None:
    from topics_client import ProblemError, TopicsClient

    right = pytest.approx(alone.predict("Oil prices rise").json()["predictions"][0]["probability"], abs=1e-6)
    tally: Counter[str] = Counter()
    stop = threading.Event()

    def ask() -> None:
        with TopicsClient(served.url, timeout=30) as client:
            while not stop.is_set():
                try:
                    tally["right" if client.predict("Oil prices rise").best.probability == right else "wrong"] += 1
                except ProblemError as error:
                    # Serve's answer to a request whose replica died; the client does not retry a 500.
                    tally["asked again" if error.problem.status == 500 else repr(error)] += 1
                except Exception as error:  # any other error fails the test below
                    tally[repr(error)] += 1

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    killed = min(served.replicas())
    try:
        until(lambda: tally["right"] >= ANSWERS)
        os.kill(killed, signal.SIGKILL)
        until(
            lambda: tally["right"] >= 3 * ANSWERS and len(served.replicas() - {killed}) == 2
        )  # another takes its place
    finally:
        stop.set()
    for thread in threads:
        thread.join(60)
    assert tally.keys() <= {"right", "asked again"}, tally
    assert tally["asked again"] <= CLIENTS, "more than were under way when the replica died"


def test_serve_grants_a_request_the_time_that_the_service_does() -> None:
    [deployment] = CONFIGURATION["applications"][0]["deployments"]
    deadline = Settings.model_fields["deadline_seconds"].default
    assert deployment["graceful_shutdown_timeout_s"] > deadline
    assert deployment["autoscaling_config"]["target_ongoing_requests"] < deployment["max_ongoing_requests"]
