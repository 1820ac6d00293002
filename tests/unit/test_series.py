"""A window second by second: the rows add up to the whole and tell when things happened."""

from __future__ import annotations

import socket
import threading
import time

from loadgen.keep_alive import KeepAlive
from loadgen.merging import merge_series
from loadgen.series import Series
from tests.unit.loopback import RESPONSE, serving
from tests.unit.test_engine import EXCHANGE, do, running, until


def test_rows_add_up_and_show_the_slow_second() -> None:
    slow = threading.Event()

    def slower(connection: socket.socket, _number: int) -> None:
        while connection.recv(4_096):
            time.sleep(0.05 if slow.is_set() else 0.002)
            connection.sendall(RESPONSE)

    with serving(slower) as address, running(KeepAlive(address, EXCHANGE)) as engine:
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
    assert sum(row["requests"] for row in rows) == frozen.requests
    first, second = rows
    assert second["response_p50_us"] >= 50_000 > first["response_p50_us"]
    assert first["to_s"] == second["from_s"]
    assert second["active_established"] == 4
    assert second["waiting"] == 0


def test_a_second_without_a_response_has_no_percentiles() -> None:
    with (
        serving(lambda _connection, _number: time.sleep(5)) as address,
        running(KeepAlive(address, EXCHANGE)) as engine,
    ):
        series = Series(engine)
        series.look()
        do(engine, lambda: engine.want_active(1))
        series.look()
        (row,) = merge_series([series.rows()])
    assert row["requests"] == 0
    assert row["response_p50_us"] is None
    assert row["errors"] == {}
