"""A fleet of workers behind Kubernetes' HorizontalPodAutoscaler in a spike, simulated with SimPy.

The autoscaler's numbers are read from the manifest that ships; how it decides is that of the Kubernetes documentation
("Horizontal Pod Autoscaling": algorithm details, configurable scaling behavior).
"""

import math
import random
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import simpy
import yaml

from benchmarks.queueing import Outcome, Queue, Worker, arrivals

_ROOT = Path(__file__).parent.parent / "deploy" / "kubernetes"
SYNC_SECONDS = 15.0
"""The autoscaler decides, metrics-server looks at CPU, and Prometheus at its targets, this often (their defaults)."""
TOLERANCE = 0.1
"""A ratio this near to 1 changes nothing (the default)."""


@dataclass(frozen=True, slots=True)
class Spike:
    """A load of `base` headlines a second that is `times` as much for some seconds."""

    base: float
    times: float = 10.0
    begins: float = 60.0
    lasts: float = 300.0
    ends: float = 480.0
    headlines: int = 1000
    """In a batch."""

    def rate(self, now: float) -> float:
        """Batches a second."""
        inside = self.begins <= now < self.begins + self.lasts
        return self.base / self.headlines * (self.times if inside else 1.0)


@dataclass(frozen=True, slots=True)
class Second:
    """What happened in one; rates in headlines a second."""

    at: float
    offered: float
    answered: float
    refused: float
    pods: int
    """Those that answer."""


@dataclass(frozen=True, slots=True)
class InFlight:
    """Headlines in flight a pod to aim for, as the mean of so many scrapes."""

    target: float
    scrapes: int


class Autoscaler:
    """The manifest's autoscaler: recommends for each metric, takes the largest, and holds it to its policies."""

    def __init__(self, spec: Mapping[str, Any], in_flight: InFlight | None) -> None:
        """`spec` of the manifest; `in_flight` where it shall look at that as well."""
        [cpu] = [one["resource"] for one in spec["metrics"] if one["type"] == "Resource"]
        self.least: int = spec["minReplicas"]
        self.most: int = spec["maxReplicas"]
        self.utilization: float = cpu["target"]["averageUtilization"] / 100
        self.in_flight = in_flight
        self._behavior = spec["behavior"]
        self._changes: deque[tuple[float, int]] = deque(maxlen=1000)
        self._recommended: deque[tuple[float, int]] = deque(maxlen=1000)

    def decide(self, now: float, pods: int, cpu: Sequence[float], queues: Sequence[float]) -> int:
        """How many pods there shall be; `cpu` (cores) and `queues` (headlines) of those that have a measurement."""
        recommended = recommend(pods, cpu, self.utilization)
        if self.in_flight is not None:
            recommended = max(recommended, recommend(pods, queues, self.in_flight.target))
        self._recommended.append((now, recommended))
        window = self._behavior["scaleDown"]["stabilizationWindowSeconds"]
        if recommended < pods:
            recommended = min(pods, max(count for at, count in self._recommended if at > now - window))
        wanted = min(max(recommended, self.least), self.most)
        if wanted > pods:
            wanted = min(wanted, max(self._limits("scaleUp", now, pods, 1)))
        elif wanted < pods:
            wanted = max(wanted, min(self._limits("scaleDown", now, pods, -1)))
        if wanted != pods:
            self._changes.append((now, wanted - pods))
        return wanted

    def _limits(self, way: str, now: float, pods: int, sign: int) -> list[int]:
        """How far each policy lets it go from what there was at the beginning of the policy's period."""
        limits = []
        for policy in self._behavior[way]["policies"]:
            since = now - policy["periodSeconds"]
            before = pods - sum(change for at, change in self._changes if at > since and change * sign > 0)
            step = policy["value"] if policy["type"] == "Pods" else before * policy["value"] / 100
            limits.append(math.ceil(before + step) if sign > 0 else math.floor(before - step))
        return limits


def recommend(pods: int, values: Sequence[float], target: float) -> int:
    """The documented formula; pods without a measurement count as idle on the way up, as on target on the way down."""
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
    """A worker that answers from some moment on, and what has been measured of it: one value a period."""

    queue: Queue
    ready_at: float
    busy: float = 0.0
    cpu: float | None = None
    queued: list[float] = field(default_factory=list)


class Fleet:
    """Pods behind a Service, which sends each request to any of those that are ready."""

    def __init__(self, env: simpy.Environment, worker: Worker, scaler: Autoscaler, start_seconds: float) -> None:
        self.env, self.worker, self.scaler, self.start_seconds = env, worker, scaler, start_seconds
        self.pods = [Pod(Queue(env, worker), env.now) for _ in range(scaler.least)]

    @property
    def ready(self) -> list[Pod]:
        """Those that answer."""
        return [pod for pod in self.pods if pod.ready_at <= self.env.now]

    def run(self) -> simpy.events.ProcessGenerator:
        """Measure and decide once a period; pods that go have their queues done before they end."""
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
            # What is measured now is what the next decision knows: CPU is a period old when it is looked at.
            for pod in self.ready:
                whole = pod.ready_at <= now - SYNC_SECONDS
                pod.cpu = (pod.queue.busy_seconds - pod.busy) / SYNC_SECONDS if whole else None
                pod.busy = pod.queue.busy_seconds
                pod.queued.append(pod.queue.in_flight)
            self.pods = self.pods[:wanted]  # the newest go first
            self.pods += [
                Pod(Queue(self.env, self.worker), now + self.start_seconds) for _ in range(wanted - len(self.pods))
            ]

    def _mean_queue(self, pod: Pod) -> float:
        recent = pod.queued[-(self.scaler.in_flight.scrapes if self.scaler.in_flight else 1) :]
        return sum(recent) / len(recent)


def simulate(
    worker: Worker, spike: Spike, scaler: Autoscaler, start_seconds: float, seed: int = 1
) -> tuple[list[Second], Outcome]:
    """Second by second, and in all; a pod answers `start_seconds` after it was decided on."""
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
    """The spec of the production overlay's autoscaler, and what the component `scale-on-headlines` aims for."""
    manifest = yaml.safe_load((_ROOT / "overlays/production/horizontal-pod-autoscaler.yaml").read_text("utf-8"))
    component = _ROOT / "components" / "scale-on-headlines"
    kustomization = yaml.safe_load((component / "kustomization.yaml").read_text("utf-8"))
    [operation] = yaml.safe_load(kustomization["patches"][0]["patch"])
    [window] = re.findall(r"\[(\d+)s\]", (component / "prometheus-adapter.yaml").read_text("utf-8"))
    target = float(operation["value"]["pods"]["target"]["averageValue"])
    return manifest["spec"], InFlight(target, int(float(window) / SYNC_SECONDS))
