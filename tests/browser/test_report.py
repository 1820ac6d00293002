"""The report of the golden run in a browser: complete, quiet, readable at any width."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.ui import WebDriverWait

from analysis.charts.palette import in_order
from analysis.report.report import build
from analysis.wording import SYMBOLS, server_name
from experiments.paths import ROOT
from tests.browser.browser import HEIGHT, NARROW, PAPER, WIDE
from tests.support.made_up_run import trials
from tests.support.trial_details import write_details

if TYPE_CHECKING:
    from tests.browser.browser import Browser

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.lockless]
AXE = resources.files("axe_core_python") / "axe.min.js"
SERIOUS = ("serious", "critical")
SCROLL = """
const done = arguments[0];
const figures = [...document.querySelectorAll(".figure")];
const step = () => {
  const figure = figures.shift();
  if (!figure) { done(); return; }
  figure.scrollIntoView({ block: "center", behavior: "instant" });
  const made = () => !figure.querySelector("script") || figure.querySelector(".live");
  const wait = () => { if (made()) step(); else requestAnimationFrame(wait); };
  wait();
};
step();
"""
"""Past every figure, as soon as its chart is made."""
STRICT = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'">"""
INKS = """
return [...document.querySelectorAll(".picture svg *")].map((one) => {
  const style = getComputedStyle(one);
  return [one.id, style.fill, style.stroke, style.strokeWidth, style.textAnchor, style.fontSize];
});
"""
"""Of every part of every picture, as it is drawn."""
DRAWN_S = 30
LAPTOP, TELEPHONE = (1_280, 800), (390, 844)
"""Windows in which the verdicts are seen without scrolling."""
GOLDEN = ROOT / "tests/golden/run"
SEEN = "return [...document.querySelectorAll(arguments[0])].map((one) => one.checkVisibility())"
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


def scroll(browser: Browser) -> None:
    """Past every figure, until each chart is made and drawn."""
    browser.web.execute_async_script(SCROLL)
    WebDriverWait(browser.web, DRAWN_S).until(
        lambda _: all(chart["inks"] > 10 for chart in browser.look("charts")), "a chart is empty"
    )


@pytest.fixture(scope="module")
def written(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = Path(shutil.copytree(GOLDEN, tmp_path_factory.mktemp("report") / "run"))
    write_details(folder, trials(5))
    return Written(folder, browser.put(build(folder).html))


def test_it_says_nothing_in_the_console_and_asks_for_nothing(
    browser: Browser, written: Written
) -> None:
    browser.open(written.url)
    browser.web.execute_script(OPEN_ALL)
    scroll(browser)
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


@pytest.mark.parametrize(("width", "height"), [LAPTOP, TELEPHONE])
def test_the_verdicts_are_seen_without_scrolling(
    browser: Browser, written: Written, width: int, height: int
) -> None:
    browser.open(written.url, width)
    assert 0 < browser.look("verdictsEnd") <= height


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_verdict_is_in_the_table(browser: Browser, written: Written, width: int) -> None:
    browser.open(written.url, width)
    rows = browser.web.find_elements(By.CSS_SELECTOR, "table.verdicts tbody tr")
    shown = [row.find_element(By.CSS_SELECTOR, ".chip").text for row in rows]
    expected = [verdict["verdict"] for verdict in written.verdicts()]
    assert {"reproduced", "refuted", "inconclusive"} <= set(expected)
    assert shown == [f"{SYMBOLS[verdict]}\n{verdict}" for verdict in expected]
    cells = [row.find_element(By.CSS_SELECTOR, ".measured") for row in rows]
    least = 0.9 if width == NARROW else 0.1  # on a telephone it has a line to itself
    assert all(c.size["width"] > least * r.size["width"] for c, r in zip(cells, rows, strict=True))


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


def test_every_chart_is_made_when_it_is_scrolled_to(browser: Browser, written: Written) -> None:
    browser.open(written.url)
    assert len(browser.look("charts")) < len(browser.look("figures"))
    scroll(browser)
    charts = browser.look("charts")
    assert len(charts) == len(browser.look("figures"))
    for chart in charts:
        assert chart["width"] > WIDE / 2, chart
        assert chart["inks"] > 10, chart
        assert chart["behind"], chart
        assert chart["buttons"], chart
        assert chart["metrics"], chart


def test_a_server_is_hidden_and_shown_in_all_charts(browser: Browser, written: Written) -> None:
    browser.open(written.url)
    scroll(browser)
    button = browser.web.find_element(By.CSS_SELECTOR, "#idle_connections .servers button")
    name = button.text.split("\n")[-1]
    assert name in {server_name(server) for server in in_order(trials(1)["server"])}
    browser.web.execute_script("arguments[0].click()", button)
    same = browser.web.find_elements(By.XPATH, f"//button[@data-line='{name}']")
    assert len(same) > 1
    assert {one.get_attribute("aria-pressed") for one in same} == {"false"}
    browser.web.execute_script("arguments[0].click()", button)
    assert {one.get_attribute("aria-pressed") for one in same} == {"true"}


def test_metric_scale_and_picture_can_be_chosen(browser: Browser, written: Written) -> None:
    browser.open(written.url)
    scroll(browser)
    figure = browser.web.find_element(By.ID, "latency")
    choice = Select(figure.find_element(By.TAG_NAME, "select"))
    for option in [one.text for one in choice.options]:
        choice.select_by_visible_text(option)
    box = figure.find_element(By.CSS_SELECTOR, "input[type=checkbox]")
    browser.web.execute_script("arguments[0].click(); arguments[0].click()", box)
    swap = figure.find_element(By.CSS_SELECTOR, "button.swap")
    browser.web.execute_script("arguments[0].click()", swap)
    assert figure.find_element(By.CSS_SELECTOR, ".picture svg").rect["width"] > WIDE / 2
    assert not figure.find_element(By.CSS_SELECTOR, ".live").is_displayed()
    assert not figure.find_element(By.TAG_NAME, "select").is_enabled()
    assert browser.console() == []


def test_pictures_are_the_same_where_scripts_and_styles_are_forbidden(
    browser: Browser, written: Written, tmp_path: Path
) -> None:
    """As some servers hand out what a build has kept."""
    browser.open(written.url)
    browser.web.execute_script(OPEN_ALL)
    expected = browser.web.execute_script(INKS)
    page = (written.folder / "report.html").read_text()
    strict = tmp_path / "strict.html"
    strict.write_text(page.replace("<head>", f"<head>{STRICT}", 1))
    browser.open(browser.put(strict))
    assert browser.web.execute_script("return getComputedStyle(document.body).margin") == "8px"
    found = browser.web.execute_script(INKS)
    assert len(found) == len(expected) > 100
    assert found == expected
    assert "Claim 3" in browser.web.find_element(By.TAG_NAME, "body").text


def test_a_link_to_a_server_opens_its_page(browser: Browser, written: Written) -> None:
    browser.open(f"{written.url}#server-poll")
    page = browser.web.find_element(By.ID, "server-poll")
    assert page.get_attribute("open")
    assert "Idle connections slow it down" in page.text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_an_accessibility_checker_finds_nothing_serious(
    browser: Browser, written: Written, scheme: str, width: int
) -> None:
    browser.open(written.url, width, scheme)
    browser.web.execute_script(OPEN_ALL)
    scroll(browser)
    browser.web.execute_script(AXE.read_text(encoding="utf-8"))
    found = browser.web.execute_async_script("axe.run().then(arguments[0])")
    assert found["passes"]
    wrong = [
        f"{one['id']}: {node['html'][:120]}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]
    assert wrong == []


def test_every_saved_picture_opens(browser: Browser, written: Written) -> None:
    assert {path.suffix for path in written.figures()} == {".png", ".svg", ".csv"}
    for path in (one for one in written.figures() if one.suffix != ".csv"):
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
    assert {"trials.csv", "summary.csv", ""} < {link.path for link in within}
    assert elsewhere


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_nothing_stands_out_of_the_page(browser: Browser, written: Written, width: int) -> None:
    browser.open(written.url, width)
    assert browser.look("overflowing") == []
    browser.web.execute_script(OPEN_ALL)
    assert browser.look("overflowing") == []


def test_paper_has_all_that_fits_on_it(browser: Browser, written: Written) -> None:
    """Nothing can be opened or moved there; sources and the manifest are in the file."""
    browser.open(written.url, PAPER, media="print")
    assert browser.look("overflowing") == []
    for shown in (".picture", ".figure ~ details .data", ".server .data", ".verdicts summary"):
        assert set(seen(browser, shown)) == {True}, shown
    for left_out in (".verdicts details p", "#machine pre", ".controls", ".live", "nav", ".short"):
        assert not any(seen(browser, left_out)), left_out


def seen(browser: Browser, selector: str) -> list[bool]:
    """Whether each such element can be seen."""
    found: list[bool] = browser.web.execute_script(SEEN, selector)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(browser: Browser, written: Written, scheme: str) -> None:
    browser.open(written.url, scheme=scheme)
    browser.web.execute_script(OPEN_ALL)
    assert browser.look("faint") == []
