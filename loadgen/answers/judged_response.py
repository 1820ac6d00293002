"""A response that is taken apart and judged, however it comes."""

from __future__ import annotations

from typing import Protocol

from loadgen.answers.head import Head
from loadgen.answers.response import Response


class ResponseChecks(Protocol):
    """What a response has to be beside its framing. Both raise WrongAnswerError."""

    @property
    def takes_any_body(self) -> bool:
        """Whether no body is wrong."""
        ...

    def check_head(self, head: Head) -> None:
        """As soon as there is one."""
        ...

    def check_body(self, body: bytes) -> None:
        """Once the response is whole."""
        ...


class JudgedResponse:
    """An answer that has begun. A wrong head makes a wrong answer before that is whole."""

    def __init__(self, meaning: ResponseChecks, *, bodiless: bool) -> None:
        self.whole = False
        self.closes = False
        self._meaning = meaning
        self._headed = False
        self._response = Response(bodiless=bodiless, keeps_body=not meaning.takes_any_body)

    def feed(self, data: bytes, at: int = 0) -> int:
        at = self._response.feed(data, at)
        self._judge()
        return at

    def end(self) -> None:
        self._response.end()
        self._judge()

    def _judge(self) -> None:
        head = self._response.head
        if head is not None and not self._headed:
            self._headed, self.closes = True, head.closes
            self._meaning.check_head(head)
        if self._response.whole and not self.whole:
            self._meaning.check_body(self._response.body)
            self.whole = True
