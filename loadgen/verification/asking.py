"""Asks a server as it will be loaded: on a connection that stays, or on one that it closes."""

from __future__ import annotations

import re
import socket

from contract.expected import Expected
from contract.reasons import CLOSED_AFTER_ONE, ENDS_BY_CLOSE
from loadgen.answers.head import SHOWN
from loadgen.answers.meaning import Meaning
from loadgen.engine.sockets import acknowledge, round_trip_us
from loadgen.verification import one_answer
from loadgen.verification.errors import (
    BusyError,
    EndedError,
    NotReadyError,
    SilentError,
    VerificationError,
)
from loadgen.verification.one_answer import RECV_BYTES, Answer, after_the_end

QUIET_S = 0.02
"""After the last answer, and beside a round trip, for what nobody has asked for."""
_CLOSING = re.compile(rb" HTTP/1\.0\r\n|\r\nConnection: *close\r\n", re.IGNORECASE)


class Client:
    """Asks one request of a server, whose answers have to be as they are expected."""

    def __init__(self, address: tuple[str, int], request: bytes, expected: Expected) -> None:
        self.address = address
        self.request = request
        self.round_trip_us: int | None = None
        """The shortest of a handshake so far, as the kernel timed it."""
        self._closing = bool(_CLOSING.search(request))
        self._meaning = Meaning(expected)
        self._answered = 0  # connections

    def ask(self, count: int) -> list[Answer]:
        """So many answers: on one connection, or each on its own where the server has to close.

        Raises VerificationError; NotReadyError where that may pass.
        """
        try:
            if self._closing:
                return [self._ask_closing() for _ in range(count)]
            return self._ask_persistent(count)
        except NotReadyError as error:
            if not self._answered:
                raise
            times = f"{self._answered} connection{'s' if self._answered > 1 else ''}"
            raise VerificationError(
                f"the server answered on {times}, and not on the next: {error}", error.spoiled_by
            ) from error

    def ask_once(self) -> Answer:
        """One answer, whatever becomes of its connection. Raises VerificationError."""
        with self._connect() as sock:
            return one_answer.take(sock, self.request, self._meaning)

    def _ask_persistent(self, count: int) -> list[Answer]:
        with self._connect() as sock:
            answers = [one_answer.take(sock, self.request, self._meaning)]
            if answers[0].ended_by_close:
                raise VerificationError(
                    f"{ENDS_BY_CLOSE}; only `load: connection_per_request` can be asked of the "
                    "server"
                )
            self._answered += 1
            answers += [self._take_next(sock) for _ in range(1, count)]
            if more := _unasked(sock, QUIET_S + (self.round_trip_us or 0) / 1e6):
                raise VerificationError(
                    f"the server sent what nobody had asked for: {more[:SHOWN]!r}"
                )
        return answers

    def _take_next(self, sock: socket.socket) -> Answer:
        try:
            return one_answer.take(sock, self.request, self._meaning)
        except SilentError:
            raise VerificationError(
                "the server did not answer the second request on a connection "
                f"within {one_answer.TIMEOUT_S:g} s"
            ) from None
        except BusyError as error:
            raise VerificationError(str(error)) from error
        except EndedError:
            raise VerificationError(
                f"{CLOSED_AFTER_ONE}; only `load: connection_per_request` can be asked of it"
            ) from None

    def _ask_closing(self) -> Answer:
        with self._connect() as sock:
            answer = one_answer.take(sock, self.request, self._meaning)
            self._answered += 1
            try:
                more = sock.recv(RECV_BYTES)
            except TimeoutError:
                way = "HTTP/1.0" if b" HTTP/1.0\r\n" in self.request else "`Connection: close`"
                raise VerificationError(
                    f"the server does not close the connection after a request of {way}"
                ) from None
            except OSError:  # a reset ends it too
                more = b""
            if more:
                raise VerificationError(after_the_end(more))
        return answer

    def _connect(self) -> socket.socket:
        host, port = self.address
        try:
            sock = socket.create_connection(self.address, timeout=one_answer.TIMEOUT_S)
        except OSError as error:
            raise EndedError(f"no response from {host}:{port}: {error}", "server_gone") from error
        timed = (self.round_trip_us, round_trip_us(sock.fileno()))
        self.round_trip_us = min((one for one in timed if one is not None), default=None)
        return sock


def _unasked(sock: socket.socket, within_s: float) -> bytes:
    """What comes though nothing was asked; the end of the connection may."""
    acknowledge(sock)
    sock.settimeout(within_s)
    try:
        return sock.recv(RECV_BYTES)
    except OSError:
        return b""
