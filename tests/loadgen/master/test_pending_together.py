"""What hangs on few connections of each load worker is seen where all are brought together."""

from __future__ import annotations

from contract.result.document import to_json
from contract.result.window import Window
from loadgen.engine.measures import Target, WindowCounts
from loadgen.engine.summary import summarise
from loadgen.loads.keep_alive import KeepAlive
from loadgen.master.merged_window import merge_windows
from tests.support.engines import EXCHANGE

WORKERS, HANGING = 16, 4
WINDOW_NS = 2_000_000_000


class Hung(KeepAlive):
    """Some of its requests have waited for 1.5 s."""

    def _ages(self, now: int) -> dict[str, list[int]]:
        del now
        return {"response": [1_500_000] * HANGING}


def counts() -> WindowCounts:
    engine = Hung(Target(("127.0.0.1", 9), EXCHANGE))
    engine.open_window()
    for us in [*[100] * 400, 1_900_000]:
        engine.response.add(us)
    engine._window_started -= WINDOW_NS
    return engine.count()


def test_what_is_no_wonder_of_one_worker_is_one_of_sixteen() -> None:
    parts = [counts() for _ in range(WORKERS)]
    assert not any(one.censored for one in parts), "each by itself is no wonder"
    told = [to_json(summarise(one, apart=True)) for one in parts]
    windows = [Window.from_document(one) for one in told]
    whole = merge_windows(windows, [[number] for number in range(WORKERS)])
    found = whole.distributions["response"]
    assert found.times
    assert (found.count, found.censored) == (WORKERS * 401, WORKERS * HANGING)
    assert found.times.p99_us > 1e6
    assert "p99_us" in found.lower_bounds
    assert "pending" not in to_json(whole)


def test_one_worker_has_what_it_would_decide_alone() -> None:
    (alone,) = [counts()]
    window = merge_windows([summarise(alone, apart=True)], [[0]])
    found, own = (one.distributions["response"] for one in (window, summarise(alone)))
    assert (found.histogram, found.censored) == (own.histogram, own.censored)
