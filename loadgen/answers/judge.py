"""Where answers are judged, for every kind of load: are they whole, and are they right?

A hot loop asks for one comparison of what a read brought, with `expected`; whatever is not equal
to it goes to `read`, which takes answers in any number of parts, and several at once.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import Protocol

from loadgen.answers.wrong import WrongAnswerError


class Begun(Protocol):
    """An answer that has begun; `whole` once it has ended, and was right."""

    whole: bool

    @property
    def closes(self) -> bool:
        """Whether it says that it is the last one on its connection."""
        ...

    def feed(self, data: bytes, at: int = 0) -> int:
        """Take what belongs to it, from place `at` on; return the place after it.

        Raises WrongAnswerError.
        """
        ...

    def end(self) -> None:
        """The connection has ended. Raises FramingError if that cuts the answer short, and
        WrongAnswerError if it is a wrong one."""
        ...


class Judge(ABC):
    """Judges the answers to one request."""

    expected: object
    """Equal to a read that brings one right answer, as far as one look can tell."""

    def __init__(self) -> None:
        self.closes = False
        """Whether the last answer that `read` took to its end says that its connection ends."""

    @abstractmethod
    def begin(self) -> Begun:
        """An answer of which nothing has come."""

    @abstractmethod
    def at_once(self, data: bytes, at: int) -> int:
        """The length of the right answer at this place, 0 if one look cannot tell."""

    def read(self, begun: Begun | None, data: bytes) -> tuple[int, Begun | None]:
        """How many answers end in `data`, and the one that has begun in it, if it has not ended.

        `begun` is the one that had before. Raises WrongAnswerError.
        """
        at = count = 0
        self.closes = False
        while at < len(data):
            if begun is None:
                if length := self.at_once(data, at):
                    at, count = at + length, count + 1
                    continue
                begun = self.begin()
            at = begun.feed(data, at)
            if begun.whole:
                self.closes = begun.closes
                count, begun = count + 1, None
        return count, begun

    def is_surplus(self, begun: Begun | None, pending: bytes, asked: int) -> bool:
        """Whether `pending` is anything but the rest of `asked` answers; `begun` stays as it is."""
        try:
            count, unfinished = self.read(copy.deepcopy(begun), pending)
        except WrongAnswerError:
            return True
        return count + (unfinished is not None) > asked
