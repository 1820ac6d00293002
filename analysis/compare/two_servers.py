"""Two servers of one run, compared block by block: what `make ab` asks.

Each is taken for a run of its own, whose points have the names and the settings of the pairs; the
rest is the machinery that compares two runs.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analysis.arrays import Numbers
from analysis.compare.compared_figure import compared_figures
from analysis.compare.comparison import RunComparison
from analysis.compare.failure_counts import failure_counts
from analysis.compare.failures import ALL_POINTS
from analysis.compare.judgement import judged
from analysis.compare.manifest_diff import ID, differences
from analysis.compare.matching import KEY, KEYED, points
from analysis.compare.metrics import FAILURES, METRICS
from analysis.compare.notes import of_nothing, uncompared
from analysis.compare.paired import first_looks, paired
from analysis.compare.ratios import ratios
from analysis.compare.sides import servers
from analysis.compare.wording import in_words
from analysis.outcomes import causes
from analysis.records.emulated import emulated
from analysis.records.run import Run, remembered
from analysis.statistics.looks import over_looks
from analysis.statistics.noise_floor import warnings
from analysis.wording import server_name
from contract.compared import Compared

SAME_IMAGE = (
    "Both servers are the same image ({image}): an A/A test, in which whatever differs does so by "
    "chance."
)


@remembered
def compare_servers(run: Run) -> RunComparison | None:
    """The comparison that the run's manifest asks for; None where it asks for none, or where
    nothing was measured of it yet."""
    asked = run.manifest.compare
    if asked is None:
        return None
    base, other = sides(run, asked)
    if not len(base.trials) or not len(other.trials):
        return None
    names = servers(asked.a, asked.b)
    of_metric = paired(base, other, points(base).table, run, names)
    found = ratios(base, other, tuple(METRICS), of_metric, names)
    found = _with_looks(found, run, (base, other))
    figures = judged(found.assign(base=names.first, run=names.second), asked.tolerance)
    figures["text"] = [in_words(figure, names) for figure in compared_figures(figures)]
    missing = uncompared((base, other), figures, names)
    gating = [metric.name for metric in METRICS.values() if metric.gates]
    return RunComparison(
        (base, other),
        (names.first, names.second),
        figures,
        tuple(differences((base, other))),
        (*_notes(run, asked, (base, other)), *of_nothing(missing)),
        asked.tolerance,
        (*gating, *FAILURES),
        missing,
        ("the run",) if run.unfinished else (),
        of_one_run=True,
    )


@remembered
def pair_of(run: Run) -> dict[str, tuple[str, str]]:
    """The points of both servers by the key of their figures."""
    asked = run.manifest.compare
    if asked is None:
        return {}
    names = {_pair_name(*pair): (pair[0], pair[1]) for pair in asked.pairs}
    return {key: names[name] for name, key in points(sides(run, asked)[0]).key_of.items()}


@remembered
def sides(run: Run, asked: Compared) -> tuple[Run, Run]:
    """Each server as a run of its own. A pair of which only one was measured so far is left out."""
    trials = run.trials.assign(
        point=run.trials["point"].astype(object), server=run.trials["server"].astype(object)
    )
    parts: tuple[list[pd.DataFrame], list[pd.DataFrame]] = ([], [])
    for pair in asked.pairs:
        mine, theirs = (trials[trials["point"] == point] for point in pair)
        if len(mine) and len(theirs):
            settings = _common(mine.iloc[0], theirs.iloc[0]) | {"server": asked.b}
            for side, part in zip(parts, (mine, theirs), strict=True):
                side.append(_with(part, {**settings, "point": _pair_name(*pair)}))
    base, other = (
        Run(
            run.path,
            run.manifest.model_copy(
                update={"run": name, "trials": None, "raw": _described(run, name)}
            ),
            pd.concat(part, ignore_index=True) if part else trials[:0],
            run.repeated[:0],
        )
        for name, part in zip((asked.a, asked.b), parts, strict=True)
    )
    return base, other


def _described(run: Run, server: str) -> dict[str, object]:
    """What the manifest says of a server."""
    return run.manifest.servers.get(server) or {"origin": "lab", "server": server}


def _pair_name(a: str, b: str) -> str:
    return f"{a} | {b}"


def _common(mine: pd.Series[float], theirs: pd.Series[float]) -> dict[str, object]:
    """The settings in which two points of a pair differ: what one server is told and the other has
    of its own is that of the one."""
    return {
        name: theirs[name] if pd.isna(mine[name]) else mine[name]
        for name in KEYED
        if name != "server" and not _equal(mine[name], theirs[name])
    }


def _equal(one: float, other: float) -> bool:
    missing = (bool(pd.isna(one)), bool(pd.isna(other)))
    return all(missing) if any(missing) else one == other


def _with(trials: pd.DataFrame, settings: dict[str, object]) -> pd.DataFrame:
    found = trials.copy()
    for name, value in settings.items():
        found[name] = pd.Series([value] * len(trials), index=trials.index, dtype=object)
    return found


def _with_looks(figures: pd.DataFrame, run: Run, both: tuple[Run, Run]) -> pd.DataFrame:
    """The same with p-values of failures that hold over all looks, as those of ratios do already;
    `first` has the blocks at the first look of each figure."""
    failing = figures["metric"].isin(FAILURES).to_numpy()
    planned = [first_looks(run, failure_counts(one).blocks)["requests"] for one in both]
    by_key = pd.concat(planned, axis=1).max(axis=1)
    of_all = by_key.sum()
    first = np.where(
        figures[KEY].str.startswith(ALL_POINTS), of_all, figures[KEY].map(by_key).fillna(0)
    )
    first = np.where(failing, first, figures["first"].fillna(0)).astype("int64")
    p = figures["p"].to_numpy(dtype="float64").copy()
    n: Numbers = figures[["n_base", "n"]].max(axis=1).to_numpy(dtype="int64")
    p[failing] = over_looks(p[failing], n[failing], first[failing])
    return figures.assign(first=first, p=p)


def _notes(run: Run, asked: Compared, both: tuple[Run, Run]) -> Iterator[str]:
    """What a reader has to know before the figures."""
    mine, theirs = ({**_described(run, name), "image": ""} for name in (asked.a, asked.b))
    if mine == theirs:
        yield SAME_IMAGE.format(image=str(mine.get("id"))[:ID])
    if run.unfinished:
        yield f"{run.unfinished[:1].upper()}{run.unfinished[1:]}."
    entries = {name: run.manifest.servers.get(name, {}) for name in (asked.a, asked.b)}
    yield from (f"{doubt[:1].upper()}{doubt[1:]}." for doubt in emulated(entries))
    for one, name in zip(both, (asked.a, asked.b), strict=True):
        if text := causes.no_evidence(causes.causes(one.trials)):
            yield f"{server_name(name)}: {text}."
    yield from warnings(run.trials)
