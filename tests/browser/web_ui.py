"""Locust's web UI by what a person reads on it: labels, buttons and tabs, not its classes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from selenium.webdriver.remote.webelement import WebElement

    from tests.browser.browser import Browser

PATIENCE_S: Final = 120.0
FORM: Final = "//button[.='New'] | //form//button[@type='submit']"


class WebUI:
    """What is not there yet is waited for, and named when it does not come."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url

    def wait_for_workers(self, count: int) -> None:
        """Until the master answers and has so many."""

        def look() -> bool:
            self._browser.open(f"{self._url}/worker-count")
            told = self._browser.web.find_element(By.TAG_NAME, "pre").text
            return bool(json.loads(told)["worker_count"] == count)

        self.until(look, f"a master with {count} worker(s)")

    def open_form(self) -> None:
        """The form for a new load with all its parameters, whatever was loaded before."""
        self._browser.open(self._url)
        if self._find(FORM).text.lower() == "new":
            self._click(FORM)
        self._knobs_are_there()

    def edit(self) -> None:
        """The form for changing the load that runs."""
        self.press("Edit")
        self._find("//form//h4[starts-with(., 'Only users')]")
        self.unfold("Custom parameters")
        self._knobs_are_there()

    def _knobs_are_there(self) -> None:
        self.until(
            lambda: self.field(words("server")).is_displayed(), "the form with its parameters"
        )

    def unfold(self, part: str) -> None:
        """Open a part of the form that is folded away."""
        self._click(f"//form//*[.='{part}']")

    def headings(self) -> dict[str, list[str]]:
        """What stands above the fields, each with the names of the fields below it."""
        return dict(self._browser.look("groups"))

    def header(self, title: str) -> str:
        """What the top of the page says under that title."""
        return self._find(f"//header//*[.='{title}']/following-sibling::*").text

    def download(self, link: str) -> str:
        """What is behind a link of the tab in view."""
        return self.fetch(str(self._find(f"//a[.='{link}']").get_attribute("href")))

    def fetch(self, address: str) -> str:
        """What the page itself gets from there."""
        script = "const [at, done] = arguments; fetch(at).then((r) => r.text()).then(done)"
        return str(self._browser.web.execute_async_script(script, address))

    def fields(self) -> list[str]:
        """The labels of all that can be filled in."""
        labels = self._browser.web.find_elements(By.XPATH, "//form//label")
        return [label.text for label in labels if label.is_displayed()]

    def field(self, label: str) -> WebElement:
        """The field whose label begins so."""
        named = self._find(f'//form//label[starts-with(., "{label}")]')
        return self._browser.web.find_element(By.ID, str(named.get_dom_attribute("for")))

    def choices(self, label: str) -> list[str]:
        return [option.text for option in Select(self.field(label)).options]

    def fill(self, values: Mapping[str, object]) -> None:
        """Type or choose, by the beginnings of the labels."""
        for label, value in values.items():
            field = self.field(label)
            if field.tag_name == "select":
                Select(field).select_by_visible_text(str(value))
            else:
                field.send_keys(Keys.CONTROL, "a", Keys.NULL, str(value))

    def press(self, button: str) -> None:
        self._click(f"//button[.='{button}']")

    def submit(self, button: str) -> None:
        """Press it and wait until the form has gone: it covers the page."""
        self.press(button)
        self.until(
            lambda: not self._browser.web.find_elements(By.TAG_NAME, "form"), "an empty page"
        )

    def show(self, tab: str) -> None:
        self.until(lambda: self._select(f"//*[@role='tab'][.='{tab}']"), f"the tab {tab}")

    def _select(self, path: str) -> bool:
        """Click, which fails while the row of tabs still slides, and is tried again."""
        tab = self._find(path)
        tab.click()
        return tab.get_attribute("aria-selected") == "true"

    def note(self, title: str) -> str:
        """What the form says below that title."""
        return self._find(f"//form//h4[.='{title}']/following-sibling::p").text

    def answer(self) -> str:
        """What the form says about itself."""
        return self._find("//form//*[@role='alert']").text

    def rows(self) -> list[dict[str, str]]:
        """The rows of the table in view, by column."""
        found: list[dict[str, str]] = self._browser.look("rows")
        return found

    def row(self, **wanted: str) -> dict[str, str]:
        """The first row with these values; empty: there is none. `_` stands for a space."""
        columns = {name.replace("_", " "): value for name, value in wanted.items()}
        matching = (row for row in self.rows() if columns.items() <= row.items())
        return next(matching, {})

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """What the condition answers as soon as that is true."""
        # The page is drawn anew all the time, and at first it cannot be reached.
        waiting = WebDriverWait(
            self._browser.web, PATIENCE_S, ignored_exceptions=[WebDriverException]
        )
        return waiting.until(lambda _: condition(), f"it did not come: {what}")

    def complaint(self, label: str) -> str:
        """What the browser itself says is wrong with that field; empty: nothing."""
        return str(self.field(label).get_property("validationMessage"))

    def _click(self, path: str) -> None:
        """Click, which fails while something that fades still covers it."""

        def click() -> bool:
            self._find(path).click()
            return True

        self.until(click, f"a click on {path}")

    def _find(self, path: str) -> WebElement:
        def look() -> WebElement | None:
            found = self._browser.web.find_elements(By.XPATH, path)
            return next((one for one in found if one.is_displayed()), None)

        found: WebElement = self.until(look, path)
        return found


def words(knob: str) -> str:
    """How Locust's form begins the label of the option of that name."""
    return f"{knob.replace('_', ' ').title()} ("
