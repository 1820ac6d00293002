"""What is left after something went wrong looks well, and decides no claim."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from analysis.claims.claim import load_claims
from analysis.claims.judgement import Word
from analysis.claims.verdicts import judge
from tests.support.claim_data import Rows, rows, with_part

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.records.run import Run

CROWD: dict[str, Any] = {
    "load": "connection_per_request",
    "active_connections": 1024,
    "path": "/cpu/200",
    "backlog": 128,
    "somaxconn": 128,
}
MIX: dict[str, Any] = {"active_connections": 32, "path": "/ 95, /db/10 5"}


def crowd(server: str, longest: float, errors: int, **more: Any) -> Rows:
    times = {"response_max_us": longest, "response_p50_us": 1e5, "requests": 10_000}
    return rows(6, server=server, **CROWD, **times, errors=errors, **more)


@pytest.mark.parametrize(
    ("errors", "word"), [(0, Word.REPRODUCED), (1, Word.INCONCLUSIVE), (500, Word.INCONCLUSIVE)]
)
def test_who_drops_those_that_wait_longest_is_not_fair_for_it(
    run_of: Callable[..., Run], errors: int, word: Word
) -> None:
    """Whoever was dropped had no answer within the longest time of the others."""
    pool, loop = crowd("thread_pool", 5e6, errors, workers=32), crowd("epoll_level", 2e5, errors)
    found = judge(load_claims()[29], run_of(pool, loop))
    assert found.verdict is word
    told = "longest over median, loop is only known to be at least so much"
    assert (told in found.explanation) is (errors > 0)
    assert ("or ended in errors: 6 with " in found.explanation) is (errors > 0)


@pytest.mark.parametrize(
    ("column", "share", "word"),
    [
        ("response_p99_us", 0.009, Word.REPRODUCED),
        ("response_p99_us", 0.02, Word.INCONCLUSIVE),
        ("response_p999_us", 0.0005, Word.REPRODUCED),
        ("response_p999_us", 0.002, Word.INCONCLUSIVE),
        ("response_p90_us", 0.05, Word.REPRODUCED),
        ("response_p50_us", 0.09, Word.REPRODUCED),
        ("requests_per_s", 0.09, Word.REPRODUCED),
    ],
)
def test_a_percentile_has_room_for_as_many_errors_as_answers_it_leaves_out(
    run_of: Callable[..., Run], column: str, share: float, word: Word
) -> None:
    attempts = 100_000
    errors = round(share * attempts)
    own = rows(6, server="poll", errors=errors, requests=attempts - errors, **{column: 10.0})
    low = with_part(figure=column, over=None, unit="", max=100.0)
    assert judge(low, run_of(own)).verdict is word
    high = with_part(figure=column, over=None, unit="", min=1.0)
    assert judge(high, run_of(own)).verdict is Word.REPRODUCED, "a longer time is above it as well"


ACCEPTS: dict[str, Any] = {
    "server": "epoll_level",
    "load": "connection_per_request",
    "active_connections": 500,
    "server_cpu_quota": 0.5,
}
PATHS: dict[str, Any] = {"server": "epoll_level", "active_connections": 64}
WORK: dict[str, Any] = {"load": "connection_per_request", "active_connections": 128}
SLOWED: dict[str, Any] = {
    "load": "open_connections",
    "rate_per_s": 500.0,
    "arrivals": "fixed",
    "active_connections": 256,
}


def answering(rate: float, lost: str = "", share: float = 0.0, **settings: Any) -> Rows:
    """Eight blocks at this rate if all is answered, of which a share is `lost` to that column."""
    requests = round(2 * rate * (1 - share))
    left = {"requests": requests, "requests_per_s": requests / 2}
    losing = {lost: round(2 * rate) - requests} if lost else {}
    return rows(8, **left, **losing, **settings)


def accepts(lost: str, share: float) -> list[Rows]:
    return [
        answering(1000.0, lost, share, **ACCEPTS, accepts_per_wakeup=1),
        answering(1080.0, **ACCEPTS, accepts_per_wakeup=10),
        answering(1090.0, **ACCEPTS, accepts_per_wakeup=65535),
    ]


def bridge(lost: str, share: float) -> list[Rows]:
    new: dict[str, Any] = {"load": "connection_per_request"}
    return [
        answering(1000.0, **PATHS, network="pod"),
        answering(850.0, **PATHS, network="bridge"),
        answering(1000.0, **PATHS, **new, network="pod"),
        answering(980.0, lost, share, **PATHS, **new, network="bridge"),
    ]


def computing(lost: str, share: float) -> list[Rows]:
    hybrid: dict[str, Any] = {"server": "epoll_hybrid", "workers": 128}
    prefork: dict[str, Any] = {"server": "prefork", "workers": 8}
    return [
        answering(2000.0, **WORK, **hybrid, path="/db/50"),
        answering(160.0, **WORK, **prefork, path="/db/50"),
        answering(1050.0, lost, share, **WORK, **hybrid, path="/cpu/200"),
        answering(1000.0, **WORK, **prefork, path="/cpu/200"),
    ]


@pytest.mark.parametrize("lost", ["errors", "unanswered"])
@pytest.mark.parametrize(("number", "trials"), [(24, accepts), (34, bridge), (27, computing)])
def test_a_rate_is_not_lower_for_what_it_failed(
    run_of: Callable[..., Run], number: int, trials: Callable[[str, float], list[Rows]], lost: str
) -> None:
    claim = load_claims()[number]
    assert judge(claim, run_of(*trials("", 0.0))).verdict is Word.REFUTED
    found = judge(claim, run_of(*trials(lost, 0.09)))
    assert found.verdict is Word.INCONCLUSIVE
    assert "would tell otherwise if what ended in errors" in found.explanation
    few = judge(claim, run_of(*trials(lost, 0.001)))
    assert few.verdict is Word.REFUTED, "that changes nothing"


@pytest.mark.parametrize("lost", ["errors", "unanswered"])
@pytest.mark.parametrize(
    ("alone", "beside", "word"),
    [
        (0.0, 0.0, Word.REPRODUCED),
        (0.0, 0.08, Word.REFUTED),
        (0.08, 0.08, Word.INCONCLUSIVE),
        (0.5, 0.5, Word.INCONCLUSIVE),
    ],
)
def test_goodput_that_was_lost_before_is_not_kept_beside_slow_clients(
    run_of: Callable[..., Run], alone: float, beside: float, lost: str, word: Word
) -> None:
    """The claim is about what is lost beside them, and not about what is lost without."""
    loop: dict[str, Any] = {"server": "epoll_level"}
    pool: dict[str, Any] = {"server": "thread_pool", "workers": 8}
    found = judge(
        load_claims()[30],
        run_of(
            answering(500.0, **SLOWED, **pool),
            answering(500.0, "unanswered", 0.99, **SLOWED, **pool, slow_writers=8),
            answering(500.0, lost, alone, **SLOWED, **loop),
            answering(500.0, lost, beside, **SLOWED, **loop, slow_writers=8),
        ),
    )
    assert found.verdict is word


def kinds(quick: int, slow: int) -> str:
    def kind(requests: int, p99_us: float) -> dict[str, float | None]:
        return {"requests": requests, "p50_us": 100.0, "p99_us": p99_us if requests else None}

    return json.dumps({"/": kind(quick, 900.0), "/db/10": kind(slow, 30_000.0)})


@pytest.mark.parametrize(
    ("quick", "slow", "word"),
    [
        (19_000, 1_000, Word.REPRODUCED),
        (1_900, 81, Word.REPRODUCED),
        (19_000, 700, Word.INCONCLUSIVE),
        (19_000, 0, Word.INCONCLUSIVE),
    ],
)
def test_a_path_whose_neighbour_is_never_served_is_not_quick_beside_it(
    run_of: Callable[..., Run], quick: int, slow: int, word: Word
) -> None:
    """The queries hang for ever, or fail at once: so the rest waits for none."""
    stalled = json.dumps({"/": {"requests": 19_000, "p50_us": 100.0, "p99_us": 20_000.0}})
    whole = json.dumps(json.loads(stalled) | {"/db/10": {"requests": 1_000, "p99_us": 3e4}})
    loop = rows(6, server="epoll_level", **MIX, kinds=whole)
    hybrid = rows(6, server="epoll_hybrid", **MIX, kinds=kinds(quick, slow))
    assert judge(load_claims()[25], run_of(loop, hybrid)).verdict is word


def test_errors_of_a_mix_may_all_be_of_one_path(run_of: Callable[..., Run]) -> None:
    """A thousandth of all attempts is two in a hundred of the rarer path."""
    figure = "item(kinds, '{}', 'p99_us')"
    own = rows(6, server="poll", **MIX, requests=20_000, errors=20, kinds=kinds(19_000, 1_000))
    for path, word in (("/", Word.REPRODUCED), ("/db/10", Word.INCONCLUSIVE)):
        part = {"figure": figure.format(path), "unit": "", "over": None, "max": 1e6}
        of = {"server": "poll", **MIX}
        assert judge(with_part(of=of, **part), run_of(own)).verdict is word


@pytest.mark.parametrize(
    ("there", "word"), [(8, Word.REPRODUCED), (7, Word.INCONCLUSIVE), (None, Word.REPRODUCED)]
)
def test_slow_clients_that_were_not_there_cost_nobody_anything(
    run_of: Callable[..., Run], there: int | None, word: Word
) -> None:
    """None: of an earlier run, in which nobody counted them."""
    company = None if there is None else f"slow_readers=0 slow_writers={there}"
    loop: dict[str, Any] = {"server": "epoll_level"}
    pool: dict[str, Any] = {"server": "thread_pool", "workers": 8}
    beside = {"slow_writers": 8, "company": company}
    found = judge(
        load_claims()[30],
        run_of(
            *(rows(6, **server, **SLOWED, requests_per_s=500.0) for server in (loop, pool)),
            rows(6, **loop, **SLOWED, **beside, requests_per_s=499.0),
            rows(6, **pool, **SLOWED, **{**beside, "company": None}, requests_per_s=1.0),
        ),
    )
    assert found.verdict is word


MANY_IDLE: dict[str, Any] = {"idle_connections": 10000}
SIGNALS: dict[str, Any] = {"active_connections": 64, "server_cpu_quota": 0.5}
LATE: dict[str, Any] = {
    "server": "iterative",
    "load": "connection_per_request",
    "active_connections": 100,
    "backlog": 5,
    "late_acks": 5,
}


@pytest.mark.parametrize(
    ("others", "word"), [(0, Word.REPRODUCED), (2, Word.INCONCLUSIVE), (25, Word.REFUTED)]
)
@pytest.mark.parametrize("number", [31, 33])
def test_what_has_to_be_in_every_trial_is_not_hidden_by_a_median(
    run_of: Callable[..., Run], number: int, others: int, word: Word
) -> None:
    """Of forty, whose median has an interval without those that are otherwise."""
    if number == 31:
        sound = [
            *rows(40, server="epoll_edge", **SIGNALS, requests_per_s=20_000.0),
            *rows(40, server="realtime_signals", **SIGNALS, requests_per_s=15_000.0),
            *rows(40, server="realtime_signals", **SIGNALS, **MANY_IDLE, requests_per_s=15_000.0),
        ]
        many = {"server": "realtime_signals", "sigpending": 256, "active_connections": 1000}
        asked = [
            {**row, "server_limit": None if row["block"] <= others else "sigpending: it is full"}
            for row in rows(40, **many)
        ]
    else:
        sound = rows(40, **LATE, abort_on_overflow=True, late_ack_resets=5)
        asked = [
            {**row, "late_ack_resets": 3 if row["block"] <= others else 0}
            for row in rows(40, **LATE, abort_on_overflow=False)
        ]
    found = judge(load_claims()[number], run_of(sound, asked))
    assert found.verdict is word
    told = f"{40 - others} of 40 trials within the bound, not each."
    assert (told in found.explanation) is (word is Word.INCONCLUSIVE)
