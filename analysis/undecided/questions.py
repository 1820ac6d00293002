"""All that is open in a run and that more blocks may decide, the most promising first."""

from __future__ import annotations

import math
from collections.abc import Sequence

from analysis.claims.open_claims import open_claims
from analysis.claims.verdicts import Verdict
from analysis.compare.open_pairs import open_pairs
from analysis.records.run import Run
from analysis.undecided.thresholds import open_thresholds
from contract.more_blocks import OpenQuestion


def open_questions(run: Run, verdicts: Sequence[Verdict]) -> list[OpenQuestion]:
    """What a run leaves open whose claims have these verdicts; the fewest blocks come first."""
    found = [*open_claims(verdicts), *open_thresholds(run), *open_pairs(run)]
    return sorted(found, key=lambda one: one.needed or math.inf)
