"""What a report tells of blocks beyond the plan: how many, for what, and what stays open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from analysis.claims.judgement import Word
from analysis.claims.open_claims import open_claim
from analysis.claims.verdicts import Verdict
from analysis.compare.open_pairs import hopeless_pairs, open_pairs
from analysis.compare.two_servers import pair_of
from analysis.records.run import Run
from analysis.undecided.thresholds import crossings, open_thresholds
from analysis.wording import listed, plural
from contract.more_blocks import MoreBlock, claim_name


def notes(run: Run, verdicts: Sequence[Verdict]) -> list[str]:
    """Sentences; none of a run that looks once."""
    asks = verdicts or run.manifest.thresholds or run.manifest.compare
    if not run.manifest.budget_s or not asks:
        return []
    still = [*_claims(verdicts), *_thresholds(run), *_pairs(run)]
    return [_measured(run), *([f"Still open: {'; '.join(still)}."] if still else [])]


def over(run: Run) -> str:
    """Over how many blocks figures are: '5 blocks'; '5 blocks, up to 14 where something was
    open'."""
    every, more = run.trials["block"].nunique(), len(_with_rows(run))
    if not more:
        return plural(every, "block")
    return f"{plural(every - more, 'block')}, up to {every} where something was open"


def _with_rows(run: Run) -> list[MoreBlock]:
    """The blocks beyond the plan of which something was measured: a run that was stopped may have
    begun one that has no trial yet."""
    seen = set(run.trials["block"].tolist())
    return [one for one in run.manifest.more_blocks if one.block in seen]


def _measured(run: Run) -> str:
    planned = plural(run.manifest.repeats or 0, "planned block")
    more = _with_rows(run)
    if not more:
        return f"No block was measured beyond the {planned}."
    blocks = Counter(one.question for one in more)
    were = "was" if len(more) == 1 else "were"
    minutes = sum(one.took_s or 0.0 for one in more) / 60
    whose = listed([f"{times} for {name}" for name, times in sorted(blocks.items())])
    return (
        f"Beyond the {planned} {len(more)} more {were} measured in {minutes:.1f} min of a "
        f"budget of {run.manifest.budget_s / 60:.1f}, each with the trials of what was open: "
        f"{whose}.{_stopped(more)} Intervals that decide are wide enough for all looks together."
    )


def _stopped(more: Sequence[MoreBlock]) -> str:
    """What is said of blocks whose time nobody knows."""
    untimed = sum(one.took_s is None for one in more)
    if not untimed:
        return ""
    were = "was" if untimed == 1 else "were"
    return f" The time of {untimed:,} that {were} stopped is not counted."


def _claims(verdicts: Sequence[Verdict]) -> Iterator[str]:
    for verdict in verdicts:
        if verdict.verdict is not Word.INCONCLUSIVE:
            continue
        if found := open_claim(verdict):
            yield _told(found.name, found.needed)
        else:
            yield f"{claim_name(verdict.claim)}, which more blocks would not decide"


def _thresholds(run: Run) -> Iterator[str]:
    """Those whose interval crosses the limit at some point: there the median decides."""
    for one in open_thresholds(run):
        yield f"{_told(f'{one.name} at {one.title}', one.needed)}, and now by its median alone"
    hopeless = Counter(one.threshold.text for one in crossings(run) if one.hopeless)
    for text, points in hopeless.items():
        yield f"threshold {text} at {plural(points, 'point')}, which more blocks would not settle"


def _pairs(run: Run) -> Iterator[str]:
    for one in open_pairs(run):
        yield _told(f"{one.name} at {one.title}", one.needed)
    asked, hopeless = run.manifest.compare, hopeless_pairs(run)
    if asked and hopeless:
        of = f"{plural(hopeless, 'point')} of {len(pair_of(run))}"
        yield f"{asked.question} at {of}, which more blocks would not tell"


def _told(name: str, needed: int | None) -> str:
    return f"{name}, about {plural(needed, 'block')} more" if needed else name
