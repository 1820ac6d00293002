"""Check a finished run of the `smoke` experiment: records, report, nothing left in Docker.

`python -m tests.smoke_report results/latest`; exits 1 and says what is wrong.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd

from experiments.docker.docker_driver import DockerDriver
from experiments.docker.leftovers import found as found_in_engine
from experiments.plan.experiment_file import find, read
from experiments.plan.trials import plan

PIECES = ("Does the whole way work", "select", "FD_SETSIZE", "poll", "epoll_level", "<svg")
FIGURES = ("requests_per_s", "response_p99_us", "server_cpu_us_per_request", "server_rss_bytes")


def faults(folder: Path) -> list[str]:
    """Everything that a reader of this run's output would miss."""
    planned = {trial.id: trial.block for trial in plan(read(find("smoke")))}
    trials = _settled(pd.read_csv(folder / "trials.csv"))
    trials = trials[trials["block"] <= max(planned.values())]  # later ones are for open claims
    found: list[str] = []
    if differ := set(trials["trial"]) ^ set(planned):
        found.append(f"trials differ from the plan: {differ}")
    wall = trials[trials["server"] == "select"]
    if not wall["server_limit"].str.contains("FD_SETSIZE").all():
        found.append("select did not name its limit")
    if not wall["idle_established"].between(900, 1_024).all():
        found.append(f"select held {wall['idle_established'].tolist()} connections")
    measured = trials[(trials["outcome"] == "completed") & (trials["server"] != "select")]
    if len(measured) != len(trials) - len(wall):
        found.append(f"trials without a window: {trials[['trial', 'reason']].to_dict('records')}")
    found += [f"{name} has gaps" for name in FIGURES if not (measured[name] > 0).all()]
    overflowed = measured[measured["backlog"] == 5]
    if not (overflowed["listen_overflows"] > 0).all():
        found.append("a backlog of 5 did not overflow under 100 clients")
    if len(measured) == len(trials) - len(wall):
        found += _other_loads(measured.set_index("sweep"))
    report = (folder / "report.html").read_text()
    found += [f"the report does not contain {piece!r}" for piece in PIECES if piece not in report]
    for name in ("report.md", "verdicts.csv", "manifest.json"):
        if not (folder / name).is_file():
            found.append(f"{name} is missing")
    return found + leftovers()


def _settled(rows: pd.DataFrame) -> pd.DataFrame:
    """The last attempt of each trial, by the name of the first."""
    first = rows["trial"].str.replace(r"-a\d+$", "", regex=True)
    return rows.assign(trial=first).drop_duplicates("trial", keep="last")


def _other_loads(measured: pd.DataFrame) -> list[str]:
    """Each kind of load left what only it can leave."""
    opened = measured.loc[["open"]]
    mixed = json.loads(str(measured.loc["mix", "kinds"]))
    shared = pd.to_numeric(measured.loc[["pipelined"], "segments_out_per_response"])
    checks = {
        "the open loops have no service time": bool((opened["service_p50_us"] > 0).all()),
        "the open loops' rate is off": bool(opened["requests_per_s"].between(350, 650).all()),
        "the mix has not both kinds": set(mixed) == {"/", "/db/10"},
        "the database did not take its time": mixed["/db/10"]["p50_us"] >= 10_000,
        "no segment held several responses": bool((shared < 0.5).all()),
        "there were no bad clients": "slow_readers=5" in str(measured.loc["company", "company"]),
    }
    return [fault for fault, held in checks.items() if not held]


def leftovers() -> list[str]:
    """Containers and networks of this checkout's runs; all should be gone."""
    with DockerDriver() as driver:
        left = found_in_engine(driver, of_runs=True).values()
    return [f"left in Docker: {name}" for group in left for _, name in group]


if __name__ == "__main__":
    problems = faults(Path(sys.argv[1]))
    for problem in problems:
        print(f"smoke report: {problem}", file=sys.stderr)
    print("smoke report: " + (f"{len(problems)} faults" if problems else "as it should be"))
    sys.exit(bool(problems))
