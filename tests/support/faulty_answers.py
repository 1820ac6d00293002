"""A fault inside a server, wherever it looks up what to answer."""

from __future__ import annotations


class FaultyAnswers:
    """In place of `ResponseCache`: raises for each chunk."""

    def __init__(self, _site: object) -> None:
        pass

    def __getitem__(self, _chunk: bytes) -> None:
        raise ZeroDivisionError

    def end(self) -> None:
        pass
