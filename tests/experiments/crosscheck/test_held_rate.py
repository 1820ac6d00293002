"""The search beside h2load, without Docker: a server that holds a known rate."""

from __future__ import annotations

import pytest

from contract.checkup.held_rate import HeldRate
from contract.checkup.kept import Limits
from contract.exits import LabError
from contract.settings.trial import Settings
from experiments.crosscheck import held_rate
from experiments.crosscheck.held_rate import CLIENTS, command, compare_held_rate, read_p99_us
from experiments.crosscheck.table import DIFFERS, SAME

HOLDS = 1_700.0
SECOND_US = 1_000_000


def measured(settings: Settings) -> dict[str, object]:
    """The row of a trial of a server that holds HOLDS."""
    slow = (settings.rate_per_s or 0.0) > HOLDS
    return {
        "requests_per_s": 1_800.0,
        "validity": "server_bound",
        "spoiled_by": "",
        "error_share": 0.0,
        "response_p99_us": 400_000.0 if slow else 2_000.0,
        "lower_bounds": "",
    }


def log(time_us: float, *, of: int = 6_000, failed: int = 0) -> str:
    """Of requests that were sent for six seconds."""
    step = 6 * SECOND_US // of
    return "".join(
        f"{10**15 + i * step}\t{500 if i % of < failed else 200}\t{time_us:.0f}\n"
        for i in range(of)
    )


def word(command: tuple[str, ...], option: str) -> float:
    words = command[3:]  # behind those of the shell
    return float(words[words.index(option) + 1])


def test_the_search_of_the_lab_ends_around_what_the_server_holds() -> None:
    held = held_rate.search(measured, Limits())
    assert held.low < HOLDS < held.high
    assert held.width < 1.1


def test_a_search_whose_trials_say_nothing_ends_with_a_reason() -> None:
    def spoiled(settings: Settings) -> dict[str, object]:
        return {**measured(settings), "error_share": None}

    with pytest.raises(LabError, match="was not found in 24 trials"):
        held_rate.search(spoiled, Limits())


def test_a_tool_that_sees_the_same_agrees_and_one_that_does_not_differs() -> None:
    held = HeldRate(HOLDS, 0.98 * HOLDS, 1.02 * HOLDS)

    def loaded(words: tuple[str, ...]) -> str:
        return log(400_000 if word(words, "--rps") * CLIENTS > HOLDS else 2_000)

    same = list(compare_held_rate(held, Limits(), loaded))
    assert [one.verdict for one in same] == [SAME, SAME]
    assert [one.theirs for one in same] == [(1.0,), (0.0,)]
    for time_us, agree in ((2_000, [SAME, DIFFERS]), (400_000, [DIFFERS, SAME])):
        other = compare_held_rate(held, Limits(), lambda _, us=time_us: log(us))  # type: ignore[misc]
        assert [one.verdict for one in other] == agree


def test_all_clients_of_the_tool_together_have_the_rate_for_its_time() -> None:
    words = command(1_500.0)
    assert word(words, "--rps") * word(words, "-c") == pytest.approx(1_500.0)
    assert word(words, "-n") == pytest.approx(1_500.0 * held_rate.LASTS_S, rel=0.05)
    assert word(words, "-n") % CLIENTS == 0  # else some of them would be done earlier


def test_what_was_sent_while_not_all_clients_were_there_does_not_count() -> None:
    early = "".join(f"{10**15 + i}\t200\t900000\n" for i in range(1_000))
    late = "".join(f"{10**15 + 5 * SECOND_US + i}\t200\t900000\n" for i in range(1_000))
    assert read_p99_us(early + log(2_000) + late) == 2_000


def test_what_failed_lasted_for_ever() -> None:
    assert read_p99_us(log(2_000, failed=0)) == 2_000
    assert read_p99_us(log(2_000) + log(2_000, failed=6_000)) > 1e9


def test_a_log_without_a_request_is_refused() -> None:
    with pytest.raises(LabError, match="wrote down no request"):
        read_p99_us("")
