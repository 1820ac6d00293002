"""The report of all experiments together in a browser: every chart is drawn, none too heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from analysis.figures import all_figures
from analysis.report.report import build
from tests.browser.test_report import scroll
from tests.support import planned_data as planned
from tests.support.trial_details import write_details

if TYPE_CHECKING:
    from tests.browser.browser import Browser

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.lockless]
MOST_BYTES = 6_000_000


def test_every_picture_of_the_field_is_there(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = planned.write(tmp_path_factory.mktemp("whole") / "run", "all")
    trials = pd.read_csv(folder / "trials.csv", low_memory=False)
    write_details(folder, trials[(trials["block"] <= 2) & trials["watched"].isna()])
    page = build(folder).html
    assert page.stat().st_size < MOST_BYTES
    browser.open(browser.put(page))
    scroll(browser)
    assert browser.console() == []
    charts = browser.look("charts")
    assert len(charts) == len(browser.look("figures")) == len(all_figures())
    assert all(chart["inks"] > 10 and chart["metrics"] for chart in charts), charts
