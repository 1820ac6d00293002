"""A window second by second, as the server's side saw it: for the timeline of a trial."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from contract.probe_question import OF_WINDOW
from contract.result.server_side import ProbeSample, ServerSecond


def server_series(samples: Sequence[ProbeSample]) -> tuple[ServerSecond, ...]:
    """A row between each two samples of the window; empty where none was measured."""
    inside = [one for one in samples if one.label in OF_WINDOW]
    return tuple(_second(inside[0].at_ns, *pair) for pair in pairwise(inside))


def _second(opened_ns: int, before: ProbeSample, after: ProbeSample) -> ServerSecond:
    return ServerSecond(
        from_s=round((before.at_ns - opened_ns) / 1e9, 4),
        to_s=round((after.at_ns - opened_ns) / 1e9, 4),
        cpu_s=round((after.cpu_ns - before.cpu_ns) / 1e9, 6),
        listen_overflows=after.listen_overflows - before.listen_overflows,
        listen_drops=after.listen_drops - before.listen_drops,
        retransmits=after.retransmits - before.retransmits,
        resets=after.resets - before.resets,
        rss_bytes=after.rss_bytes,
        threads=after.threads,
        accept_queue=after.accept_queue,
        accept_queue_max=after.accept_queue_max,
        kernel_socket_bytes=after.kernel_socket_bytes,
    )
