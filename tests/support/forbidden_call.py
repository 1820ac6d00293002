"""Runs a command in a process where the kernel refuses io_uring, as a seccomp profile may."""

from __future__ import annotations

import sys

IO_URING_SETUP = 425  # the number of the system call, the same on all architectures
FORBID = """
import ctypes, os, struct, sys
number, error, *command = sys.argv[1:]
statements = [
    (0x20, 0, 0, 0),                        # load the number of the system call
    (0x15, 0, 1, int(number)),              # if it is this one
    (0x06, 0, 0, 0x00050000 | int(error)),  # then it fails with this error
    (0x06, 0, 0, 0x7FFF0000),               # otherwise it is allowed
]
code = b"".join(struct.pack("=HBBI", *statement) for statement in statements)
kept = ctypes.create_string_buffer(code)
program = struct.pack("@HP", len(statements), ctypes.addressof(kept))
prctl = ctypes.CDLL(None, use_errno=True).prctl
assert prctl(38, 1, 0, 0, 0) == 0           # PR_SET_NO_NEW_PRIVS
assert prctl(22, 2, program) == 0           # PR_SET_SECCOMP
os.execv(command[0], command)
"""


def without_io_uring(error: int, *command: str) -> list[str]:
    """Return a command line that runs this one with io_uring_setup failing with this errno."""
    return [sys.executable, "-c", FORBID, str(IO_URING_SETUP), str(error), *command]
