"""A question to the probe, as a datagram: `WORD NUMBER KEPT SIGN`.

KEPT is the number of the last answer that its asker kept. Between two hosts anybody who reaches the
probe's port might ask, and a question can tell the server to end: SIGN is a keyed hash (RFC 2104)
of the rest, under a key that the trial's containers alone have. Without one, where the
network is the lab's own, it is empty.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

ENVIRONMENT: Final = "environment"
"""The word of a question for the machine, which is no sample."""
CLOCK: Final = "clock"
"""The word of a question for the time alone: any worker may ask it, and no sample is taken."""
START, GATE, LOOK, STOP = "start", "gate", "look", "stop"
"""Words that ask for a sample, and its label: as the load begins, before the window, one that
nobody keeps, and as the server is told to end."""
STOP_BY: Final = f"{STOP}:"
"""Before the number of the signal with which the probe tells it that."""
BEFORE, AFTER = "before", "after"
"""Around the window: the server's core is timed."""
OPEN, SECOND, CLOSE = OF_WINDOW = ("open", "second", "close")
"""Those of a window, in order."""
KEY: Final = "C10K_PROBE_KEY"
"""The variable with the key, in the environment of who asks and of who answers."""


def key_of(environment: Mapping[str, str]) -> bytes:
    """The key of the trial, from the environment; empty if it has none."""
    return environment.get(KEY, "").encode()


def signed(word: str, number: int, kept: int, key: bytes) -> bytes:
    """A question as a datagram, with its signature."""
    question = f"{word} {number} {kept}".encode()
    return question + b" " + _sign(question, key)


def parsed(datagram: bytes, key: bytes) -> tuple[str, int, int]:
    """Its word, its number, and that of the answer that was kept last. ValueError where it is not
    of who has the key."""
    question, _, sign = datagram.rpartition(b" ")
    if not hmac.compare_digest(sign, _sign(question, key)):
        raise ValueError("the question is not signed with this trial's key")
    word, number, kept = question.split(b" ")
    return word.decode(), int(number), int(kept)


def _sign(question: bytes, key: bytes) -> bytes:
    return hmac.digest(key, question, hashlib.sha256).hex().encode()
