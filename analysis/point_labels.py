"""The settings of a point as people read them, in tables, sentences and messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from analysis.wording import count
from contract.loads import CONNECTING_LOADS

LOADS = {
    "keep_alive": "keep-alive",
    "connection_per_request": "a connection per request",
    "open_loop": "open loop",
    "open_connections": "open loop, a connection per request",
    "token_ring": "token ring",
    "one_wait": "one wait",
}
PHRASES = {
    "active_connections": "{} active",
    "idle_connections": "{} idle",
    "rate_per_s": "{}/s",
    "network": "on the {}",
}
"""Other settings are written with their name: 'backlog 128'."""


def label(settings: Mapping[str, object], names: Iterable[str]) -> str:
    """The settings of a point in `names`: 'keep-alive, 8 active, 10,000 idle'."""
    return ", ".join(
        phrase(name, settings[name])
        for name in names
        if name != "backlog" or settings["load"] in CONNECTING_LOADS
    )


def phrase(name: str, value: object) -> str:
    """One setting: '8 active', 'backlog 128', 'cork', 'no cork', 'workers its own'."""
    words = name.replace("_", " ")
    if name == "load":
        return LOADS.get(str(value), str(value).replace("_", " "))
    if value is None or value == "":
        return f"{words} its own"
    if str(value) in ("True", "False"):
        return words if str(value) == "True" else f"no {words}"
    return PHRASES.get(name, f"{words} {{}}").format(_written(value))


def _written(value: object) -> str:
    """A number as people write it; any other text as it is."""
    try:
        amount = float(str(value))
    except ValueError:
        return str(value)
    return count(amount) if amount.is_integer() else f"{amount:g}"
