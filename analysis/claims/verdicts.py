"""From a run to its verdicts, and `verdicts.csv`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from analysis.claims.claim import Cause, Claim, load_claims
from analysis.claims.claim_figures import figure
from analysis.claims.judgement import REPEATS_NEEDED, Judgement, NoValidTrialError, Part, Word
from analysis.claims.judges import find_judge
from analysis.outcomes.basis import sentences, total
from analysis.outcomes.causes import Causes
from analysis.records.csv_out import write_csv
from analysis.records.run import Run
from analysis.selection.trials import NotRunError
from analysis.wording import listed, plural, with_unit
from contract.run_files import VERDICTS

COLUMNS = (
    "claim",
    "title",
    "verdict",
    "measured",
    "low",
    "high",
    "unit",
    "published",
    "bound",
    "n",
    "counted",
    "failed",
    "limit_reached",
    "starved",
    "error_share",
    "explanation",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one claim; None where nothing was measured. `label` says what the figure is
    where its unit does not: it has none, or another than the claim's. Of the trials that it stands
    on `counted` say something about the server, which reached a limit in `limit_reached` of them,
    starved its clients in `starved` and failed `failed` otherwise, and `error_share` of all
    attempts, at the selection that had most."""

    claim: int
    title: str
    verdict: Word
    measured: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    published: str = ""
    bound: str = ""
    n: int = 0
    explanation: str = ""
    parts: tuple[Part, ...] = ()
    details: Claim | None = None
    label: str = ""
    counted: int = 0
    failed: int = 0
    limit_reached: int = 0
    starved: int = 0
    error_share: float = 0.0


def judge_all(run: Run) -> list[Verdict]:
    """A verdict on each claim that the run's manifest names; on every claim that
    the lab can judge if it names none."""
    claims = load_claims()
    wanted = run.manifest.claims if run.manifest.claims is not None else list(claims)
    return [
        judge(claims[number], run) if number in claims else _unknown(number) for number in wanted
    ]


def judge(claim: Claim, run: Run) -> Verdict:
    """The verdict on one claim from the records of one run."""
    try:
        found = find_judge(claim.judge).of(claim.parameters, claim.bound, run)
    except NotRunError as reason:
        return _verdict(claim, Word.NOT_RUN, f"Not run: {reason}.")
    except NoValidTrialError as reason:
        why = f"Nothing to judge by: {reason}."
        return _verdict(claim, Word.INCONCLUSIVE, why, reason.causes)
    head = found.headline
    low, high = head.estimate.interval
    sentence = found.sentence[:1].upper() + found.sentence[1:]
    if found.verdict is Word.INCONCLUSIVE:
        sentence = f"{sentence} {_why_open(found.parts, claim.experiment)}".strip()
    if found.verdict is Word.REFUTED:
        sentence = f"{sentence} {_cause(claim.refuted_because, found, run)}"
    basis = [one for part in found.parts if part.decides for one in part.basis]
    causes = total(basis)
    sentence = " ".join(filter(None, [sentence, _lost(found.parts), sentences(basis)]))
    return replace(
        _verdict(claim, found.verdict, sentence, causes),
        measured=_number(head.estimate.value),
        low=_number(low),
        high=_number(high),
        unit=head.unit,
        n=head.estimate.n,
        parts=found.parts,
        label=head.label if not head.unit or head.unit != claim.unit else "",
        error_share=max((one.errors for one in basis), default=0.0),
    )


def counted(verdicts: Sequence[Verdict]) -> dict[Word, int]:
    """How many verdicts of each word, in the order of the words, zeros left out."""
    counts = Counter(verdict.verdict for verdict in verdicts)
    return {word: counts[word] for word in Word if counts[word]}


def as_table(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """The verdicts as `verdicts.csv` has them, a row per claim."""
    rows = [[getattr(verdict, name) for name in COLUMNS] for verdict in verdicts]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["verdict"] = [str(verdict.verdict) for verdict in verdicts]
    return table


def write(verdicts: Sequence[Verdict], run_dir: Path) -> Path:
    """Write `verdicts.csv` into the run's folder."""
    path = run_dir / VERDICTS
    write_csv(as_table(verdicts), path)
    return path


def _why_open(parts: Sequence[Part], experiment: str) -> str:
    """What would settle an inconclusive verdict."""
    for part in parts:
        n = part.estimate.n
        if not part.decides or part.verdict is not Word.INCONCLUSIVE:
            continue
        if part.why:
            return part.why
        if n < REPEATS_NEEDED:
            return (
                f"{plural(n, 'valid repeat')} of {part.label}; a verdict needs {REPEATS_NEEDED} "
                f"({_command(experiment, REPEATS_NEEDED)})."
            )
        if part.word is not None:
            continue
        if not part.estimate.bounded:
            return f"There is no interval of {part.label}."
        needed = part.more_repeats
        if needed is None or needed <= n:
            return f"The interval of {part.label} crosses the bound."
        return (
            f"The interval of {part.label} crosses the bound; with this spread it would "
            f"take about {needed} repeats to tell ({_command(experiment, needed)})."
        )
    return ""


def _lost(parts: Sequence[Part]) -> str:
    """Blocks that a figure has no value of, though one of its sides was measured."""
    lost = [
        f"{plural(part.lost, 'block')} for {part.label}"
        for part in parts
        if part.decides and part.lost
    ]
    return f"One side is missing, or nought, in {listed(lost)}." if lost else ""


def _command(experiment: str, repeats: int) -> str:
    return f"make experiment EXPERIMENT={experiment} REPEATS={repeats}"


def _cause(cause: Cause, found: Judgement, run: Run) -> str:
    """Why a claim is refuted, in figures of the run that refutes it."""
    refuted = [part.label for part in found.parts if part.decides and part.verdict is Word.REFUTED]
    if cause.explains and not set(cause.explains) & set(refuted):
        return f"It is {listed(refuted)} that refutes it; why was not measured."
    values = dict(found.values)
    try:
        for name, rule in cause.measured.items():
            values[name] = with_unit(figure(run, {}, rule).value, rule.unit)
    except (NotRunError, NoValidTrialError) as reason:
        return f"What would show why was not measured: {reason}."
    return cause.text.format_map(values)


def _verdict(claim: Claim, word: Word, explanation: str, causes: Causes | None = None) -> Verdict:
    """A verdict without a figure."""
    causes = causes or Causes()
    return Verdict(
        claim=claim.id,
        title=claim.title,
        verdict=word,
        unit=claim.unit,
        published=claim.published.text,
        bound=claim.bound.text,
        explanation=explanation,
        details=claim,
        counted=causes.counted,
        failed=causes.failed,
        limit_reached=causes.limit,
        starved=causes.starved,
    )


def _unknown(number: int) -> Verdict:
    why = "Not run: the lab has no judge for this claim yet."
    return Verdict(number, f"Claim {number}", Word.NOT_RUN, explanation=why)


def _number(value: float) -> float | None:
    return None if pd.isna(value) else float(value)
