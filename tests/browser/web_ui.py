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

PATIENCE_S: Final = 30.0
FORM: Final = "//button[.='New'] | //form//button[@type='submit']"


class WebUI:
    """What is not there yet is waited for, and named when it does not come."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url

    def wait_for_a_worker(self) -> None:
        """Until the master answers and has one."""

        def look() -> bool:
            self._browser.open(f"{self._url}/worker-count")
            told = self._browser.web.find_element(By.TAG_NAME, "pre").text
            return bool(json.loads(told)["worker_count"])

        self.until(look, "a master with a worker")

    def open_form(self) -> None:
        """The form for a new load with all its parameters, whatever was loaded before."""
        self._browser.open(self._url)
        if (first := self._find(FORM)).text.lower() == "new":
            first.click()
        self._find("//form//*[.='Custom parameters']").click()
        self.until(
            lambda: self.field(words("server")).is_displayed(), "the form with its parameters"
        )

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
        self._find(f"//button[.='{button}']").click()

    def show(self, tab: str) -> None:
        self._find(f"//*[@role='tab'][.='{tab}']").click()

    def answer(self) -> str:
        """What the form says about itself."""
        return self._find("//form//*[@role='alert']").text

    def row(self, column: str, value: str) -> dict[str, str]:
        """The row of the table in view with that value, by column; empty: there is none."""
        rows: list[dict[str, str]] = self._browser.look("rows")
        return next((row for row in rows if row.get(column) == value), {})

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """What the condition answers as soon as that is true."""
        # The page is drawn anew all the time, and at first it cannot be reached.
        waiting = WebDriverWait(
            self._browser.web, PATIENCE_S, ignored_exceptions=[WebDriverException]
        )
        return waiting.until(lambda _: condition(), f"it did not come: {what}")

    def _find(self, path: str) -> WebElement:
        def look() -> WebElement | None:
            found = self._browser.web.find_elements(By.XPATH, path)
            return next((one for one in found if one.is_displayed()), None)

        found: WebElement = self.until(look, path)
        return found


def words(knob: str) -> str:
    """How Locust's form begins the label of the option of that name."""
    return f"{knob.replace('_', ' ').title()} ("
