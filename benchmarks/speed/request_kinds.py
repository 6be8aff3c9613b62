"""What kinds of requests cost: explanations, long texts, other scripts, the Open Inference Protocol."""

import http.client
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.classifier import load_bundle
from app.settings import load_settings
from benchmarks.machine import MeasurementError, cores, pinned
from benchmarks.process import Process
from benchmarks.speed.apis import OPEN_INFERENCE
from benchmarks.speed.over_http import times
from benchmarks.speed.targets import SERVICE
from benchmarks.texts import MadeTexts

_KOREAN = "삼성전자 3분기 영업이익 시장 전망치 웃돌아 주가 상승"
_CHINESE = "央行下调存款准备金率 释放长期资金约一万亿元"
_HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Request:
    """One kind of request."""

    name: str
    path: str
    body: bytes
    headers: dict[str, str]
    headlines: int = 1


def requests() -> list[Request]:
    """The kinds, with texts made from the model's words."""
    bundle = load_bundle(load_settings().model[0])
    made = MadeTexts(bundle)
    short, long, wire = made.words(12), made.words(200), made.words(136)
    batch = made.headlines(100)
    infer = f"/v2/models/{bundle.manifest.name}/infer"

    def single(name: str, text: str, **fields: object) -> Request:
        return Request(name, "/predict", json.dumps({"headline": text, **fields}).encode(), _HEADERS)

    return [
        single("12 words", short),
        single("12 words, explained", short, explain=True),
        single("200 words", long),
        single("200 words, explained", long, explain=True),
        single("a wire of 136 words", wire),
        single("Korean headline", _KOREAN),
        single("Chinese headline", _CHINESE),
        Request("batch of 100", "/predict/batch", json.dumps({"headlines": batch}).encode(), _HEADERS, 100),
        Request("batch of 100, /v2", infer, json.dumps(OPEN_INFERENCE.body(batch)).encode(), _HEADERS, 100),
        Request("batch of 100, /v2 binary", infer, *_binary(batch), 100),
    ]


def _binary(headlines: Sequence[str]) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a request with binary tensors: each text after its length in four bytes."""
    texts = [headline.encode() for headline in headlines]
    raw = b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    tensor = {"name": "headline", "datatype": "BYTES", "shape": [len(texts)]}
    parameters = {"parameters": {"binary_data_size": len(raw)}}
    asked = {"inputs": [tensor | parameters], "parameters": {"binary_data_output": True}}
    head = json.dumps(asked).encode()
    headers = {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"}
    return head + raw, headers


def measure(seconds: float, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Latency and processor time of each kind, one client, in turns; medians of the rounds.

    Raises:
        MeasurementError: a request failed.
    """
    server, client = cores()
    kinds = requests()
    measured: dict[str, list[dict[str, float]]] = {kind.name: [] for kind in kinds}
    with (
        tempfile.TemporaryDirectory() as folder,
        SERVICE.process(Path(folder), [server]) as process,
        pinned([client]),
    ):
        process.wait("/health/ready")
        for _ in range(rounds):
            for kind in kinds:
                measured[kind.name].append(_ask(process, kind, seconds))
                say(f"{kind.name}: {measured[kind.name][-1]}")
    medians = {
        name: {figure: statistics.median(figures[figure] for figures in rounds) for figure in rounds[0]}
        for name, rounds in measured.items()
    }
    explained = {
        words: statistics.median(
            times(a["cpu_us"], b["cpu_us"])
            for a, b in zip(measured[f"{words}, explained"], measured[words], strict=True)
        )
        for words in ("12 words", "200 words")
    }
    return {"seconds": seconds, "rounds": rounds, "kinds": medians, "explained": explained}


def _ask(process: Process, kind: Request, seconds: float) -> dict[str, float]:
    """Send one kind of request for a while on one connection; processor time is per headline."""
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=30)
    taken = []
    try:
        _exchange(connection, kind)
        before, end = process.cpu_seconds(), time.perf_counter() + seconds
        while (start := time.perf_counter()) < end:
            _exchange(connection, kind)
            taken.append(time.perf_counter() - start)
        cpu = process.cpu_seconds() - before
    finally:
        connection.close()
    return {"p50_ms": statistics.median(taken) * 1e3, "cpu_us": cpu / len(taken) / kind.headlines * 1e6}


def _exchange(connection: http.client.HTTPConnection, kind: Request) -> None:
    connection.request("POST", kind.path, kind.body, kind.headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise MeasurementError(f"Not reported: {kind.name} was answered with {answer.status}: {content[:200]!r}")
