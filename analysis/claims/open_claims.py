"""The claims of a run that more blocks may decide, the most promising first.

More blocks decide nothing where a server failed too often, a figure is known on one side alone, or
single trials have settled that not all of them hold: those parts are left out, and with them a
claim that needs them. What would take the fewest blocks by the spread seen so far comes first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from analysis.claims.judgement import REPEATS_NEEDED, Part, Word
from analysis.claims.verdicts import Verdict
from analysis.outcomes.causes import MOST_FAILED
from analysis.statistics.looks import MOST, Ahead, blocks_to_look
from contract.more_blocks import OpenQuestion, claim_name


def open_claims(verdicts: Sequence[Verdict]) -> list[OpenQuestion]:
    """What these verdicts of a run leave open."""
    in_order = sorted(verdicts, key=lambda one: one.claim)
    found = [one for verdict in in_order if (one := open_claim(verdict))]
    return sorted(found, key=lambda one: one.needed or math.inf)


def open_claim(verdict: Verdict) -> OpenQuestion | None:
    """The claim of a verdict; None if it is decided, or if more blocks would not decide it."""
    if verdict.verdict is not Word.INCONCLUSIVE:
        return None
    parts = [part for part in verdict.parts if part.decides and part.verdict is Word.INCONCLUSIVE]
    ahead = [(part, one) for part in parts if (one := _ahead(part))]
    # One part outside its bound refutes the claim; to be reproduced it needs all of them.
    outside = [(part, one) for part, one in ahead if part.outside and one.needed]
    if outside:
        ahead = [min(outside, key=lambda pair: pair[1].needed or math.inf)]
    elif not ahead or len(ahead) < len(parts):
        return None
    needs = [one.needed for _, one in ahead if one.needed is not None]
    points = {name for part, _ in ahead for basis in part.basis for name in basis.points}
    return OpenQuestion(
        claim_name(verdict.claim),
        verdict.title,
        max(one.next_look for _, one in ahead),
        max(needs) if len(needs) == len(ahead) else None,
        tuple(sorted(points)),
    )


def _ahead(part: Part) -> Ahead | None:
    """None where more blocks would not settle the part, or more than anybody would measure."""
    if part.lost_share > MOST_FAILED:
        return None
    if part.one_sided and not part.outside:
        return None
    blocks = min((one.blocks for one in part.basis), default=REPEATS_NEEDED)
    if part.word is not None and not part.by_chance:
        missing = REPEATS_NEEDED - blocks
        return Ahead(missing, missing) if missing > 0 and not part.why else None
    n = min(part.estimate.n, blocks)  # a figure of all trials together has more of them
    if n < REPEATS_NEEDED:
        return Ahead(REPEATS_NEEDED - n, REPEATS_NEEDED - n)
    first = part.estimate.first or n
    step = blocks_to_look(n, first)
    if not math.isfinite(part.estimate.spread):
        return Ahead(step, None) if n < MOST else None
    needed = part.more_repeats
    return Ahead(step, max(step, needed - n)) if needed else None
