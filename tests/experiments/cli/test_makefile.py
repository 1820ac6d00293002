"""What `make` is told reaches the command line as one word."""

from __future__ import annotations

import os
import shlex
import subprocess

import pytest

from experiments.paths import ROOT


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("resume", "RUN=results/a path/run"), ["resume", "results/a path/run"]),
        (("resume",), ["resume"]),
        (("report", "RUN=results/a path/run"), ["report", "results/a path/run"]),
        (("report",), ["report"]),
        (("experiment", "EXPERIMENT=a path/my.yaml"), ["run", "a path/my.yaml"]),
        (("experiment",), ["run", "c10k"]),
        (("experiment", "BUDGET=1h30m"), ["run", "--budget", "1h30m", "c10k"]),
        (("plan", "BUDGET=0"), ["plan", "--budget", "0", "c10k"]),
        (("plan", "EXPERIMENT=a path/my.yaml"), ["plan", "a path/my.yaml"]),
        (("plan", "SERVER=a:1", "PORT=80"), ["plan", "--server", "a:1", "--port", "80", "c10k"]),
        (("plan", "SERVER=", "PORT=80"), ["plan", "--port", "80", "c10k"]),
        (
            ("checkup", "SERVER=a b.yaml", "RULES=my rules.yaml", "QUICK=1"),
            ["checkup", "--server", "a b.yaml", "--rules", "my rules.yaml", "--quick"],
        ),
        (
            ("checkup", "A=a:1", "B=b c.yaml", "TOLERANCE=20%", "QUICK=1"),
            ["checkup", "--quick", "--a", "a:1", "--b", "b c.yaml", "--tolerance", "20%"],
        ),
        (
            ("checkup", "A=a:1"),
            ["checkup", "--a", "a:1", "--b", ""],
        ),
        (
            ("checkup", "SERVER=a:1", "PORT=80", "BESIDE=poll epoll_level"),
            ["checkup", "--server", "a:1", "--port", "80", "--beside", "poll epoll_level"],
        ),
        (("history", "EXPERIMENT=two words"), ["history", "two words"]),
        (("ab", "A=a:1", "B=my shop.yaml"), ["ab", "--a", "a:1", "--b", "my shop.yaml"]),
        (("ab",), ["ab", "--a", "", "--b", ""]),
        (("plan", "A=a:1", "B=a:2"), ["ab", "--plan", "--a", "a:1", "--b", "a:2"]),
        (("plan", "B=a:2"), ["ab", "--plan", "--a", "", "--b", "a:2"]),
        (
            ("ab", "A=a:1", "B=a:2", "PORT=80", "EXPERIMENT=my own.yaml", "TOLERANCE=5%"),
            [
                *("ab", "--a", "a:1", "--b", "a:2", "--port", "80"),
                *("--experiment", "my own.yaml", "--tolerance", "5%"),
            ],
        ),
        (
            ("ab", "A=a:1", "B=a:2", "REPEATS=9", "BUDGET=1h"),
            ["ab", "--a", "a:1", "--b", "a:2", "--repeats", "9", "--budget", "1h"],
        ),
    ],
)
def test_a_path_with_a_space_is_one_word(asked: tuple[str, ...], words: list[str]) -> None:
    done = subprocess.run(  # noqa: S603 - fixed words
        ["make", "--dry-run", "--no-print-directory", *asked],  # noqa: S607 - the user's own
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    last = shlex.split(done.stdout.splitlines()[-1])
    assert last[last.index("experiments") + 1 :] == words


@pytest.mark.parametrize("wanted", [True, False])
def test_byte_code_is_kept_even_where_none_is_wanted_beside_the_sources(wanted: bool) -> None:
    ours = {"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    if not wanted:
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
    done = subprocess.run(
        ["make", "--eval", "shown: ; @env", "shown"],  # noqa: S607 - the user's own
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    seen = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    elsewhere = {} if wanted else {"PYTHONPYCACHEPREFIX": str(ROOT / ".cache" / "bytecode")}
    assert {name: seen[name] for name in ours & seen.keys()} == elsewhere
