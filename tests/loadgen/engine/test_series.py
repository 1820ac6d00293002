"""A window second by second: the rows add up to the whole and tell when things happened."""

from __future__ import annotations

import socket
import threading
import time

from contract.result.load_side import LoadSecond
from loadgen.engine.measures import Target
from loadgen.engine.recorder import to_histogram
from loadgen.engine.series import Series
from loadgen.engine.summary import encode
from loadgen.loads.keep_alive import KeepAlive
from loadgen.master.merged_series import merge_series
from tests.support.engines import EXCHANGE, do, running, until
from tests.support.loopback import RESPONSE, serving
from tests.support.results import a_second


def test_rows_add_up_and_show_the_slow_second() -> None:
    slow = threading.Event()

    def slower(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            time.sleep(0.05 if slow.is_set() else 0.002)
            connection.sendall(RESPONSE)

    with serving(slower) as address, running(KeepAlive(Target(address, EXCHANGE))) as engine:
        do(engine, lambda: engine.want_active(4))
        series = Series(engine)
        series.begin(do(engine, engine.open_window))
        until(lambda: engine.response.total() >= 400, engine)
        slow.set()
        series.look()
        seen = engine.response.total()
        until(lambda: engine.response.total() >= seen + 40, engine)
        frozen = do(engine, engine.freeze)
        series.look()
        rows = merge_series([series.rows()])
    assert sum(row.requests for row in rows) == frozen.requests
    first, second = rows
    assert (second.response_p50_us or 0) >= 50_000 > (first.response_p50_us or 50_000)
    assert first.to_s == second.from_s
    assert second.active_established == 4
    assert second.waiting == 0


def test_a_second_without_a_response_has_no_percentiles() -> None:
    with (
        serving(lambda _connection, _number: time.sleep(5)) as address,
        running(KeepAlive(Target(address, EXCHANGE))) as engine,
    ):
        series = Series(engine)
        series.look()
        do(engine, lambda: engine.want_active(1))
        series.look()
        (row,) = merge_series([series.rows()])
    assert row.requests == 0
    assert row.response_p50_us is None
    assert row.errors == {}


def test_what_is_found_at_rest_is_the_last_second_s() -> None:
    """Connections that were not closed, and answers too many."""
    engine = KeepAlive(Target(("127.0.0.1", 9), EXCHANGE))
    series = Series(engine)
    series.begin(engine.open_window())
    for count in (2, 3):
        engine.errors["reset"] = count
        series.look()
    whole = {"reset": 3, "not_closed": 5, "wrong_answer": 1}
    series.rest(whole)
    first, last = (row.errors for row in series.rows())
    assert first == {"reset": 2}
    assert last == {"reset": 1, "not_closed": 5, "wrong_answer": 1}


def test_a_worker_that_looked_once_less_counted_nothing_and_stood_as_before() -> None:
    def row(second: int, requests: int, active: int) -> LoadSecond:
        return a_second(
            float(second),
            requests=requests,
            errors={"reset": 1},
            active_established=active,
            histogram=encode(to_histogram({100: requests})),
        )

    longer, shorter = [row(0, 5, 2), row(1, 7, 2)], [row(0, 3, 4)]
    for series in ([longer, shorter], [shorter, longer]):
        first, second = merge_series(series)
        assert (first.requests, first.active_established) == (8, 6)
        assert (second.requests, second.active_established) == (7, 6)
        assert (second.from_s, second.to_s) == (1.0, 2.0)
        assert (first.errors, second.errors) == ({"reset": 2}, {"reset": 1})
    assert merge_series([[], []]) == ()
