"""Why an answer is a wrong one; the message is the reason."""

from __future__ import annotations


class WrongAnswerError(Exception):
    """What came is no answer to what was asked."""


class FramingError(WrongAnswerError):
    """What came is no response that can be told from what follows it."""
