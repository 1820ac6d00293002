"""The report of the golden run in a browser: complete, quiet, readable at any width."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from selenium.webdriver.common.by import By

from analysis.report import SYMBOLS, build
from tests.browser.browser import HEIGHT, NARROW, WIDE

if TYPE_CHECKING:
    from tests.browser.browser import Browser

pytestmark = [pytest.mark.browser, pytest.mark.docker]
GOLDEN = Path(__file__).parents[1] / "golden" / "run"
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


@dataclass(frozen=True, slots=True)
class Written:
    """The folder of a run with its report, and where the browser finds the page."""

    folder: Path
    url: str

    def verdicts(self) -> list[dict[str, str]]:
        with (self.folder / "verdicts.csv").open(newline="") as lines:
            return list(csv.DictReader(lines))

    def figures(self) -> list[Path]:
        return sorted((self.folder / "figures").iterdir())


@pytest.fixture(scope="module")
def written(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = Path(shutil.copytree(GOLDEN, tmp_path_factory.mktemp("report") / "run"))
    return Written(folder, browser.put(build(folder).html))


def test_it_says_nothing_in_the_console_and_asks_for_nothing(
    browser: Browser, written: Written
) -> None:
    browser.open(written.url)
    browser.web.execute_script(OPEN_ALL)
    assert browser.console() == []
    assert browser.requests() == [written.url]


def test_title_and_headings(browser: Browser, written: Written) -> None:
    browser.open(written.url)
    assert browser.web.title == "c10k · C10K lab"
    headings = [one.text for one in browser.web.find_elements(By.CSS_SELECTOR, "h1, h2, h3")]
    assert all(headings)
    assert len(browser.web.find_elements(By.TAG_NAME, "h1")) == 1
    linked = [one.text for one in browser.web.find_elements(By.CSS_SELECTOR, "nav a")]
    assert "Idle connections" in linked
    assert set(linked) < set(headings)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_verdict_is_in_the_table(browser: Browser, written: Written, width: int) -> None:
    browser.open(written.url, width)
    rows = browser.web.find_elements(By.CSS_SELECTOR, "table.verdicts tbody tr")
    shown = [row.find_element(By.CSS_SELECTOR, ".chip").text for row in rows]
    expected = [verdict["verdict"] for verdict in written.verdicts()]
    assert {"reproduced", "refuted", "inconclusive"} <= set(expected)
    assert shown == [f"{SYMBOLS[verdict]}\n{verdict}" for verdict in expected]


def test_a_claim_opens_at_a_click(browser: Browser, written: Written) -> None:
    browser.open(written.url)
    claim = browser.web.find_element(By.CSS_SELECTOR, ".verdicts details")
    bound = claim.find_element(By.XPATH, ".//*[starts-with(., 'Bound: ')]")
    assert not bound.is_displayed()
    claim.find_element(By.TAG_NAME, "summary").click()
    assert bound.is_displayed()


def test_every_figure_is_drawn(browser: Browser, written: Written) -> None:
    browser.open(written.url)
    drawn = browser.look("figures")
    assert len(drawn) == len([path for path in written.figures() if path.suffix == ".svg"])
    for figure in drawn:
        assert figure["width"] > WIDE / 2, figure
        assert figure["height"] > HEIGHT / 5, figure
        assert figure["name"], figure
        assert figure["words"] > 5, figure
        assert figure["marks"] > 5, figure


def test_every_saved_picture_opens(browser: Browser, written: Written) -> None:
    assert {path.suffix for path in written.figures()} == {".png", ".svg"}
    for path in written.figures():
        browser.open(browser.put(path))
        if path.suffix == ".png":
            (image,) = browser.web.find_elements(By.TAG_NAME, "img")
            assert browser.web.execute_script("return arguments[0].naturalWidth", image), path.name
        else:
            assert browser.web.find_element(By.TAG_NAME, "svg").rect["width"], path.name
        assert browser.console() == []


def test_every_link_leads_somewhere(browser: Browser, written: Written) -> None:
    browser.open(written.url)
    links = browser.look("links")
    elsewhere = [href for href in links["hrefs"] if urlsplit(href).scheme]
    assert {urlsplit(href).scheme for href in elsewhere} <= {"http", "https"}
    within = [urlsplit(href) for href in links["hrefs"] if href not in elsewhere]
    assert all((written.folder / unquote(link.path)).exists() for link in within)
    assert {link.fragment for link in within if not link.path} <= set(links["places"])
    assert {"trials.csv", ""} < {link.path for link in within}
    assert elsewhere


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_nothing_stands_out_of_the_page(browser: Browser, written: Written, width: int) -> None:
    browser.open(written.url, width)
    assert browser.look("overflowing") == []
    browser.web.execute_script(OPEN_ALL)
    assert browser.look("overflowing") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(browser: Browser, written: Written, scheme: str) -> None:
    browser.open(written.url, scheme=scheme)
    browser.web.execute_script(OPEN_ALL)
    assert browser.look("faint") == []
