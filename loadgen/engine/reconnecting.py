"""Connections that are meant to stay, and a server that ends them: the load goes on with new ones.

HTTP lets a server end a connection whenever it likes, and asks a client to open another (RFC 9112,
9.3.1 and 9.5). Servers do so after a number of requests (nginx 1,000, Tomcat 100), with
`Connection: close` in the last answer or without a word. Then a request may be on its way. Whether
the end was a close or a reset: if the connection has answered before, and nothing of the next
answer has come, the request is sent again on a new connection, as Go's net/http and Chromium do.
One that is not idempotent, a POST, is not (RFC 9110, 9.2.2): it counts as `not_resent`, unless the
end was there before it left. A connection that ends before its first answer, or in the middle of
one, has failed.

No time is lost: the response time of a request that has to wait for a new connection runs from the
moment when it could first be sent, or was due.
"""

from __future__ import annotations

import errno
import math
from collections import deque
from dataclasses import dataclass

from loadgen.engine.engine import Engine
from loadgen.engine.measures import Ends, Target
from loadgen.engine.sockets import bytes_sent, reset_descriptor_on_close


@dataclass(frozen=True, slots=True)
class Carried:
    """What a new connection takes over; times in ns of the monotonic clock."""

    since: int = 0
    """When the request was sent first, or could have been; 0: there is none."""
    answered: int = 0
    """When the last answer came."""
    due: int = 0
    """When the request was due, of an open loop."""
    kind: int = 0
    """Which request it is, of a mix."""
    writes: tuple[tuple[int, int], ...] = ()
    """How many requests of a pipeline were written, and when."""


class Reconnecting(Engine):
    """Base of the kinds of load whose connections stay."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._ends = Ends()
        self._to_resume: deque[Carried] = deque()
        self._resumed: dict[int, Carried] = {}  # until the first answer of the new connection
        self._hung_up = -1  # whose event said that nothing follows what is being read

    def open_window(self) -> int:
        self._ends = Ends()
        return super().open_window()

    def ends(self) -> Ends:
        return self._ends

    def want_active(self, count: int) -> None:
        super().want_active(count)
        to_open = max(self._active_to_open, 0) + len(self._retry)
        while len(self._to_resume) > to_open:
            self._to_resume.pop()

    # For the subclasses.

    def _carried(self, fd: int) -> tuple[Carried, int]:
        """What is taken over from a connection, and how many of its requests have no answer."""
        raise NotImplementedError

    def _unsent(self, _fd: int) -> int:
        """How many of those have not left when the last write failed."""
        return 1

    def _may_resend(self, _fd: int) -> bool:
        """Whether what was sent may be sent again."""
        return self.active_exchange.idempotent

    def _answered_on(self, fd: int, unanswered: int) -> int:
        """How many requests this connection has answered: of those that the kernel has begun to
        send."""
        return math.ceil(bytes_sent(fd) / len(self.active_exchange.request)) - unanswered

    def _opening(self, fd: int) -> None:
        if self._to_resume:
            self._resumed[fd] = self._to_resume.popleft()

    def _gone(self, fd: int) -> None:
        self._resumed.pop(fd, None)
        if fd == self._hung_up:
            self._hung_up = -1  # another connection may get the number

    def _unresumed(self) -> list[Carried]:
        """What was taken over and has no answer yet."""
        return [*self._resumed.values(), *self._to_resume]

    def _is_last(self, fd: int) -> bool:
        """Whether the answer that has just been read is the last one on its connection."""
        return fd == self._hung_up or self._judge(fd).closes

    def _broken(self, fd: int, error: OSError, began: int) -> None:
        """A read that began then has failed, or the write after it, before which an answer came."""
        code = error.errno or 0
        self._ended(fd, errno.EPIPE if self._since[fd] >= began else code)

    def _ended(self, fd: int, code: int = 0) -> None:
        """The server closed an established connection, or reset it: then there is a code."""
        if fd not in self._active or fd in self._partial:
            self._lost(fd, code, None if code else self._cut_short(fd) or "closed_early")
            return
        carried, unanswered = self._carried(fd)
        if code == errno.EPIPE:  # a write found it out: what was to be sent has not left
            unanswered -= self._unsent(fd)
        if unanswered and self._answered_on(fd, unanswered) < 1:
            self._lost(fd, code, None if code else "closed_early")
        elif unanswered and not self._may_resend(fd):
            self._lost(fd, code, "not_resent")
        else:
            self._reconnect(fd, carried, unanswered)

    def _leave(self, fd: int, carried: Carried, unanswered: int = 0) -> None:
        """The last answer has come: go on with another connection."""
        if fd != self._hung_up:
            reset_descriptor_on_close(fd)
        self._reconnect(fd, carried, unanswered)

    def _reconnect(self, fd: int, carried: Carried, unanswered: int) -> None:
        """Open a connection in the place of one that is over."""
        answered = self._answered_on(fd, unanswered)
        self._ends.reconnects += 1
        self._ends.resent += unanswered
        self._ends.answered[answered] += 1
        self._discard(fd, idle=False)
        if self._active_to_open < 0:  # fewer are wanted by now
            self._active_to_open += 1
            return
        self._to_resume.append(carried)
        if answered > 0:
            self._active_to_open += 1
            self._open_more()
        else:  # it might go on like that
            self._retry_later()
