"""Measurements that were spoiled, and not by their server, and were then made again.

They stand in `trials.csv` and are told in the report; the trial that counts is the last attempt.
A server of which more measurements were spoiled than chance would have it may disturb itself:
whether made again or not, they tell.
"""

from __future__ import annotations

import pandas as pd

from analysis.records.run import Run
from analysis.records.words import void
from analysis.statistics.exact_tests import fisher
from analysis.wording import listed, plural, server_name
from contract.void_causes import MEASURED_AGAIN

RARE = 0.01
"""Below this, chance alone hardly disturbs one server so much more often than the others."""


def notes(run: Run) -> list[str]:
    """Sentences: how many measurements were made again, of whom and why, and who was disturbed more
    often than others; none where none was."""
    return [*_made_again(run.repeated), *_more_often(pd.concat([run.repeated, run.trials]))]


def _made_again(repeated: pd.DataFrame) -> list[str]:
    if not len(repeated):
        return []
    servers, causes = (
        repeated[name].astype("string").value_counts() for name in ("server", "spoiled_by")
    )
    was = "was" if len(repeated) == 1 else "were"
    return [
        f"{plural(len(repeated), 'measurement')} {was} spoiled, not by the server, and made "
        f"again: of {_counts(servers.rename(server_name))}; spoiled by {_counts(causes)}. "
        "Each is a row of trials.csv, with its reason."
    ]


def _more_often(measurements: pd.DataFrame) -> list[str]:
    """The servers whose share of what was spoiled is larger than that of what was measured."""
    by = measurements["spoiled_by"]
    refused = (by == "surroundings") & (measurements["outcome"] != "completed")
    spoiled = by.isin((*MEASURED_AGAIN, "lab")) & void(measurements) & ~refused
    total, every = int(spoiled.sum()), len(measurements)
    told = []
    for name, mine in spoiled.groupby(measurements["server"].astype(str)):
        times, own = int(mine.sum()), len(mine)
        if times and fisher(total - times, times, every - own, own) < RARE:
            told.append(
                f"{server_name(str(name))} was disturbed more often than the others "
                f"({times:,} of {total:,}): see whether it disturbs itself."
            )
    return told


def _counts(found: pd.Series[int]) -> str:
    return listed([f"{name} {times:,}" for name, times in found.items()])
