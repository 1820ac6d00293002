"""Questions to the probe beside the server, by datagram."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from typing import Any, Literal

import gevent

PROBE_S = 5.0
PROBE_ANSWER_S = 1.0
PROBE_ATTEMPTS = 3
POLL_S = 0.01


SpoiledBy = Literal["server_wrong", "server_gone", "server_starved", "load", "probe"]
"""Who spoiled a trial, as far as the load can tell; `trials.csv` has a column for it."""


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
        self._asked = 0
        self._sock.connect((host, int(port)))

    def environment(self) -> dict[str, Any]:
        """The first question: the probe may only just be starting."""
        deadline = time.perf_counter() + PROBE_S
        while True:
            try:
                return self.ask("environment")
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
            self._sock.send(f"{word} 0".encode())

    def ask(self, word: str) -> dict[str, Any]:
        """A sample, labelled `word`. Raises TrialVoid when the probe is silent.

        A datagram may be lost, and an answer may be late: each question has a number. One that is
        asked again may be answered meanwhile: a busy probe would be late for the last as well.
        """
        failure: OSError | None = None
        first = self._asked + 1
        for _ in range(PROBE_ATTEMPTS):
            self._asked += 1
            try:
                self._sock.send(f"{word} {self._asked}".encode())
                while True:
                    answer: dict[str, Any] = json.loads(self._sock.recv(65_536))
                    if answer.pop("asked") >= first:
                        return {"label": word, **answer}
            except OSError as error:
                failure = error
        raise TrialVoid(f"the probe beside the server did not answer {word!r}: {failure}", "probe")
