"""Whether answers are the same, byte for byte, but for the clock's dates in their heads."""

from __future__ import annotations

import email.utils
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from loadgen.answers.head import LINE
from loadgen.answers.response import END

LONGEST_DATE = 60
PRESENT = timedelta(hours=26)
"""A Date this near is a clock's, whatever its time zone, and will change."""
Places = tuple[tuple[int, int], ...]


def changing_places(answers: Sequence[bytes]) -> Places | None:
    """The places in the answers, each from and to, where a date changes or will; None where
    something else differs."""
    heads = [answer.partition(END)[0].split(LINE) for answer in answers]
    if len({(len(one), one.partition(END)[2]) for one in answers}) > 1:
        return None
    if len({len(lines) for lines in heads}) > 1:
        return None
    found: list[tuple[int, int]] = []
    place = 0
    for lines in zip(*heads, strict=True):
        name, colon, value = lines[0].partition(b":")
        differ = len(set(lines)) > 1
        if differ and not _are_dates(lines, name + colon):
            return None
        if differ or (name.lower() == b"date" and _is_present(value)):
            found.append((place + len(name + colon), place + len(lines[0])))
        place += len(lines[0] + LINE)
    return tuple(found)


def _are_dates(lines: Sequence[bytes], name: bytes) -> bool:
    """Whether these are of one header, and all dates of one length."""
    return len({len(line) for line in lines}) == 1 and all(
        line.startswith(name) and _date(line[len(name) :]) is not None for line in lines
    )


def _is_present(value: bytes) -> bool:
    """A clock's, and not a fixed one such as the HOWTO's, of 1996."""
    date = _date(value)
    return date is not None and abs(date - datetime.now(UTC)) < PRESENT


def _date(value: bytes) -> datetime | None:
    try:
        told = email.utils.parsedate_to_datetime(value[:LONGEST_DATE].decode("latin-1").strip())
    except (ValueError, OverflowError, IndexError, TypeError):  # whatever it makes of nonsense
        return None
    return told.replace(tzinfo=UTC)
