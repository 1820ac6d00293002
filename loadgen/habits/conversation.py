"""What is sent on one connection, and what comes of it: bounded in time."""

from __future__ import annotations

import socket
import time
from contextlib import suppress

from contract.result.habits import CaseSeen, Ending
from loadgen.answers.head import BEGIN, SHOWN, Head, parse_head
from loadgen.answers.response import END, MOST_HEAD, Response
from loadgen.answers.wrong import FramingError
from loadgen.habits.scripts import Script

CONNECT_S = 2.0
ANSWER_S = 2.0
"""From the last byte sent to the whole answer; twenty times the usual one, where that is more."""
MORE_S = 0.1
"""After an answer, for another one or the end; three times the usual one, where that is more."""
PAUSE_S = 0.3
RECV_BYTES = 65_536
FULL_S = 5.0
"""For a server to take what is sent."""


class Answers:
    """The answers in what comes, by their own framing; `strange` is what is none."""

    def __init__(self, *, bodiless: bool) -> None:
        self.statuses: list[int] = []
        self.whole = 0
        """Final ones that came to their end."""
        self.strange = ""
        self._bodiless = bodiless
        self._held = b""
        self._response: Response | None = None

    def feed(self, data: bytes) -> None:
        """Take what came."""
        self._held += data
        try:
            while self._held and not self.strange and self._take():
                continue
        except FramingError:
            self.strange = repr(self._held[:SHOWN])

    def end(self) -> None:
        """The connection has ended, and with it an answer that only that ends."""
        if self._response is not None and self._response.ends_with_connection:
            self.whole += 1
            self._response = None
        elif self._held and not self.strange:
            self.strange = repr(self._held[:SHOWN])

    def _take(self) -> bool:
        """Whether there may be more. Raises FramingError."""
        if self._response is None:
            head = self._head()
            if head is None:
                return False
            self.statuses.append(head.status)
            if head.interim:
                self._held = self._held.partition(END)[2]
                return True
            self._response = Response(bodiless=self._bodiless, keeps_body=False)
        self._held = self._held[self._response.feed(self._held) :]
        if not self._response.whole:
            return False
        self._response = None
        self.whole += 1
        return True

    def _head(self) -> Head | None:
        """None: not whole yet, or strange. Raises FramingError."""
        raw, found, _ = self._held.partition(END)
        if found:
            return parse_head(raw)
        if len(raw) > MOST_HEAD or not raw.startswith(BEGIN[: len(raw)]):
            self.strange = repr(raw[:SHOWN])
        return None


class Conversation:
    """One connection. Raises OSError where nobody takes it."""

    def __init__(
        self, address: tuple[str, int], *, bodiless: bool = False, usual_s: float = 0.0
    ) -> None:
        """`usual_s` is how long the plain request takes."""
        self.answers = Answers(bodiless=bodiless)
        self.ending: Ending | None = None
        self._answer_s = max(ANSWER_S, 20 * usual_s)
        self._more_s = max(MORE_S, 3 * usual_s)
        self._sock = socket.create_connection(address, timeout=CONNECT_S)

    def __enter__(self) -> Conversation:
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.close()

    def say(self, data: bytes) -> None:
        """Send it all, as far as the server takes it."""
        self._sock.settimeout(FULL_S)
        with suppress(OSError):  # what it answered before, and whether it closed, is read next
            self._sock.sendall(data)

    def hear(self, whole: int, within_s: float | None = None, *, interim: bool = False) -> bool:
        """Until so many answers are whole, or the end; with `interim`, until the first status.
        Returns whether that came in time."""
        within_s = self._answer_s if within_s is None else within_s
        deadline = time.monotonic() + within_s
        while self.ending is None and not self.answers.strange:
            if self.answers.whole >= whole or (interim and self.answers.statuses):
                return True
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return False
            self._sock.settimeout(left_s)
            self._receive()
        return self.answers.whole >= whole

    def _receive(self) -> None:
        try:
            data = self._sock.recv(RECV_BYTES)
        except TimeoutError:
            return
        except OSError:
            self.ending = "reset"
            data = b""
        if data:
            self.answers.feed(data)
        else:
            self.ending = self.ending or "closed"
            self.answers.end()

    def seen(self, plain: bytes) -> CaseSeen:
        """What has come, and what becomes of the connection if a plain request follows. What the
        server still sends by itself belongs to what was sent before."""
        self.hear(self.answers.whole + 1, self._more_s)
        statuses, whole = tuple(self.answers.statuses), self.answers.whole
        if self.ending is None and not self.answers.strange:
            self.say(plain)
            self.ending = "kept" if self.hear(whole + 1) else self.ending or "open"
        return CaseSeen(statuses, self.ending or "open", self.answers.strange)


def converse(
    address: tuple[str, int],
    script: Script,
    plain: bytes,
    *,
    bodiless: bool = False,
    usual_s: float = 0.0,
) -> CaseSeen:
    """All of a script on a connection of its own. Raises OSError where nobody takes it."""
    with Conversation(address, bodiless=bodiless, usual_s=usual_s) as one:
        one.say(script.first)
        if script.then and script.prompted:
            one.hear(1, interim=True)
            if one.answers.statuses[:1] != [100]:
                return one.seen(plain)
            one.say(script.then)
        elif script.then:
            one.hear(1, PAUSE_S)
            if not one.answers.whole:
                one.say(script.then)
        if not one.hear(script.answers) and one.ending is None:
            return CaseSeen(tuple(one.answers.statuses), "open", one.answers.strange)
        return one.seen(plain)
