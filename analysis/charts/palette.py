"""One colour, marker and place per server, the same in every figure.

The hues of the best known servers are Okabe and Ito's (*Color universal design*,
2008), which people with any common colour blindness can tell apart; markers say
the same again. A family shares a hue, and its members differ in lightness and
marker: those of epoll are blue, those that wait for all connections at once are
orange, threads and processes are purple, loops are green, servers of others are
brown. A server that is not listed gets a spare style by its name's place among
the unlisted ones of the lab, so it is the same in each figure of a report; where
the hues are used up they come again with another marker.

Every colour has a light and a dark form. Figures are drawn with the light one;
inside the HTML report it becomes a CSS variable, which follows the reader's theme.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from analysis.records.run import Run, remembered


@dataclass(frozen=True, slots=True)
class Style:
    """How a server is drawn: `colour` on white, `dark` on black, a marker of
    matplotlib's, and by how many points it stands beside the true place, not to
    hide others."""

    colour: str
    dark: str
    marker: str
    shift_pt: float = 0.0


FAMILIES: dict[str, dict[str, Style]] = {
    "one at a time": {
        "one_shot": Style("#4a535c", "#8f9aa5", "X", -2.5),
        "iterative": Style("#68747f", "#a9b4be", "D", -2.5),
    },
    "threads and processes": {
        "thread_per_connection": Style("#a8558a", "#e096c4", "s", -2.5),
        "thread_pool": Style("#8c386c", "#cf74a8", "p", -3.5),
        "process_per_connection": Style("#7a275c", "#fcb5dd", "X", -4.5),
        "prefork": Style("#b96a9b", "#b9669a", "*", -5.5),
    },
    "all connections in every wait": {
        "select": Style("#c98500", "#f2b63c", "v", -5.0),
        "poll": Style("#cc4e00", "#ff8a4c", "^"),
    },
    "epoll": {
        "epoll_level": Style("#0067a8", "#5bb4f0", "o", 2.5),
        "epoll_edge": Style("#2f9bd6", "#9bd5fb", "h", 5.0),
        "epoll_oneshot": Style("#00508d", "#4fa5e9", "v", 4.0),
        "epoll_nodelay": Style("#1f78b4", "#72c8ff", "s", 3.0),
        "epoll_cork": Style("#3a86c8", "#84daff", "D", 6.0),
        "epoll_hybrid": Style("#00407c", "#b5e6ff", "*", 1.5),
    },
    "several processes with epoll": {
        "prefork_epoll": Style("#5d49a3", "#ae9eff", "P", 3.5),
        "reuseport_epoll": Style("#7a66c4", "#cfc3ff", "<", 4.5),
    },
    "loops": {
        "asyncio_protocol": Style("#00805b", "#3fcf9f", "P", 7.5),
        "asyncio_streams": Style("#005e37", "#59b386", "X", 6.5),
        "uvloop_protocol": Style("#1b8e65", "#7cd6a8", ">", 8.5),
        "uvloop_streams": Style("#3a9a70", "#a5f0c8", "p", 7.0),
    },
    "coroutines": {
        "generators": Style("#5a6200", "#acb762", "h", -1.5),
        "gevent_streams": Style("#7d8720", "#cfd984", "<", -1.0),
    },
    "completion and signals": {
        "io_uring": Style("#af2938", "#ff8589", "*", 1.0),
        "realtime_signals": Style("#8c4a4a", "#d9a3a0", ">", -3.0),
    },
    "servers of others": {
        "nginx": Style("#483c28", "#988b75", "o", -6.0),
        "gunicorn_sync": Style("#574b37", "#a99c86", "s", -6.5),
        "gunicorn_gthread": Style("#665a45", "#bbad96", "^", -7.0),
        "gunicorn_gevent": Style("#766954", "#ccbea7", "v", -7.5),
        "uvicorn": Style("#867964", "#ded0b9", "D", -8.0),
        "granian": Style("#978974", "#f0e2ca", "h", -8.5),
    },
}
KNOWN: dict[str, Style] = {
    name: style for family in FAMILIES.values() for name, style in family.items()
}
SPARE: tuple[Style, ...] = (
    Style("#00806e", "#46d0bd", "X"),
    Style("#5b53b5", "#a9a3f5", "p"),
    Style("#8a6d1d", "#d6ba6a", "<"),
    Style("#b0334f", "#f58aa0", ">"),
    Style("#3f7d20", "#8fd070", "*"),
)

# Ink, grid and paper of the figures; the dark forms belong to the report.
INK, INK_DARK = "#24303b", "#dbe3ea"
MUTED, MUTED_DARK = "#5e6b76", "#98a5b0"
GRID, GRID_DARK = "#dde3e8", "#36414b"
PAPER, PAPER_DARK = "#fefefe", "#171c21"
ALARM, ALARM_DARK = "#b3261e", "#ff8a80"


def family(server: str) -> str:
    """The family that a server belongs to; '' for one that is not of the lab."""
    return next((name for name, members in FAMILIES.items() if server in members), "")


def in_order(servers: Iterable[str]) -> list[str]:
    """The servers in the order of every figure: the known ones, then by name."""
    places = {name: place for place, name in enumerate(KNOWN)}
    return sorted(set(servers), key=lambda name: (places.get(name, len(places)), name))


def styles(servers: Iterable[str]) -> dict[str, Style]:
    """A style for each server of a run, in order. Pass all servers of the run, so
    that a server looks the same in a figure where others are missing."""
    found: dict[str, Style] = {}
    spare = 0
    for name in in_order(servers):
        if name in KNOWN:
            found[name] = KNOWN[name]
        else:
            hue, marker = SPARE[spare % len(SPARE)], (spare + spare // len(SPARE)) % len(SPARE)
            found[name] = replace(hue, marker=SPARE[marker].marker)
            spare += 1
    return found


@remembered
def run_styles(run: Run) -> dict[str, Style]:
    """The styles of all servers of the run."""
    return styles(str(server) for server in run.trials["server"].unique())


def css_variables() -> list[tuple[str, str, str]]:
    """(variable, light, dark) for every colour that a figure may hold."""
    named = [
        ("ink", INK, INK_DARK),
        ("muted", MUTED, MUTED_DARK),
        ("grid", GRID, GRID_DARK),
        ("paper", PAPER, PAPER_DARK),
        ("alarm", ALARM, ALARM_DARK),
    ]
    series = [*KNOWN.values(), *SPARE]
    return named + [(f"s{n}", style.colour, style.dark) for n, style in enumerate(series)]


VARIABLES = {light: name for name, light, _ in css_variables()}
"""The CSS variable of each colour, by its light form."""
