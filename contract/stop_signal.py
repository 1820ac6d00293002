"""The signal by which an engine tells a container to end, as images have it: a name or a number."""

from __future__ import annotations

import re
import signal
from typing import Final

USUAL_SIGNAL: Final = "SIGTERM"
_REAL_TIME = re.compile(r"RT(?:MIN\+|MAX-)(\d{1,2})")


def number_of(text: str) -> int:
    """SIGQUIT, quit, 3, SIGRTMIN+3, SIGRTMAX-1 as a number, in upper or lower case as engines take
    it. Raises ValueError for what is no signal."""
    name = text.upper().removeprefix("SIG")
    if text.isdecimal():
        number = int(text)
    elif real_time := _REAL_TIME.fullmatch(name):
        away = int(real_time[1])
        number = signal.SIGRTMIN + away if "MIN" in name else signal.SIGRTMAX - away
        if not signal.SIGRTMIN <= number <= signal.SIGRTMAX:
            number = 0
    else:
        number = int(getattr(signal.Signals, f"SIG{name}", 0))
    if not 1 <= number <= signal.SIGRTMAX:
        raise ValueError(f"{text!r} is no signal")
    return int(number)
