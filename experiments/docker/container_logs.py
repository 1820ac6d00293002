"""What a container printed, as its engine kept it."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Final

from experiments.docker.engine import Engine

LOG_BYTES: Final = 256 * 1024
WHOLE_BYTES: Final = 2**20
"""Beyond this size the engine may have dropped the beginning of a log."""
SHORTEST_S: Final = 1e-3


def tail(engine: Engine, container: str) -> str:
    """The last LOG_BYTES of both streams."""
    api = engine.api
    kept: deque[bytes] = deque()
    size = 0
    with engine.guard(f"reading the log of container {container[:12]}"):
        for chunk in api.logs(container, stdout=True, stderr=True, stream=True, follow=False):
            kept.append(chunk)
            size += len(chunk)
            while size - len(kept[0]) >= LOG_BYTES:
                size -= len(kept.popleft())
    return b"".join(kept)[-LOG_BYTES:].decode(errors="replace")


def rate(engine: Engine, container: str, since_s: float, until_s: float) -> float:
    """Bytes a second that it printed between two moments of the engine's calendar; of a log
    that was longer than an engine keeps, those of the part that is there."""
    api = engine.api
    size, first = 0, b""
    with engine.guard(f"reading the log of container {container[:12]}"):
        for line in api.logs(
            container, stream=True, follow=False, timestamps=True, since=since_s, until=until_s
        ):
            stamp, _, text = line.partition(b" ")
            first = first or stamp
            size += len(text)
    if size > WHOLE_BYTES:
        since_s = datetime.fromisoformat(first.decode()).timestamp()
    return size / max(until_s - since_s, SHORTEST_S)
