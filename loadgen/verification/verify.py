"""Learn and verify what a server answers, before any load.

A server is asked as it will be loaded, on a connection that stays or on one that it closes. Where
its answers are alike, every byte of a later one is compared; where they differ, the framing of
each, and what is expected of it. The first answers may differ from all later ones, as those of a
cache do. What changes once a second, such as a Date, is found by asking in two of them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from contract.expected import AUTO, EXACT, FRAMING, WHOLE, Expected
from contract.request import Request
from contract.response import BODY
from loadgen.answers.head import parse_head
from loadgen.answers.meaning import Meaning
from loadgen.answers.response import END
from loadgen.engine.measures import Exchange
from loadgen.verification.alike import changing_places
from loadgen.verification.asking import Client
from loadgen.verification.errors import VerificationError
from loadgen.verification.one_answer import Answer
from loadgen.verification.readiness import Patience, Ready

AT_ONCE, AGAIN = 2, 8
"""Answers that are asked for at first, one after the other, and later, on as many connections."""
MARGIN_S = 0.02
SHOWN = 120
ROOT = Request()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What has to be answered, how strictly that is checked, and when it may begin."""

    expected: Expected = field(default_factory=lambda: Expected(body=BODY.decode()))
    check: str = AUTO
    ready: Ready = field(default_factory=Ready)


def keep_alive_request(asked: Request = ROOT) -> bytes:
    """As HTTP/1.1 has it: the connection stays."""
    return asked.encoded("1.1")


def closing_request(asked: Request = ROOT, *, old: bool = True) -> bytes:
    """The server closes: as HTTP/1.0 had it, or as HTTP/1.1 has it."""
    return asked.encoded("1.0") if old else asked.encoded("1.1", "Connection: close")


KEEP_ALIVE_REQUEST = keep_alive_request()


def learn(address: tuple[str, int], request: bytes, terms: Terms | None = None) -> Exchange:
    """The exchange of one request. Raises VerificationError."""
    (exchange,) = learn_all(address, (request,), terms or Terms())
    return exchange


def learn_all(
    address: tuple[str, int], requests: Sequence[bytes], terms: Terms
) -> tuple[Exchange, ...]:
    """The exchanges of these requests. Raises VerificationError."""
    patience = Patience(terms.ready)
    if terms.ready.asks:
        path, host = terms.ready.path, terms.ready.host
        own = Request(path=path, headers=(("Host", host),)) if path else None
        patience.ready(address, keep_alive_request(own) if own else requests[0])
    learnt = [_Learnt(Client(address, request, terms.expected), terms) for request in requests]
    began_s = int(time.time())
    for one in learnt:
        one.ask(patience)
    if terms.check != EXACT:
        if any(one.seems_constant for one in learnt):
            next_second(began_s)
        for one in learnt:
            one.ask_again()
    return tuple(one.exchange() for one in learnt)


def next_second(began_s: int) -> None:
    """Wait until the clock shows another second than this."""
    time.sleep(max(0.0, began_s + 1 + MARGIN_S - time.time()))


class _Learnt:
    """What is known of the answers to one request."""

    def __init__(self, client: Client, terms: Terms) -> None:
        self._client = client
        self._terms = terms
        self._answers: list[Answer] = []

    def ask(self, patience: Patience) -> None:
        """Answers that follow each other; once more, if the first of all is another one."""
        self._answers = patience.answered(self._client, AT_ONCE)
        if self._places() is None:
            self._answers = self._client.ask(AT_ONCE)

    def ask_again(self) -> None:
        """More answers, each on a connection of its own: another process may answer there."""
        for _ in range(AGAIN):
            (answer,) = self._client.ask(1)
            if answer not in self._answers:  # one may be long
                self._answers.append(answer)

    @property
    def seems_constant(self) -> bool:
        """Whether something is the same in all answers that will have to stay so."""
        exact = self._terms.check == AUTO and self._places() is not None
        return exact or self._body() is not None

    def exchange(self) -> Exchange:
        """Raises VerificationError if the answers differ and must not."""
        request, first, last = self._client.request, self._answers[0].data, self._answers[-1].data
        places, check = self._places(), self._terms.check
        round_trip_us = self._client.round_trip_us
        if check == FRAMING or (check == AUTO and places is None):
            # Most answers will be like one that leaves its connection open, where there is one.
            staying = (one.data for one in reversed(self._answers) if not _closes(one.data))
            meaning = Meaning(self._terms.expected, self._body())
            learnt = next(staying, last)
            return Exchange(request, learnt, meaning=meaning, round_trip_us=round_trip_us)
        if places is None:
            raise VerificationError(
                f"two answers to the same request differ: {first[-SHOWN:]!r} and "
                f"{last[-SHOWN:]!r}; with `check: exact` every byte is compared"
            )
        return Exchange(request, last, places, round_trip_us=round_trip_us)

    def _places(self) -> tuple[tuple[int, int], ...] | None:
        return changing_places([one.data for one in self._answers])

    def _body(self) -> bytes | None:
        """The body that all have had, where it has to stay and is not known before."""
        bodies = {one.body for one in self._answers}
        expected = self._terms.expected
        learns = expected.body_is == WHOLE and not expected.body
        return bodies.pop() if learns and len(bodies) == 1 else None


def _closes(answer: bytes) -> bool:
    return parse_head(answer.partition(END)[0]).closes
