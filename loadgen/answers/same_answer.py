"""The answer that was learnt, with other lines about its connection.

A server that is about to end a connection says so in its last answer (`Connection: close`, RFC
9112, 9.6), and some count down to that (`Keep-Alive: timeout=5, max=99`).
"""

from __future__ import annotations

from loadgen.answers.head import LINE, Head
from loadgen.answers.response import END, Response
from loadgen.answers.wrong import WrongAnswerError

OF_CONNECTION = (b"connection", b"keep-alive")


class SameAnswer:
    """What such an answer has to be: the `varying` places may be others, of the same length."""

    takes_any_body = False

    def __init__(
        self, answer: bytes, varying: tuple[tuple[int, int], ...], *, bodiless: bool
    ) -> None:
        learnt = Response(bodiless=bodiless)
        learnt.feed(answer)
        self._body = learnt.body
        first, *lines = answer.partition(END)[0].split(LINE)
        self._connection = [line for line in lines if _is_of_connection(line)]
        self._lines: list[tuple[bytes, int]] = [(first, len(first))]
        place = len(first + LINE)
        for line in lines:
            if not _is_of_connection(line):
                end = place + len(line)
                fixed = [start - place for start, _ in varying if place <= start <= end]
                self._lines.append((line, min(fixed, default=len(line))))
            place += len(line + LINE)

    def check_head(self, head: Head) -> None:
        """Raises WrongAnswerError."""
        lines = [head.first, *(line for line in head.lines if not _is_of_connection(line))]
        same = len(lines) == len(self._lines) and all(
            len(line) == len(learnt) and line[:fixed] == learnt[:fixed]
            for line, (learnt, fixed) in zip(lines, self._lines, strict=True)
        )
        if not same or [line for line in head.lines if _is_of_connection(line)] == self._connection:
            raise WrongAnswerError("an answer differs from the one that was learnt")

    def check_body(self, body: bytes) -> None:
        """Raises WrongAnswerError."""
        if body != self._body:
            raise WrongAnswerError("a body differs from the one that was learnt")


def _is_of_connection(line: bytes) -> bool:
    return line.partition(b":")[0].lower() in OF_CONNECTION
