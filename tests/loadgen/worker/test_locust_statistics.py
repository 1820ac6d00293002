"""What the web UI shows of a load is what the engine counted, also while nothing comes."""

from __future__ import annotations

import json
import subprocess
import sys

from experiments.paths import ROOT


def rates(answered: list[int]) -> list[float]:
    """Requests a second as a master shows them, with so many responses in each second."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "tests.support.locust_rates", json.dumps(answered)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[float] = json.loads(done.stdout)
    return found


def test_the_rate_of_a_server_that_stands_still_falls_to_nought() -> None:
    shown = rates([100] * 20 + [0] * 15)
    assert shown[19] == 100
    assert 0 < shown[25] < 100
    assert shown[-1] == 0


def test_responses_are_counted_once_and_rates_are_theirs() -> None:
    assert rates([0] * 3 + [50] * 20)[-1] == 50
