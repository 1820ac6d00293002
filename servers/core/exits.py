"""The exceptions that lead to an exit code of `python -m servers` (contract.exits.ServerExit)."""

from __future__ import annotations


class StartError(Exception):
    """The server cannot start; the text says why, and what to do."""


class UnavailableError(StartError):
    """What the variant is built on is not there, or not allowed, on this machine."""
