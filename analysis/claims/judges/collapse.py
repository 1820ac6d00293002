"""Does one server fall behind another as idle connections grow, and linearly?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import Field

from analysis.claims.judgement import Judgement, Part, Word, most_telling
from analysis.claims.judges._evidence import evidence, generator_bound, tried
from analysis.claims.strict import Strict, Text
from analysis.selection.pairs import at, keep_alive, lost_blocks, paired_ratio
from analysis.statistics.linear_cost import growth
from analysis.wording import count, number, server_name

if TYPE_CHECKING:
    from analysis.claims.claim import Claim
    from analysis.records.run import Run

NAME = "collapse"
RATE = "requests_per_s"


class Parameters(Strict):
    """What the claim gives this judge."""

    server: Text = Field(description="the one that falls")
    against: Text = Field(description="the one that holds")
    active_connections: int
    idle_connections: int = Field(description="the many")
    r_squared_min: float = Field(description="of the line of 1/rate on idle connections")


def judge(claim: Claim, run: Run) -> Judgement:
    """rate(against) / rate(server) at the many, and R^2 of 1/rate on N."""
    server, other = claim.parameters["server"], claim.parameters["against"]
    active = claim.parameters["active_connections"]
    idle = claim.parameters["idle_connections"]
    least_fit = claim.parameters["r_squared_min"]
    trials = keep_alive(run)
    at_slow = {"server": server, "active_connections": active, "idle_connections": idle}
    at_fast = {**at_slow, "server": other}
    slow, fast = evidence(trials, **at_slow), evidence(trials, **at_fast)
    ratio = paired_ratio(fast, slow, RATE)
    mine = at(trials, server=server, active_connections=active)
    line = growth(at(mine, valid=True), "idle_connections")
    levels = [{**at_slow, "idle_connections": int(n)} for n in mine["idle_connections"].unique()]
    label = f"{server_name(other)} over {server_name(server)}"
    stood_on = (tried(trials, RATE, **at_fast), tried(trials, RATE, **at_slow))
    lost = lost_blocks(fast, slow, RATE)
    first = Part(label, ratio, "x", claim.bound.min, claim.bound.max, tried=stood_on, lost=lost)
    if generator_bound(fast) and first.verdict is Word.REFUTED:
        first = replace(first, word=Word.INCONCLUSIVE)  # the true ratio is larger
    parts = (
        first,
        Part(
            "R² of 1/rate on idle connections",
            line.r_squared,
            "",
            least_fit,
            None,
            tried=tuple(tried(trials, RATE, **level) for level in sorted(levels, key=_idle)),
        ),
    )
    sentence = (
        f"With {count(idle)} idle connections, {server_name(other)} answered "
        f"{number(ratio.value)} times as many requests a second as {server_name(server)}."
    )
    if line.r_squared.n:
        sentence += (
            f" Each idle connection added {number(line.slope_us.value)} µs to a request under "
            f"{server_name(server)}; a straight line explains {number(line.r_squared.value, 4)} "
            "of the variance of 1/rate (R²)."
        )
    else:
        sentence += " A line needs three numbers of idle connections in a block; there are fewer."
    if generator_bound(fast):
        sentence += (
            f" The load generator bounded {server_name(other)}, so the true ratio is larger still."
        )
    return Judgement(parts, sentence, most_telling(parts))


def _idle(level: dict[str, Any]) -> int:
    return int(level["idle_connections"])
