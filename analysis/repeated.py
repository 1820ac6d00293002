"""Measurements that were spoiled, and not by their server, and were then made again.

They stand in `trials.csv` and are told in the report; the trial that counts is the last attempt.
"""

from __future__ import annotations

import pandas as pd

from analysis.records.run import Run
from analysis.statistics.exact_tests import fisher
from analysis.wording import listed, plural, server_name

RARE = 0.01
"""Below this, chance alone hardly disturbs one server so much more often than the others."""


def notes(run: Run) -> list[str]:
    """Sentences: how many measurements were made again, of whom and why; none where none was."""
    if not len(run.repeated):
        return []
    servers, causes = (
        run.repeated[name].astype("string").value_counts() for name in ("server", "spoiled_by")
    )
    was = "was" if len(run.repeated) == 1 else "were"
    return [
        f"{plural(len(run.repeated), 'measurement')} {was} spoiled, not by the server, and made "
        f"again: of {_counts(servers.rename(server_name))}; spoiled by {_counts(causes)}. "
        "Each is a row of trials.csv, with its reason.",
        *(
            f"{server_name(str(name))} was disturbed more often than the others "
            f"({times:,} of {len(run.repeated):,}): see whether it disturbs itself."
            for name, times in servers.items()
            if _stands_out(run, str(name), times)
        ),
    ]


def _stands_out(run: Run, server: str, times: int) -> bool:
    """Whether its share of what was made again is larger than its share of the trials."""
    own = int((run.trials["server"] == server).sum())
    others, all_others = len(run.repeated) - times, len(run.trials) - own
    return fisher(others, times, others + all_others, times + own) < RARE


def _counts(found: pd.Series[int]) -> str:
    return listed([f"{name} {times:,}" for name, times in found.items()])
