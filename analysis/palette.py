"""One colour, marker and place per server, the same in every figure.

The hues are Okabe and Ito's (*Color universal design*, 2008), which people with
any common colour blindness can tell apart; markers say the same again. Variants
of one family share a hue family: epoll blue, poll vermilion, select orange. A
server that is not listed gets a spare style by its name's place among the
unlisted ones of the lab, so it is the same in each figure of a report; where the
hues are used up they come again with another marker.

Every colour has a light and a dark form. Figures are drawn with the light one;
inside the HTML report it becomes a CSS variable, which follows the reader's theme.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Style:
    """How a server is drawn: `colour` on white, `dark` on black, a marker, and
    by how many points it stands beside the true place, not to hide others."""

    colour: str
    dark: str
    marker: str
    shift_pt: float = 0.0


KNOWN: dict[str, Style] = {
    "iterative": Style("#68747f", "#a9b4be", "D", -2.5),
    "thread_per_connection": Style("#a8558a", "#e096c4", "s", -2.5),
    "select": Style("#c98500", "#f2b63c", "v", -5.0),
    "poll": Style("#cc4e00", "#ff8a4c", "^"),
    "epoll_level": Style("#0067a8", "#5bb4f0", "o", 2.5),
    "epoll_edge": Style("#2f9bd6", "#9bd5fb", "h", 5.0),
    "asyncio": Style("#00805b", "#3fcf9f", "P", 7.5),
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
