"""The supervisor with minimal workers; with the service in them: tests/operation/test_supervisor.py.

Each test runs in a subprocess, because the supervisor forks, handles signals and collects every child.
"""

import subprocess
import sys
import textwrap
import time

import pytest

from tests.server import ROOT

START = """
import logging, os, signal, sys, time
from app.server import supervisor, worker
from app.server.supervisor import Supervisor

def serve(slot, number, beat):
    beat()
    while beat():
        time.sleep(0.05)

def fail(slot, number, beat):
    sys.exit(3)

def supervise(first, load=None, end_seconds=2, **more):
    one = Supervisor(2, first, load=load or (lambda: first), end_seconds=end_seconds, sockets=[], **more)
    return one, one.run

def at(seconds, *signals):
    if os.fork() == 0:
        for number in signals:
            time.sleep(seconds)
            os.kill(os.getppid(), number)
        os._exit(0)

class StopWhenReplaced(logging.Handler):
    def emit(self, record):
        if "replaced the workers" in record.msg:
            at(self.after, signal.SIGTERM)

def stop_when_replaced(seconds):
    logging.basicConfig(level="INFO")
    handler = StopWhenReplaced()
    handler.after = seconds
    logging.getLogger().addHandler(handler)
"""


def run(code: str, seconds: float = 60) -> tuple[int, str, float]:
    """Exit status, output and duration in seconds."""
    begun = time.monotonic()
    program = START + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False
    )
    return done.returncode, done.stdout + done.stderr, time.monotonic() - begun


def test_runs_until_sigterm_and_says_once_that_it_is_ready():
    status, output, _ = run("""
        one, go = supervise(serve, on_ready=lambda: (print("ready", flush=True), at(0, signal.SIGTERM)))
        sys.exit(0 if go() else 1)
    """)
    assert (status, output.count("ready")) == (0, 1)


def test_sigterm_directly_after_its_handler_is_set_is_not_lost():
    status, output, _ = run("""
        set_handler = signal.signal
        def set_and_send(number, handler):
            before = set_handler(number, handler)
            if number == signal.SIGTERM and os.getpid() == supervisor_pid:
                supervisor.signal.signal = set_handler
                os.kill(supervisor_pid, signal.SIGTERM)
            return before
        supervisor_pid = os.getpid()
        one, go = supervise(serve)
        supervisor.signal.signal = set_and_send
        signal.alarm(5)  # ends this process if the signal is lost
        sys.exit(0 if go() else 1)
    """)
    assert (status, output) == (0, "")


def test_ends_with_a_sentence_when_no_worker_can_start():
    status, output, _ = run("sys.exit(0 if supervise(fail, on_reload=print)[1]() else 1)")
    assert status == 1
    assert "no worker can start; the service ends" in output
    assert "False" not in output  # it is not a reload


def test_roll_to_what_cannot_start_is_aborted_and_the_workers_stay():
    status, output, _ = run("""
        pids = set()
        one, go = supervise(serve, lambda: fail, on_ready=lambda: at(0.5, signal.SIGHUP, signal.SIGINT))
        before = one._stop
        def stop():
            print([w.serve is serve and w.ready and not w.leaving for w in one._workers.values()])
            before()
        one._stop = stop
        sys.exit(0 if go() else 1)
    """)
    assert status == 0
    assert "aborting the reload and keeping workers" in output
    assert "[True, True]" in output


def test_worker_replaced_while_it_starts_ends_even_if_code_that_it_calls_ignores_exceptions():
    status, output, _ = run("""
        def ignore(slot, number, beat):
            try:
                time.sleep(1000)
            except BaseException:
                print("it serves", flush=True)
                serve(slot, number, beat)
        loads = iter([ignore, serve])
        signals = [signal.SIGHUP, signal.SIGHUP, signal.SIGTERM]
        one, go = supervise(serve, lambda: next(loads), on_ready=lambda: at(0.5, *signals))
        sys.exit(0 if go() else 1)
    """)
    assert status == 0
    assert "it serves" not in output


def test_workers_end_without_a_traceback_if_sigint_reaches_them_in_code_that_ignores_exceptions():
    """A terminal sends SIGINT to all processes."""
    status, output, _ = run("""
        def ignore(slot, number, beat):
            beat()
            try:
                signal.raise_signal(signal.SIGINT)
            except BaseException:
                print("it serves", flush=True)
            serve(slot, number, beat)
        ended = []
        def end(number):
            ended.append(number)
            if len(ended) == 2:
                os.kill(os.getpid(), signal.SIGTERM)
        one, go = supervise(ignore, on_end=end)
        sys.exit(0 if go() else 1)
    """)
    assert status == 0
    assert "it serves" not in output
    assert "Traceback" not in output


def test_what_cannot_be_loaded_touches_no_worker():
    status, output, _ = run("""
        def load():
            raise ValueError("model.keras: is bad.")
        ended = []
        one, go = supervise(serve, load, on_ready=lambda: at(0.3, signal.SIGHUP, signal.SIGHUP, signal.SIGTERM),
                            on_end=lambda number: ended.append(one._stopping))
        go()
        print(ended)
    """)
    assert status == 0
    assert "model.keras: is bad." in output
    assert "[True, True]" in output


def test_sigterm_while_the_error_of_a_load_is_logged_lets_the_workers_drain():
    status, output, _ = run("""
        class Stop(logging.Handler):
            def emit(self, record):
                if "aborting the reload" in record.msg:
                    signal.raise_signal(signal.SIGTERM)
        logging.getLogger().addHandler(Stop())
        def load():
            raise ValueError("model.keras: is bad.")
        one, go = supervise(serve, load, on_ready=lambda: at(0.3, signal.SIGHUP))
        print(go(), len(one._workers))
    """)
    assert (status, output) == (0, "True 0\n")


def test_sigterm_ends_an_endless_load():
    status, _, seconds = run("""
        one, go = supervise(serve, lambda: time.sleep(1000), on_ready=lambda: at(0.5, signal.SIGHUP, signal.SIGTERM))
        sys.exit(0 if go() else 1)
    """)
    assert status == 0
    assert seconds < 30


def test_worker_that_never_starts_or_falls_silent_is_killed_and_replaced():
    status, output, _ = run("""
        worker.START_SECONDS = worker.SILENT_SECONDS = 0.5
        started = []
        def hang(slot, number, beat):
            if slot == 0:
                beat()
            time.sleep(1000)
        def ended(number):
            started.append(number)
            if len(started) == 6:
                os.kill(os.getpid(), signal.SIGTERM)
        one, go = supervise(hang, on_end=ended)
        sys.exit(0 if go() else 1)
    """)
    assert status == 0
    assert output.count("does not respond; killing it") >= 5


def test_worker_that_ignores_sigterm_is_killed_in_time_and_at_once_after_a_second_one():
    for signals, end_seconds in (("signal.SIGTERM", 0.5), ("signal.SIGTERM, signal.SIGTERM", 300)):
        status, _, seconds = run(f"""
            def deaf(slot, number, beat):
                for one in (signal.SIGTERM, signal.SIGINT):
                    signal.signal(one, signal.SIG_IGN)
                serve(slot, number, beat)
            one, go = supervise(deaf, end_seconds={end_seconds}, on_ready=lambda: at(0.1, {signals}))
            sys.exit(0 if go() else 1)
        """)
        assert status == 0
        assert seconds < 30


def test_numbers_of_a_hundred_workers_that_follow_each_other_are_few():
    """Metrics files are named after these numbers, so their number stays small too."""
    status, output, _ = run("""
        supervisor.RETRY_SECONDS = 0
        numbers, seen = set(), []
        def brief(slot, number, beat):
            beat()
        def ended(number):
            numbers.add(number)
            seen.append(number)
            if len(seen) == 100:
                os.kill(os.getpid(), signal.SIGTERM)
        one, go = supervise(brief, on_end=ended)
        go()
        print(len(seen) >= 100, max(numbers))
    """)
    assert status == 0
    assert {"True 0", "True 1"} & set(output.splitlines())


def test_one_worker_stays_however_many_are_taken_away():
    status, output, _ = run("""
        def ended(number):
            print("ended", len(one._workers), flush=True)
            if not one._stopping:
                at(0.5, signal.SIGTERM)
        one, go = supervise(serve, on_ready=lambda: at(0.1, *[signal.SIGTTOU] * 3), on_end=ended)
        sys.exit(0 if go() else 1)
    """)
    assert (status, output.splitlines()) == (0, ["ended 1", "ended 0"])


def test_workers_end_when_the_supervisor_is_killed():
    status, output, _ = run("""
        receive, send = os.pipe()
        if os.fork() == 0:
            os.close(receive)
            supervise(serve, on_ready=lambda: os.kill(os.getpid(), signal.SIGKILL))[1]()
        os.close(send)
        print(os.read(receive, 1))  # empty once all writing ends are closed
    """)
    assert (status, output.strip()) == (0, "b''")


def test_end_of_a_replacement_is_logged_once():
    status, output, _ = run("""
        stop_when_replaced(1)  # time to say it again
        def newer(slot, number, beat):
            serve(slot, number, beat)
        one, go = supervise(serve, load=lambda: newer, on_ready=lambda: at(0.2, signal.SIGHUP))
        sys.exit(0 if go() else 1)
    """)
    assert status == 0
    assert output.count("replaced the workers: 2 now serve") == 1
    assert output.index("replacing the workers") < output.index("replaced the workers")


def test_outcome_of_each_reload_is_reported():
    status, output, _ = run("""
        def newer(slot, number, beat):
            serve(slot, number, beat)
        serves = [ValueError("model.keras: is bad."), fail, newer]
        def load():
            if isinstance(found := serves.pop(0), Exception):
                raise found
            return found
        def report(successful):
            print("successful" if successful else "failed", flush=True)
            at(0, signal.SIGHUP if serves else signal.SIGTERM)
        one, go = supervise(serve, load, on_ready=lambda: at(0, signal.SIGHUP), on_reload=report)
        sys.exit(0 if go() else 1)
    """)
    assert status == 0
    reported = [line for line in output.splitlines() if line in {"successful", "failed"}]
    assert reported == ["failed", "failed", "successful"]


def test_reload_that_fails_while_workers_are_replaced_stays_failed():
    status, output, _ = run("""
        stop_when_replaced(0.3)
        def newer(slot, number, beat):
            serve(slot, number, beat)
        serves = [newer]
        def load():
            if serves:  # handled in the next pass of the loop, before any worker can be ready
                os.kill(os.getpid(), signal.SIGHUP)
            return serves.pop()
        one, go = supervise(serve, load, on_ready=lambda: at(0, signal.SIGHUP), on_reload=print)
        sys.exit(0 if go() else 1)
    """)
    assert status == 0
    assert "replaced the workers: 2 now serve" in output
    assert [line for line in output.splitlines() if line in {"True", "False"}] == ["False"]


@pytest.mark.parametrize(
    ("slot", "end"), [(1, "sys.exit(3)"), (0, "os.kill(os.getpid(), signal.SIGKILL)")], ids=["fails", "is killed"]
)
def test_reload_one_of_whose_workers_does_not_start_is_failed_until_it_does(slot: int, end: str):
    status, output, _ = run(f"""
        import pathlib, tempfile
        begun = pathlib.Path(tempfile.mkdtemp()) / "begun"
        def once(slot, number, beat):
            if slot == {slot} and not begun.exists():
                begun.touch()
                {end}
            serve(slot, number, beat)
        def report(successful):
            print(successful, flush=True)
            if successful:
                at(0, signal.SIGTERM)
        one, go = supervise(serve, lambda: once, on_ready=lambda: at(0, signal.SIGHUP), on_reload=report)
        sys.exit(0 if go() else 1)
    """)
    assert status == 0
    assert [line for line in output.splitlines() if line in {"True", "False"}] == ["False", "True"]
