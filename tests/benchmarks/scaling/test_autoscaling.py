"""The simulated autoscaler: Kubernetes' rules, one by one, and a small spike as a whole."""

import pytest

from benchmarks.scaling.autoscaling import Autoscaler, InFlight, Spike, recommend, shipped, simulate
from benchmarks.scaling.queueing import Worker

SPEC, IN_FLIGHT = shipped()
QUICK = Worker(1 / 6_000, 0.0004, 10_000)
"""A tenth of the real worker's speed, so that a tenth of the batches is enough."""


def test_recommendation_is_the_documented_formula():
    assert recommend(3, [1.0, 1.0, 1.0], 0.6) == 5
    assert recommend(3, [0.6, 0.6, 0.65], 0.6) == 3  # within the tolerance
    assert recommend(10, [0.1] * 10, 0.6) == 2


def test_pods_without_a_measurement_damp_in_both_directions():
    assert recommend(4, [1.0, 1.0], 0.5) == 4  # 2.0 / 4 / 0.5 is on target
    assert recommend(4, [0.25, 0.25], 0.5) == 3  # (0.5 + 2 x 0.5) / 4 / 0.5
    assert recommend(3, [], 0.6) == 3


def test_scaling_up_is_held_to_the_larger_policy():
    scaler = Autoscaler(SPEC, None)
    assert scaler.decide(0, 3, [100.0] * 3, []) == 9  # 200% and 6 pods are the same here
    assert scaler.decide(1, 9, [100.0] * 9, []) == 9  # within the same period
    assert scaler.decide(16, 9, [100.0] * 9, []) == 27
    assert scaler.decide(32, 27, [100.0] * 27, []) == SPEC["maxReplicas"]


def test_scaling_down_waits_and_then_halves():
    scaler = Autoscaler(SPEC, None)
    assert scaler.decide(0, 20, [0.6] * 20, []) == 20
    assert scaler.decide(200, 20, [0.01] * 20, []) == 20
    assert scaler.decide(301, 20, [0.01] * 20, []) == 10
    assert scaler.decide(316, 10, [0.01] * 10, []) == 10
    assert scaler.decide(362, 10, [0.01] * 10, []) == 5
    assert scaler.decide(700, 5, [0.01] * 5, []) == SPEC["minReplicas"]


def test_larger_recommendation_is_used():
    both = Autoscaler(SPEC, InFlight(1000, 2))
    assert both.decide(0, 3, [1.0] * 3, [3000.0] * 3) == 9
    assert both.decide(100, 3, [1.0] * 3, [0.0] * 3) == 5


@pytest.fixture(scope="module")
def spikes() -> dict[str, tuple]:
    spike = Spike(base=1.8 * 6_000, lasts=240, ends=330)
    return {
        name: simulate(QUICK, spike, Autoscaler(SPEC, in_flight), 5)
        for name, in_flight in (("cpu", None), ("both", IN_FLIGHT))
    }


@pytest.mark.parametrize("metrics", ["cpu", "both"])
def test_before_the_spike_three_pods_hold_the_load_and_refuse_nothing(spikes: dict, metrics: str):
    seconds, _ = spikes[metrics]
    before = [one for one in seconds if one.at <= 60]
    assert {one.pods for one in before} == {3}
    assert sum(one.refused for one in before) == 0
    assert sum(one.answered for one in before) == pytest.approx(60 * 1.8 * 6_000, rel=0.15)


@pytest.mark.parametrize("metrics", ["cpu", "both"])
def test_no_headline_is_lost_in_a_spike(spikes: dict, metrics: str):
    seconds, total = spikes[metrics]
    assert total.offered == sum(one.offered for one in seconds)
    left = total.offered - total.answered - total.refused
    assert 0 <= left <= QUICK.room * 30
    assert all(SPEC["minReplicas"] <= one.pods <= SPEC["maxReplicas"] for one in seconds)


def test_at_the_beginning_three_pods_do_what_three_can(spikes: dict):
    seconds, _ = spikes["cpu"]
    first = [one for one in seconds if 62 <= one.at <= 75]
    answered = sum(one.answered for one in first) / len(first)
    offered = 18 * 6_000 / 1000  # batches a second
    refusing = (offered - 18) * QUICK.seconds_per_refusal / 3  # the share of each one's time
    assert answered == pytest.approx(3 * 6_000 * (1 - refusing), rel=0.05)


def test_with_headlines_in_flight_it_recovers_and_refuses_less_than_half(spikes: dict):
    seconds, both = spikes["both"]
    _, cpu = spikes["cpu"]
    last = [one for one in seconds if 240 <= one.at < 300]
    assert sum(one.refused for one in last) < 0.01 * sum(one.offered for one in last)
    assert both.refused < 0.5 * cpu.refused
    assert cpu.refused > 0
