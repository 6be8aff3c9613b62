"""Memory of a service: used at start, used at most, and available on this machine or in this container."""

from pathlib import Path

from app.server.http.connections import (
    FREE_BYTES,
    LARGEST_REQUESTS,
    MAX_CONNECTIONS,
    MAX_UNREAD_BYTES,
    MIN_REQUEST_BYTES,
)
from app.settings import Settings
from app.telemetry.prometheus.process import read_size

WORKER_BYTES = 30 * 1000 * 1000
"""Memory that a forked worker does not share: 23 to 31 MB after 100 requests, with one model or two."""

KERAS_SHARED_BYTES = 35 * 1000 * 1000
"""Memory that workers share with `TOPICS_RUNTIME=keras`, where each builds its own model."""

_CGROUP = Path("/sys/fs/cgroup")


def connections_bytes(max_body_bytes: int) -> int:
    """Maximum bytes that the connections of one process can make it hold, with every limit reached at once."""
    # A text with a character outside the Basic Multilingual Plane takes 4 bytes for each of its characters.
    connections = MAX_CONNECTIONS * (24 * 1024 + 4 * FREE_BYTES)  # 24 KiB: objects, and a head of 100 lines
    requests = 4 * max(MIN_REQUEST_BYTES, LARGEST_REQUESTS * max_body_bytes)
    parsing = 10 * max_body_bytes  # one body at a time becomes JSON values
    return connections + requests + parsing + MAX_UNREAD_BYTES


def needed_bytes(settings: Settings, process: int) -> tuple[int, int]:
    """Bytes of all processes at the start, and at most; `process`: resident bytes of one with the model loaded."""
    own = max(process - KERAS_SHARED_BYTES, 0) if settings.runtime == "keras" else WORKER_BYTES
    several = settings.workers > 1
    usual = process + (settings.workers * own if several else 0)  # the supervisor, and a worker's own part
    return usual, usual + settings.workers * connections_bytes(settings.max_body_bytes)


def available_bytes(meminfo: Path = Path("/proc/meminfo"), cgroup: Path = _CGROUP) -> int | None:
    """Memory that new processes can have: of the machine, or of the container if it is limited further."""
    free = [read_size(meminfo, "MemAvailable")]
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            free.append(int((cgroup / limit).read_text()) - int((cgroup / used).read_text()))
        except (OSError, ValueError):  # another version of cgroups, or "max"
            continue
    return min((size for size in free if size is not None), default=None)
