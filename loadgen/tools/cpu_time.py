"""`python3 -m loadgen.tools.cpu_time COMMAND ...`: runs another's generator and tells what it took.

After what the command prints comes a line of JSON, `{"cpu_s": ...}`: processor time of the command
and its children, user and system, in seconds. Ends with the command's exit code.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys


def main() -> int:
    """Run the command that the command line gives."""
    code = subprocess.call(sys.argv[1:])  # noqa: S603 - the benchmark's own command
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"cpu_s": used.ru_utime + used.ru_stime}), flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
