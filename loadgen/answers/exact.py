"""Answers that have to be the same, byte for byte, but for dates and the end of the connection."""

from __future__ import annotations

from loadgen.answers.judge import Judge
from loadgen.answers.judged_response import JudgedResponse
from loadgen.answers.same_answer import SameAnswer
from loadgen.answers.wrong import FramingError


class ExactJudge(Judge):
    """`varying` are the places of the answer, each from and to, that change by themselves: the
    value of a Date. There alone another byte is no wrong answer, and it is expected from then on:
    a Date costs a second look once a second.
    """

    expected: bytes

    def __init__(
        self, answer: bytes, varying: tuple[tuple[int, int], ...] = (), *, bodiless: bool = False
    ) -> None:
        super().__init__()
        self.expected = answer
        self.bodiless = bodiless
        self._varying = varying

    def begin(self) -> ExactAnswer:
        return ExactAnswer(self)

    def at_once(self, data: bytes, at: int) -> int:
        return len(self.expected) if data.startswith(self.expected, at) else 0

    def goes_on(self, data: bytes, at: int) -> bool:
        """Whether `data`, at place `at` of the answer, is right."""
        return self.expected.startswith(data, at) or self._renewed(data, at)

    def but_for_its_connection(self) -> SameAnswer:
        """What an answer has to be that says something else of its connection."""
        return SameAnswer(self.expected, self._varying, bodiless=self.bodiless)

    def _renewed(self, data: bytes, at: int) -> bool:
        fresh = self.expected[:at] + data + self.expected[at + len(data) :]
        if len(fresh) != len(self.expected) or not self._varying:
            return False
        before, after = bytearray(self.expected), bytearray(fresh)
        for start, end in self._varying:
            before[start:end] = after[start:end] = bytes(end - start)
        if before != after:
            return False
        self.expected = fresh
        return True


class ExactAnswer:
    """One that comes in parts, or says something else of its connection."""

    def __init__(self, judge: ExactJudge) -> None:
        self.whole = False
        self._judge = judge
        self._place = 0
        self._other: JudgedResponse | None = None

    @property
    def closes(self) -> bool:
        """What the usual answer says is known before."""
        return self._other is not None and self._other.closes

    def feed(self, data: bytes, at: int = 0) -> int:
        expected = self._judge.expected
        part = data[at : at + len(expected) - self._place]
        if self._other is None and self._judge.goes_on(part, self._place):
            self._place += len(part)
            self.whole = self._place == len(expected)
            return at + len(part)
        if self._other is None:
            meaning = self._judge.but_for_its_connection()
            self._other = JudgedResponse(meaning, bodiless=self._judge.bodiless)
            self._other.feed(expected[: self._place])
        at = self._other.feed(data, at)
        self.whole = self._other.whole
        return at

    def end(self) -> None:
        raise FramingError("the connection ended inside a response")
