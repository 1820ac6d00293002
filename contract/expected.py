"""What an answer has to be: in the words of the load's form, which a sweep fills in too."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

WHOLE, CONTAINS, MATCHES, ANY = BODY_CHECKS = ("whole", "contains", "matches", "any")
"""The text is the whole body, a part of it, or a regular expression for it; or any body will do."""
AUTO, EXACT, FRAMING = CHECKS = ("auto", "exact", "framing")
"""Answers are compared byte for byte, or understood and checked by what is expected of them; `auto`
is the strictest of the two that the first answers bear."""
LOWEST_STATUS, HIGHEST_STATUS = 200, 599
HEADER_NAME = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What every answer has to be; an empty whole `body` is any that stays the same.

    A header with an empty value has to be there, whatever its value.
    """

    statuses: tuple[int, ...] = (200,)
    body: str = ""
    body_is: str = WHOLE
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def form(self) -> dict[str, str]:
        """The fields of the load's form that say this."""
        return {
            "expect_status": ", ".join(map(str, self.statuses)),
            "expect_body": self.body,
            "expect_body_is": self.body_is,
            "expect_headers": json.dumps(dict(self.headers)) if self.headers else "",
        }


def parse_statuses(text: str) -> tuple[int, ...]:
    """`200` or `200, 204`. Raises ValueError."""
    found = []
    for word in text.split(","):
        if not re.fullmatch(r"\s*[0-9]{3}\s*", word):
            raise ValueError(f"{word.strip()!r} is no status; write it like 200, or 200, 204")
        if not LOWEST_STATUS <= int(word) <= HIGHEST_STATUS:
            raise ValueError(f"{word.strip()} is not from {LOWEST_STATUS} to {HIGHEST_STATUS}")
        found.append(int(word))
    return tuple(found)


def parse_headers(text: str) -> tuple[tuple[str, str], ...]:
    """A JSON object of names and values; empty is none. Raises ValueError."""
    if not text.strip():
        return ()
    try:
        given = json.loads(text)
    except ValueError as error:
        raise ValueError(f'no JSON ({error}); write it like {{"Name": "value"}}') from None
    if not isinstance(given, dict) or not all(isinstance(one, str) for one in given.values()):
        raise ValueError('no names with texts; write it like {"Name": "value"}')
    for name in given:
        if not re.fullmatch(HEADER_NAME, name):
            raise ValueError(f"{name!r} is no name of a header")
    return tuple(given.items())


def check_pattern(pattern: str) -> str:
    """A regular expression for a body. Raises ValueError."""
    try:
        re.compile(pattern.encode())
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
    return pattern
