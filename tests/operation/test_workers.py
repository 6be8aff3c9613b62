"""Two workers: one is killed, one hangs, the bundle is replaced, the new bundle is invalid."""

import os
import selectors
import shutil
import signal
import socket
import statistics
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from app.classifier.bundle import MODEL, WORD_INDEX
from app.settings import load_settings
from tests.operation.impatient import HANG
from tests.operation.load import SINGLE, SteadyLoad
from tests.server import RunningServer
from tests.tiny_bundle import write_tiny_bundle
from tests.waiting import wait_for

pytestmark = pytest.mark.slow


def connections(server: RunningServer) -> list[int]:
    """Number of open connections of each worker."""
    held = []
    for pid in server.worker_pids():
        table = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
        established = {line.split()[9] for line in table if line.split()[3] == "01"}
        names = []
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                names.append(descriptor.readlink().name)
        held.append(sum(name.startswith("socket:") and name[8:-1] in established for name in names))
    return held


STARTED = "Application startup complete."


def all_started(server: RunningServer, workers: int) -> None:
    """The first of them to be ready answers the probe."""
    wait_for(lambda: server.output.count(STARTED) == workers)


def versions(server: RunningServer, times: int = 20) -> set[str]:
    return {server.predict().json()["model"]["version"] for _ in range(times)}


def test_sighup_rolls_to_a_new_bundle_without_a_failed_request(tmp_path: Path):
    for version in ("1", "2"):
        write_tiny_bundle(tmp_path / version, version=version)
    current = tmp_path / "current"
    current.symlink_to("1")
    with RunningServer(current, workers=2, drain_seconds=0.5) as server:
        all_started(server, 2)
        before = set(server.worker_pids())
        with SteadyLoad(server.port) as load:
            assert versions(server) == {"1"}
            current.unlink()
            current.symlink_to("2")
            server.signal(signal.SIGHUP)
            wait_for(lambda: not before & set(server.worker_pids()) and len(server.worker_pids()) == 2)
            assert versions(server) == {"2"}
        assert load.tally.errors == []
        assert load.tally.failed == 0
        metrics = server.get("/metrics").body.decode()
        assert 'version="2"' in metrics
        assert 'version="1"' not in metrics
        assert server.stop() == 0


def test_sighup_to_a_bundle_that_does_not_verify_leaves_the_old_one_serving_and_says_so(tmp_path: Path):
    write_tiny_bundle(tmp_path / "1")
    shutil.copytree(tmp_path / "1", tmp_path / "2")
    (tmp_path / "2" / WORD_INDEX).write_text("{}")
    current = tmp_path / "current"
    current.symlink_to("1")
    with RunningServer(current, workers=2) as server:
        all_started(server, 2)
        before = set(server.worker_pids())
        with SteadyLoad(server.port) as load:
            current.unlink()
            current.symlink_to("2")
            server.signal(signal.SIGHUP)
            wait_for(lambda: "aborting the reload" in server.output)
            assert str(current / WORD_INDEX) in server.output
            assert "keeping worker" in server.output
            assert versions(server) == {"1"}
        assert load.tally.failed == 0
        assert before == set(server.worker_pids())
        assert "Traceback" not in server.output
        assert server.stop() == 0


def test_dead_worker_is_replaced_with_the_verified_bundle_although_its_files_are_damaged(tmp_path: Path):
    write_tiny_bundle(tmp_path / "bundle")
    with RunningServer(tmp_path / "bundle", workers=2) as server:
        all_started(server, 2)
        killed, kept = server.worker_pids()
        (tmp_path / "bundle" / WORD_INDEX).write_text("{}")
        os.truncate(tmp_path / "bundle" / MODEL, 0)
        os.kill(killed, signal.SIGKILL)
        all_started(server, 3)
        assert len(server.worker_pids()) == 2
        assert kept in server.worker_pids()
        assert versions(server) == {"1"}
        assert server.stop() == 0


def test_killed_worker_is_replaced_and_only_its_requests_fail(tiny_bundle: Path):
    with RunningServer(tiny_bundle, workers=2) as server:
        all_started(server, 2)
        killed, kept = server.worker_pids()
        with SteadyLoad(server.port, clients=8) as load:
            wait_for(lambda: load.tally.statuses[200] > 100)
            os.kill(killed, signal.SIGKILL)
            all_started(server, 3)
            answered = load.tally.statuses[200]
            wait_for(lambda: load.tally.statuses[200] > answered + 100)
        assert kept in server.worker_pids()
        assert len(load.tally.errors) <= 8  # at most one per connection: the requests in that worker
        assert load.tally.statuses.total() - load.tally.statuses[200] == len(load.tally.errors)
        assert server.stop() == 0


def burst(port: int, clients: int) -> ExitStack:
    """Clients that connect at the same time, retry until each has an answer, and stay connected."""
    answered = set()
    with ExitStack() as open_, selectors.DefaultSelector() as ready:
        for number in range(clients):
            connection = open_.enter_context(socket.socket())
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", port))
            ready.register(connection, selectors.EVENT_WRITE, number)
        while len(answered) < clients:
            for key, _ in ready.select(10):
                connection = key.fileobj
                if key.events == selectors.EVENT_WRITE:
                    ready.modify(connection, selectors.EVENT_READ, key.data)
                else:
                    assert connection.recv(65536).startswith(b"HTTP/1.1 200")
                    answered.add(key.data)
                connection.sendall(SINGLE)
        return open_.pop_all()


def test_simultaneous_clients_are_distributed_among_the_workers():
    smaller_shares = []
    with RunningServer(load_settings().model[0], workers=2) as server:
        all_started(server, 2)
        for _ in range(9):
            wait_for(lambda: sum(connections(server)) == 0)
            with burst(server.port, 64):
                held = connections(server)
            assert sum(held) == 64
            smaller_shares.append(min(held))
    # By chance 29 of 64, and the median of nine far from 24; with one socket for both it was 17 to 20.
    # The median, because a worker that does not run for 10 ms on a busy machine loses its share of that time.
    assert statistics.median(smaller_shares) > 24


def test_connections_do_not_wait_for_a_worker_that_does_not_run(tiny_bundle: Path):
    with RunningServer(tiny_bundle, workers=2) as server:
        all_started(server, 2)
        stopped = server.worker_pids()[0]
        os.kill(stopped, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            assert versions(server, times=100) == {"1"}
            assert time.monotonic() - begun < 20  # half of them wait for 10 ms, instead of for the stopped worker
        finally:
            os.kill(stopped, signal.SIGCONT)
        assert server.stop() == 0


def test_sigttin_adds_a_worker_and_sigttou_takes_one_away(tiny_bundle: Path):
    with RunningServer(tiny_bundle, workers=2) as server:
        all_started(server, 2)
        server.signal(signal.SIGTTIN)
        all_started(server, 3)
        assert len(server.worker_pids()) == 3
        server.signal(signal.SIGTTOU)
        wait_for(lambda: len(server.worker_pids()) == 2)
        assert versions(server) == {"1"}
        assert server.stop() == 0


def test_process_whose_loop_hangs_ends(tiny_bundle: Path):
    with RunningServer(tiny_bundle, command=("-m", "tests.operation.impatient", "serve", "--port", "0")) as server:
        threading.Thread(target=ask_and_lose, args=(server,)).start()
        assert server.wait(30) == 70
        assert "the event loop has been blocked for 3 seconds" in server.output


def test_worker_whose_loop_hangs_is_replaced(tiny_bundle: Path):
    command = ("-m", "tests.operation.impatient", "serve", "--port", "0")
    with RunningServer(tiny_bundle, command=command, workers=2) as server:
        all_started(server, 2)
        before = set(server.worker_pids())
        threading.Thread(target=ask_and_lose, args=(server,)).start()
        wait_for(lambda: len(before & set(server.worker_pids())) == 1 and len(server.worker_pids()) == 2)
        server.wait_ready()
        assert server.predict().status == 200


def ask_and_lose(server: RunningServer) -> None:
    with pytest.raises(OSError, match=r".*"):
        server.predict(HANG)
