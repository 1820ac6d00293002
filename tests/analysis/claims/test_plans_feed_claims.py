"""Claims and experiments fit together: a claim's trials are in the plan that is to feed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from analysis.claims.claim import Claim, load_claims
from analysis.claims.judgement import REPEATS_NEEDED
from analysis.claims.judges import syn_ladder
from analysis.claims.rules import Comparison, Rule
from experiments.plan.experiment_file import find, names, read
from experiments.plan.trials import expected_s, plan, points
from experiments.records.manifest import usual

if TYPE_CHECKING:
    from collections.abc import Iterator

    from experiments.plan.trials import Point

CLAIMS = load_claims()
TOUR_S, ALL_S = 8 * 60, 60 * 60


def selections(claim: Claim) -> Iterator[dict[str, Any]]:
    """The settings that a claim selects its deciding trials by."""
    if claim.judge == syn_ladder.NAME:
        asked = syn_ladder.Parameters.model_validate(claim.parameters)
        yield from ({**asked.settings, **one.settings} for one in asked.ladders.values())
    if claim.judge == "compare":
        comparison = Comparison.model_validate(claim.parameters)
        for rule in comparison.parts.values():
            if rule.decides:
                yield from ({**comparison.settings, **one} for one in chosen(rule))


def chosen(rule: Rule) -> list[dict[str, Any]]:
    return rule.among or [one for one in (rule.of, rule.over) if one is not None]


def matching(name: str, settings: dict[str, Any]) -> list[Point]:
    experiment = read(find(name))
    wanted = usual(experiment) | settings
    return [
        point
        for point in points(experiment)
        if {key: point.settings.recorded[key] for key in wanted} == wanted
    ]


@pytest.mark.parametrize("name", names())
def test_an_experiment_measures_what_its_claims_select(name: str) -> None:
    experiment = read(find(name))
    for number in experiment.claims:
        for settings in selections(CLAIMS[number]):
            found = matching(name, settings)
            assert found, f"claim {number} selects {settings}, which {name} does not measure"
            repeats = max(point.repeats or experiment.repeats for point in found)
            assert repeats >= REPEATS_NEEDED or name == "smoke", f"claim {number}: {settings}"


@pytest.mark.parametrize("number", CLAIMS)
def test_a_claim_is_judged_by_the_experiment_that_it_names(number: int) -> None:
    assert number in read(find(CLAIMS[number].experiment)).claims


@pytest.mark.parametrize("number", CLAIMS)
def test_figures_that_only_explain_are_measured_too(number: int) -> None:
    claim = CLAIMS[number]
    wanted = list((claim.refuted_because.measured).values())
    shown = [settings for rule in wanted for settings in chosen(rule)]
    if claim.judge == "compare":
        comparison = Comparison.model_validate(claim.parameters)
        shown += [
            {**comparison.settings, **settings}
            for rule in comparison.parts.values()
            for settings in chosen(rule)
        ]
    for settings in shown:
        assert matching(claim.experiment, settings), f"{settings} is not in {claim.experiment}"


def test_all_holds_every_claim_within_an_hour() -> None:
    whole = read(find("all"))
    assert whole.claims == list(CLAIMS)
    assert expected_s(plan(whole)) < ALL_S


def test_the_tour_holds_its_nine_claims_within_eight_minutes() -> None:
    tour = read(find("c10k"))
    assert {2, 3, 8, 10, 14, 16, 18, 25, 30} <= set(tour.claims)
    assert tour.repeats >= REPEATS_NEEDED
    assert expected_s(plan(tour)) < TOUR_S
