"""Rate against idle connections: the figure that the C10K argument began with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.charts import medians
from analysis.charts.medians import RATE, USUAL, Metric, sweep
from analysis.charts.model import RATIO, Chart, Line, Series
from analysis.charts.palette import KNOWN, in_order, run_styles
from analysis.charts.scale import Scale, scale_of
from analysis.claims.claim import load_claims
from analysis.figures import Figure
from analysis.outcomes.limits_hit import LimitHit, limits_hit
from analysis.outcomes.lower_bounds import END, marked
from analysis.records.run import Run, remembered
from analysis.selection.sweeps import ACTIVE, IDLE, idle_sweep
from analysis.selection.trials import at
from analysis.statistics.blocks import by_block
from analysis.statistics.estimates import estimate, nothing
from analysis.statistics.point_medians import with_words
from analysis.wording import at_least, at_most, count, listed, number, server_name

METRIC = RATE.name
MOST_OF_IT = 0.5
LOOKING = ("select", "poll")
"""Servers whose every wait looks at all connections."""
SHARE_TEXT = "rate / rate with none idle"
SHARE = Metric("relative_ratio", SHARE_TEXT, SHARE_TEXT, RATIO)


@remembered
def table(run: Run) -> pd.DataFrame:
    """Requests per second by server and idle connections."""
    return with_words(run, idle_sweep(run), ("server", ACTIVE, IDLE), (METRIC,))


def chart(run: Run) -> Chart:
    """Measured rates, and each as a share of the server's own rate with nothing idle, beside the
    published curves treated in the same way; on the page every metric."""
    trials, points, styles = idle_sweep(run), table(run), run_styles(run)
    scale = scale_of(points[IDLE])
    pictured = {RATE: "Measured on this machine"}
    rate, *others = sweep(run, trials, IDLE, "idle connections", USUAL, pictured)
    limits = [hit for hit in limits_hit(trials) if np.isfinite(hit.held)]
    rate = replace(
        rate, lines=tuple(_stop(hit, scale, styles[hit.server].colour) for hit in limits)
    )
    shares = []
    for server in in_order(points["server"]):
        mine = points[points["server"] == server]
        relative = _relative(run, mine)
        if relative is not None:
            at_ = scale.places(relative[IDLE])
            name = server_name(server)
            one = medians.series(relative, METRIC, at_, styles[server], name)
            shares.append(replace(one, at_most=not _own_is_bound(mine)))
    shares += _published(scale)
    share = SHARE.panel(rate.x, shares, "Relative to no idle connections")
    return Chart((rate, share, *others))


def reading(run: Run) -> str:
    """Who keeps the rate, who loses it, who stops."""
    points = table(run)
    most = points.loc[points[METRIC].notna(), IDLE].max()
    kept: list[str] = []
    lost: list[str] = []
    looking: list[str] = []
    unclear: list[str] = []
    for server in in_order(points["server"]):
        mine = points[points["server"] == server]
        relative = _relative(run, mine)
        if relative is None or most not in set(relative[IDLE]):
            continue
        last = relative[relative[IDLE] == most]
        share, bound = float(last[METRIC].iloc[0]), bool(marked(last, METRIC)[0])
        if np.isfinite(share):
            written, most_of_it = f"{number(share * 100)}%", share >= MOST_OF_IT
            if bound:
                written = (at_least if _own_is_bound(mine) else at_most)(written)
            open_ = bound and most_of_it is not _own_is_bound(mine)
            behind = looking if server in LOOKING else lost
            group = unclear if open_ else kept if most_of_it else behind
            group.append(f"{server_name(server)} ({written})")
        elif marked(mine, METRIC)[(mine[IDLE] == most).to_numpy()].any():
            unclear.append(server_name(server))  # a share of two bounds is none
    sentences = []
    if kept:
        sentences.append(
            f"With {count(most)} idle connections, {listed(kept)} kept most of the rate "
            f"that {'it has' if len(kept) == 1 else 'they have'} with none "
            "(in brackets, the share)."
        )
    reason = ", because every wait looks at every connection again"
    for servers, why in ((looking, reason), (lost, "")):
        if servers:
            verb = "falls" if len(servers) == 1 else "fall"
            opening = "" if sentences else f"With {count(most)} idle connections, "
            sentences.append(f"{opening}{listed(servers)} {verb} behind{why}.")
    if unclear:
        opening = "" if sentences else f"With {count(most)} idle connections, "
        sentences.append(
            f"{opening}it is not known whether {listed(unclear)} kept most of the rate: clients "
            "were starved."
        )
    sentences += [
        f"{server_name(hit.server)} stopped at {count(hit.held)} of {count(hit.asked)} "
        f"connections: {hit.limit}."
        for hit in limits_hit(idle_sweep(run))
    ]
    return " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences)


def _relative(run: Run, mine: pd.DataFrame) -> pd.DataFrame | None:
    """Medians and intervals of the ratio to the server's own rate with nothing idle, within blocks:
    over a median that is taken as known they would hold the truth in 85% of cases, not 95%."""
    server = str(mine["server"].iloc[0]) if len(mine) else ""
    by_level = _by_level(run).get(server, {})
    if 0 not in by_level:
        return None
    held, own = marked(mine, METRIC), _own_is_bound(mine)
    rows = []
    for level, bound in zip(mine[IDLE], held, strict=True):
        values = by_level.get(int(level))
        if values is None or (level and own and bound):
            found = nothing()
        else:
            found = estimate(values / by_level[0])
        rows.append([found.value, found.low, found.high])
    columns = [METRIC, f"{METRIC}_low", f"{METRIC}_high"]
    shares = mine.assign(**dict(zip(columns, np.array(rows).T, strict=True)))
    return shares.assign(**{f"{METRIC}{END}": (held != own) & (mine[IDLE] > 0)})


def _own_is_bound(mine: pd.DataFrame) -> bool:
    """Whether the rate with nothing idle is at most so much, and shares of it are at least."""
    return bool(marked(mine[mine[IDLE] == 0], METRIC).any())


@remembered
def _by_level(run: Run) -> dict[str, dict[int, pd.Series[float]]]:
    """By server and number of idle connections, the rate of each block that has one."""
    trials = idle_sweep(run)[["server", IDLE, "block", "valid", METRIC]]
    trials = trials[trials["valid"] & trials[METRIC].notna()]
    found: dict[str, dict[int, pd.Series[float]]] = {}
    for server, mine in trials.groupby("server", observed=True):
        levels = {int(level): at(mine, **{IDLE: level}) for level in mine[IDLE].unique()}
        found[str(server)] = {level: by_block(rows, METRIC) for level, rows in levels.items()}
    return found


def _published(scale: Scale) -> list[Series]:
    """The curves of the sources of claims 2 and 3, over their own first point, as far as this run
    reaches."""
    claims = load_claims()
    found = []
    for number_, server in ((2, "epoll_level"), (3, "poll")):
        for source in claims[number_].published.curves if number_ in claims else ():
            x, y = np.array(source.x), np.array(source.y) / source.y[0]
            shown = x <= scale.values[-1]
            label = f"{source.label}, published {claims[number_].year}"
            colour = KNOWN[server].colour
            found.append(Series(label, colour, scale.places(x[shown]), y[shown], dash="dashed"))
    return found


def _stop(hit: LimitHit, scale: Scale, colour: str) -> Line:
    """Where a server stopped."""
    text = f"{server_name(hit.server)} stops\nat {count(hit.held)} connections"
    return Line(scale.place(hit.held), text, colour=colour)


FIGURE = Figure(
    name="idle_connections",
    title="Idle connections",
    question="What do thousands of silent connections cost the few that talk?",
    order=10,
    claims=(2, 3, 8),
    chosen=idle_sweep,
    table=table,
    chart=chart,
    reading=reading,
)
