"""What is seen of a server once bad clients have gone: whether it answers, and what it keeps."""

from __future__ import annotations

import socket
import time

import gevent

from contract.expected import Expected
from contract.probe_question import START
from contract.result.aftermath import Aftermath
from loadgen.answers.judged_response import JudgedResponse
from loadgen.answers.meaning import Meaning
from loadgen.answers.wrong import WrongAnswerError
from loadgen.clients.background_clients import BackgroundClients
from loadgen.engine.engine import Engine
from loadgen.options import Options
from loadgen.worker.barrier import Barrier
from loadgen.worker.engine_call import call
from loadgen.worker.probe_client import TrialVoid
from loadgen.worker.server_observer import ServerObserver

RECOVERY_S = 10.0
"""For the first good answer."""
ANSWER_S = 2.0
"""For one; a connection that waits in a queue of dead ones is given up, and another comes."""
SETTLE_S = 6.0
"""Longer than most servers linger with a peer that they have refused."""
LOOK_S = 0.25
MOST_BYTES = 65_536


def after_bad_clients(
    background: BackgroundClients | None,
    engine: Engine,
    barrier: Barrier,
    observer: ServerObserver,
    options: Options,
) -> Aftermath | None:
    """They go, and the good ones too; then the server is looked at. None where there were none.
    Raises TrialVoid where it answers nobody rightly."""
    if background is None or not background.bad:
        return None
    background.close()
    call(engine, engine.close)
    barrier.meet("gone")
    request = options.asked[0].encoded("1.1")
    found = see_aftermath(observer, engine.address, request, options.terms.expected)
    if found and found.answered_s is None:
        raise TrialVoid(
            f"the server gave no right answer within {RECOVERY_S:g} s after bad clients and load "
            "had gone",
            "server_wrong",
        )
    return found


def see_aftermath(
    observer: ServerObserver, address: tuple[str, int], request: bytes, expected: Expected
) -> Aftermath | None:
    """Ask until there is a right answer, then wait until as many descriptors are open as before any
    load, or SETTLE_S; None where no probe stands beside the server. Raises TrialVoid."""
    if observer.first(START) is None:
        return None
    answered_s = _answered_s(address, request, expected)
    before, deadline = observer.first(START), time.monotonic() + SETTLE_S
    while True:
        now = observer.look()
        if before is None or now is None:
            return None
        left = None if now.fds is None or before.fds is None else now.fds - before.fds
        if left is None or left <= 0 or time.monotonic() > deadline:
            return Aftermath(answered_s=answered_s, fds=left, rss_bytes=now.rss_bytes)
        gevent.sleep(LOOK_S)


def _answered_s(address: tuple[str, int], request: bytes, expected: Expected) -> float | None:
    began_s = time.monotonic()
    while (left_s := began_s + RECOVERY_S - time.monotonic()) > 0:
        if _is_answered(address, request, expected, min(left_s, ANSWER_S)):
            return round(time.monotonic() - began_s, 4)
        gevent.sleep(LOOK_S)
    return None


def _is_answered(
    address: tuple[str, int], request: bytes, expected: Expected, within_s: float
) -> bool:
    """Rightly: a server that says no to everybody has not recovered."""
    answer = JudgedResponse(Meaning(expected), bodiless=request.startswith(b"HEAD "))
    ends_s = time.monotonic() + within_s
    try:
        with socket.create_connection(address, timeout=within_s) as sock:
            sock.sendall(request)
            while not answer.whole and (left_s := ends_s - time.monotonic()) > 0:
                sock.settimeout(left_s)
                if data := sock.recv(MOST_BYTES):
                    answer.feed(data)
                else:
                    answer.end()
    except (OSError, WrongAnswerError):
        return False
    return answer.whole
