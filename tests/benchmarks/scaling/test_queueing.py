"""The simulated worker compared with closed forms of queueing theory."""

import pytest

from benchmarks.scaling.queueing import Worker, steady

SECONDS = 0.01
"""Seconds of work for a batch of 100."""


def worker(room: int = 10**9, refusal: float = 0.0) -> Worker:
    return Worker(SECONDS / 100, refusal, room)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_mean_wait_is_that_of_m_d_1(load: float):
    """Pollaczek-Khinchine formula for a constant service time: load x work / 2 (1 - load)."""
    outcome = steady(worker(), load / SECONDS, 100, 1500)
    waited = sum(outcome.seconds) / len(outcome.seconds) - SECONDS
    assert waited == pytest.approx(load * SECONDS / (2 * (1 - load)), rel=0.05)


@pytest.mark.parametrize("load", [0.8, 1.0, 4.0])
def test_share_refused_is_that_of_m_m_1_k(load: float):
    """Erlang's loss formula for one server with room for ten: (1 - a) a^10 / (1 - a^11)."""
    outcome = steady(worker(room=1000), load / SECONDS, 100, 600, draw=lambda rng: rng.expovariate(1 / SECONDS))
    expected = 1 / 11 if load == 1 else (1 - load) * load**10 / (1 - load**11)
    assert outcome.refused / outcome.offered == pytest.approx(expected, rel=0.05, abs=0.004)


@pytest.mark.parametrize("load", [0.5, 4.0])
def test_no_headline_is_lost_or_counted_twice(load: float):
    outcome = steady(worker(room=1000), load / SECONDS, 100, 60)
    in_flight = outcome.offered - outcome.answered - outcome.refused
    assert 0 <= in_flight <= 1000
    assert (outcome.refused > 0) == (load > 1)


def test_no_accepted_batch_waits_longer_than_for_a_full_queue():
    outcome = steady(worker(room=1000), 4 / SECONDS, 100, 60)
    assert max(outcome.seconds) <= 10 * SECONDS + 1e-9


@pytest.mark.parametrize("times", [2.0, 4.0])
def test_refusing_costs_goodput_what_its_seconds_say(times: float):
    """A busy second is work and refusals: g / capacity + (offered - g) x seconds a refusal = 1."""
    refusal = 0.05 * SECONDS
    outcome = steady(worker(room=1000, refusal=refusal), times / SECONDS, 100, 120)
    expected = (1 - times * 0.05) / (1 - 0.05)
    assert outcome.answered / 100 / 120 * SECONDS == pytest.approx(expected, rel=0.02)


def test_same_seed_same_answer():
    assert steady(worker(), 50, 100, 20, seed=3) == steady(worker(), 50, 100, 20, seed=3)
    assert steady(worker(), 50, 100, 20, seed=3) != steady(worker(), 50, 100, 20, seed=4)
