"""What is special to real-time signals: a queue that overflows, and signals that come too late."""

from __future__ import annotations

import contextlib
import resource

from servers.variants.realtime_signals import AT_ONCE
from tests.support.peer import GET, GET_OLD, HOWTO, PERSISTENT
from tests.support.server_process import eventually, running

BUSY = b"GET /cpu/200000 HTTP/1.1\r\n\r\n"
MANY = 60
FEW = 5  # signals that the queue may hold


def test_queue_that_overflows_loses_nobody() -> None:
    with running("realtime_signals") as server, contextlib.ExitStack() as stack:
        peers = [stack.enter_context(server.connect()) for _ in range(MANY)]
        assert all(peer.ask() for peer in peers)
        _, hard = resource.prlimit(server.pid, resource.RLIMIT_SIGPENDING)
        resource.prlimit(server.pid, resource.RLIMIT_SIGPENDING, (FEW, hard))
        for _ in range(3):
            with server.connect() as other:
                other.send(BUSY)  # meanwhile the signals of all others come
                for peer in peers:
                    peer.send(GET)
                assert all(peer.take(len(PERSISTENT)) == PERSISTENT for peer in peers)
        late = [stack.enter_context(server.connect()) for _ in range(MANY)]
        assert all(peer.ask() for peer in late)
        eventually(lambda: server.limits() == ["sigpending"], "the limit is told, once")
        (event,) = server.log()
        assert event["value"] == FEW
        assert server.stop() == 0


def test_signals_of_descriptors_that_were_closed_before() -> None:
    with running("realtime_signals") as server, contextlib.ExitStack() as stack:
        other = stack.enter_context(server.connect())
        peers = [stack.enter_context(server.connect()) for _ in range(2 * AT_ONCE)]
        assert other.ask()
        other.send(BUSY)
        for peer in peers:
            peer.send(GET_OLD)
        for peer in peers:
            peer.end_input()  # its signal is taken when the first one has led to a close
        assert all(peer.rest() == HOWTO for peer in peers)
        assert other.take(len(PERSISTENT)) == PERSISTENT
        assert other.ask()
        assert server.log() == []
