"""The settings as docs/experiments.md tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.settings.setting import Setting


def settings_table(settings: Mapping[str, Setting]) -> str:
    """The rows of a table in Markdown: name, default, what it is."""
    return "\n".join(
        f"| `{name}` | {_shown(one.default)} | {one.help} |" for name, one in settings.items()
    )


def _shown(default: Any) -> str:
    if default is None:
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:,}" if isinstance(default, int) else str(default)
