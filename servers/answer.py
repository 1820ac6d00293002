"""From the bytes that a peer sent to the bytes that it gets, in two ways with one meaning.

`Conversation` is the general way: it keeps what is incomplete. `chunk_answers` is the fast one,
for the chunk that is all there is: most reads bring exactly one request, byte for byte the same
as the last one, so its answer is remembered. A hit costs one look-up instead of some 5 us of
parsing, and every variant takes it alike: what they differ in is what is measured.

Only an answer that depends on the bytes alone may be remembered; one that takes time to make
returns None from the fast way and is made in the other.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from servers.framing import Framer
from servers.response import respond

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK_BYTES = 4096  # longer chunks are not remembered
REMEMBERED_CHUNKS = 256  # at worst 4 KiB in and 34 KiB out each, so 10 MiB in all


class Ending(IntEnum):
    """What happens to the connection once the output is written. False means: it goes on."""

    OPEN = 0
    CLOSE = 1
    LINGER = 2  # close, but input may still come and a reset would destroy the response


Answer = tuple[bytes, Ending]


class Conversation:
    """One connection's framing and answers, for whatever pieces its input comes in."""

    __slots__ = ("_framer",)

    def __init__(self, limit_bytes: int) -> None:
        self._framer = Framer(limit_bytes)

    @property
    def clean(self) -> bool:
        """Whether nothing is held back, so that this object may be forgotten."""
        return self._framer.clean

    def feed(self, data: bytes) -> Answer:
        """Return the output that `data` has brought about, and what is to follow it.

        The output is bounded: a read of N bytes holds at most N/16 requests.
        """
        self._framer.feed(data)
        requests = self._framer.requests()
        output = b"".join(map(respond, requests))
        if not self._framer.ended:
            return output, Ending.OPEN
        refused = bool(requests) and requests[-1].status != 200
        return output, Ending.LINGER if refused else Ending.CLOSE


def chunk_answers(limit_bytes: int) -> Callable[[bytes], Answer | None]:
    """Return a function from a chunk to its answer, or None if it needs a `Conversation`.

    The chunk must be all that is known of the connection (nothing pending), and no longer than
    CHUNK_BYTES. None: the end of input (an empty chunk), or a chunk that ends inside a request.
    """

    @lru_cache(maxsize=REMEMBERED_CHUNKS)
    def answer(chunk: bytes) -> Answer | None:
        conversation = Conversation(limit_bytes)
        output, ending = conversation.feed(chunk)
        if not output or (ending is Ending.OPEN and not conversation.clean):
            return None
        return output, ending

    return answer
