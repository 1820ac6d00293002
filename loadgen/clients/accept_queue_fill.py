"""Silent connections piled on a listener until its accept queue is full.

Where a server serves one at a time, the queue then stands still: its depth is exact, and so is
what meets it. A client learns of an overflow in one of two ways. Its SYN finds the queue full: it
is dropped, and sent again a second later. Or the SYN was answered while there was room, and the
last ACK of the handshake finds the queue full: it is dropped as well, unless tcp_abort_on_overflow
says that the client is to be told, by a reset. Over loopback the ACK follows within the call of
connect, so the second way hardly happens by itself; `late` connections make it happen. With
TCP_QUICKACK off a client keeps the ACK until it has something to send
(net/ipv4/tcp_input.c, tcp_rcv_synsent_state_process).
"""

from __future__ import annotations

import socket
import time
from dataclasses import replace

import gevent

from contract.result.server_side import ProbeSample
from loadgen.engine.sockets import reset_on_close
from loadgen.worker.probe_client import Probe

FILL_S = 0.2
ANSWER_S = 0.05
DRAIN_S = 2.0
POLL_S = 0.01


def fill_accept_queue(
    probe: Probe, address: tuple[str, int], count: int, late: int, round_trip_s: float = 0.0
) -> list[ProbeSample]:
    """Pile up `count` connections behind `late` ones whose last ACK then meets them; samples.

    `empty` is taken before and `full` when the queue stands, with the `resets` that came since;
    `late`, if there are any, when their ACKs have been sent; none where one of them had no ACK to
    send, as its SYN was not answered: what that would have met was not tried.
    """
    samples = [probe.ask("empty")]
    held_back = [_begin(address, quick=False) for _ in range(late)]
    pile = [_begin(address) for _ in range(count)]
    gevent.sleep(FILL_S + 2 * round_trip_s)
    samples.append(replace(probe.ask("full"), resets=_resets(pile)))
    if held_back:
        said = [_say(sock) for sock in held_back]
        gevent.sleep(ANSWER_S + round_trip_s)
        seen = replace(probe.ask("late"), resets=sum(map(bool, said)) + _resets(held_back))
        samples += [seen] if None not in said else []
    for sock in pile + held_back:
        reset_on_close(sock)
        sock.close()
    deadline = time.perf_counter() + DRAIN_S
    while probe.ask("drained").accept_queue and time.perf_counter() < deadline:
        gevent.sleep(POLL_S)
    return samples


def _begin(address: tuple[str, int], *, quick: bool = True) -> socket.socket:
    sock = socket.socket()
    sock.setblocking(False)
    if not quick:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
    sock.connect_ex(address)
    return sock


def _say(sock: socket.socket) -> bool | None:
    """Send a byte, and the ACK with it; whether the connection was reset before that.

    None for one whose SYN was dropped, which cannot send yet: its handshake is not late, it has not
    begun.
    """
    try:
        sock.send(b"G")
    except BlockingIOError:
        return None
    except (ConnectionResetError, BrokenPipeError):
        return True
    return False


def _resets(socks: list[socket.socket]) -> int:
    """How many were reset since they were asked last: asking clears it."""
    return sum(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0 for sock in socks)
