"""What a path was like, and whether that is what the trial asked for.

Round trip: of a handshake before the load, as the kernel timed it. Loss and rate: of what went into
the path where the server is, in the window, as the kernel counted it; in a pod that is both
directions, across a bridge the one to the clients.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

from contract.result.server_side import ProbeSample
from contract.settings.trial import Settings
from experiments.records.quotient import per

EARLY: Final = 0.02
LATE, LATE_US = 0.1, 2_000.0
"""How far a round trip may be off: netem keeps a delay to some 0.1 ms, and the processors of a
shared machine may be away for a millisecond."""
HANDSHAKE_BITS: Final = 2 * 8 * 74
"""A SYN and its answer, with the heads of Ethernet: on a thin line they take their time."""
SIGMAS, FEW = 6.0, 3.0
"""How far from its share the count of lost packets may be by chance."""
FAST: Final = 0.05
"""How much more than its rate a line may have carried: what it holds in its bucket."""
WRAP: Final = 2**32
"""The kernel counts packets modulo this."""


def link_columns(before: ProbeSample, after: ProbeSample) -> dict[str, Any]:
    """Columns of a shaped path; none of another."""
    if before.link is None or after.link is None:
        return {}
    offered, lost = _packets(before, after)
    return {
        "link_lost_share": per(lost, offered),
        "link_mbit_per_s": _mbit_per_s(before, after),
    }


def link_not_as_asked(
    settings: Settings, round_trip_us: int | None, before: ProbeSample, after: ProbeSample
) -> str:
    """Why the path was not what the trial asked for, in words; empty if it was."""
    if not settings.shaped:
        return ""
    if before.link is None or after.link is None:
        return "the path was not shaped where the server is, though the trial asked for it"
    faults = (
        *_round_trip(settings, round_trip_us),
        *_loss(settings, *_packets(before, after)),
        *_rate(settings, _mbit_per_s(before, after)),
    )
    return "; ".join(faults)


def _round_trip(settings: Settings, seen_us: int | None) -> Iterator[str]:
    asked_us = 2_000 * settings.delay_ms
    if seen_us is None:
        yield "the round trip of the path was not timed"
        return
    line_us = HANDSHAKE_BITS / settings.rate_mbit if settings.rate_mbit else 0.0
    most_us = (asked_us + line_us) * (1 + LATE) + LATE_US
    if not asked_us * (1 - EARLY) <= seen_us <= most_us:
        yield (
            f"the path had a round trip of {seen_us / 1e3:,.1f} ms, "
            f"and not {asked_us / 1e3:,.1f} ms as asked"
        )


def _loss(settings: Settings, offered: int, lost: int) -> Iterator[str]:
    expected = settings.loss * offered
    chance = SIGMAS * math.sqrt(expected * (1 - settings.loss)) + FEW
    # The queue before a thin line loses some as well.
    if lost < expected - chance or (lost > expected + chance and not settings.rate_mbit):
        yield (
            f"the path lost {lost:,} of {offered:,} packets in the window, "
            f"and not {settings.loss:.3g} of them as asked"
        )


def _rate(settings: Settings, seen: float | None) -> Iterator[str]:
    if settings.rate_mbit and seen is not None and seen > settings.rate_mbit * (1 + FAST):
        yield (
            f"the path carried {seen:,.3g} Mbit/s in the window, "
            f"and not {settings.rate_mbit:,.3g} at most as asked"
        )


def _packets(before: ProbeSample, after: ProbeSample) -> tuple[int, int]:
    """That went into the path between the two, and how many of them were lost."""
    sent = lost = 0
    for direction, (packets, _, dropped) in (after.link or {}).items():
        first, _, first_dropped = (before.link or {}).get(direction, (0, 0, 0))
        sent += (packets - first) % WRAP
        lost += (dropped - first_dropped) % WRAP
    return sent + lost, lost


def _mbit_per_s(before: ProbeSample, after: ProbeSample) -> float | None:
    """In the busier direction."""
    seconds = (after.at_ns - before.at_ns) / 1e9
    carried = [
        after_bytes - (before.link or {}).get(direction, (0, 0, 0))[1]
        for direction, (_, after_bytes, _) in (after.link or {}).items()
    ]
    return per(max(carried, default=0) * 8 / 1e6, seconds)
