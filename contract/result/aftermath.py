"""How a server is once bad clients have gone."""

from __future__ import annotations

from dataclasses import dataclass

from contract.result.scalars import SignedInt


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """When the load and all bad clients have gone, and the server has had some seconds to rest."""

    answered_s: float | None
    """From then on until a good request on a new connection was answered; None: it never was."""
    fds: SignedInt | None
    """Descriptors that it has more than before any load; None: they could not be read."""
    rss_bytes: int
    """Resident memory of all its processes."""
