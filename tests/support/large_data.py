"""Large runs of made-up records, for timing analysis.

python -m tests.support.large_data FOLDER rows ROWS HISTOGRAMS    writes a large run
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from contract.result.document import to_json
from tests.support.made_up_run import trials, write_run
from tests.support.trial_details import details_of, write_details


def write_many(folder: Path, rows: int, histograms: int) -> None:
    """A large run: a set of blocks, again and again under new names, so that making it is
    quick; the first trials have their details with histograms."""
    blocks = 40
    made = trials(blocks)
    # Names as short as the lab's own.
    kinds = {
        point: f"{point.split('-')[0]}-k8-i1000-b4096-{n:06x}"
        for n, point in enumerate(made["point"].unique())
    }
    made["point"] = made["point"].map(kinds)
    made["trial"] = made["point"] + "-r" + made["repeat"].astype(str)
    numbers = made.select_dtypes("float").columns
    made[numbers] = made[numbers].round(4)
    header, *lines = (write_run(folder, made) / "trials.csv").read_text().splitlines()
    names = header.split(",")
    trial, block, position = (names.index(name) for name in ("trial", "block", "position"))
    # Text that holds commas comes after these columns.
    cut = [line.split(",", position + 1) for line in lines]
    with (folder / "trials.csv").open("w", encoding="utf-8") as file:
        file.write(header + "\n")
        for place in range(rows):
            copy, at_row = divmod(place, len(cut))
            cells = cut[at_row].copy()
            cells[trial] += f"-c{copy}"
            cells[block] = str(int(cells[block]) + blocks * copy)
            cells[position] = str(place + 1)
            file.write(",".join(cells) + "\n")
    first = {str(name): value for name, value in made.iloc[0].items()}
    details = json.dumps(to_json(details_of(first, np.random.default_rng(1))))
    for place in range(min(histograms, rows)):
        copy, at_row = divmod(place, len(cut))
        trial_folder = folder / "trials" / f"{cut[at_row][trial]}-c{copy}"
        trial_folder.mkdir(parents=True)
        (trial_folder / "result.json").write_text(details)


def write_points(folder: Path, blocks: int, copies: int) -> None:
    """A run of many points: each of the usual ones in `copies` sizes; random from the name."""
    made = trials(blocks, seed=sum(folder.name.encode()), noise=0.05)
    parts = []
    for copy in range(copies):
        part = made.assign(active_connections=made["active_connections"] + copy)
        part["point"] += f"-c{copy}"
        part["trial"] += f"-c{copy}"
        if copy:
            part = part[part["sweep"] != "reference"]
        parts.append(part)
    write_run(folder, pd.concat(parts, ignore_index=True), run=folder.name)


def main(folder: str, what: str, first: str, second: str) -> None:
    """Write a run of a kind: `rows N HISTOGRAMS`, `blocks N 1` or `points BLOCKS COPIES`."""
    if what == "rows":
        write_many(Path(folder), int(first), int(second))
    elif what == "points":
        write_points(Path(folder), int(first), int(second))
    else:
        write_details(write_run(Path(folder), made := trials(int(first))), made)


if __name__ == "__main__":
    main(*sys.argv[1:5])
