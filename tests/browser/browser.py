"""Chromium in a container, over the WebDriver protocol: what a page shows, says and asks for.

Nothing of selenium's own looking for browsers and drivers takes part: the address is given.
"""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any, Final

from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.remote_connection import ChromeRemoteConnection
from selenium.webdriver.remote.command import Command
from selenium.webdriver.remote.webdriver import WebDriver

ARGUMENTS: Final = (
    "--headless=new",
    "--no-sandbox",  # the container is the sandbox: there are no capabilities to make another
    "--disable-dev-shm-usage",
    "--disable-component-update",
)
LOGS: Final = {"browser": "ALL", "performance": "ALL"}
HEIGHT: Final = 900
WIDE: Final = 1_280
NARROW: Final = 390
PAPER: Final = 718
"""Pixels: a laptop's window, a telephone's, and a sheet of A4 between margins of a centimetre."""
PUT_FILE: Final = "putFile"
LOOK: Final = Path(__file__).with_name("look.js")


class Browser:
    """One window. `web` is selenium's driver, for finding and clicking."""

    def __init__(self, url: str) -> None:
        options = Options()
        for argument in ARGUMENTS:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", LOGS)
        connection: Any = ChromeRemoteConnection(url, ignore_proxy=True)
        # Chromium's driver takes files where selenium's own servers do not look for them.
        connection.add_command(PUT_FILE, "POST", "/session/$sessionId/file")
        self.web = WebDriver(command_executor=connection, options=options)
        self.web.set_script_timeout(120)

    def close(self) -> None:
        """End the session; it takes the files that were put along."""
        self.web.quit()

    def put(self, path: Path) -> str:
        """Copy a file to the browser's machine; returns the address to open it at."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.write(path, path.name)
        content = base64.b64encode(packed.getvalue()).decode()
        return f"file://{self.web.execute(PUT_FILE, {'file': content})['value']}"

    def open(self, url: str, width: int = WIDE, scheme: str = "light", media: str = "") -> None:
        """Load a page into a window of that width, or as `media` "print" has it; what was logged
        before is forgotten."""
        self.web.get("about:blank")
        self.console()
        self.requests()
        self._tell("Network.clearBrowserCache")
        self.resize(width)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._tell("Emulation.setEmulatedMedia", media=media, features=[feature])
        self.web.get(url)

    def resize(self, width: int) -> None:
        """Lay the page out anew; below a window's least width, like a telephone."""
        self._tell(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=HEIGHT,
            deviceScaleFactor=1,
            mobile=width == NARROW,
        )

    def console(self) -> list[str]:
        """What the page has said since the last call: messages, faults, failed loads."""
        return [f"{entry['level']}: {entry['message']}" for entry in self._log("browser")]

    def requests(self) -> list[str]:
        """The addresses that the page has asked for since the last call, its own included."""
        events = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        return [
            str(event["params"]["request"]["url"])
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def look(self, question: str) -> Any:
        """The answer of a function of look.js."""
        return self.web.execute_script(f"{LOOK.read_text()}; return {question}();")

    def _log(self, kind: str) -> list[dict[str, Any]]:
        return list(self.web.execute(Command.GET_LOG, {"type": kind})["value"])

    def _tell(self, command: str, **parameters: Any) -> None:
        self.web.execute("executeCdpCommand", {"cmd": command, "params": parameters})
