"""A made-up claim for the judge `compare`, and runs of single rows to judge it by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.claims.claim import Claim
from contract.columns import COLUMNS, NAMES, SETTINGS
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path

    from contract.settings.trial import Settings

Rows = list[dict[str, Any]]
CLAIM: dict[str, Any] = {
    "id": 99,
    "title": "t",
    "sentence": "s",
    "source": {"name": "n"},
    "published": {"text": "p"},
    "experiment": "smoke",
    "expression": "e",
    "judge": "compare",
    "bound": {"min": 2, "text": "at least twice"},
    "unit": "x",
    "why": "w",
    "refuted_because": {"text": "That is why."},
}
PART = {
    "label": "poll over epoll",
    "figure": "requests_per_s",
    "of": {"server": "poll"},
    "over": {"server": "epoll_level"},
    "unit": "x",
}


def settings_of(settings: Settings) -> dict[str, Any]:
    """The settings that tell points apart, by name."""
    return {name: getattr(settings, name) for name in SETTINGS}


def claim(**changes: Any) -> Claim:
    """A claim with these fields."""
    parameters = {"parts": {"ratio": PART}, "sentence": "poll answered {ratio}."}
    return Claim.model_validate({**CLAIM, "parameters": parameters, **changes})


def with_part(**changes: Any) -> Claim:
    """A claim of one part with these keys; None leaves a key out."""
    part = {key: value for key, value in {**PART, **changes}.items() if value is not None}
    return claim(parameters={"parts": {"ratio": part}, "sentence": "it was {ratio}."})


def rows(blocks: int = 5, **values: Any) -> Rows:
    """One trial a block with these settings and figures, the usual settings besides."""
    return [{"block": block, **values} for block in range(1, blocks + 1)]


def write_rows(folder: Path, *parts: Rows, **changes: Any) -> Path:
    """A run of these trials; `changes` are of its manifest."""
    found = [row for part in parts for row in part]
    base = made.one_row()
    whole = []
    for place, row in enumerate(found):
        own = {**base, **settings_of(made.USUAL), "repeat": row["block"]}
        own |= {"trial": f"t{place}", "point": f"p{place}", "sweep": "s", "position": place + 1}
        whole.append({**own, **row})
    numbers = {column.name: "Int64" for column in COLUMNS if column.kind == "int"}
    frame = pd.DataFrame(whole).reindex(columns=list(NAMES)).astype(numbers)
    return made.write_run(folder, frame, **changes)


FAST = rows(server="poll", requests_per_s=3000.0)
SLOW = rows(server="epoll_level", requests_per_s=1000.0)
