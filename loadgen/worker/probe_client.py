"""Questions to the probe beside the server, by datagram."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from dataclasses import replace
from typing import Any, TypeVar

import gevent

from contract.probe_question import CLOCK, ENVIRONMENT, LOOK, STOP, STOP_BY, key_of, signed
from contract.result.document import from_json
from contract.result.scalars import DocumentError
from contract.result.server_side import Environment, Moment, ProbeSample
from contract.stop_signal import number_of
from contract.void_causes import SpoiledBy

PROBE_S = 5.0
PROBE_ANSWER_S = 1.0
PROBE_ATTEMPTS = 3
POLL_S = 0.01
MOST_BYTES = 65_536
T = TypeVar("T")


class TrialVoid(Exception):  # noqa: N818 - a verdict, not an error of the program
    """The load cannot be measured; the message is the reason."""

    def __init__(self, reason: str, spoiled_by: SpoiledBy = "load") -> None:
        super().__init__(reason)
        self.spoiled_by = spoiled_by


class Probe:
    """Asks the probe beside the server for samples, by datagram."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.settimeout(PROBE_ANSWER_S)
        self._asked = self._heard = self._kept = 0
        self._key = key_of(os.environ)
        self._sock.connect((host, int(port)))

    def environment(self) -> Environment:
        """The first question: the probe may only just be starting."""
        deadline = time.perf_counter() + PROBE_S
        while True:
            try:
                return self._ask(ENVIRONMENT, Environment)
            except TrialVoid:
                if time.perf_counter() > deadline:
                    raise
                gevent.sleep(POLL_S)

    def close(self) -> None:
        """Ask nothing more."""
        self._sock.close()

    def tell(self, word: str) -> None:
        """A word whose answer nobody waits for; it is dropped with the number of another."""
        with contextlib.suppress(OSError):
            self._send(word, 0)

    def _send(self, word: str, number: int) -> None:
        self._sock.send(signed(word, number, self._kept, self._key))

    def ask(self, word: str, longer_s: float = 0.0) -> ProbeSample:
        """A sample, labelled `word`, whose reader keeps it; the probe may take so much longer over
        it than over others. Raises TrialVoid when the probe is silent."""
        self._sock.settimeout(PROBE_ANSWER_S + longer_s)
        try:
            found = replace(self._ask(word, ProbeSample), label=word)
        finally:
            self._sock.settimeout(PROBE_ANSWER_S)
        self._kept = self._heard
        return found

    def look(self) -> ProbeSample:
        """A sample that nobody keeps; what was deepest until then is told again."""
        return replace(self._ask(LOOK, ProbeSample), label=LOOK)

    def clock_ns(self) -> int:
        """What the monotonic clock beside the server shows."""
        return self._ask(CLOCK, Moment).at_ns

    def stop_server(self, signal: str) -> ProbeSample:
        """Have the probe tell the server to end; its sample of the moment before."""
        return replace(self._ask(f"{STOP_BY}{number_of(signal)}", ProbeSample), label=STOP)

    def _ask(self, word: str, kind: type[T]) -> T:
        """A datagram may be lost, and an answer may be late: each question has a number, and that
        of the last one whose answer is kept. One that is asked again may be answered meanwhile: a
        busy probe would be late for the last as well.
        """
        failure: OSError | None = None
        first = self._asked + 1
        for _ in range(PROBE_ATTEMPTS):
            self._asked += 1
            try:
                self._send(word, self._asked)
                while True:
                    answer = self._sock.recv(MOST_BYTES)
                    document = json.loads(answer)
                    if (number := document.pop("asked")) >= first:
                        self._heard = number
                        return _read(word, kind, document)
            except OSError as error:
                failure = error
        raise TrialVoid(f"the probe beside the server did not answer {word!r}: {failure}", "probe")


def _read(word: str, kind: type[T], document: dict[str, Any]) -> T:
    try:
        return from_json(kind, document)
    except DocumentError as error:
        raise TrialVoid(f"the probe answered {word!r} wrongly: {error}", "probe") from error
