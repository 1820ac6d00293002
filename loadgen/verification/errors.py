"""Why a server is not loaded: what it did when it was asked before."""

from __future__ import annotations

from contract.void_causes import SpoiledBy


class VerificationError(Exception):
    """The server answers not with what is expected, or not at all."""

    def __init__(self, message: str, spoiled_by: SpoiledBy = "server_wrong") -> None:
        super().__init__(message)
        self.spoiled_by = spoiled_by


class NotReadyError(VerificationError):
    """What a server that is starting may do too."""


class SilentError(NotReadyError):
    """It did not answer in time."""


class EndedError(NotReadyError):
    """The connection was refused, or ended where an answer should have begun."""


class BusyError(NotReadyError):
    """It answered that it cannot serve now."""


class OldVersionError(VerificationError):
    """It does not speak HTTP/1.0."""
