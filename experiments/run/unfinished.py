"""Which run `make resume` goes on with where none is named."""

from __future__ import annotations

from pathlib import Path

from contract.exits import Exit, LabError
from contract.run_files import MANIFEST
from contract.run_order import in_order
from experiments.plan.overrides import kept_source
from experiments.records.recorded_limits import recorded_limits
from experiments.records.run_folder import DamagedError, Store
from experiments.run.until_decided import is_complete


def last_unfinished(results: Path) -> Path:
    """The newest run of a folder of experiments with trials left. One of another version, or of
    servers that are gone, is passed over; one whose records were damaged is not, as nobody knows
    what is left of it: going on with an older one would measure what nobody asked for.

    LabError when there is none says why the newest was passed over.
    """
    runs = {path.parent.resolve() for path in results.glob(f"*/*/{MANIFEST}")}
    why = ""
    for folder in reversed(in_order(runs)):
        try:
            if _has_trials_left(folder):
                return folder
        except DamagedError as error:
            raise LabError(
                f"{error}\nmend it, or name another run: make resume RUN=results/EXPERIMENT/RUN",
                Exit.BAD_INPUT,
            ) from error
        except LabError as error:
            why = why or f"; the newest that cannot go on: {error}"
    raise LabError(f"there is no unfinished run to go on with{why}", Exit.BAD_INPUT)


def _has_trials_left(folder: Path) -> bool:
    store = Store.open(folder)
    source = kept_source(store.experiment, store.name)
    return not is_complete(store, source.experiment, recorded_limits(store))
