"""Whether a server did what a case asks of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contract.result.habits import CaseSeen


@dataclass(frozen=True, slots=True)
class Usual:
    """What the server does with its plain request: the status of the answer, and whether the
    connection stays after it."""

    status: int
    stays: bool


Keeps = Callable[[CaseSeen, Usual], bool | None]
"""None: what was seen does not tell."""
LENGTH_REQUIRED = 411
"""Which may be asked for (RFC 9112, 6.3)."""
TOO_LONG = (400, 413, 414, 431)


def refused(*statuses: int, closes: bool = False) -> Keeps:
    """With one of these statuses; and the connection is closed, where it has to be."""
    return lambda seen, _: seen.final in statuses and (seen.ended or not closes)


def closed(seen: CaseSeen, _: Usual) -> bool | None:
    """Whatever the answer is."""
    return seen.ended


def closed_after_answer(seen: CaseSeen, usual: Usual) -> bool | None:
    """As the plain request is answered, and closed."""
    return seen.final == usual.status and seen.ended


def served(seen: CaseSeen, usual: Usual) -> bool | None:
    """As the plain request is."""
    return seen.final == usual.status


def either(*statuses: int) -> Keeps:
    """Served as usual, or refused with one of these."""
    return lambda seen, usual: seen.final in (usual.status, *statuses)


def not_taken_for_a_line(*statuses: int) -> Keeps:
    """The request hides `Connection: close` where no header may be read. It may be refused, with
    one of these statuses if there are some; who serves it and closes has read the header, unless
    it always closes."""

    def keeps(seen: CaseSeen, usual: Usual) -> bool | None:
        if seen.final == usual.status:
            return True if seen.ending == "kept" else False if usual.stays else None
        if statuses:
            return seen.final in statuses
        return seen.final >= 400 or seen.ended

    return keeps


def decoded(seen: CaseSeen, _: Usual) -> bool | None:
    """A body in chunks: read to its end, if the next request is answered. Who closes before that
    tells nothing."""
    if seen.final in (400, 501):
        return False
    if seen.final == LENGTH_REQUIRED or seen.ending == "kept":
        return True
    return None if seen.ended and seen.final else False


def one_request(seen: CaseSeen, _: Usual) -> bool | None:
    """The body looks like a request, and may not be answered as one."""
    answers = [one for one in seen.statuses if one >= 200]
    return len(answers) == 1 if answers else None


def waited_or_refused(seen: CaseSeen, usual: Usual) -> bool | None:
    """The size of a chunk is 2^64 + 5, and five bytes follow. Who reads 5 goes on with the next
    request; who answers and closes before it reads the body tells nothing."""
    if seen.final == usual.status and seen.ending != "open":
        return False if seen.ending == "kept" else None
    return True


def went_on_or_answered(seen: CaseSeen, _: Usual) -> bool | None:
    """100 or a final status, before anything of the body was sent."""
    return bool(seen.statuses)


def no_interim(seen: CaseSeen, _: Usual) -> bool | None:
    """Nothing below 200 is an answer to HTTP/1.0."""
    return all(one >= 200 for one in seen.statuses) if seen.statuses else None


def taken(seen: CaseSeen, _: Usual) -> bool | None:
    """Not refused for its length, whatever the application says of it."""
    return bool(seen.final) and seen.final not in TOO_LONG and seen.final < 500


def anything(_seen: CaseSeen, _usual: Usual) -> bool | None:
    """Nothing is asked for: what it does is told."""
    return True
