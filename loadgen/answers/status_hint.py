"""What to do about a status that is not the expected one, where the status tells."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from contract.expected import Expected
from contract.request import HOST
from loadgen.answers.head import SHOWN, Head

UNKNOWN_HOST = (400, 403, 421)
"""What servers answer to a Host that is none of theirs."""
REDIRECTS = (301, 302, 303, 307, 308)
BAD_REQUEST, UNAUTHORIZED, TOO_MANY = 400, 401, 429
OR_TLS = "; those that speak TLS answer 400 to plain HTTP, in which the lab asks"
_PATH = re.compile(r"/[!-+\--~]*")
"""What the key `path` takes: a comma would begin another one of a mix."""


def status_hint(expected: Expected, head: Head) -> str:
    """Behind the reason, from its semicolon on; empty where the status tells nothing."""
    if head.status in UNKNOWN_HOST:
        told = (
            "; servers answer so to a Host that they do not know: "
            "`headers` of the key `request` can name one"
        )
        return told + OR_TLS if head.status == BAD_REQUEST else told
    if head.status in REDIRECTS:
        return _redirect(head)
    if head.status == UNAUTHORIZED:
        return "; it wants to know who asks: `request: {headers: {Authorization: ...}}` can say so"
    if head.status == TOO_MANY:
        statuses = ", ".join(map(str, (*expected.statuses, TOO_MANY)))
        return (
            "; it limits how often it is asked: lift that limit, or take such answers as right "
            f"ones with `expect: {{status: [{statuses}]}}`"
        )
    return ""


def _redirect(head: Head) -> str:
    place = b", ".join(head.headers.get(b"location", [])).decode("latin-1")
    if not place:
        return ""
    told = f"; it redirects to {place[:SHOWN]!r}"
    parts = _parts(place)
    if parts is None:
        return told
    if parts.scheme == "https":
        return (
            f"{told}, and the lab does not speak TLS: have it serve plain HTTP, or, where it "
            "believes a proxy, `request: {headers: {X-Forwarded-Proto: https}}`"
        )
    path = parts._replace(scheme="", netloc="", fragment="").geturl()
    if parts.netloc.partition(":")[0] in ("", HOST) and _PATH.fullmatch(path):
        return f"{told}, which `path: {path}` asks for"
    return told


def _parts(place: str) -> SplitResult | None:
    try:
        return urlsplit(place)
    except ValueError:  # such as a bracket of an IPv6 address that is not closed
        return None
