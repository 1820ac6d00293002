"""The person who runs the lab."""

from __future__ import annotations

import getpass
import os


def user() -> str:
    """The name of who runs this process, or the number of one without a name; root by `sudo` is
    the one who called it."""
    if os.geteuid() == 0 and (caller := os.environ.get("SUDO_USER")):
        return caller
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name; 3.13 raises OSError
        return str(os.getuid())
