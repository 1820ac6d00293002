"""Answers that differ: each is framed as HTTP/1 says, and has to be what is expected of it."""

from __future__ import annotations

from loadgen.answers.judge import Judge
from loadgen.answers.judged_response import JudgedResponse
from loadgen.answers.likeness import Likeness, likeness_of
from loadgen.answers.meaning import Meaning

NOTHING = object()
"""Equal to no read."""


class FramingJudge(Judge):
    """`answer` is a right one: what looks like it is judged by one look.

    `bodiless`: the answers are those to a HEAD.
    """

    def __init__(self, answer: bytes, meaning: Meaning, *, bodiless: bool = False) -> None:
        super().__init__()
        self._meaning = meaning
        self._bodiless = bodiless
        self._likeness: Likeness | None = likeness_of(answer, meaning, bodiless=bodiless)
        self.expected = self._likeness or NOTHING

    def begin(self) -> JudgedResponse:
        return JudgedResponse(self._meaning, bodiless=self._bodiless)

    def at_once(self, data: bytes, at: int) -> int:
        return self._likeness.length(data, at) if self._likeness else 0
