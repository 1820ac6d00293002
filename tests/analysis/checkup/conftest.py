"""What tests of check-ups share."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from analysis.checkup import report


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without pictures: to draw them takes longer than all else of a page."""
    monkeypatch.setattr(report, "save_picture", lambda *_: Markup(""))
