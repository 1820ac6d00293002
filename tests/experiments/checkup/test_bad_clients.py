"""The trials of bad clients: a kind each, of those that are asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contract.checkup.description import CLIENTS, FLOOD, HOSTILE, READERS
from contract.checkup.rules import Rules, rules_of
from contract.settings.conflicts import check
from contract.settings.trial import Settings
from experiments.checkup.bad_clients import BEYOND, beside
from experiments.checkup.rules_file import read_rules

RULES = rules_of(read_rules(None))
USUAL = Settings(load="open_loop", rate_per_s=500.0, active_connections=64)


def rows(**cells: Any) -> list[dict[str, Any]]:
    row = {"server_processes": 1, "active_connections": 8, "idle_connections": 10_000}
    return [row | cells]


def asked(rules: Rules, planned: list[dict[str, Any]]) -> dict[str, Settings]:
    return {sweep: settings for sweep, settings, _ in beside(USUAL, rules, planned)}


def test_each_kind_is_a_trial_that_differs_from_the_good_ones_in_it_alone() -> None:
    found = asked(RULES, rows())
    assert list(found) == [CLIENTS, READERS, HOSTILE, FLOOD]
    assert found[CLIENTS] == replace(USUAL, slow_writers=40, vanishing_per_s=20.0)
    assert found[READERS] == replace(USUAL, slow_readers=40)
    assert found[HOSTILE] == replace(USUAL, hostile_per_s=30.0)
    assert (found[FLOOD].server_nofile, found[FLOOD].flood) == (1_024, 1_024 + BEYOND)
    for settings in found.values():
        check(settings)


def test_a_flood_is_beyond_the_descriptors_of_all_processes() -> None:
    assert asked(RULES, rows(server_processes=4))[FLOOD].flood == 4 * 1_024 + BEYOND
    assert asked(RULES, rows(server_processes=None))[FLOOD].flood == 1_024 + BEYOND


@pytest.mark.parametrize("cells", [{"server_processes": 10}, {"idle_connections": 1_000}])
def test_a_flood_that_the_load_has_no_room_for_does_not_come(cells: dict[str, int]) -> None:
    assert FLOOD not in asked(RULES, rows(**cells))


def test_nobody_comes_whom_the_rules_do_not_ask_for() -> None:
    none = replace(
        RULES,
        slow_writers=0,
        vanishing_per_s=0.0,
        slow_readers=0,
        hostile_per_s=0.0,
        flood_descriptors=0,
    )
    assert asked(none, rows()) == {}
