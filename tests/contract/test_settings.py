"""What is declared of the settings holds together, whoever takes them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from contract.settings.server_flags import ServerFlags, arguments
from contract.settings.setting import Setting, declared, setting
from contract.settings.trial import Settings
from loadgen.locust_options import GROUPS
from loadgen.options import Options
from servers.core.settings import Settings as ServerSettings

EVERY = [one for owner in (Settings, Options, ServerSettings) for one in declared(owner).values()]


@dataclass(frozen=True)
class Made:
    count: int | None = setting(None, "How many", low=1, high=9, own=0)
    name: str = setting("a", "Which")
    other: int = 5


def test_name_kind_default_and_absence_are_those_of_the_field() -> None:
    count, name = declared(Made).values()
    assert (count.name, count.kind, count.default, count.optional) == ("count", "int", None, True)
    assert (name.name, name.kind, name.default, name.optional) == ("name", "text", "a", False)
    assert count.span(0) == (0, 9)
    with pytest.raises(ValueError, match="name is declared without a range"):
        name.span("a")


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_a_default_is_within_what_is_allowed(one: Setting) -> None:
    if one.is_number:
        assert one.low is not None
        assert one.high is not None
        assert one.optional or one.low <= one.default <= one.high
        assert one.own is None or one.own <= one.high
    if one.choices:
        assert one.default in one.choices
        assert one.first in (one.offered or one.choices)
    if one.reader and one.first:  # an empty text is read by nobody
        assert one.reader(one.first)
    assert one.form in (None, "", *GROUPS)


def test_a_server_does_its_own_where_nothing_is_said() -> None:
    assert ServerSettings().accepts_per_wakeup == 64
    assert ServerSettings(cork=True).cork
    assert all(one.own is not None for one in declared(ServerFlags).values())


def test_what_is_said_is_passed_as_flags() -> None:
    assert arguments(Settings()) == []
    assert arguments(Settings(workers=3, cork=False)) == ["--workers", "3", "--cork", "off"]
