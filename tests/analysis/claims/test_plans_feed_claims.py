"""Claims and experiments fit together: a claim's trials are in the plan that is to feed it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from analysis.claims.claim import Claim, load_claims
from analysis.claims.judgement import REPEATS_NEEDED
from analysis.claims.judges import compare, syn_ladder
from analysis.claims.rules import Comparison, Comparisons
from experiments.plan.experiment_file import find, names, read
from experiments.plan.trials import expected_s, plan, points
from experiments.records.manifest import usual

if TYPE_CHECKING:
    from collections.abc import Iterator

    from experiments.plan.trials import Point

CLAIMS = load_claims()
TOUR_S, ALL_S = 8 * 60, 60 * 60


def selections(
    claim: Claim, *, deciding: bool
) -> Iterator[tuple[dict[str, Any], Comparison | None]]:
    """The settings that a claim selects trials by, and the rule that does; those that decide, or
    all of them."""
    if claim.judge == syn_ladder.JUDGE.name:
        asked = syn_ladder.Parameters.model_validate(claim.parameters)
        for ladder in asked.ladders.values():
            yield {**asked.settings, **ladder.settings}, None
    if claim.judge == compare.JUDGE.name:
        rules = Comparisons.model_validate(claim.parameters)
        for rule in rules.parts.values():
            if rule.decides or not deciding:
                for settings in rule.selections:
                    yield {**rules.settings, **settings}, rule


@cache
def measured(name: str) -> tuple[dict[str, Any], list[tuple[Point, dict[str, Any]]]]:
    """What is usual in an experiment, and its points with the settings that they record."""
    experiment = read(find(name))
    return usual(experiment), [(point, point.settings.recorded) for point in points(experiment)]


def matching(name: str, settings: dict[str, Any], rule: Comparison | None) -> list[Point]:
    usually, recorded = measured(name)
    free = rule.free if rule else ()
    wanted = {key: value for key, value in (usually | settings).items() if key not in free}
    return [point for point, values in recorded if {key: values[key] for key in wanted} == wanted]


# The smoke experiment is too small for its claims, whose verdicts it shows all the same.
@pytest.mark.parametrize("name", [name for name in names() if name != "smoke"])
def test_an_experiment_measures_what_its_claims_select(name: str) -> None:
    experiment = read(find(name))
    for number in experiment.claims:
        for settings, rule in selections(CLAIMS[number], deciding=True):
            found = matching(name, settings, rule)
            assert found, f"claim {number} selects {settings}, which {name} does not measure"
            repeats = max(point.repeats or experiment.repeats for point in found)
            assert repeats >= REPEATS_NEEDED, f"claim {number}: {settings}"


@pytest.mark.parametrize("number", CLAIMS)
def test_a_claim_is_judged_by_the_experiment_that_it_names(number: int) -> None:
    assert number in read(find(CLAIMS[number].experiment)).claims


@pytest.mark.parametrize("number", CLAIMS)
def test_figures_that_only_explain_are_measured_too(number: int) -> None:
    claim = CLAIMS[number]
    causes = claim.refuted_because.measured.values()
    shown = [(settings, rule) for rule in causes for settings in rule.selections]
    for settings, rule in [*shown, *selections(claim, deciding=False)]:
        assert matching(claim.experiment, settings, rule), (
            f"{settings} is not in {claim.experiment}"
        )


def test_all_holds_every_claim_within_an_hour() -> None:
    whole = read(find("all"))
    unfed = sorted(set(CLAIMS) - set(whole.claims))
    assert not unfed, f"no experiment that experiments/all.yaml includes has claims {unfed}"
    assert whole.claims == list(CLAIMS)
    assert expected_s(plan(whole)) < ALL_S


def test_the_tour_holds_its_nine_claims_within_eight_minutes() -> None:
    tour = read(find("c10k"))
    assert {2, 3, 8, 10, 14, 16, 18, 25, 30} <= set(tour.claims)
    assert tour.repeats >= REPEATS_NEEDED
    assert expected_s(plan(tour)) < TOUR_S
