"""`make test-engines`: use the lab beside other engines, and write the page of outcomes."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Final

import click

from contract.console import echo
from contract.exits import Exit
from experiments.cli.commands import with_exit_codes
from experiments.machine.run_lock import RunLock
from experiments.paths import ROOT
from tests.engines import page
from tests.engines.cases import CASES, FAILURES
from tests.engines.catalogue import ENGINES
from tests.engines.host import obstacle
from tests.engines.lab import Lab, started, versions
from tests.engines.page import Outcome, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from tests.engines.catalogue import Engine

NAME: Final = "engines"


def names(known: Sequence[str]) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """What reads an option: some of these names, with commas between them; nothing means all."""

    def read(_context: click.Context, _option: click.Parameter, value: str) -> list[str]:
        given = [name.strip() for name in value.split(",") if name.strip()]
        for name in given:
            if name not in known:
                raise click.BadParameter(f"{name!r} is none of: {', '.join(known)}")
        return given or list(known)

    return read


@click.command()
@click.option("--engines", default="", callback=names([one.name for one in ENGINES]))
@click.option("--cases", default="", callback=names(list(CASES)))
@with_exit_codes
def main(engines: list[str], cases: list[str]) -> None:
    """Exits 1 where a case fails, and where CI=true and it cannot be tried."""
    if why := obstacle():
        must = os.environ.get("CI") == "true"
        echo(f"{'CI=true forbids skipping' if must else 'skipped'}: {why}", err=must)
        sys.exit(Exit.FAILED if must else Exit.OK)
    signal.signal(signal.SIGTERM, _interrupted)
    page.RECORDS.mkdir(parents=True, exist_ok=True)
    failed = 0
    with RunLock(NAME, ROOT):
        for engine in ENGINES:
            chosen = [name for name in engine.cases if name in cases]
            if engine.name in engines and chosen:
                outcomes = _try(engine, chosen)
                failed += sum(one.outcome == "failed" for one in outcomes)
    records = page.load()
    if not page.missing(records):
        page.PAGE.write_text(page.write(records), encoding="utf-8")
        echo(f"written: {page.PAGE.relative_to(ROOT)}")
    sys.exit(Exit.FAILED if failed else Exit.OK)


def _try(engine: Engine, chosen: Sequence[str]) -> list[Outcome]:
    """The cases, one after another; all that is printed there goes to a log."""
    log = page.RECORDS / f"{engine.name}.log"
    echo(f"{engine.name} ({engine.about}); log: {log.relative_to(ROOT)}")
    outcomes: list[Outcome] = []
    known: dict[str, str] = {}
    try:
        with started(engine, log, echo) as lab:
            known = versions(lab)
            echo("  " + ", ".join(f"{name} {version}" for name, version in known.items()))
            for name in chosen:
                outcomes.append(_outcome(lab, name))
                echo("  {0.case}: {0.outcome} ({0.seconds:.0f} s): {0.seen}".format(outcomes[-1]))
    except FAILURES as error:
        outcomes.append(Outcome("start", "failed", str(error), 0.0))
        echo(f"  {error}", err=True)
    if len(outcomes) == len(engine.cases):
        Record(engine.name, known, outcomes).save()
    return outcomes


def _outcome(lab: Lab, name: str) -> Outcome:
    began = time.monotonic()
    try:
        seen = CASES[name](lab)
    except FAILURES as error:
        return Outcome(name, "failed", str(error), time.monotonic() - began)
    return Outcome(name, "works", seen, time.monotonic() - began)


def _interrupted(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
