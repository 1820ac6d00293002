"""The CPU time of what a server needs is told apart from that of other programs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from experiments.records.needs_cpu import NeedsSeen, needs_columns, readings
from tests.support.results import a_result

S = 1_000_000_000


def columns(seen: NeedsSeen, others: float | None = 0.5) -> dict[str, float | None]:
    """For a window from second 10 to second 12."""
    sample = a_result().samples[0]
    return needs_columns(seen, replace(sample, at_ns=10 * S), replace(sample, at_ns=12 * S), others)


def log(*pairs: tuple[float, float]) -> str:
    return "ready\n" + "".join(f"{int(at * S)} {int(cpu * S)}\n" for at, cpu in pairs)


DB = log((9, 0), (11, 1), (13, 1.4))
"""From 0.5 to 1.2 s of CPU time in the window."""


def test_log_of_a_watcher_is_words_until_it_is_figures() -> None:
    said = '[["127.0.0.1", 5432, false, 0]]\nready\n12 34\n56 '
    assert readings(said) == [(12, 34)]


def test_time_is_taken_from_others_only_where_they_share_cores() -> None:
    shared = columns(NeedsSeen({"db": DB}, shared_cores=True))
    assert shared == {
        "needs_cpu_share": pytest.approx(0.35),
        "foreign_cpu_share": pytest.approx(0.15),
    }
    apart = columns(NeedsSeen({"db": DB, "cache": DB}, shared_cores=False))
    assert apart == {"needs_cpu_share": pytest.approx(0.7)}


def test_less_than_nothing_is_left_to_others_as_nothing() -> None:
    seen = NeedsSeen({"db": DB}, shared_cores=True)
    assert columns(seen, others=0.3)["foreign_cpu_share"] == 0.0


@pytest.mark.parametrize(
    "short", ["", log((10.1, 0), (13, 1)), log((9, 0), (11.9, 1)), log((9, 0))]
)
def test_what_was_not_read_around_the_window_leaves_both_unknown(short: str) -> None:
    seen = NeedsSeen({"db": DB, "cache": short}, shared_cores=True)
    assert columns(seen) == {"needs_cpu_share": None, "foreign_cpu_share": None}


def test_unknown_time_of_others_stays_unknown() -> None:
    found = columns(NeedsSeen({"db": DB}, shared_cores=True), others=None)
    assert found == {"needs_cpu_share": pytest.approx(0.35), "foreign_cpu_share": None}
