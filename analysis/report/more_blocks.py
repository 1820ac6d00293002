"""What a report tells of blocks beyond the plan: how many, for which claims, what stays open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from analysis.claims.judgement import Word
from analysis.claims.open_claims import open_claim
from analysis.claims.verdicts import Verdict
from analysis.records.run import Run
from analysis.wording import listed, plural


def notes(run: Run, verdicts: Sequence[Verdict]) -> list[str]:
    """Sentences; none of a run that looks at its claims once."""
    if not run.manifest.budget_s or not verdicts:
        return []
    return list(filter(None, [_measured(run), _open(verdicts)]))


def over(run: Run) -> str:
    """Over how many blocks figures are: '5 blocks'; '5 blocks, 14 where claims were open'."""
    every, more = run.trials["block"].nunique(), len(run.manifest.more_blocks)
    if not more:
        return plural(every, "block")
    return f"{plural(every - more, 'block')}, up to {every} where claims were open"


def _measured(run: Run) -> str:
    planned = plural(run.manifest.repeats or 0, "planned block")
    blocks = Counter(one.claim for one in run.manifest.more_blocks)
    if not blocks:
        return f"No block was measured beyond the {planned}."
    were = "was" if blocks.total() == 1 else "were"
    minutes = sum(one.took_s or 0.0 for one in run.manifest.more_blocks) / 60
    whose = listed([f"{times} for claim {claim}" for claim, times in sorted(blocks.items())])
    return (
        f"Beyond the {planned} {blocks.total()} more {were} measured in {minutes:.1f} min of a "
        f"budget of {run.manifest.budget_s / 60:.1f}, each with the trials of a claim that was "
        f"open: {whose}. Intervals beside verdicts are wide enough for all looks together."
    )


def _open(verdicts: Sequence[Verdict]) -> str:
    told = []
    for verdict in verdicts:
        if verdict.verdict is not Word.INCONCLUSIVE:
            continue
        found = open_claim(verdict)
        if found is None:
            told.append(f"claim {verdict.claim}, which more blocks would not decide")
        elif found.needed is None:
            told.append(f"claim {verdict.claim}")
        else:
            told.append(f"claim {verdict.claim}, about {plural(found.needed, 'block')} more")
    return f"Still open: {'; '.join(told)}." if told else ""
