"""What a whole response is checked for beside its framing: its status, its body, its headers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from contract.expected import CONTAINS, MATCHES, WHOLE, Expected
from loadgen.answers.head import SHOWN, Head
from loadgen.answers.status_hint import status_hint
from loadgen.answers.wrong import WrongAnswerError


@dataclass(frozen=True)
class Meaning:
    """`stays`: the body that every answer has to have, where what is expected names none."""

    expected: Expected
    stays: bytes | None = None

    @property
    def constant(self) -> bytes | None:
        """The whole body, where it has to be this one."""
        expected = self.expected
        return expected.body.encode() if expected.body_is == WHOLE and expected.body else self.stays

    @cached_property
    def fits(self) -> Callable[[bytes], object] | None:
        """Whether a body is right that may be more than one; None: whatever it is."""
        text = self.expected.body.encode()
        if self.expected.body_is == CONTAINS:
            return lambda body: text in body
        if self.expected.body_is == MATCHES:
            return re.compile(text).search
        return None

    @property
    def takes_any_body(self) -> bool:
        """Whether no body is wrong."""
        return self.constant is None and self.fits is None

    def check_head(self, head: Head) -> None:
        """Raises WrongAnswerError."""
        check_status(self.expected, head)
        for name, value in self.expected.headers:
            values = head.headers.get(name.lower().encode())
            found = b", ".join(values or []).decode("latin-1")
            if values is None or value not in ("", found):
                asked = f"{name}: {value}" if value else name
                raise WrongAnswerError(f"expected the header {asked!r}, received {found[:SHOWN]!r}")

    def check_body(self, body: bytes) -> None:
        """Raises WrongAnswerError."""
        if self.constant is not None and body != self.constant:
            raise WrongAnswerError(
                f"expected the body {self.constant[:SHOWN]!r}, received {body[:SHOWN]!r}"
            )
        if self.fits is not None and not self.fits(body):
            raise WrongAnswerError(
                f"expected a body that {self.expected.body_is} {self.expected.body[:SHOWN]!r}, "
                f"received {body[:SHOWN]!r}"
            )

    def told(self) -> str:
        """In words, what is compared."""
        expected = self.expected
        parts = [f"status {' or '.join(map(str, expected.statuses))}"]
        parts += [f"header {name}" for name, _ in expected.headers]
        if self.constant is not None:
            parts.append(f"the whole body of {len(self.constant):,} bytes")
        elif self.fits is not None:
            parts.append(f"that the body {expected.body_is} {expected.body[:SHOWN]!r}")
        return ", ".join(["framing", *parts])


def check_status(expected: Expected, head: Head) -> None:
    """Raises WrongAnswerError."""
    if head.status in expected.statuses:
        return
    asked = " or ".join(map(str, expected.statuses))
    message = f"expected status {asked}, received {head.first[:SHOWN]!r}"
    raise WrongAnswerError(message + status_hint(expected, head))
