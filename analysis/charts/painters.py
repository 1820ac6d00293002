"""Pictures drawn by two processes: a helper saves them while this one computes on.

The layout of the pictures, their PNG and their SVG take two fifths of a report's time. A figure is
sent to the helper, and its SVG comes back; what is left when the report has nothing else to do is
saved here.
"""

from __future__ import annotations

import contextlib
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from analysis.charts.helper import Helper, HelperGoneError, serve

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from matplotlib.figure import Figure

    Job = tuple[Figure, Path, str]


class Painters:
    """Saves figures, as `picture.save` does; to be used as a context manager."""

    def __init__(self, *, helped: bool = False) -> None:
        """Start the helper, if there is to be one; it begins to import at once."""
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._texts: dict[str, str] = {}
        self._fault: Exception | None = None
        self._helper: Helper | None = None
        self._thread = threading.Thread(target=self._feed, daemon=True)
        if helped:
            self._helper = Helper("analysis.charts.painters")
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
            self._helper.close()

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
        from analysis.charts.picture import save

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
        while self._helper is not None and (job := self._jobs.get()):
            try:
                self._texts[job[2]] = self._helper.ask(job)
            except HelperGoneError:
                self._jobs.put(job)
                return
            except Exception as error:
                self._fault = error
                return


def main() -> None:
    """Be the helper."""
    import gc

    gc.disable()

    from analysis.charts import (
        picture,
        ticks,  # noqa: F401 - figures name the functions of ticks
    )

    picture.warm_up()
    serve(lambda job: picture.save(*job))


if __name__ == "__main__":
    main()
