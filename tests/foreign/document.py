"""docs/foreign-servers.md: written from the records of a run, and read again by its test."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from contract.outcomes import MEASURED, WORD_OF, WORDS
from experiments.paths import ROOT
from tests.foreign.agreement import ROUNDS, SLICE_S, WARM_UP_S, WINDOW_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.foreign.agreement import Agreement

DOCUMENT: Final = ROOT / "docs" / "foreign-servers.md"
LOADS: Final = {
    "keep_alive": "64 keep-alive",
    "connection_per_request": "a connection per request, 64",
    "idle": "8 beside 1,000 idle",
    "open_loop": "open loop, 200/s",
    "short_backlog": "a connection per request, 100, queue of 8",
}
"""Sweeps of the experiment, as the table calls them."""
TEXT: Final = """\
# Servers of others, as they come

`make foreign` starts {count} servers that others wrote, from Debian's packages and PyPI, in the
configuration that they come with, and sends each of them five kinds of load
(`tests/foreign/others/servers.yaml`). This page is written by that command and by nothing else,
here from run `{run}` ({machine}). It fails where a trial has another outcome than
`tests/foreign/expected.py` has, or where the lab and wrk disagree. Go's net/http is in it as
Caddy's.

A cell has the requests a second, of the open loop the 99th percentile of the response time, or the
word for a trial that was not measured; letters lead to what the lab says of it. These are windows
of {window_s:.1f} s, made to tell whether a server can be measured, and not how fast it is.

{table}

{notes}

## Beside wrk

In the same run, {rounds} rounds: a trial of the lab, and at the same time wrk (one thread, slices
of {slice_s} s) against a twin of the server, each with 64 connections. Both servers have one core
between them and so bound both loads; what slows the machine slows both. {warm_up_s} s of warm-up,
{seconds} s measured, and of wrk the slices within these.

{agreement}
"""


def write(folder: Path, versions: Mapping[str, str], agreements: Sequence[Agreement]) -> str:
    """The page on the run in `folder`. `versions` are those of the servers' packages."""
    attempts = pd.read_csv(folder / "trials.csv")
    rows = attempts.drop_duplicates(["sweep", "server"], keep="last")
    notes: dict[str, str] = {}
    lines = [
        f"| server | version | {' | '.join(LOADS.values())} |",
        "| --- " * (len(LOADS) + 2) + "|",
    ]
    for server, version in versions.items():
        own = {str(row["sweep"]): row for _, row in rows[rows["server"] == server].iterrows()}
        cells = [_cell(own[load], notes) for load in LOADS]
        lines.append(f"| `{server}` | {version} | {' | '.join(cells)} |")
    made_on = json.loads((folder / "manifest.json").read_text())
    kernel = str(made_on["kernel"]["release"])
    return TEXT.format(
        count=len(versions),
        run=folder.name,
        machine=f"{made_on['cpu']['cores']} cores, Linux {kernel.partition('-')[0]}",
        table="\n".join(lines),
        notes="\n".join(f"- ({letter}) {note}" for note, letter in notes.items()),
        agreement=_agreement(agreements),
        window_s=float(rows["window_s"].iloc[0]),
        rounds=ROUNDS,
        slice_s=SLICE_S,
        warm_up_s=WARM_UP_S,
        seconds=WINDOW_S,
    )


def _cell(row: pd.Series[Any], notes: dict[str, str]) -> str:
    reason = " ".join(row["reason"].split()) if isinstance(row["reason"], str) else ""
    letter = f" ({notes.setdefault(reason, _letter(len(notes)))})" if reason else ""
    if row["validity"] not in MEASURED:
        return f"{WORD_OF[str(row['validity'])]}{letter}"
    if row["load"] == "open_loop":
        return f"{row['response_p99_us'] / 1e3:,.1f} ms{letter}"
    return f"{row['requests_per_s']:,.0f}/s{letter}"


def _letter(number: int) -> str:
    """a to z, then aa to zz."""
    first, second = divmod(number, 26)
    return (chr(96 + first) if first else "") + chr(97 + second)


def _agreement(agreements: Sequence[Agreement]) -> str:
    lines = ["| server | lab over wrk | 95% interval |", "| --- | --- | --- |"]
    for one in agreements:
        ratio = one.ratio
        lines.append(
            f"| `{one.server}` | {ratio.value:.3f} | {ratio.low:.3f} to {ratio.high:.3f} |"
        )
    return "\n".join(lines)


def outcomes(text: str) -> dict[tuple[str, str], str]:
    """What the page says of each trial, as `sweep.outcome` does; by sweep and server."""
    notes = dict(re.findall(r"^- \((\w+)\) (.+)$", text, re.MULTILINE))
    found: dict[tuple[str, str], str] = {}
    for server, *cells in re.findall(
        r"^\| `(\w+)` \| [^|]+" + r"\| ([^|]+) " * len(LOADS) + r"\|$", text, re.MULTILINE
    ):
        for sweep, cell in zip(LOADS, cells, strict=True):
            letter = re.search(r"\((\w+)\)$", cell)
            word = next((one for one in WORDS[1:] if cell.startswith(one)), WORDS[0])
            found[sweep, server] = f"{word}: {notes[letter.group(1)]}" if letter else word
    return found
