"""Waits for a server that is starting: it may refuse, reset, say nothing or say that it is busy."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from contract.expected import ANY, Expected
from contract.request import HOST
from loadgen.answers.head import SPEAKS_TLS
from loadgen.verification.asking import Client
from loadgen.verification.errors import EndedError, NotReadyError, VerificationError
from loadgen.verification.one_answer import Answer
from loadgen.verification.tls import speaks_tls

PAUSE_S = 0.02
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ready:
    """When a server is ready: it answers, or answers a request of its own with one of these
    statuses, 200 if there is none; and how long that may take."""

    path: str = ""
    statuses: tuple[int, ...] = ()
    within_s: float = 5.0
    host: str = HOST
    """The Host that the path is asked of."""

    @property
    def asks(self) -> bool:
        """Whether there is a request of its own."""
        return bool(self.path or self.statuses)


class Patience:
    """Ends `within_s` after it was made."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready
        self._ends = time.monotonic() + ready.within_s

    def ready(self, address: tuple[str, int], request: bytes) -> None:
        """Wait until this is answered as `Ready` says. Raises VerificationError."""
        expected = Expected(statuses=self._ready.statuses or (200,), body_is=ANY)
        client = Client(address, request, expected)
        self._until(address, client.ask_once, VerificationError)

    def answered(self, client: Client, count: int) -> list[Answer]:
        """So many answers, once the server is ready. Raises VerificationError."""
        return self._until(client.address, lambda: client.ask(count), NotReadyError)

    def _until(
        self, address: tuple[str, int], ask: Callable[[], T], passing: type[VerificationError]
    ) -> T:
        while True:
            try:
                return ask()
            except passing as error:
                if time.monotonic() > self._ends:
                    if isinstance(error, EndedError) and speaks_tls(address):
                        raise VerificationError(SPEAKS_TLS) from error
                    raise VerificationError(
                        f"the server was not ready within {self._ready.within_s:g} s; "
                        f"at last: {error}",
                        error.spoiled_by,
                    ) from error
            time.sleep(PAUSE_S)
