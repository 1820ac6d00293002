"""What open loops share against a server that is told to end: they keep what becomes of requests.

The load does what it always does. A request whose connection the server ends without a byte of its
answer is sent again where HTTP allows that (engine/reconnecting.py); so what counts as lost had no
answer there either.
"""

from __future__ import annotations

from loadgen.engine.measures import WindowCounts
from loadgen.engine.stop_log import StopLog
from loadgen.loads.scheduled import Scheduled


class Stopping(Scheduled):
    """Goes on after its window, and keeps what becomes of each request."""

    stop_log: StopLog | None = None

    def go_on(self) -> WindowCounts:
        """The window ends and the load does not; a command."""
        self.stop_log = StopLog()
        return self.count()

    def end_log(self) -> StopLog:
        """After the freeze; a command."""
        if self.stop_log is None:
            raise ValueError("the window has not ended")
        for due in (*self.arrivals.waiting, *self.arrivals.missed):
            self.stop_log.leave_unsent(due)
        self._end_log(self.stop_log)
        return self.stop_log

    def _end_log(self, log: StopLog) -> None:
        """What is under way, or on its way to another connection."""
        raise NotImplementedError
