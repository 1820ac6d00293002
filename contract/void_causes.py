"""Why a trial is not measured, or who spoiled it: the words of the column `spoiled_by`, and of a
result on its way. The word that each makes of a trial is in `contract.outcomes`."""

from __future__ import annotations

from typing import Literal, get_args

SpoiledBy = Literal[
    "server_wrong",
    "server_gone",
    "server_limit",
    "server_starved",
    "load",
    "probe",
    "surroundings",
    "lab",
]
"""`surroundings` are the machine, its engine and other programs; `lab` is a fault in the lab's own
arithmetic or clocks: a figure that its column cannot hold."""
Blame = SpoiledBy | Literal[""]
"""What spoiled any trial: '' for one that was measured."""
SPOILED_BY: tuple[SpoiledBy, ...] = get_args(SpoiledBy)
LOG_ENDS = "; its log ends: "
"""In a reason, before the last lines of the server's log, which no two trials have alike."""
BY_SERVER: tuple[SpoiledBy, ...] = (
    "server_wrong",
    "server_gone",
    "server_limit",
    "server_starved",
)
"""What a server under test did itself: it answered wrongly or with errors, ended or hung, met a
limit of its own, or left clients unserved."""
SEEN_AT_AN_END: tuple[SpoiledBy, ...] = ("server_wrong", "server_gone", "probe")
"""What the load makes of a server that has just ended: connections and probe went with it."""
MEASURED_AGAIN: tuple[SpoiledBy, ...] = ("surroundings", "load", "probe")
"""Who spoils a trial that is then measured again: nothing that the server did is repeated away."""
EXCUSED_BY_A_DISTURBANCE: tuple[SpoiledBy, ...] = ("server_starved", "load")
"""On a machine that was busy otherwise, a server that served few was not the cause, nor a load
that came late. A wrong answer, a limit or an end would have been seen on a quiet one too."""
