"""Simulates pods behind Kubernetes' HorizontalPodAutoscaler during a load spike, with SimPy.

The autoscaler's parameters are read from the shipped manifest. Its algorithm is that of the Kubernetes documentation
("Horizontal Pod Autoscaling": algorithm details, configurable scaling behavior).
"""

import math
import random
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import simpy
import yaml

from benchmarks.process import ROOT
from benchmarks.scaling.queueing import Outcome, Queue, Worker, arrivals

_ROOT = ROOT / "deploy" / "kubernetes"
SYNC_SECONDS = 15.0
"""Period of the autoscaler, of metrics-server and of Prometheus' scrapes (their defaults)."""
TOLERANCE = 0.1
"""The autoscaler does not act on a ratio that differs from 1 by no more than this (the default)."""


@dataclass(frozen=True, slots=True)
class Spike:
    """A load of `base` headlines per second that rises to `times` as much for `lasts` seconds."""

    base: float
    times: float = 10.0
    begins: float = 60.0
    lasts: float = 300.0
    ends: float = 480.0
    headlines: int = 1000
    """Headlines per batch."""

    def rate(self, now: float) -> float:
        """Batches per second at a time."""
        inside = self.begins <= now < self.begins + self.lasts
        return self.base / self.headlines * (self.times if inside else 1.0)


@dataclass(frozen=True, slots=True)
class Second:
    """State of the fleet in one second; rates in headlines per second."""

    at: float
    offered: float
    answered: float
    refused: float
    pods: int
    """Pods that answer."""


@dataclass(frozen=True, slots=True)
class InFlight:
    """Target for headlines in flight per pod, averaged over the last `scrapes` scrapes."""

    target: float
    scrapes: int


class Autoscaler:
    """The manifest's autoscaler: takes the largest recommendation of its metrics and applies its scaling policies."""

    def __init__(self, spec: Mapping[str, Any], in_flight: InFlight | None) -> None:
        """Read the manifest's `spec`; `in_flight` adds that metric to CPU."""
        [cpu] = [metric["resource"] for metric in spec["metrics"] if metric["type"] == "Resource"]
        self.min_replicas: int = spec["minReplicas"]
        self.max_replicas: int = spec["maxReplicas"]
        self.utilization: float = cpu["target"]["averageUtilization"] / 100
        self.in_flight = in_flight
        self._behavior = spec["behavior"]
        self._changes: deque[tuple[float, int]] = deque(maxlen=1000)
        self._recommended: deque[tuple[float, int]] = deque(maxlen=1000)

    def decide(self, now: float, pods: int, cpu: Sequence[float], queues: Sequence[float]) -> int:
        """Number of pods to run, from `cpu` (cores) and `queues` (headlines) of the pods that have a measurement."""
        recommended = recommend(pods, cpu, self.utilization)
        if self.in_flight is not None:
            recommended = max(recommended, recommend(pods, queues, self.in_flight.target))
        self._recommended.append((now, recommended))
        window = self._behavior["scaleDown"]["stabilizationWindowSeconds"]
        if recommended < pods:
            recommended = min(pods, max(count for at, count in self._recommended if at > now - window))
        wanted = min(max(recommended, self.min_replicas), self.max_replicas)
        if wanted > pods:
            wanted = min(wanted, max(self._limits("scaleUp", now, pods, 1)))
        elif wanted < pods:
            wanted = max(wanted, min(self._limits("scaleDown", now, pods, -1)))
        if wanted != pods:
            self._changes.append((now, wanted - pods))
        return wanted

    def _limits(self, way: str, now: float, pods: int, sign: int) -> list[int]:
        """The limit of each policy, from the number of pods at the beginning of the policy's period."""
        limits = []
        for policy in self._behavior[way]["policies"]:
            since = now - policy["periodSeconds"]
            before = pods - sum(change for at, change in self._changes if at > since and change * sign > 0)
            step = policy["value"] if policy["type"] == "Pods" else before * policy["value"] / 100
            limits.append(math.ceil(before + step) if sign > 0 else math.floor(before - step))
        return limits


def recommend(pods: int, values: Sequence[float], target: float) -> int:
    """The documented formula: pods without a measurement count as idle when scaling up, as on target when down."""
    if not values:
        return pods
    ratio = sum(values) / len(values) / target
    missing = pods - len(values)
    if missing and ratio != 1:
        filled = sum(values) + (0 if ratio > 1 else missing * target)
        damped = filled / pods / target
        if (damped > 1) != (ratio > 1):
            return pods
        ratio = damped
    return pods if abs(ratio - 1) <= TOLERANCE else math.ceil(ratio * pods)


@dataclass(slots=True)
class Pod:
    """A worker that answers from `ready_at` on, and its measurements, one per period."""

    queue: Queue
    ready_at: float
    busy: float = 0.0
    cpu: float | None = None
    queued: list[float] = field(default_factory=list)


class Fleet:
    """Pods behind a Kubernetes Service, which sends each request to a random ready pod."""

    def __init__(self, env: simpy.Environment, worker: Worker, scaler: Autoscaler, start_seconds: float) -> None:
        self.env, self.worker, self.scaler, self.start_seconds = env, worker, scaler, start_seconds
        self.pods = [Pod(Queue(env, worker), env.now) for _ in range(scaler.min_replicas)]

    @property
    def ready(self) -> list[Pod]:
        """Pods that answer."""
        return [pod for pod in self.pods if pod.ready_at <= self.env.now]

    def run(self) -> simpy.events.ProcessGenerator:
        """Measure and decide once per period; removed pods finish their queues first."""
        while True:
            yield self.env.timeout(SYNC_SECONDS)
            now = self.env.now
            measured = [pod for pod in self.pods if pod.cpu is not None]
            wanted = self.scaler.decide(
                now,
                len(self.pods),
                [pod.cpu for pod in measured if pod.cpu is not None],
                [self._mean_queue(pod) for pod in measured],
            )
            # The next decision uses these values, since CPU figures are one period old when the autoscaler reads them.
            for pod in self.ready:
                whole = pod.ready_at <= now - SYNC_SECONDS
                pod.cpu = (pod.queue.busy_seconds - pod.busy) / SYNC_SECONDS if whole else None
                pod.busy = pod.queue.busy_seconds
                pod.queued.append(pod.queue.in_flight)
            self.pods = self.pods[:wanted]  # the newest are removed first
            self.pods += [
                Pod(Queue(self.env, self.worker), now + self.start_seconds) for _ in range(wanted - len(self.pods))
            ]

    def _mean_queue(self, pod: Pod) -> float:
        recent = pod.queued[-(self.scaler.in_flight.scrapes if self.scaler.in_flight else 1) :]
        return sum(recent) / len(recent)


def simulate(
    worker: Worker, spike: Spike, scaler: Autoscaler, start_seconds: float, seed: int = 1
) -> tuple[list[Second], Outcome]:
    """Run the simulation; a new pod answers `start_seconds` after the decision.

    Returns:
        The state in each second, and the totals.
    """
    env = simpy.Environment()
    rng = random.Random(seed)
    fleet = Fleet(env, worker, scaler, start_seconds)
    total = Outcome()
    env.process(arrivals(env, spike.rate, lambda: rng.choice(fleet.ready).queue.offer(spike.headlines, total), rng))
    env.process(fleet.run())
    seconds = []
    before = (0, 0, 0)
    while env.now < spike.ends:
        env.run(until=env.now + 1)
        after = (total.offered, total.answered, total.refused)
        offered, answered, refused = (now - then for now, then in zip(after, before, strict=True))
        seconds.append(Second(env.now, offered, answered, refused, len(fleet.ready)))
        before = after
    return seconds, total


def shipped() -> tuple[Mapping[str, Any], InFlight]:
    """The spec of the production overlay's autoscaler, and the target of the component `scale-on-headlines`."""
    manifest = yaml.safe_load((_ROOT / "overlays/production/horizontal-pod-autoscaler.yaml").read_text("utf-8"))
    component = _ROOT / "components" / "scale-on-headlines"
    kustomization = yaml.safe_load((component / "kustomization.yaml").read_text("utf-8"))
    [operation] = yaml.safe_load(kustomization["patches"][0]["patch"])
    [window] = re.findall(r"\[(\d+)s\]", (component / "prometheus-adapter.yaml").read_text("utf-8"))
    target = float(operation["value"]["pods"]["target"]["averageValue"])
    return manifest["spec"], InFlight(target, int(float(window) / SYNC_SECONDS))
