"""What chance gives the process that gets most, against the binomial distribution itself."""

from __future__ import annotations

import math

import pytest

from contract.settings.trial import Settings
from contract.spread import SELDOM, SPREADING, most_of_one, most_together
from servers.registry import load


def beyond(each: int, connections: int, processes: int) -> float:
    """How likely it is that a given process has more than `each`, exactly."""
    share, rest = math.log(1 / processes), math.log(1 - 1 / processes)
    logs = (
        math.lgamma(connections + 1)
        - math.lgamma(seen + 1)
        - math.lgamma(connections - seen + 1)
        + seen * share
        + (connections - seen) * rest
        for seen in range(each + 1, connections + 1)
    )
    return math.fsum(map(math.exp, logs))


@pytest.mark.parametrize(
    ("connections", "processes"), [(600, 3), (1_000, 2), (10_008, 4), (20_000, 16), (100_060, 6)]
)
def test_no_process_has_more_but_once_in_a_million_times(connections: int, processes: int) -> None:
    most = most_of_one(connections, processes)
    assert processes * beyond(most, connections, processes) <= SELDOM
    share = connections / processes
    likely = most - int(0.2 * (most - share))
    assert processes * beyond(likely, connections, processes) > SELDOM, "the bound is a near one"


@pytest.mark.parametrize(("connections", "processes"), [(0, 3), (1, 1), (19_700, 1), (5, 4)])
def test_one_process_or_few_connections_leave_nothing_to_chance(
    connections: int, processes: int
) -> None:
    assert most_of_one(connections, processes) == connections


@pytest.mark.parametrize(("each", "processes"), [(700, 1), (700, 3), (19_700, 5), (19_700, 6)])
def test_one_connection_more_would_be_too_many(each: int, processes: int) -> None:
    room = most_together(each, processes)
    assert most_of_one(room, processes) <= each < most_of_one(room + 1, processes)


def test_twenty_thousand_descriptors_take_six_processes_for_a_hundred_thousand_connections() -> (
    None
):
    """Five would do if they were dealt out in turn, for 98,500."""
    assert most_together(19_700, 5) < 98_500 < 100_060 < most_together(19_700, 6)
    assert most_of_one(100_060, 6) < 17_500


@pytest.mark.parametrize("each", [0, -5])
def test_a_process_with_room_for_none_has_none(each: int) -> None:
    assert most_together(each, 3) == 0


def test_what_chance_spreads_are_servers_that_take_workers() -> None:
    for name in SPREADING:
        assert "workers" not in load(name).ignores
        assert Settings(server=name, workers=6).server_shares == 6
        assert Settings(server=name).server_shares == 1, "its own number is its own"
    assert Settings(server="prefork_epoll", workers=6).server_shares == 1, "who is awake takes most"
