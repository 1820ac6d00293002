"""A set pace for something that may be asked for in bursts, such as opening connections."""

from __future__ import annotations

CATCH_UP_NS = 5_000_000
"""An engine that was late makes up for so much at once: epoll sleeps for whole milliseconds."""


class RateLimiter:
    """Gives leave `per_s` times a second; 0: always."""

    def __init__(self, per_s: float) -> None:
        self._step_ns = int(1e9 / per_s) if per_s else 0
        self._next_ns: int | None = None

    def allows(self, now_ns: int) -> bool:
        """Whether it may be done now, at this moment of a monotonic clock; leave given is used."""
        if not self._step_ns:
            return True
        if self._next_ns is None:
            self._next_ns = now_ns
        if now_ns < self._next_ns:
            return False
        self._next_ns = max(self._next_ns, now_ns - CATCH_UP_NS) + self._step_ns
        return True
