"""The page of a check-up of servers whose answers are known."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from analysis.checkup.answer import CLOSES_EACH
from analysis.checkup.document import CheckUpFound
from analysis.checkup.report import CheckUpReport, build
from analysis.cli.commands import cli
from analysis.wording import server_name
from contract.checkup.figures import QUESTIONS
from contract.exits import Exit
from experiments.paths import ROOT
from tests.support.simulated_run import simulated_run
from tests.support.simulated_server import SimulatedServer

SCHEMA = ROOT / "docs" / "checkup.schema.json"


def report(folder: Path, subject: SimulatedServer, rules: str = "") -> CheckUpReport:
    run = simulated_run(folder, subject, rules)
    run.go_on()
    made = build(run.store.folder)
    assert made
    return made


def test_a_server_that_an_emulator_ran_is_told_above_the_answers(tmp_path: Path) -> None:
    told = "The image of poll says that it is for another processor (arm64 on "
    run = simulated_run(tmp_path, SimulatedServer(2_000), asked="cost")
    run.go_on()
    manifest = run.store.manifest()
    for entry in ({}, {"emulated": "arm64 on x86_64"}):
        run.store.write_manifest({**manifest, "servers": {"poll": {"image": "poll:1", **entry}}})
        made = build(run.store.folder)
        assert made
        for page in (made.html, made.html.with_suffix(".md")):
            assert (told in page.read_text(encoding="utf-8")) == bool(entry), page


def question(made: CheckUpReport, name: str) -> tuple[str, str]:
    """The mark and the answer."""
    found = next(one for one in made.found.questions if one.question == name)
    return found.mark, found.answer.answer


def test_every_question_has_its_answer_and_figures(tmp_path: Path) -> None:
    made = report(tmp_path, SimulatedServer(2_000))
    assert made.exit is Exit.OK
    mark, answer = question(made, "holds")
    assert mark == "good"
    assert "p99 below 50 ms and at most 0.1% errors" in answer
    assert "Its processor bounds it." in answer
    figures = made.found.questions[0].answer.figures
    held = figures["holds_per_s"]
    assert held.interval
    assert held.low is not None
    assert held.high is not None
    assert held.low <= 2_000 <= held.high
    assert held.value == pytest.approx(2_000, rel=0.03)
    costs = made.found.questions[1].answer.figures
    assert costs["cost_1_us"].value == costs["cost_90_us"].value == 300
    assert costs["cost_90_wakeups"].value == pytest.approx(1, rel=0.01)
    beyond = made.found.questions[2].answer.figures
    assert beyond["beyond_goodput_share"].value == pytest.approx(1, rel=0.03)
    assert beyond["beyond_recovers_s"].value == 3, "half of it is free to serve what piled up"
    idle = made.found.questions[3].answer.figures
    assert (idle["idle_bytes"].value, idle["idle_kernel_bytes"].value) == (2_000, 3_000)
    assert idle["idle_held"].value == 10_008
    assert question(made, "crowd")[0] == "good"
    assert question(made, "clients")[0] == "good"
    assert question(made, "leak")[0] == "good"


def test_what_the_load_could_not_send_is_no_limit_of_the_server(tmp_path: Path) -> None:
    made = report(tmp_path, SimulatedServer(40_000, load_per_s=30_000))
    mark, answer = question(made, "holds")
    assert mark == "good"
    assert answer.startswith("At least ")
    assert "the load could not keep its schedule" in answer
    figures = made.found.questions[0].answer.figures
    assert figures["holds_per_s"].high is None
    assert "holds_cpu_share" not in figures
    beyond = made.found.questions[2].answer
    assert "the load could not keep this rate" in beyond.answer
    assert set(beyond.figures) == {"beyond_error_share"}


def test_a_server_that_serves_nobody_breaks(tmp_path: Path) -> None:
    made = report(tmp_path, SimulatedServer(0.0))
    assert question(made, "holds")[1].startswith("Not known")


def test_a_server_that_never_recovers_breaks(tmp_path: Path) -> None:
    made = report(tmp_path, SimulatedServer(2_000, never_recovers=True))
    mark, answer = question(made, "beyond")
    assert mark == "breaks"
    assert "p99 is not within the limit again in 9 s" in answer
    assert made.found.questions[2].answer.figures["beyond_recovers_s"].value == 9


def test_a_server_that_closes_idle_connections_does_well_to(tmp_path: Path) -> None:
    made = report(tmp_path, SimulatedServer(2_000, closes_idle_s=2))
    mark, answer = question(made, "idle")
    assert mark == "good"
    assert "It closes idle connections after 2 s" in answer
    assert made.found.questions[3].answer.figures["idle_closes_s"].value == 2


def test_a_pool_holds_as_many_as_it_has_workers_and_is_asked_one_by_one(tmp_path: Path) -> None:
    made = report(tmp_path, SimulatedServer(2_000, workers=32))
    mark, answer = question(made, "idle")
    assert mark == "breaks"
    assert answer.startswith("It holds 32 of 10,008 connections: only 32 were served")
    assert "its log ends" not in answer
    told = question(made, "holds")[1]
    assert told.startswith("Over 64 connections that stay: only 32 were served. ")
    assert "with a connection for each request" in told


def test_bad_clients_that_take_the_place_of_others(tmp_path: Path) -> None:
    made = report(tmp_path, SimulatedServer(2_000, suffers=0.8))
    mark, answer = question(made, "clients")
    assert mark == "breaks"
    assert "20% beside 40 clients that send a byte a second" in answer


@pytest.mark.parametrize("leaks", [1_000, 300])
def test_what_stays_of_each_connection_is_told_though_pools_fill_at_first(
    tmp_path: Path, leaks: int
) -> None:
    made = report(tmp_path, SimulatedServer(2_000, leaks_bytes=leaks))
    assert question(made, "leak")[0] == "breaks"
    found = next(one for one in made.found.questions if one.question == "leak").answer.figures
    assert found["leak_bytes"].value == pytest.approx(leaks, rel=0.05)
    assert found["leak_fds"].value == pytest.approx(leaks, rel=0.05)


def test_a_machine_that_spoils_every_trial_says_nothing_of_the_server(tmp_path: Path) -> None:
    made = report(tmp_path, SimulatedServer(2_000, spoiled=True))
    assert {one.mark for one in made.found.questions} == {"not told"}
    assert "other programs used 1.5 cores" in question(made, "holds")[1]
    assert made.exit is Exit.CANNOT_TELL


def test_a_rule_of_the_file_marks_and_says_what_to_do(tmp_path: Path) -> None:
    made = report(tmp_path, SimulatedServer(2_000, drops=7))
    mark, answer = question(made, "crowd")
    assert mark == "look at this"
    assert "7 times the accept queue was full" in answer
    assert "it takes 128" in answer
    crowd = made.found.questions[4]
    assert "backlog" in crowd.do
    rules = "marks: [{question: crowd, mark: breaks, when: crowd_drops > 5, do: Turn it off.}]"
    (tmp_path / "other").mkdir()
    other = report(tmp_path / "other", SimulatedServer(2_000, drops=7), rules)
    assert (other.found.questions[4].mark, other.found.questions[4].do) == (
        "breaks",
        "Turn it off.",
    )


@pytest.mark.parametrize(
    ("threshold", "word", "code"),
    [
        ("holds_per_s > 1500", "kept", Exit.OK),
        ("holds_per_s > 2500", "not kept", Exit.EXCEEDED),
        ("holds_per_s > 2000", "cannot tell", Exit.CANNOT_TELL),
        ("crowd_drops < 1", "kept", Exit.OK),
        ("idle_bytes < 1000", "not kept", Exit.EXCEEDED),
    ],
)
def test_thresholds_are_kept_by_both_ends_of_an_interval(
    tmp_path: Path, threshold: str, word: str, code: Exit
) -> None:
    made = report(tmp_path, SimulatedServer(2_000), f"thresholds: ['{threshold}']")
    (limit,) = made.found.thresholds
    assert (limit.word, made.exit) == (word, code)


def test_a_check_up_that_was_stopped_keeps_nothing_yet(tmp_path: Path) -> None:
    run = simulated_run(tmp_path, SimulatedServer(2_000), "thresholds: ['crowd_drops < 1']")
    run.measure([], "")
    run.stops_at = 20
    with pytest.raises(Exception, match="stopped"):
        run.go_on()
    made = build(run.store.folder)
    assert made
    assert made.exit is Exit.CANNOT_TELL
    assert not made.found.complete
    assert "not finished" in made.html.read_text()


def test_the_files_say_the_same(tmp_path: Path) -> None:
    made = report(tmp_path, SimulatedServer(2_000), "thresholds: ['holds_per_s > 2500']")
    folder = made.html.parent
    assert CheckUpFound.model_validate_json((folder / "checkup.json").read_text()) == made.found
    suite = ElementTree.parse(folder / "junit.xml").getroot()  # noqa: S314 - our own
    assert suite.attrib["tests"] == str(len(QUESTIONS) + 1)
    failing = [case.attrib["name"] for case in suite if case.find("failure") is not None]
    assert "holds_per_s > 2500" in failing
    page, plain = made.html.read_text(), (folder / "report.md").read_text()
    for one in made.found.questions:
        assert one.words in page
        assert one.words in plain
    assert {path.name for path in (folder / "figures").iterdir()} == {
        f"{name}.{kind}" for name in ("holds", "cost") for kind in ("svg", "png")
    }


def test_the_command_answers_with_the_exit_code(tmp_path: Path) -> None:
    run = simulated_run(tmp_path, SimulatedServer(2_000), "thresholds: ['holds_per_s > 2500']")
    run.go_on()
    told = CliRunner().invoke(cli, ["report", str(run.store.folder), "--json"])
    assert told.exit_code == Exit.EXCEEDED
    assert json.loads(told.stdout)["exit"] == 10
    told = CliRunner().invoke(cli, ["report", str(run.store.folder)])
    assert "What does it hold?" in told.stdout
    assert "NOT KEPT" in told.stdout


def test_the_schema_is_current() -> None:
    current = json.dumps(CheckUpFound.model_json_schema(), indent=2) + "\n"
    assert SCHEMA.read_text() == current, (
        "run: python -m analysis checkup_schema > docs/checkup.schema.json"
    )


def test_many_servers_stand_in_one_table(tmp_path: Path) -> None:
    beside = ["epoll_level", "select", "thread_pool"]
    run = simulated_run(
        tmp_path, SimulatedServer(2_000), quick=True, beside=beside, asked="holds,idle"
    )
    run.servers |= {name: SimulatedServer(1_000, closes_idle_s=2.0) for name in beside}
    run.go_on()
    made = build(run.store.folder)
    assert made
    assert [one.question for one in made.found.questions] == ["holds", "idle"]
    _, _, table = made.html.with_suffix(".md").read_text().partition("## All servers\n\n")
    head, _, *rows = table.splitlines()[: 2 + 4]
    assert head == "| server | holds | idle |"
    assert [row.split(" | ")[0] for row in rows] == [
        "| poll",
        *(f"| {server_name(one)}" for one in beside),
    ]
    assert all(re.search(r"\| ✓ [12],?\d{3}/s", row) for row in rows), rows


def test_few_servers_stand_beside_each_other(tmp_path: Path) -> None:
    made = report(tmp_path, SimulatedServer(2_000))
    assert "All servers" not in made.html.read_text()


def test_nothing_is_idle_where_each_connection_is_closed(tmp_path: Path) -> None:
    asking = (ROOT / "loadgen/verification/asking.py").read_text()
    assert all(one in asking for one in CLOSES_EACH)
    made = report(tmp_path, SimulatedServer(2_000, stays=False))
    told = "It closes each connection after its answer"
    assert question(made, "idle") == ("good", f"{told}, so that none stays idle.")
    assert re.match(rf"{told}\. [12],\d{{3}} requests a second", question(made, "holds")[1])
