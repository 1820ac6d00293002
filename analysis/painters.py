"""Pictures drawn by two processes: a helper saves them while this one computes on.

The layout of the pictures, their PNG and their SVG take two fifths of a report's time. A figure is
sent as a pickle, and its SVG comes back; what is left when the report has nothing else to do is
saved here. The helper ends when its input does, so it outlives nobody.
"""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from matplotlib.figure import Figure

    Job = tuple[Figure, Path, str]


class Painters:
    """Saves figures, as `pictures.save` does; to be used as a context manager."""

    def __init__(self, *, helped: bool = False) -> None:
        """Start the helper, if there is to be one; it begins to import at once."""
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._texts: dict[str, str] = {}
        self._fault: Exception | None = None
        self._helper: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._feed, daemon=True)
        if helped:
            self._helper = subprocess.Popen(
                [sys.executable, "-m", "analysis.painters"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            self._thread.start()

    def __enter__(self) -> Painters:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._helper is not None:
            self._helper.kill()  # all that it had to do is done, or of no use any more
            self._join()
            self._helper.communicate()

    def save(self, figure: Figure, folder: Path, name: str) -> None:
        """Have NAME.png and NAME.svg written into `folder`, sooner or later."""
        self._jobs.put((figure, folder, name))

    def texts(self) -> dict[str, str]:
        """Wait until all have been saved; return the SVG of each by name. Raises OSError."""
        self._work()
        self._join()
        if self._fault is not None:
            raise self._fault
        self._work()
        return self._texts

    def _work(self) -> None:
        """Save what nobody has begun, and what a helper that has died gave back."""
        from analysis.pictures import save

        with contextlib.suppress(Empty):
            while True:
                if job := self._jobs.get_nowait():
                    self._texts[job[2]] = save(*job)

    def _join(self) -> None:
        if self._thread.is_alive():
            self._jobs.put(None)
            self._thread.join()

    def _feed(self) -> None:
        """Give the helper a figure after the other, in a thread of its own."""
        while job := self._jobs.get():
            try:
                self._texts[job[2]] = self._ask(job)
            except (EOFError, BrokenPipeError, pickle.UnpicklingError):  # it has died
                self._jobs.put(job)
                return
            except Exception as error:
                self._fault = error
                return

    def _ask(self, job: Job) -> str:
        if self._helper is None or self._helper.stdin is None or self._helper.stdout is None:
            raise RuntimeError("there is no helper with pipes to both sides")
        pickle.dump(job, self._helper.stdin, pickle.HIGHEST_PROTOCOL)
        self._helper.stdin.flush()
        answer: str | Exception = pickle.load(self._helper.stdout)  # noqa: S301 - our own process
        if isinstance(answer, Exception):
            raise answer
        return answer


def main() -> None:
    """Be the helper: figures come by standard input, and answers go to standard output."""
    import gc
    import signal

    gc.disable()

    from analysis import pictures, ticks  # noqa: F401 - figures name the functions of ticks

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the parent's: then the input ends
    pictures.warm_up()
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            figure, folder, name = pickle.load(source)  # noqa: S301 - of our own parent
        except EOFError:
            return
        answer: Any
        try:
            answer = pictures.save(figure, folder, name)
        except Exception as error:
            answer = error
        pickle.dump(answer, sink, pickle.HIGHEST_PROTOCOL)
        sink.flush()


if __name__ == "__main__":
    main()
