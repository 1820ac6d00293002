"""References and foreign servers in the report: named as what they are, with what is theirs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.charts.palette import SPARE, styles
from analysis.records.run import load
from analysis.report.report import build
from analysis.report.server_points import COST, points
from analysis.selection.trials import alike
from analysis.wording import server_name
from contract.origins import REFERENCE_SERVERS
from tests.support.made_up_run import trials, write_run

pytestmark = pytest.mark.usefixtures("no_pictures")


def with_others() -> pd.DataFrame:
    """The made-up run, with what poll did done again by nginx and by somebody's image."""
    frame = trials(3)
    like = frame[(frame["server"] == "poll") | (frame["load"] == "connection_per_request")]
    like = like[like["backlog"] != 5].drop_duplicates(["point", "block"])
    parts = [frame]
    for server, origin in (("nginx", "reference"), ("my_app", "foreign")):
        other = like.assign(server=server, origin=origin, backlog=None)
        other["trial"] = server + other["trial"]
        other["point"] = server + other["point"]
        parts.append(other.astype({"backlog": "Int64"}))
    return pd.concat(parts, ignore_index=True)


def test_they_stand_in_the_report_beside_the_lab_s_own(tmp_path: Path) -> None:
    servers = {"my_app": {"image": "my-app:1", "id": "sha256:0123456789abcdef"}}
    made = build(write_run(tmp_path / "run", with_others(), servers=servers))
    text = made.markdown.read_text(encoding="utf-8")
    assert "my app from my-app:1 (0123456789ab)" in text
    idle, _, rest = text.partition("## Listen backlog")
    assert "| nginx (reference) |" in idle
    assert "| my app |" in idle
    backlog = rest.partition("\n## ")[0]
    assert "| my app | its own |" in backlog
    assert "| iterative | 128 |" in backlog


def test_one_that_an_emulator_ran_makes_a_run_doubtful(tmp_path: Path) -> None:
    entry = {"image": "my-app:1", "id": "sha256:0123456789abcdef"}
    told = "The image of my app says that it is for another processor (amd64 on aarch64): "
    for name, more in (("native", {}), ("emulated", {"emulated": "amd64 on aarch64"})):
        servers = {"my_app": {**entry, **more}}
        made = build(write_run(tmp_path / name, with_others(), servers=servers))
        for page in (made.markdown, made.html):
            assert (told in page.read_text(encoding="utf-8")) == (name == "emulated"), page


def test_they_are_compared_with_the_reference(tmp_path: Path) -> None:
    """Under the same load, whatever backlog they chose."""
    run = load(write_run(tmp_path / "run", with_others()))
    table = points(run).set_index("server")
    ratios = table[f"{COST}_ratio"]
    assert ratios["my_app"].notna().all()
    same = ["load", "active", "idle"]
    theirs, poll = (table.loc[one].set_index(same)[f"{COST}_ratio"] for one in ("my_app", "poll"))
    pd.testing.assert_series_equal(theirs[poll.index], poll)


def test_a_server_without_a_backlog_of_ours_is_on_the_usual_one() -> None:
    frame = pd.DataFrame({"server": list("abcd"), "backlog": [1024.0, 1024.0, 5.0, float("nan")]})
    assert alike(frame, ("backlog",)).index.tolist() == [0, 1, 3]


def test_references_are_named_as_such() -> None:
    assert {server_name(name).rpartition(" ")[2] for name in REFERENCE_SERVERS} == {"(reference)"}
    assert server_name("nginx_image") == "nginx image"


def test_more_servers_than_hues_still_look_different() -> None:
    found = styles([f"server_{number}" for number in range(len(SPARE) ** 2)])
    assert len({(style.colour, style.marker) for style in found.values()}) == len(SPARE) ** 2


def test_what_was_compared_of_its_answers_stands_on_its_page(tmp_path: Path) -> None:
    frame = with_others()
    frame.loc[frame["server"] == "my_app", "answers_compared"] = "framing, status 200"
    made = build(write_run(tmp_path / "run", frame))
    told = "Compared of each answer: framing, status 200"
    markdown = made.markdown.read_text(encoding="utf-8")
    assert markdown.count("Compared of each answer") == 1
    assert told in markdown.partition("### my app")[2].partition("\n### ")[0]
    assert f"{told}." in made.html.read_text(encoding="utf-8")
