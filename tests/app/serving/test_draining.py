"""SIGTERM, in this process; with a real server under load: tests/operation/test_draining.py."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from app.errors import NotReadyError
from app.serving.draining import END_SECONDS, REPLACED, drain_on_sigterm
from app.serving.service import Service
from app.settings import load_settings
from tests.app.conftest import Start


@pytest.fixture
def stops() -> Iterator[list[int]]:
    """The signals that were passed on to the server."""
    told: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    before_replaced = signal.getsignal(REPLACED)
    yield told
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGTERM, before)
    signal.signal(REPLACED, before_replaced)


@pytest.fixture
def service(tiny_bundle: Path) -> Service:
    service = Service(load_settings(model=tiny_bundle))
    service.phase = "ready"
    return service


def test_sigterm_turns_unready_at_once_and_stops_after_the_wait(stops: list[int], service: Service):
    async def main():
        drain_on_sigterm(service, 0.2, repeated=True)
        assert service.phase == "ready"
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.05)
        assert (service.phase, stops) == ("draining", [])
        await asyncio.sleep(0.25)
        assert stops == [signal.SIGTERM]

    asyncio.run(main())


def test_second_sigterm_ends_the_wait_for_clients_too(stops: list[int], service: Service):
    async def main():
        drain_on_sigterm(service, 60, repeated=True)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.02)
        assert stops == []
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.02)
        assert stops == [signal.SIGTERM] * 2  # uvicorn stops on the first and does not wait after the second

    asyncio.run(main())


def test_second_sigterm_to_a_worker_changes_nothing(stops: list[int], service: Service):
    """systemd sends SIGTERM to all processes of a service, and the supervisor sends another one."""

    async def main():
        drain_on_sigterm(service, 60, repeated=False)
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.02)
        assert stops == []

    asyncio.run(main())


def test_replaced_worker_drains_and_reports_ready_until_the_service_stops(stops: list[int], start: Start):
    service = start().app.state.service

    async def main():
        drain_on_sigterm(service, 0.2, repeated=False)
        os.kill(os.getpid(), REPLACED)
        await asyncio.sleep(0.02)
        assert service.phase == "draining"
        service.ensure_ready()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.02)
        with pytest.raises(NotReadyError):
            service.ensure_ready()
        await asyncio.sleep(0.25)
        assert stops == [signal.SIGTERM]

    asyncio.run(main())


@pytest.mark.usefixtures("stops")
def test_process_that_drains_is_ended_by_the_kernel_if_its_loop_hangs(service: Service):
    async def main():
        drain_on_sigterm(service, 60, repeated=True)
        assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.02)
        assert 60 < signal.getitimer(signal.ITIMER_REAL)[0] <= 60 + END_SECONDS

    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    asyncio.run(main())


def test_outside_the_main_thread_signals_are_left_alone(stops: list[int], service: Service):
    thread = Thread(target=drain_on_sigterm, args=(service, 0, True))
    thread.start()
    thread.join()
    os.kill(os.getpid(), signal.SIGTERM)
    assert stops == [signal.SIGTERM]


def test_while_draining_requests_are_answered_but_connections_are_not_kept(start: Start):
    client = start()
    assert "connection" not in client.get("/model").headers
    client.app.state.service.begin_draining()
    reply = client.post("/predict", json={"headline": "oil"})
    assert (reply.status_code, reply.headers["connection"]) == (200, "close")
    assert client.get("/health/ready").status_code == 503
