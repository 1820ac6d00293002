"""The list of claims, each with the last verdict that was given on it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from click.testing import CliRunner

from analysis.claims.claim import load_claims
from analysis.claims.latest_verdicts import LatestVerdict, latest_verdicts
from analysis.cli.commands import cli


def give(results: Path, run: str, *verdicts: tuple[int, str]) -> None:
    folder = results / run
    folder.mkdir(parents=True)
    lines = [f"{number},{verdict}" for number, verdict in verdicts]
    (folder / "verdicts.csv").write_text("\n".join(["claim,verdict", *lines]) + "\n")


def test_the_newest_run_that_judged_a_claim_counts(tmp_path: Path) -> None:
    give(tmp_path, "all/20260102-100000", (2, "reproduced"), (3, "refuted"))
    give(tmp_path, "c10k/20260103-100000", (2, "inconclusive"), (3, "not run"), (4, "not run"))
    assert latest_verdicts(tmp_path) == {
        2: LatestVerdict("inconclusive", "c10k/20260103-100000", "2026-01-03"),
        3: LatestVerdict("refuted", "all/20260102-100000", "2026-01-02"),
        4: LatestVerdict("not run", "c10k/20260103-100000", "2026-01-03"),
    }


def test_the_newest_run_is_the_one_that_began_last_whatever_the_clock_said(tmp_path: Path) -> None:
    for run, number, verdict in (
        ("all/20260102-100000", None, "reproduced"),
        ("all/20260109-100000", 1, "inconclusive"),
        ("all/20250101-100000", 2, "refuted"),
    ):
        give(tmp_path, run, (2, verdict))
        manifest = {} if number is None else {"sequence": number}
        (tmp_path / run / "manifest.json").write_text(json.dumps(manifest))
    assert latest_verdicts(tmp_path)[2].run == "all/20250101-100000"


def test_where_runs_of_two_folders_of_results_were_put_together_the_clock_tells(
    tmp_path: Path,
) -> None:
    """As one number shows that two of them have."""
    for run, number, verdict in (
        ("all/20260102-100000", 41, "reproduced"),
        ("c10k/20260103-100000", 1, "inconclusive"),
        ("smoke/20260104-100000", 1, "refuted"),
    ):
        give(tmp_path, run, (2, verdict))
        (tmp_path / run / "manifest.json").write_text(json.dumps({"sequence": number}))
    assert latest_verdicts(tmp_path)[2].verdict == "refuted"


def test_what_is_no_list_of_verdicts_is_passed_over(tmp_path: Path) -> None:
    give(tmp_path, "all/20260102-100000", (2, "reproduced"))
    broken = tmp_path / "all" / "20260105-100000"
    broken.mkdir()
    (broken / "verdicts.csv").write_text("claim,verdict\nx,y\n")
    assert latest_verdicts(tmp_path)[2].verdict == "reproduced"


def test_a_link_to_a_run_is_not_another_one(tmp_path: Path) -> None:
    give(tmp_path, "all/20260102-100000", (2, "reproduced"))
    (tmp_path / "latest").symlink_to("all/20260102-100000")
    assert latest_verdicts(tmp_path)[2].run == "all/20260102-100000"


def test_every_claim_is_listed(tmp_path: Path) -> None:
    give(tmp_path, "all/20260102-100000", (2, "reproduced"))
    done = CliRunner().invoke(cli, ["claims", str(tmp_path)], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert "✓ reproduced" in done.output
    assert "all/20260102-100000" in done.output
    for claim in load_claims().values():
        assert re.search(rf"^ *{claim.id}  +{re.escape(claim.sentence[:20])}", done.output, re.M)


def test_what_no_lab_wrote_ends_no_command(tmp_path: Path) -> None:
    give(tmp_path, "all/20260102-100000", (2, "reproduced"))
    for name, cell in (("20260105-100000", "better than ever"), ("20260106-100000", "x" * 200_000)):
        give(tmp_path, f"all/{name}", (2, cell))
        (tmp_path / "all" / name / "left_out.csv").write_text(f"line\n{cell}\n")
    done = CliRunner().invoke(cli, ["claims", str(tmp_path)], catch_exceptions=False)
    assert done.exit_code == 0
    assert latest_verdicts(tmp_path)[2].verdict == "reproduced"
