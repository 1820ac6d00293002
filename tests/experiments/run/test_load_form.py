"""The load is told what the server has to answer, how that is checked, and when it begins."""

from __future__ import annotations

from typing import Any

import pytest

from contract.expected import Expected
from contract.settings.trial import Settings
from experiments.plan.foreign_server import Foreign
from experiments.plan.trials import Point, Trial
from experiments.run.load_form import load_form
from experiments.run.server_under_test import foreign_server, lab_server
from loadgen.option_checks import parse


@pytest.mark.parametrize(
    ("entry", "form"),
    [
        (
            {},
            {
                "expect_status": "200",
                "expect_body": "",
                "expect_body_is": "whole",
                "expect_headers": "",
                "check": "auto",
                "ready_s": 30.0,
                "ready_path": "",
                "ready_status": "",
            },
        ),
        (
            {
                "expect": {"status": [200, 204], "body_contains": "ok", "headers": {"X": "1"}},
                "check": "framing",
                "ready": {"path": "/health", "status": 204, "timeout_s": 90},
            },
            {
                "expect_status": "200, 204",
                "expect_body": "ok",
                "expect_body_is": "contains",
                "expect_headers": '{"X": "1"}',
                "check": "framing",
                "ready_s": 90.0,
                "ready_path": "/health",
                "ready_status": "204",
            },
        ),
        ({"expect": {"any_body": True}}, {"expect_body": "", "expect_body_is": "any"}),
        ({"expect": {"body_matches": "^a"}}, {"expect_body": "^a", "expect_body_is": "matches"}),
    ],
)
def test_what_is_expected_and_when_it_is_ready_reaches_the_load(
    entry: dict[str, Any], form: dict[str, Any]
) -> None:
    foreign = Foreign.model_validate({"image": "app", **entry})
    trial = Trial(Point("s", Settings(server="app", backlog=None), foreign), 1, 1, 1)
    given = load_form(trial, foreign_server(trial.point.settings, foreign, "sha256:app"))
    assert {name: given[name] for name in form} == form
    terms = parse(given, given["host"]).terms
    assert terms.check == form.get("check", "auto")
    assert terms.expected == foreign.expect.expected
    assert terms.ready.within_s == foreign.ready.timeout_s


def test_a_server_of_the_lab_is_compared_byte_for_byte() -> None:
    trial = Trial(Point("s", Settings()), 1, 1, 1)
    given = load_form(trial, lab_server(trial.point.settings, "server:1"))
    terms = parse(given, given["host"]).terms
    assert (terms.check, terms.expected) == ("exact", Expected(body="Hello, world!"))
