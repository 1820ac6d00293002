"""Keeps Locust's own statistics true: merges what the engine counted, in batches.

No `request` event is fired per request, that would cost more than the request:
listeners on it (request loggers, tracing) see nothing of the engine's traffic.
Buckets are Locust's own, whole milliseconds; the lossless ones travel with the
result of a trial.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from locust.env import Environment
from locust.stats import StatsEntry, StatsError, bucket_response_time

from loadgen.engine.engine import Engine
from loadgen.engine.measures import Exchange
from loadgen.engine.recorder import difference


class LocustStatistics:
    """Remembers what was merged before; `merge` adds what has come since."""

    def __init__(self, environment: Environment) -> None:
        self._stats = environment.stats
        self._responses: dict[str, dict[int, int]] = {}
        self._errors: Counter[str] = Counter()

    def merge(self, engine: Engine) -> None:
        """Add the responses and errors since the last call to Locust's statistics."""
        asked = engine.by_path()
        for path, (recorder, exchange) in asked.items():
            responses = recorder.snapshot()
            added = list(difference(responses, self._responses.get(path, {})))
            self._merge_responses(path, added, exchange)
            self._responses[path] = responses
        errors = engine.errors.copy()
        first, (_, exchange) = next(iter(asked.items()))
        self._merge_errors(first, exchange.method, errors - self._errors)
        self._errors = errors
        # Locust reckons rates up to the last response: of a server that stands still, it would
        # show the last rate for ever.
        self._stats.total.last_request_timestamp = time.time()

    def _merge_responses(self, path: str, added: list[tuple[int, int]], exchange: Exchange) -> None:
        if not added:
            return
        entry = StatsEntry(self._stats, path, exchange.method)
        for us, count in added:
            _add(entry, us, count)
        entry.total_content_length = entry.num_requests * len(exchange.response)
        entry.last_request_timestamp = time.time()
        entry.num_reqs_per_sec[int(time.time())] = entry.num_requests
        self._stats.get(path, exchange.method).extend(entry)
        self._stats.total.extend(entry)

    def _merge_errors(self, path: str, method: str, added: Counter[str]) -> None:
        failed = StatsEntry(self._stats, path, method)
        for kind, count in added.items():
            key = StatsError.create_key(method, path, kind)
            known = self._stats.errors.setdefault(key, StatsError(method, path, kind))
            known.occurrences += count
            failed.num_requests += count
            failed.num_none_requests += count
            failed.num_failures += count
        if failed.num_failures:
            second = int(time.time())
            failed.last_request_timestamp = time.time()
            failed.num_reqs_per_sec[second] = failed.num_requests
            failed.num_fail_per_sec[second] = failed.num_failures
            self._stats.get(path, method).extend(failed)
            self._stats.total.extend(failed)


def _add(entry: StatsEntry, us: int, count: int) -> None:
    # Locust annotates these as whole numbers, but keeps and shows fractions.
    exact: Any = entry
    ms = us / 1_000
    exact.num_requests += count
    exact.total_response_time += ms * count
    exact.min_response_time = min(ms, exact.min_response_time or ms)
    exact.max_response_time = max(ms, exact.max_response_time)
    entry.response_times[bucket_response_time(ms)] += count
