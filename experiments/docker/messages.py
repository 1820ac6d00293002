"""What the engine's errors mean, and what a person can do about each. Pure text."""

from __future__ import annotations

import re
from typing import Final

from contract.exits import Exit, LabError

ADVICE: Final = (
    (
        r"port is already allocated|address already in use",
        "port {port} is taken on {machine}; stop what holds it "
        "(`ss -ltnp 'sport = :{port}'` names it)",
    ),
    (r"no such image", "the image is not there; `make experiment` builds it"),
    (
        r"pull access denied",
        "the registry has no such image, or `docker login` has to come first; one that is built "
        "here needs no registry (`docker images` lists them)",
    ),
    (
        r"(?<![\w./-])/sys/fs/cgroup/\S*: no space left on device",
        "a control group of the engine has no cores or memory nodes, or the kernel has no room for "
        "another group; compare `cat /sys/fs/cgroup/cpuset/docker/cpuset.cpus` with the cores that "
        "there are, and restart the engine",
    ),
    (
        r"no space left on device",
        "the engine's disk is full; `docker system df` shows what takes the space",
    ),
    (
        r"error setting rlimit",
        "that is more descriptors (nofile) than the engine can grant; `make doctor` shows its "
        "limit",
    ),
    (
        r"requested cpus are not available|cpuset",
        "the engine's machine does not have these cores; `make doctor` shows how many it has",
    ),
    (
        r"name .* is already in use",
        "a container of that name is left over; `{clean}` removes what the lab left",
    ),
    (
        r"sysctl|/proc/sys/",
        "this kernel does not know, or this engine does not allow, a kernel setting of the trial",
    ),
    (
        r"non-overlapping|address pool",
        "Docker has no free network addresses; `docker network prune` removes unused networks",
    ),
    (
        r"executable file not found|no such file or directory: unknown",
        "its image lacks the command, which `command` and `entrypoint` of its entry name; if the "
        "image is one of the lab's, `{clean}`, then `make experiment` builds it anew",
    ),
    (
        r"returned a non-zero code",
        "a step failed; its output below says why, and the next start tries again",
    ),
    (
        r"unable to find (user|group)",
        "its image has none of that name; `user` takes numbers as well",
    ),
    (
        r"bind source path does not exist",
        "the engine's machine does not have that path: `files` can only be given to containers of "
        "an engine that sees this checkout",
    ),
    (r"no such container", "something else removed the container"),
)


HERE: Final = {"machine": "this machine", "clean": "make clean"}
THERE: Final = {"machine": "that machine", "clean": "make clean HOSTS=hosts.yaml"}
"""Words for what is asked of an engine that is named first; the file is the one that names it."""


def explain(doing: str, answer: str, where: str = "") -> str:
    """One message from what was being done and what the engine answered; `where` leads to an engine
    that is not this machine's own."""
    doing, answer = with_engine(where, doing), answer.strip()
    words = THERE if where else HERE
    for pattern, advice in ADVICE:
        if re.search(pattern, answer, re.IGNORECASE):
            port = re.search(r"(?:\d+\.\d+\.\d+\.\d+|\]|\s):(\d+)", answer)
            what = advice.format(port=port.group(1) if port else "of the container", **words)
            return f"{doing}: {what}. The engine said: {answer}"
    return f"{doing}: the engine refused. It said: {answer}. `make doctor` checks the engine"


def with_engine(where: str, doing: str) -> str:
    """What was being done, after the engine that did it, if that is another's."""
    return ": ".join(filter(None, (where, doing)))


def unreachable(error: BaseException, address: str) -> LabError:
    """Nobody answers at `address`: absent, not running or not permitted, told apart."""
    causes = list(_causes(error, set()))
    if any(isinstance(cause, PermissionError) for cause in causes):
        what = (
            "you may not use its socket. Join the group that owns it "
            "(`sudo usermod -aG docker $USER`, then log in again)"
        )
    elif any(isinstance(cause, FileNotFoundError) for cause in causes):
        what = (
            "there is no such socket. Install Docker, start it (`sudo systemctl start docker`), "
            "or point DOCKER_HOST at an engine"
        )
    elif any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        what = "it is not running. Start it (`sudo systemctl start docker`, or Docker Desktop)"
    else:
        what = f"it does not answer ({error}). See whether `docker version` works"
    return LabError(f"Docker engine at {address}: {what}", Exit.NO_DOCKER)


def _causes(error: BaseException, seen: set[int]) -> list[BaseException]:
    """The error with all that it wraps: the HTTP layers pass causes as arguments."""
    if id(error) in seen:
        return []
    seen.add(id(error))
    found = [error]
    for inner in (*error.args, error.__cause__, error.__context__, getattr(error, "reason", None)):
        if isinstance(inner, BaseException):
            found += _causes(inner, seen)
    return found
