"""How answers are checked, for the records."""

from __future__ import annotations

from collections.abc import Sequence

from contract.expected import EXACT, FRAMING
from contract.result.load_side import Checked
from loadgen.engine.measures import Exchange


def summary(exchanges: Sequence[Exchange], wrong: str = "") -> Checked:
    """The check of all of them, what is compared of the answers to each path, and what was wrong
    with the first wrong one."""
    parts = {one.path: _compared(one) for one in exchanges}
    if len(set(parts.values())) > 1:
        compared = "; ".join(f"{path}: {part}" for path, part in parts.items())
    else:
        compared = next(iter(parts.values()))
    exact = all(one.meaning is None for one in exchanges)
    return Checked(EXACT if exact else FRAMING, compared, wrong)


def _compared(exchange: Exchange) -> str:
    if exchange.meaning is not None:
        return exchange.meaning.told()
    return "every byte but dates" if exchange.varying else "every byte"
