"""The signal by which an engine tells a container to end, as images have it: a name or a number."""

from __future__ import annotations

import re
import signal
from typing import Final

USUAL: Final = "SIGTERM"
_REAL_TIME = re.compile(r"(?:SIG)?RTMIN\+(\d{1,2})")


def number_of(text: str) -> int:
    """SIGQUIT, QUIT, 3, SIGRTMIN+3 as a number. Raises ValueError for what is no signal."""
    if text.isdecimal():
        return int(signal.Signals(int(text)))
    if real_time := _REAL_TIME.fullmatch(text):
        return int(signal.SIGRTMIN) + int(real_time[1])
    name = text if text.startswith("SIG") else f"SIG{text}"
    try:
        return int(signal.Signals[name])
    except KeyError:
        raise ValueError(f"{text!r} is no signal") from None
