"""What a check-up has to say of each server of `server.py`, and of one of `../stopping/`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analysis.checkup.document import CheckUpFound


@dataclass(frozen=True, slots=True)
class Says:
    """What has to be said to a question: the mark, words that the answer has (a pattern), and a
    figure between two ends, itself or at least one end of its interval."""

    question: str
    mark: str = ""
    words: str = ""
    figure: str = ""
    low: float = -math.inf
    high: float = math.inf

    def differs(self, found: CheckUpFound) -> Iterator[str]:
        """What was said instead, a line for each."""
        one = next(one for one in found.questions if one.question == self.question)
        if self.mark and one.mark != self.mark:
            yield f"{self.question} is marked {one.mark!r}, not {self.mark!r}: {one.answer.answer}"
        if self.words and not re.search(self.words, one.answer.answer):
            yield f"{self.question} does not say /{self.words}/: {one.answer.answer}"
        if not self.figure:
            return
        figure = one.answer.figures.get(self.figure)
        if figure is None:
            yield f"{self.figure} is not known: {one.answer.answer}"
        elif not self.low <= figure.value <= self.high:
            yield f"{self.figure} is {figure.value:,.6g}, not {self.low:g} to {self.high:g}"


TRUTHS: Final[dict[str, tuple[Says, ...]]] = {
    "limited": (
        Says("holds", mark="look at this", figure="holds_per_s", low=1_940, high=2_060),
        Says("leak", mark="good"),
    ),
    "stalls": (Says("holds", mark="breaks", figure="holds_per_s", high=0),),
    "leaks": (Says("leak", mark="breaks", figure="leak_bytes", low=900, high=1_200),),
    "closes_idle": (Says("idle", mark="good", figure="idle_closes_s", low=1.8, high=2.2),),
    "short_queue": (
        Says("crowd", figure="crowd_queue_limit", low=16, high=16),
        Says("crowd", figure="crowd_drops", low=1),
    ),
    "dies": (Says("idle", mark="breaks", words=r"more than 5000 connections|the server ended"),),
    # 64 connections, an answer after 20 ms: 3,200/s; half of it for the second in which it loses.
    "loses": (Says("deploy", figure="lost_on_stop", low=24, high=36),),
    "never_recovers": (
        Says("holds", figure="holds_per_s", low=1_700, high=2_060),
        Says("beyond", mark="breaks", words="p99 is not within the limit again"),
    ),
}
