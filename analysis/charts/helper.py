"""A helper: a process of ours that does one job after the other.

A process and not a thread, where the work holds Python's lock. Jobs and answers are pickles
on its standard input and output. It ends when its input does, so it outlives nobody.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class HelperGoneError(Exception):
    """It has died, and what it was asked has no answer."""


class Helper:
    """A process that runs a module of ours, which `serve`s; to be used as a context manager."""

    def __init__(self, module: str) -> None:
        """Start it; it begins to import at once."""
        # Found where this process found it, and not in the folder where that happens to stand.
        places = os.pathsep.join(place for place in sys.path if isinstance(place, str))
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own module
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": places},
            process_group=0,  # Ctrl-C is for its parent: then its input ends
        )

    def __enter__(self) -> Helper:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()
        self.close()

    def ask(self, job: Any) -> Any:
        """Its answer; raises what it raised, and HelperGoneError when it has died. One job at a
        time."""
        source, sink = self._process.stdout, self._process.stdin
        if source is None or sink is None:
            raise RuntimeError("a helper is started with pipes to both sides")
        try:
            pickle.dump(job, sink, pickle.HIGHEST_PROTOCOL)
            sink.flush()
            answer = pickle.load(source)  # noqa: S301 - our own process
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            raise HelperGoneError from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._process.kill()

    def close(self) -> None:
        """Wait for its end, once nobody asks any more."""
        self._process.communicate()


def serve(answer: Callable[[Any], Any]) -> None:
    """Be a helper: answer jobs until there are no more, or nobody to hear of them."""
    import signal

    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            job = pickle.load(source)  # noqa: S301 - of our own parent
        except EOFError:
            return
        found: Any
        try:
            found = answer(job)
        except Exception as error:
            found = error
        pickle.dump(found, sink, pickle.HIGHEST_PROTOCOL)
        sink.flush()
