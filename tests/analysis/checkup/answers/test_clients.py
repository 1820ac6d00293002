"""What is told of bad clients of each kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.checkup.document import QuestionFound
from analysis.checkup.report import CheckUpReport, build
from analysis.wording import TIMES
from contract.checkup.description import CLIENTS, FLOOD, HOSTILE, READERS
from tests.support.failing_check_ups import checked_up
from tests.support.simulated_run import simulated_run
from tests.support.simulated_server import SimulatedServer

pytestmark = pytest.mark.usefixtures("without_pictures")


def asked(folder: Path, subject: SimulatedServer) -> tuple[QuestionFound, CheckUpReport]:
    run = simulated_run(folder, subject, beside=(), asked=CLIENTS)
    run.go_on()
    made = build(run.store.folder)
    assert made
    return next(one for one in made.found.questions if one.question == "clients"), made


def test_a_server_that_bears_all_is_good_and_keeps_nothing(tmp_path: Path) -> None:
    found, made = asked(tmp_path, SimulatedServer(2_000))
    assert found.mark == "good"
    told = found.answer.answer
    for words in (
        "100% beside 40 clients that send a byte a second and 20 resets a second",
        "100% beside 40 clients that hardly read",
        "100% beside 30 clients a second with garbage or endless heads",
        "While 1,224 connections at once flood it, and each of its processes may have 1,024 "
        "descriptors, 100% are; p99 is within the limit when it ends.",
        "When they have gone it answers at once, and no descriptor stays open; its memory is as "
        "under the same load without them.",
    ):
        assert words in told
    page = made.html.read_text()
    for heading in ("descriptors left", "memory left"):
        assert heading in page


@pytest.mark.parametrize("kind", [CLIENTS, READERS, HOSTILE])
def test_the_worst_kind_is_the_figure(tmp_path: Path, kind: str) -> None:
    found, _ = asked(tmp_path, SimulatedServer(2_000, suffers=0.8, suffers_from=kind))
    assert found.mark == "breaks"
    assert found.answer.figures["clients_served_share"].value == pytest.approx(0.2, abs=0.01)
    assert found.answer.figures["clients_p99_us"].value == 3e6


def test_a_flood_has_figures_of_its_own(tmp_path: Path) -> None:
    suffering = SimulatedServer(2_000, suffers=0.8, suffers_from=FLOOD, flooded_s=2.0)
    found, _ = asked(tmp_path, suffering)
    assert found.mark == "look at this"
    figures = found.answer.figures
    assert figures["clients_served_share"].value == 1
    assert figures["flood_served_share"].value == pytest.approx(0.2, abs=0.01)
    assert figures["flood_recovers_s"].value == 2.5


def test_a_server_that_never_recovers_from_a_flood(tmp_path: Path) -> None:
    found, _ = asked(tmp_path, SimulatedServer(2_000, flooded_s=60.0))
    assert "p99 is not within the limit again in the window" in found.answer.answer
    recovers = found.answer.figures["flood_recovers_s"]
    assert (recovers.value, recovers.low, recovers.high) == (5.5, 5.5, None)
    assert "accept fails" in found.do


def test_descriptors_and_memory_that_stay(tmp_path: Path) -> None:
    found, _ = asked(tmp_path, SimulatedServer(2_000, keeps_fds=90))
    assert "and 90 descriptors stay open" in found.answer.answer
    assert found.mark == "look at this"
    (tmp_path / "more").mkdir()
    found, _ = asked(tmp_path / "more", SimulatedServer(2_000, memory_times=3.0))
    assert f"its memory is 3{TIMES} that of the same load without them" in found.answer.answer
    assert found.answer.figures["clients_memory_times"].value == pytest.approx(3)
    assert found.mark == "look at this"


def test_a_server_that_answers_nobody_afterwards_breaks(tmp_path: Path) -> None:
    found, _ = asked(tmp_path, SimulatedServer(2_000, hangs_after=HOSTILE))
    assert found.mark == "breaks"
    assert found.answer.failed
    assert "gave no right answer within 10 s after the bad clients had gone." in found.answer.answer


@pytest.mark.parametrize(
    ("kind", "company", "mark"),
    [
        (CLIENTS, "slow_readers=0 slow_writers=40 vanished=60", "good"),
        (CLIENTS, "slow_readers=0 slow_writers=36 slow_writer_not_connected=9", "good"),
        (CLIENTS, "slow_readers=0 slow_writers=3 slow_writer_not_connected=900", "not told"),
        (CLIENTS, "slow_readers=0 slow_writers=3 slow_writer_closed=400", "good"),
        (READERS, "slow_readers=3 slow_writers=0 slow_reader_not_connected=900", "not told"),
    ],
)
def test_what_bad_clients_do_is_known_of_those_that_were_there(
    tmp_path: Path, kind: str, company: str, mark: str
) -> None:
    """Those that the server closed it deals with; they come again."""
    found = checked_up(tmp_path, {"company": company}, (kind,))
    assert found.mark(CLIENTS) == mark
    lost = "it is not known: 3 of 40 were there as the window closed."
    assert (lost in found.words(CLIENTS)) is (mark == "not told")
    assert found.thresholds(CLIENTS) == {"kept" if mark == "good" else "cannot tell"}
