"""A reading that failed and left a value is missing, and decides no claim."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from analysis.claims.claim import load_claims
from analysis.claims.judgement import Word
from analysis.claims.verdicts import judge
from contract.columns.failed_readings import NEVER_NOUGHT
from tests.support.claim_data import rows, with_part

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.records.run import Run

IDLE: dict[str, Any] = {"active_connections": 8, "idle_connections": 10000, "workers": 4}
FOUR = [2500, 2500, 2500, 2500]
HELD = "worker_connections"


def listed(*values: int) -> str:
    return json.dumps(values)


@pytest.mark.parametrize(
    ("number", "server", "whole", "word"),
    [
        (22, "reuseport_epoll", FOUR, Word.REPRODUCED),
        (22, "reuseport_epoll", [2000, 2000, 2000, 4000], Word.REFUTED),
        (38, "prefork_epoll", FOUR, Word.REFUTED),
    ],
)
def test_workers_that_nobody_could_read_leave_the_shares_of_the_others_unknown(
    run_of: Callable[..., Run], number: int, server: str, whole: list[int], word: Word
) -> None:
    """Of three that are left each has a third, and they look even."""
    claim = load_claims()[number]
    sound = rows(6, server=server, **IDLE, **{HELD: listed(*whole)})
    assert judge(claim, run_of(sound)).verdict is word
    torn = rows(6, server=server, **IDLE, **{HELD: listed(*whole[:3])})
    found = judge(claim, run_of(torn))
    assert found.verdict is Word.INCONCLUSIVE
    assert found.measured is None
    assert "The figure was not measured in 6 trials that count" in found.explanation


@pytest.mark.parametrize(("number", "server"), [(22, "reuseport_epoll"), (38, "prefork_epoll")])
def test_the_few_connections_that_were_accepted_are_not_all_that_came(
    run_of: Callable[..., Run], number: int, server: str
) -> None:
    """The rest is still in the accept queue, which is nobody's."""
    few = rows(6, server=server, **IDLE, **{HELD: listed(30, 25, 25, 25)})
    found = judge(load_claims()[number], run_of(few))
    assert found.verdict is Word.INCONCLUSIVE
    assert found.measured is None


def test_one_worker_that_told_what_it_accepted_is_not_the_one_that_took_all(
    run_of: Callable[..., Run],
) -> None:
    each = {"load": "connection_per_request", "active_connections": 1, "workers": 3}

    def told(server: str, *accepts: int) -> list[dict[str, Any]]:
        return rows(6, server=server, **each, worker_accepts=listed(*accepts))

    fair = told("prefork", 1666, 1667, 1667)
    claim = load_claims()[20]
    all_told = judge(claim, run_of(told("prefork_epoll", 4900, 50, 50), fair))
    assert all_told.verdict is Word.REPRODUCED
    one_told = judge(claim, run_of(told("prefork_epoll", 4900), fair))
    assert one_told.verdict is Word.INCONCLUSIVE


@pytest.mark.parametrize("name", NEVER_NOUGHT)
def test_a_nought_that_cannot_be_is_missing(run_of: Callable[..., Run], name: str) -> None:
    claim = with_part(figure=name, over=None, min=None, max=1.0, unit="")
    some = judge(claim, run_of(rows(6, server="poll", **{name: 1})))
    assert some.verdict is Word.REPRODUCED
    none = judge(claim, run_of(rows(6, server="poll", **{name: 0})))
    assert none.verdict is Word.INCONCLUSIVE
    assert none.measured is None


def test_calls_that_a_trace_lacks_though_they_were_made_are_missing(
    run_of: Callable[..., Run],
) -> None:
    """Each connection was accepted by one; a trace without any shows no herd that is gone."""
    herd = {
        "server": "prefork_epoll",
        "load": "open_connections",
        "rate_per_s": 500.0,
        "active_connections": 256,
        "workers": 16,
    }

    def trials(exclusive: bool, switches: int, calls: dict[str, float]) -> list[dict[str, Any]]:
        each = {"epoll_exclusive": exclusive, "context_switches": switches, "requests": 1000}
        traced = rows(6, **herd, **each, traced=True, syscalls=json.dumps(calls))
        return [*rows(6, **herd, **each), *traced]

    claim = load_claims()[23]
    off = trials(False, 16_000, {"accept4": 15.0})
    gone = judge(claim, run_of(off, trials(True, 1_000, {"accept4": 1.5})))
    assert gone.verdict is Word.REPRODUCED
    unseen = judge(claim, run_of(off, trials(True, 1_000, {"epoll_wait": 1.5})))
    assert unseen.verdict is Word.INCONCLUSIVE
