"""The page of two servers whose answers are known, asked by turns."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from analysis.checkup.document import ChangeFound, CheckUpFound, ComparedFound
from analysis.checkup.report import CheckUpReport, build
from analysis.cli.commands import cli
from contract.checkup.description import HOLDS
from contract.exits import Exit, LabError
from tests.support import changed_rounds
from tests.support.changed_rounds import BASE, spoil
from tests.support.simulated_run import simulated_pair
from tests.support.simulated_server import SimulatedServer

pytestmark = pytest.mark.usefixtures("without_pictures")


def server(seed: int, holds_per_s: float = 2_000, leaks_bytes: int = 0) -> SimulatedServer:
    return SimulatedServer(
        holds_per_s,
        noise=0.03,
        leaks_bytes=leaks_bytes,
        random=Random(seed),  # noqa: S311 - a simulation
    )


def report(
    folder: Path, base: SimulatedServer, other: SimulatedServer, rules: str = ""
) -> tuple[CheckUpReport, ComparedFound]:
    folder.mkdir(exist_ok=True)
    run = simulated_pair(folder, base, other, rules)
    run.go_on()
    made = build(run.store.folder)
    assert made
    assert made.found.compared
    return made, made.found.compared


def change(found: ComparedFound, figure: str) -> ChangeFound:
    return next(one for one in found.changes if one.figure == figure)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_of_equal_servers_nothing_changed(tmp_path: Path, seed: int) -> None:
    made, found = report(tmp_path, server(seed), server(seed + 100))
    assert {one.word for one in found.changes} <= {"within noise", "cannot tell", "not compared"}
    assert found.summary.startswith("Nothing changed beyond the noise.")
    assert made.exit is Exit.OK


def test_a_slower_one_that_leaks_is_a_regression_in_all_files(tmp_path: Path) -> None:
    made, found = report(tmp_path, server(1, 2_400), server(2, 1_600, leaks_bytes=1_000))
    assert made.exit is Exit.REGRESSED
    rate, leak = change(found, "holds_per_s"), change(found, "leak_bytes")
    assert (rate.word, rate.kind, rate.regression) == ("worse", "ratio", True)
    assert rate.low is not None
    assert rate.high is not None
    assert rate.low < 1_600 / 2_400 < rate.high
    assert (leak.word, leak.kind, leak.regression) == ("worse", "difference", True)
    assert found.marks["leak"] == "good"
    assert next(one.mark for one in made.found.questions if one.question == "leak") == "breaks"
    folder = made.html.parent
    again = CheckUpFound.model_validate_json((folder / "checkup.json").read_text())
    assert again == made.found
    suite = ElementTree.parse(folder / "junit.xml").getroot()  # noqa: S314 - our own
    failing = {case.attrib["name"] for case in suite if case.find("failure") is not None}
    assert {"holds: holds_per_s", "leak: leak_bytes"} <= failing
    for text in (made.html.read_text(), (folder / "report.md").read_text()):
        assert "poll beside epoll (level)" in text
        assert found.summary in text
        assert rate.text in text
        assert "asked by turns" in text
    told = CliRunner().invoke(cli, ["report", str(folder)])
    assert told.exit_code == Exit.REGRESSED
    assert f"leak_bytes: worse: {leak.text}" in told.stdout
    told = CliRunner().invoke(cli, ["report", str(folder), "--json"])
    assert json.loads(told.stdout)["compared"]["base"] == "epoll_level"


def test_habits_are_asked_once_and_known_all_the_same(tmp_path: Path) -> None:
    made, _ = report(tmp_path, SimulatedServer(2_000), SimulatedServer(2_000))
    habits = next(one for one in made.found.questions if one.question == "habits")
    assert habits.mark == "good"
    assert "rounds" not in habits.answer.answer


def test_a_threshold_that_is_not_kept_goes_before_a_regression(tmp_path: Path) -> None:
    rules = "thresholds: ['holds_per_s > 2000']"
    made, _ = report(tmp_path, server(1, 2_400), server(2, 1_600), rules)
    assert made.exit is Exit.EXCEEDED


def test_one_that_never_recovers_from_a_flood_is_a_regression(tmp_path: Path) -> None:
    """How long it would take was not seen: longer than the other in any case."""
    drowned = SimulatedServer(2_000, flooded_s=60.0)
    made, found = report(tmp_path, SimulatedServer(2_000), drowned)
    row = change(found, "flood_recovers_s")
    assert (row.word, row.regression) == ("worse", True)
    assert made.exit is Exit.REGRESSED


def test_one_that_serves_nobody_beside_one_that_does(tmp_path: Path) -> None:
    made, found = report(tmp_path, SimulatedServer(2_000), SimulatedServer(0.0))
    assert change(found, "holds_per_s").text == "cannot tell: it is not known of poll"
    assert made.exit is Exit.CANNOT_TELL


def test_beside_a_base_that_was_never_measured_nothing_passes(tmp_path: Path) -> None:
    made, found = report(tmp_path, SimulatedServer(2_000, spoiled=True), SimulatedServer(2_000))
    assert {one.word for one in found.changes} <= {"cannot tell", "not compared"}
    assert found.summary.startswith("Nothing could be compared. ")
    assert made.exit is Exit.CANNOT_TELL


def test_beside_a_base_of_which_nobody_knows_what_it_holds_nothing_passes(tmp_path: Path) -> None:
    edit = spoil(BASE, HOLDS, "surroundings", (1,))
    made, found = changed_rounds.report(tmp_path, edit, asked="holds, crowd")
    assert change(found, "holds_per_s").word == "cannot tell"
    assert change(found, "crowd_served_share").word == "within noise"
    assert made.exit is Exit.CANNOT_TELL


def test_what_the_load_could_not_send_of_both_cannot_be_told(tmp_path: Path) -> None:
    fast = SimulatedServer(40_000, load_per_s=30_000)
    _, found = report(tmp_path / "fast", fast, fast)
    assert change(found, "holds_per_s").text.startswith("cannot tell: the load could not send")
    _, found = report(tmp_path / "one", SimulatedServer(2_000), fast)
    rate = change(found, "holds_per_s")
    assert rate.word == "better"
    assert rate.high is None
    assert rate.text.startswith("higher by a factor of ")
    assert rate.text.endswith(" or more")


def test_the_same_image_twice_says_so(tmp_path: Path) -> None:
    run = simulated_pair(tmp_path, server(1), server(2))
    run.go_on()
    manifest = run.store.manifest()
    manifest["servers"] = {
        "poll": {"origin": "foreign", "id": "sha256:1"},
        "epoll_level": {"origin": "foreign", "id": "sha256:1"},
    }
    run.store.write_manifest(manifest)
    made = build(run.store.folder)
    assert made
    assert made.found.compared
    assert made.found.compared.same_image
    assert "an A/A test" in made.html.read_text()


@pytest.mark.parametrize("stops_at", [10, 14, 50, 80])
def test_one_that_was_stopped_says_so_and_nothing_that_is_not_so(
    tmp_path: Path, stops_at: int
) -> None:
    run = simulated_pair(tmp_path, server(1), server(2))
    run.stops_at = stops_at
    with pytest.raises(LabError, match="stopped"):
        run.go_on()
    made = build(run.store.folder)
    assert made
    assert made.found.compared
    assert made.exit is Exit.CANNOT_TELL
    assert {one.mark for one in made.found.questions} <= {"good", "not told"}
    words = {one.word for one in made.found.compared.changes}
    assert words <= {"within noise", "cannot tell", "not compared"}
    assert "not finished" in made.html.read_text()
