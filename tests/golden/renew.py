"""Renew the golden files after a change of the report that is meant."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from analysis.report.report import build
from tests.support.made_up_run import trials, write_run
from tests.support.trial_details import write_details

HERE = Path(__file__).parent


def main() -> None:
    """Write the run, build its report elsewhere, keep the text and the verdicts."""
    frame = trials(5)
    numbers = frame.select_dtypes("float").columns
    frame[numbers] = frame[numbers].round(4)
    write_run(HERE / "run", frame)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(HERE / "run", Path(folder) / "run"))
        write_details(copy, frame)
        made = build(copy)
        for path in (made.markdown, made.verdicts_csv):
            shutil.copy(path, HERE / path.name)


if __name__ == "__main__":
    main()
