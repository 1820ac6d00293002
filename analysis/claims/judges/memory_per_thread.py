"""What one thread adds to a server's resident memory. KB is 1,024 bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from analysis.claims.judgement import Judgement, Part, most_telling
from analysis.claims.judges._evidence import evidence, tried
from analysis.claims.strict import Strict, Text
from analysis.selection.pairs import by_block, keep_alive
from analysis.statistics.estimates import estimate
from analysis.wording import count, number, server_name

if TYPE_CHECKING:
    from analysis.claims.claim import Claim
    from analysis.records.run import Run

NAME = "memory_per_thread"
FIGURES = ("server_rss_bytes", "server_threads")
KB = 1024


class Parameters(Strict):
    """What the claim gives this judge."""

    server: Text
    active_connections: int
    idle_connections: int = Field(description="the many")


def judge(claim: Claim, run: Run) -> Judgement:
    """Growth of memory over growth of threads, from no idle connections to many,
    within each block."""
    server = claim.parameters["server"]
    active, idle = claim.parameters["active_connections"], claim.parameters["idle_connections"]
    trials = keep_alive(run)
    at_many = {"server": server, "active_connections": active, "idle_connections": idle}
    at_none = {**at_many, "idle_connections": 0}
    many, none = evidence(trials, **at_many), evidence(trials, **at_none)
    memory = by_block(many, "server_rss_bytes") - by_block(none, "server_rss_bytes")
    threads = by_block(many, "server_threads") - by_block(none, "server_threads")
    # A block without more threads says nothing about what a thread costs.
    found = estimate((memory / threads.where(threads > 0)).dropna().to_numpy() / KB)
    part = Part(
        "memory per thread",
        found,
        "KB",
        claim.bound.min,
        claim.bound.max,
        tried=tuple(tried(trials, *FIGURES, **where) for where in (at_many, at_none)),
        lost=len(memory.index) - found.n,
    )
    sentence = (
        f"From 0 to {count(idle)} idle connections, {server_name(server)} grew by "
        f"{count(float(threads.median()))} threads and {number(found.value)} KB "
        "of resident memory for each."
    )
    return Judgement((part,), sentence, most_telling((part,)))
