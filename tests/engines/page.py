"""docs/machines.md: written from the records of runs, once nothing in them failed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from experiments.paths import RESULTS, ROOT
from tests.engines.catalogue import ENGINES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PAGE: Final = ROOT / "docs" / "machines.md"
RECORDS: Final = RESULTS / "engines"
TEXT: Final = """\
# Engines that the lab was tried on

`make test-engines` makes roots of Debian releases, starts the engine of each on a machine of its
own (namespaces, no virtual machine), and uses the lab there as an ordinary user in the group
`docker`. This page is written by that command, after a run in which nothing failed, and by nothing
else. It needs root on a Debian-like host; `ENGINES=trixie` and `CASES=smoke,clean` choose.

{table}

What was seen:

{notes}
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`outcome` is `works` or `failed`; `seen` says it in words."""

    case: str
    outcome: str
    seen: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Record:
    """All cases of an engine, tried in one go. `versions` are its programs'."""

    engine: str
    versions: Mapping[str, str]
    outcomes: Sequence[Outcome]

    def save(self, folder: Path = RECORDS) -> None:
        text = json.dumps(asdict(self), indent=2)
        (folder / f"{self.engine}.json").write_text(text + "\n", encoding="utf-8")


def load(folder: Path = RECORDS) -> dict[str, Record]:
    """The records that are there, by engine."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        kept = json.loads(path.read_text(encoding="utf-8"))
        outcomes = [Outcome(**one) for one in kept["outcomes"]]
        found[path.stem] = Record(kept["engine"], kept["versions"], outcomes)
    return found


def missing(records: Mapping[str, Record]) -> list[str]:
    """Engines of the catalogue that have no record of all their cases, or one that failed."""
    return [
        engine.name
        for engine in ENGINES
        if engine.name not in records
        or [one.case for one in records[engine.name].outcomes] != list(engine.cases)
        or any(one.outcome == "failed" for one in records[engine.name].outcomes)
    ]


def write(records: Mapping[str, Record]) -> str:
    """The page, once nothing is missing."""
    rows = [
        "| engine | Docker | compose | Python | images | cgroups | works |",
        "| --- " * 7 + "|",
    ]
    notes = []
    for engine in ENGINES:
        record = records[engine.name]
        names = ("docker", "compose", "python", "images", "cgroups")
        cells = [record.versions[name] for name in names]
        cells.append(", ".join(one.case for one in record.outcomes))
        rows.append(f"| `{engine.name}` | {' | '.join(cells)} |")
        seen = "; ".join(one.seen for one in record.outcomes)
        notes.append(f"- `{engine.name}` (Debian {engine.suite}; {engine.about}): {seen}.")
    return TEXT.format(table="\n".join(rows), notes="\n".join(notes))
