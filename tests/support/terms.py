"""What a load may ask of a server, for tests."""

from __future__ import annotations

from typing import Any

from contract.expected import AUTO, EXACT, Expected
from loadgen.verification.readiness import Ready
from loadgen.verification.verify import (
    Terms,
)

AT_ONCE = Ready(within_s=0.0)
OURS = Terms(check=EXACT, ready=AT_ONCE)
"""How a server of the lab is verified."""


def terms(check: str = AUTO, **expected: Any) -> Terms:
    """For answers of status 201, whatever they say."""
    return Terms(expected=Expected(statuses=(201,), **expected), check=check, ready=AT_ONCE)
