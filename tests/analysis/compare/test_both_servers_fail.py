"""Two servers that both fail everywhere were not compared, whatever their failures look like."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

import analysis
from analysis.cli.commands import cli
from analysis.compare.comparison import RunComparison
from analysis.compare.two_servers import compare_servers
from contract.exits import Exit
from tests.support import two_servers as two
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

WHO = "shop 2 beside shop 1"
REASONS = {
    "server_gone": "the server ended",
    "server_wrong": "the server answered wrongly in the window: wrong_answer=9",
    "server_limit": "the server ended with exit code 4",
    "server_starved": "only 60.0% of the active connections got a response in the window",
    "lab": "no CPU time could be computed from what was measured",
}


def failing(cause: str, *servers: str, keep: str = "") -> two.Change:
    """All trials of the servers, but for those of a load."""

    def change(frame: pd.DataFrame) -> None:
        mine = frame["server"].isin(servers) & (frame["load"] != keep)
        put_cause(frame, mine, cause, REASONS[cause])
        frame.loc[frame["server"] == two.B, "requests_per_s"] *= 0.01

    return change


def compared(folder: Path, change: two.Change) -> RunComparison:
    found = compare_servers(analysis.load(two.write(folder / "run", change, noise=0.02)))
    assert found is not None
    return found


@pytest.mark.parametrize("cause", REASONS)
def test_servers_that_both_fail_everywhere_were_not_compared(tmp_path: Path, cause: str) -> None:
    found = compared(tmp_path, failing(cause, two.A, two.B))
    assert found.exit is Exit.CANNOT_TELL
    assert "None got worse" not in found.summary
    if cause != "lab":  # of what is no failure, each point is named
        why = f"it was measured with neither server ({REASONS[cause]})"
        assert found.uncompared == {WHO: why}
        assert f"Nothing of {WHO} was compared, so nothing is known of it." in found.summary
        assert f"Nothing of {WHO} was compared: {why}." in found.notes


@pytest.mark.parametrize(("server", "end"), [(two.A, Exit.CANNOT_TELL), (two.B, Exit.REGRESSED)])
def test_one_that_fails_everywhere_is_told_as_before(
    tmp_path: Path, server: str, end: Exit
) -> None:
    found = compared(tmp_path, failing("server_gone", server))
    assert found.exit is end
    assert found.uncompared == {WHO: "none of its points was measured with both servers"}


def test_servers_that_fail_alike_at_some_points_were_compared_at_the_others(
    tmp_path: Path,
) -> None:
    def change(frame: pd.DataFrame) -> None:
        short = frame["load"] == "connection_per_request"
        put_cause(frame, short, "server_gone", "the server ended")

    found = compared(tmp_path, change)
    assert not found.uncompared
    assert found.exit is Exit.OK


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("cause", ["server_gone", "server_starved"])
def test_the_pages_and_the_document_tell_it(tmp_path: Path, cause: str) -> None:
    folder = two.write(tmp_path / "run", failing(cause, two.A, two.B))
    done = CliRunner().invoke(cli, ["report", str(folder), "--json"])
    assert done.exit_code == Exit.CANNOT_TELL
    answer: dict[str, Any] = json.loads(done.stdout)
    comparison = answer["comparison"]
    assert answer["exit"] == comparison["exit"] == Exit.CANNOT_TELL
    told = f"Nothing of {WHO} was compared"
    assert told in comparison["summary"]
    assert any(note.startswith(f"{told}: ") for note in comparison["notes"])
    for end in ("html", "md"):
        assert f"{told}: " in (folder / f"comparison.{end}").read_text()
