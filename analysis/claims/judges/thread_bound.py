"""Is a server with a thread per client bounded by a number of threads?

Judged at the largest number of connections that it held in a valid trial. If it
never went beyond the bound, the claim is reproduced only when a limit stopped it, and no load,
probe or machine. That the server failed is what the claim is about: it is told, and decides
nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.claims.judgement import Judgement, Part, Word, most_telling
from analysis.claims.judges._evidence import evidence
from analysis.claims.strict import Strict, Text
from analysis.outcomes.causes import spoiled
from analysis.outcomes.evidence_lost import tried_of
from analysis.selection.pairs import at, keep_alive
from analysis.statistics.estimates import estimate
from analysis.statistics.lower_bounds import bounded
from analysis.wording import at_least, count, duration, number, server_name
from analysis.wording import size as in_bytes

if TYPE_CHECKING:
    from analysis.claims.claim import Claim
    from analysis.records.run import Run

NAME = "thread_bound"


class Parameters(Strict):
    """What the claim gives this judge."""

    server: Text


def judge(claim: Claim, run: Run) -> Judgement:
    """Threads of the server at the most connections that it held."""
    server = claim.parameters["server"]
    trials = keep_alive(run)
    valid = evidence(trials, server=server)
    total = valid["active_connections"] + valid["idle_connections"]
    most = int(total.max())
    top = valid[total == most]
    threads = estimate(top["server_threads"])
    mine = at(trials, server=server)
    tops = mine[(mine["active_connections"] + mine["idle_connections"]) >= most]
    part = Part(
        "threads",
        threads,
        "threads",
        claim.bound.min,
        claim.bound.max,
        tried=(tried_of(tops, f"{count(most)} connections or more"),),
        about_failure=True,
    )
    if part.verdict is Word.REPRODUCED:
        stopped = mine[~mine["valid"] & ~spoiled(mine) & mine["server_limit"].notna()]
        beyond = (stopped["active_connections"] + stopped["idle_connections"]) > most
        if not beyond.any():
            part = replace(part, word=Word.INCONCLUSIVE)
    tail = duration(top["response_p999_us"].median())
    low = bounded(run).get("response_p999_us", np.zeros(len(run.trials), dtype=bool))
    sentence = (
        f"{server_name(server)} served {count(most)} connections with "
        f"{count(threads.value)} threads in {in_bytes(top['server_rss_bytes'].median())} of "
        f"memory, at {number(top['requests_per_s'].median())} requests a second and "
        f"a 99.9th percentile of {at_least(tail) if low[top.index].any() else tail}."
    )
    if part.word is Word.INCONCLUSIVE:
        asked = (mine["active_connections"] + mine["idle_connections"]).max() > most
        why = "Beyond that it named no limit" if asked else "It was never asked for more"
        sentence += f" {why}, so nothing shows where it ends."
    return Judgement((part,), sentence, most_telling((part,)))
