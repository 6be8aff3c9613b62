"""Parsing wrk's output; a run with errors is refused."""

import json

import pytest

from benchmarks.machine import MeasurementError
from benchmarks.wrk import parse

NO_ERRORS = dict.fromkeys(("connect", "read", "write", "timeout", "status"), 0)


def output(**errors: int) -> str:
    said = {"requests": 9_000, "microseconds": 3_000_000, "p50": 1_250, "p99": 4_000, "errors": NO_ERRORS | errors}
    return f"Running 3s test @ http://127.0.0.1:1/predict\n  1 threads and 16 connections\n{json.dumps(said)}\n"


def test_rate_is_requests_a_second_and_latency_is_in_milliseconds():
    run = parse(output())
    assert run.rate == 3_000
    assert (run.p50, run.p99) == (1.25, 4.0)


@pytest.mark.parametrize("kind", NO_ERRORS)
def test_one_failed_request_of_any_kind_refuses_the_run(kind: str):
    with pytest.raises(MeasurementError, match=f"Not reported.*1 {kind}"):
        parse(output(**{kind: 1}))
