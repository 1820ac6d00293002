"""What disturbed the run: who else had the cores, who waited, and how fast the cores were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.charts.medians import RATE, marks_of, numbers
from analysis.charts.model import MICROSECONDS, SHARE, Axis, Chart, Panel, Series, Unit
from analysis.charts.palette import ALARM, INK, MUTED, run_styles
from analysis.figures import Figure
from analysis.records.run import Run, remembered
from analysis.records.words import void
from analysis.statistics.noise_floor import references
from analysis.wording import duration, known, listed, plural, server_name, share

OTHERS = ("foreign_cpu_share", "steal_share")
PRESSURE = ("cpu_pressure_share", "memory_pressure_share", "io_pressure_share")
LOOPS = {
    "server's core": ("server_core_loop_before_us", "server_core_loop_after_us"),
    "load's core": ("load_core_loop_before_us", "load_core_loop_after_us"),
}
READ = (
    *("started_at", "block", "position", "server", "sweep", "validity", "measured"),
    *("spoiled_by", "window_s", RATE.name, *OTHERS, *PRESSURE),
    *(name for names in LOOPS.values() for name in names),
)
NOTED = 0.05
"""A twentieth of a core, of a window or of a core's speed is worth a word: verdicts hang on 10%."""
PAUSE_S = 600.0
"""A longer pause between trials, as of a run that was stopped and resumed, is drawn as so much."""
X = Axis("minutes from the first trial")
ROW_IN = 1.4
MARKED_UP_TO, USUAL, SMALL = 200, 0.8, 0.3
"""Up to so many trials the markers have the first size."""


class Drawn(NamedTuple):
    """A line of a panel: a column, what it is called, and how it looks."""

    column: str
    label: str
    colour: str
    marker: str
    hollow: bool = False


class Strip(NamedTuple):
    """A panel of the chart."""

    title: str
    choice: str
    unit: Unit
    lines: tuple[Drawn, ...]


STRIPS = (
    Strip(
        "Others on the lab's cores",
        "others on the lab's cores",
        SHARE,
        (
            Drawn("foreign_cpu_share", "other programs, of a core", ALARM, "s"),
            Drawn("steal_share", "hypervisor, of the lab's cores", INK, "^"),
        ),
    ),
    Strip(
        "Tasks that waited, share of the window",
        "tasks that waited",
        SHARE,
        (
            Drawn("cpu_pressure_share", "waited for a core", ALARM, "o"),
            Drawn("memory_pressure_share", "waited for memory", MUTED, "v"),
            Drawn("io_pressure_share", "waited for a disk", INK, "D"),
        ),
    ),
    Strip(
        "Time of a fixed loop before and after: the longer, the slower the core",
        "time of a fixed loop",
        MICROSECONDS,
        (
            *(
                Drawn(column, f"{whose}, {moment}", colour, marker, moment == "before")
                for (whose, columns), colour, marker in zip(
                    LOOPS.items(), (INK, ALARM), ("o", "s"), strict=True
                )
                for column, moment in zip(columns, ("before", "after"), strict=True)
            ),
        ),
    ),
)


@remembered
def _seen(run: Run) -> pd.DataFrame:
    """Every measurement of the run, those that were made again among them, in the order of time;
    `minute` is that of its start, from the first one's."""
    found = run.trials[[*READ]]
    if len(run.repeated):
        found = pd.concat([found, run.repeated[[*READ]]])
    found = found.sort_values("started_at", kind="stable")
    step_s = found["started_at"].diff().dt.total_seconds().fillna(0.0)
    longest_s = PAUSE_S + found["window_s"].shift().astype("float64").fillna(0.0)
    return found.assign(minute=np.minimum(step_s, longest_s).cumsum() / 60)


@remembered
def chosen(run: Run) -> pd.DataFrame:
    """All trials of which it is known who else had the cores."""
    trials = run.trials[["block", *OTHERS]]
    return trials[trials[[*OTHERS]].notna().any(axis=1)]


def table(run: Run) -> pd.DataFrame:
    """A row for each block: how many measurements, the largest shares, the median loops and the
    median rate of the reference trials; without what was not recorded."""
    if not len(chosen(run)):
        return pd.DataFrame()
    seen = _seen(run)
    blocks = seen.groupby("block")
    rates = references(seen)
    columns: dict[str, pd.Series[Any]] = {
        "measurements": blocks.size(),
        "spoiled_measurements": _spoiled(seen).groupby(seen["block"]).sum(),
        **{f"most_{name}": blocks[name].max() for name in (*OTHERS, *PRESSURE)},
        **{name: blocks[name].median() for names in LOOPS.values() for name in names},
        f"reference_{RATE.name}": rates[rates["measured"]].groupby("block")[RATE.name].median(),
    }
    return pd.DataFrame(columns).reset_index().dropna(axis="columns", how="all")


def chart(run: Run) -> Chart:
    """The rate of the reference trials, others, pressure and speed, over one axis of time."""
    seen = _seen(run)
    rates = [_rates(seen, run)] if references(seen)["measured"].any() else []
    strips = (_panel(seen, one) for one in STRIPS)
    panels = (*rates, *(one for one in strips if one))
    return Chart(panels, stacked=True, height_in=ROW_IN)


def reading(run: Run) -> str:
    """What the lab could not keep away, by how much, and what became of it."""
    seen = _seen(run)
    found = [*_shares(seen), *_speeds(seen)]
    noted = [text for text, size in found if size >= NOTED]
    if noted:
        text = f"What the lab could not control: {listed(noted)}."
    else:
        least = listed([text for text, _ in found])
        text = f"Nothing that the lab reads disturbed this run by {share(NOTED)} or more: {least}."
    if seen[[*PRESSURE]].isna().all(axis=None):
        text += " How long tasks waited is not known: the kernel does not tell, or nobody asked it."
    if not any(name in told for told, _ in found for name in LOOPS):
        text += " How fast the cores were is not known."
    return text + _spoiled_in_words(seen)


def _shares(seen: pd.DataFrame) -> Iterator[tuple[str, float]]:
    """What others had at most, in words, and that share."""
    told = {
        "foreign_cpu_share": "other programs had up to {} of a core",
        "steal_share": "the hypervisor took up to {} of the lab's cores",
        "cpu_pressure_share": "a task, the lab's own among them, waited for a core for up to {} of "
        "a window",
        "memory_pressure_share": "one waited for memory for up to {}",
        "io_pressure_share": "one waited for a disk for up to {}",
    }
    for name, text in told.items():
        if known(most := _most(seen[name])):
            yield text.format(share(most)), most


def _speeds(seen: pd.DataFrame) -> Iterator[tuple[str, float]]:
    """How long the fixed loop took on each core, in words, and by what share at least once longer
    than at best."""
    for whose, columns in LOOPS.items():
        took = np.concatenate([numbers(seen, name) for name in columns])
        took = took[np.isfinite(took)]
        if len(took):
            low, high = float(took.min()), float(took.max())
            text = f"a fixed loop took the {whose} {duration(low)} to {duration(high)}"
            yield text, high / low - 1


def _spoiled_in_words(seen: pd.DataFrame) -> str:
    """How many measurements the surroundings spoiled; '' of none."""
    spoiled = int(_spoiled(seen).sum())
    if not spoiled:
        return ""
    was = "was" if spoiled == 1 else "were"
    return f" {plural(spoiled, 'measurement')} of {len(seen):,} {was} spoiled by the surroundings."


def _spoiled(seen: pd.DataFrame) -> pd.Series[bool]:
    return (seen["spoiled_by"] == "surroundings") & void(seen)


def _most(values: pd.Series[float]) -> float:
    """NaN without any."""
    found = values.to_numpy(dtype="float64", na_value=np.nan)
    return float(np.nanmax(found)) if np.isfinite(found).any() else float("nan")


def _rates(seen: pd.DataFrame, run: Run) -> Panel:
    """The rate of the reference trials."""
    trials = references(seen)
    measured = trials[trials["measured"]]
    server = str(trials["server"].iloc[0])
    style = run_styles(run)[server]
    series = Series(
        *(server_name(server), style.colour, numbers(measured, "minute")),
        numbers(measured, RATE.name),
        marks=marks_of(trials[~trials["measured"]], RATE.name, "minute"),
        marker=style.marker,
        size=_size(len(measured)),
    )
    title = "Requests per second of the reference trials"
    return Panel(X, Axis("", RATE.unit), title, (series,), choice="rate of the reference trials")


def _panel(seen: pd.DataFrame, strip: Strip) -> Panel | None:
    """None where nothing of it was recorded."""
    drawn = [one for one in strip.lines if known(_most(seen[one.column]))]
    series = tuple(
        Series(
            *(one.label, one.colour, numbers(seen, "minute"), numbers(seen, one.column)),
            marker=one.marker,
            dash=None,
            hollow=one.hollow,
            size=_size(len(seen)),
        )
        for one in drawn
    )
    y = Axis("", strip.unit)
    if strip.unit is MICROSECONDS and series:  # a core that is half as fast is far from 0
        values = np.concatenate([one.y for one in series])
        low, high = np.nanmin(values), np.nanmax(values)
        y = Axis("", strip.unit, low=float(low) * (1 - NOTED), high=float(high) * (1 + NOTED))
    return Panel(X, y, strip.title, series, choice=strip.choice) if series else None


def _size(many: int) -> float:
    return USUAL if many <= MARKED_UP_TO else SMALL


FIGURE = Figure(
    name="disturbances",
    title="What disturbed this run",
    question="What else did the machine do while this was measured, and how fast were its cores?",
    order=95,
    chosen=chosen,
    table=table,
    chart=chart,
    reading=reading,
)
