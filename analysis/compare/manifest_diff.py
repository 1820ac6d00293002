"""What differs between the manifests of runs: to be read before any figure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.records.run import Run
from analysis.wording import MISSING
from contract.checkup.description import ALL_ASKED
from contract.more_blocks import BLOCKS, ENDED
from contract.run_order import SEQUENCE

ALWAYS_DIFFER = (
    *("run", SEQUENCE, "started_at", "resumed_at", ENDED, ALL_ASKED),
    *("trials", BLOCKS, "limits.memory_bytes"),
)
"""Each run has its own, or they say nothing about the conditions: when it was, how many blocks it
took until it could tell. Where the free memory scaled an experiment down, `scaled` says so."""
CLOCK = re.compile(r"hosts\..+\.clock_(?:offset|bound)_s")
"""How far the clock of a host was off, as little a condition."""
LONGEST = 60
ID = 19
"""Letters of a digest that are shown."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A key of the manifest with its value in each run, in the order of the runs."""

    key: str
    values: tuple[str, ...]

    @property
    def text(self) -> str:
        """'kernel.release: 6.1.0, 6.18.0'."""
        return f"{self.key}: {', '.join(self.values)}"


def differences(runs: Sequence[Run]) -> list[Difference]:
    """Every condition that is not the same in all runs, sorted by its key."""
    flat = [dict(_flat(run.manifest.raw)) for run in runs]
    values = {key: [one.get(key) for one in flat] for key in sorted(set().union(*flat))}
    return [
        Difference(key, tuple(_short(value) for value in mine))
        for key, mine in values.items()
        if any(value != mine[0] for value in mine)
    ]


def _flat(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves by their path: {'kernel': {'release': 'x'}} gives ('kernel.release', 'x')."""
    for key, inner in value.items():
        path = f"{prefix}{key}"
        if path in ALWAYS_DIFFER or CLOCK.fullmatch(path):
            continue
        if isinstance(inner, dict):
            yield from _flat(inner, f"{path}.")
        else:
            yield path, inner


def _short(value: Any) -> str:
    if value is None:
        return MISSING
    text = " ".join(str(value).split())
    if text.startswith("sha256:") or (len(text) >= 40 and text.isalnum()):
        return text[:ID]
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
