"""Workers that are killed, stopped or die during a replacement, and signals at any time."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.app.metrics import read
from tests.operation.load import SteadyLoad, get, post
from tests.server import RunningServer, free_port
from tests.waiting import wait_for

pytestmark = pytest.mark.slow

DRAIN = 1
GONE = DRAIN + 5
"""Seconds within which a service has ended after SIGTERM, regardless of its clients and workers."""


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def full(server: RunningServer, workers: int = 2) -> None:
    """Wait until all workers run and one of them answers."""
    wait_for(lambda: len(server.worker_pids()) == workers)
    server.wait_ready()


def predicts(server: RunningServer) -> bool:
    try:
        return server.request("POST", "/predict", {"headline": "oil"}, timeout=2).status == 200
    except (OSError, http.client.HTTPException):
        return False


class Unread:
    """Clients that request large answers and read nothing."""

    def __init__(self, server: RunningServer, clients: int = 8) -> None:
        request = post("/predict/batch", {"headlines": ["oil prices rise"] * 1000, "top_k": 46})
        self.connections = []
        for _ in range(clients):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", server.port))
            connection.sendall(request)
            self.connections.append(connection)
        wait_for(lambda: all(one.recv(1, socket.MSG_PEEK) for one in self.connections))

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        for one in self.connections:
            one.close()


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_does_not_wait_for_clients_that_do_not_read(tiny_bundle: Path, workers: int):
    with RunningServer(tiny_bundle, workers=workers, drain_seconds=DRAIN) as server, Unread(server):
        begun = time.monotonic()
        server.signal(signal.SIGTERM)
        server.wait(60)
        assert time.monotonic() - begun < GONE


@pytest.mark.parametrize("workers", [1, 2])
def test_second_sigterm_ends_a_long_drain_with_clients_that_do_not_read(tiny_bundle: Path, workers: int):
    with RunningServer(tiny_bundle, workers=workers, drain_seconds=300) as server, Unread(server):
        full(server, workers if workers > 1 else 0)
        server.signal(signal.SIGTERM)
        wait_for(lambda: "draining for" in server.output)
        server.signal(signal.SIGTERM)
        server.wait(10)


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_ends_the_service_when_its_log_is_not_read(tiny_bundle: Path, workers: int):
    server = RunningServer(tiny_bundle, workers=workers, drain_seconds=DRAIN)
    server.port = free_port()
    command = [*server.command[:-1], str(server.port)]
    with subprocess.Popen(command, env=server.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            wait_for(lambda: predicts(server))
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=2)
            with suppress(TimeoutError):  # a service that blocked on a full pipe would not answer
                for _ in range(1500):
                    connection.request("GET", "/topics")
                    connection.getresponse().read()
            connection.close()
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            assert time.monotonic() - begun < GONE
        finally:
            process.kill()


def test_sigterm_ends_a_service_whose_worker_is_stopped(tiny_bundle: Path):
    with RunningServer(tiny_bundle, workers=2, drain_seconds=DRAIN) as server:
        full(server)
        stopped = server.worker_pids()[0]
        os.kill(stopped, signal.SIGSTOP)
        begun = time.monotonic()
        server.signal(signal.SIGTERM)
        server.wait(60)
        assert time.monotonic() - begun < GONE
        assert gone(stopped)


def test_stopped_worker_does_not_block_the_supervisor(tiny_bundle: Path):
    with RunningServer(tiny_bundle, workers=2, drain_seconds=DRAIN) as server:
        full(server)
        stopped, other = server.worker_pids()
        os.kill(stopped, signal.SIGSTOP)
        os.kill(other, signal.SIGKILL)
        wait_for(lambda: other not in server.worker_pids() and len(server.worker_pids()) == 2, 20)
        wait_for(lambda: predicts(server), 20)
        server.signal(signal.SIGHUP)  # the rolling replacement replaces it like any other
        wait_for(lambda: not {stopped, other} & set(server.worker_pids()), 40)
        full(server)


@pytest.mark.parametrize("hang_ups", [1, 13])
def test_sigterm_in_a_roll_does_not_wait_for_it(tiny_bundle: Path, hang_ups: int):
    with RunningServer(tiny_bundle, workers=2, drain_seconds=DRAIN) as server:
        full(server)
        with Unread(server):  # old workers drain for the whole time
            for _ in range(hang_ups):
                server.signal(signal.SIGHUP)
                time.sleep(0.02)
            wait_for(lambda: len(server.worker_pids()) > 2)
            begun = time.monotonic()
            server.signal(signal.SIGTERM)
            assert server.wait(60) == 0
            assert time.monotonic() - begun < GONE


def test_many_sighups_replace_each_worker_lose_no_request_and_fail_no_probe(tiny_bundle: Path):
    # The drain is longer than a busy machine may suspend the load: an idle connection is closed at its end.
    with RunningServer(tiny_bundle, workers=2, drain_seconds=3 * DRAIN) as server:
        full(server)
        before = set(server.worker_pids())
        with SteadyLoad(server.port) as load, SteadyLoad(server.port, request=get("/health/ready")) as probes:
            for _ in range(13):
                server.signal(signal.SIGHUP)
                time.sleep(0.05)
            wait_for(lambda: not before & set(server.worker_pids()) and len(server.worker_pids()) == 2)
        assert (load.tally.errors, load.tally.failed) == ([], 0), server.output
        assert (probes.tally.errors, probes.tally.failed) == ([], 0), server.output
        assert server.stop() == 0
    assert "Traceback" not in server.output
    assert '"level":"error"' not in server.output


def test_workers_that_are_killed_as_soon_as_they_start_are_followed_by_others(tiny_bundle: Path):
    """Kills two serving workers, their replacements during the start, and the replacements of these."""
    begun = time.monotonic()
    with RunningServer(tiny_bundle, workers=2) as server:
        full(server)
        start = time.monotonic() - begun
        killed: set[int] = set()
        while len(killed) < 12:
            for pid in set(server.worker_pids()) - killed:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        begun = time.monotonic()
        wait_for(lambda: predicts(server))
        assert time.monotonic() - begun < max(3, 2 * start)
        assert server.stop() == 0


def test_worker_stopped_in_its_start_does_not_block_a_rolling_replacement(tiny_bundle: Path):
    with RunningServer(tiny_bundle, workers=2, drain_seconds=0) as server:
        full(server)
        before = set(server.worker_pids())
        server.signal(signal.SIGHUP)
        wait_for(lambda: bool(set(server.worker_pids()) - before))
        for pid in set(server.worker_pids()) - before:
            os.kill(pid, signal.SIGSTOP)
        assert predicts(server)
        server.signal(signal.SIGHUP)  # another one starts, with the bundle that is loaded now
        wait_for(lambda: not before & set(server.worker_pids()), 30)
        assert predicts(server)


def test_workers_end_when_their_supervisor_is_killed_and_leave_the_port(tiny_bundle: Path):
    with RunningServer(tiny_bundle, workers=2, drain_seconds=300) as server:
        full(server)
        workers = server.worker_pids()
        os.kill(server.pid, signal.SIGKILL)
        wait_for(lambda: all(gone(pid) for pid in workers), 20)
        socket.create_server(("127.0.0.1", server.port)).close()


def test_sighup_to_a_service_of_one_process_is_ignored_and_said(tiny_bundle: Path):
    with RunningServer(tiny_bundle, drain_seconds=0) as server:
        with SteadyLoad(server.port) as load:
            server.signal(signal.SIGHUP)
            wait_for(lambda: "SIGHUP is ignored" in server.output)
            assert predicts(server)
        assert (load.tally.errors, load.tally.failed) == ([], 0)
        assert server.stop() == 0


def test_files_of_metrics_are_as_many_after_many_replaced_workers_and_counters_go_on(tiny_bundle: Path):
    with RunningServer(tiny_bundle, workers=2) as server:
        full(server)
        predicted = 0

        def files() -> list[Path]:
            maps = Path(f"/proc/{server.worker_pids()[0]}/maps").read_text().splitlines()
            return sorted(Path(next(line.split()[-1] for line in maps if line.endswith(".db"))).parent.iterdir())

        for _ in range(10):
            for _ in range(5):
                predicted += server.predict().status == 200
            # On a busy machine, the other worker may not have counted its last headline yet.
            wait_for(lambda: read(server.get("/metrics").body.decode())("topics_headlines_total") == predicted)  # noqa: B023
            before = set(server.worker_pids())
            server.signal(signal.SIGHUP)
            wait_for(lambda: not before & set(server.worker_pids()) and len(server.worker_pids()) == 2)  # noqa: B023
            full(server)
        numbers = {file.stem.rpartition("_")[2] for file in files()} - {"supervisor"}
        assert numbers <= {f"worker{number}" for number in range(4)}  # at most both, one starting and one leaving
        text = server.get("/metrics").body.decode()
        assert read(text)("topics_headlines_total") == predicted
        live = {file.stem.rpartition("_")[2] for file in files() if "live" in file.name}
        assert len(live - {"supervisor"}) == 2


def test_sighup_brings_back_the_metrics_after_their_folder_was_removed(tiny_bundle: Path, tmp_path: Path):
    server = RunningServer(tiny_bundle, workers=2)
    server.environment |= {"TMPDIR": str(tmp_path)}
    with server:
        full(server)
        [folder] = tmp_path.iterdir()
        shutil.rmtree(folder)
        assert server.predict().status == 200
        assert server.get("/metrics").status == 500
        server.signal(signal.SIGHUP)
        server.wait_line("replaced the workers")
        full(server)
        assert server.predict().status == 200
        value = read(server.get("/metrics").body.decode())
        assert (value("topics_headlines_total"), value("topics_last_reload_successful")) == (1, 1)
        assert server.stop() == 0
    assert list(tmp_path.iterdir()) == []


def test_metrics_folder_that_does_not_exist_stops_the_start_with_one_sentence(tiny_bundle: Path):
    server = RunningServer(tiny_bundle, workers=2)
    environment = server.environment | {"PROMETHEUS_MULTIPROC_DIR": "/nonexistent"}
    done = subprocess.run(server.command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stdout + done.stderr == (
        "Error: PROMETHEUS_MULTIPROC_DIR: /nonexistent is not a writable folder; create it, or unset the variable.\n"
    )


def test_bundle_truncated_in_place_under_load_changes_nothing(tiny_bundle: Path, tmp_path: Path):
    bundle = shutil.copytree(tiny_bundle, tmp_path / "bundle")
    with RunningServer(bundle, workers=2) as server:
        full(server)
        before = set(server.worker_pids())
        begun = read(server.get("/metrics").body.decode())
        assert begun("topics_last_reload_successful") == 1
        assert time.time() - 60 < begun("topics_last_reload_success_timestamp_seconds") < time.time()
        answer = server.predict().json()["predictions"]
        for file in bundle.iterdir():
            os.truncate(file, 0)
        for _ in range(20):
            assert server.predict().json()["predictions"] == answer
        assert set(server.worker_pids()) == before
        server.signal(signal.SIGHUP)
        wait_for(lambda: read(server.get("/metrics").body.decode())("topics_last_reload_successful") == 0)
        wait_for(lambda: "keeping workers" in server.output)
        assert server.predict().json()["predictions"] == answer
        assert set(server.worker_pids()) == before
