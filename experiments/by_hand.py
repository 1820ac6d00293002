"""Loading by hand: every server that can run here, side by side, with Locust's web UI.

Who cannot run here, because a system call is forbidden or a program ends, is left out with its
reason, which the terminal and the form tell. That is found out twice: each variant is tried in a
container like the one that it will have, and whoever has ended all the same is noticed before the
master starts. What ends after that is the form's to notice (loadgen/master/offered.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Final

from contract.exits import Exit, LabError
from contract.ports import WEB_PORT
from contract.settings.trial import Settings
from experiments.docker import compose
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import ContainerState, DriverError
from experiments.docker.ownership import LABEL, LABEL_ROLE
from experiments.images.build import Images, ensure_images
from experiments.machine.checks import check_port
from experiments.machine.cores import place
from experiments.machine.host import port_is_free
from experiments.machine.run_lock import RunLock
from experiments.paths import ROOT
from experiments.plan import experiment_file
from experiments.records.server_log import told
from experiments.run.locust_client import Master
from experiments.run.loop import interruptible
from experiments.run.trial_environment import MOST_NOFILE

URL: Final = f"http://127.0.0.1:{WEB_PORT}"
LOCUST: Final = ("master", "worker")
PROBE: Final = "_probe"
"""Suffix of a probe's service, after its server's name."""
CHECK: Final = ("python3", "-m", "servers", "check")
LABEL_PROJECT: Final = "com.docker.compose.project"
LABEL_SERVICE: Final = "com.docker.compose.service"
LABEL_ONE_OFF: Final = "com.docker.compose.oneoff"
LISTEN_S: Final = 60.0
"""All servers start at once, on one core."""
LOOK_S: Final = 0.1
LATE_S: Final = 0.5
LATE: Final = 5
"""Attempts to remove everything: what the engine still makes may come after the first, and a
network may be in use for a moment by a container that has ended.
"""

Say = Callable[[str], None]


def up(workers: int = 1, say: Say = print) -> str:
    """Start what can run, a master and its workers; returns the address of the web UI.

    Raises LabError or Interrupted, and then nothing of it is left.
    """
    with RunLock("ui", ROOT), interruptible(), DockerDriver() as driver:
        _check_port(driver)
        images = ensure_images(driver, say=say)
        lab = ByHand(driver, compose.Compose(_variables(driver, images, workers)), say)
        try:
            lab.start(workers)
        except BaseException as error:
            _end_after(lab, error)
            raise
    return URL


def down() -> None:
    """Stop and remove what `up` started. LabError(Exit.BUSY) while a start or a run is on."""
    with RunLock("down", ROOT), DockerDriver() as driver:
        ByHand(driver, compose.Compose({}), print).end()


def _check_port(driver: DockerDriver) -> None:
    """Raises LabError when the web UI cannot have its port; whose it is, if it is a lab's."""
    if port_is_free(WEB_PORT):
        return
    with driver.guard("looking for a web UI"):
        labels = [f"{LABEL}=1", f"{LABEL_ROLE}=master"]
        masters = driver.api.containers(filters={"label": labels})
    for one in masters:
        if one["Labels"].get(LABEL_PROJECT) == compose.PROJECT:
            raise LabError(f"the web UI is up already, at {URL}; end it with: make down", Exit.BUSY)
    names = ", ".join(name.lstrip("/") for one in masters for name in one["Names"])
    taken = check_port(WEB_PORT, free=False, running=None)
    whose = f" by another lab ({names}); end it there with: make down" if names else ""
    raise LabError(f"{taken.name}: {taken.seen}{whose or f'; {taken.advice}'}", Exit.NOT_READY)


def _variables(driver: DockerDriver, images: Images, workers: int) -> dict[str, str]:
    """Variables of the compose file."""
    placement = place(driver.cores(images.server))
    return {
        "C10K_SERVER_IMAGE": images.server,
        "C10K_LOAD_IMAGE": images.load,
        "C10K_OWNER": driver.owner,
        "C10K_SERVER_CPUS": placement.server,
        "C10K_LOAD_CPUS": ",".join(placement.loads[:workers]),
        "C10K_NOFILE": str(min(driver.nofile_limit(images.server), MOST_NOFILE)),
    }


def _end_after(lab: ByHand, error: BaseException) -> None:
    """Remove everything. Raises LabError when that fails too, with both reasons."""
    lab.say("stopping, and removing what was started")
    try:
        lab.end()
    except (LabError, DriverError) as another:
        raise LabError(
            f"{error or 'stopped'}; and then what had been started could not be removed: "
            f"{another}. `make clean` removes it"
        ) from error


class ByHand:
    """The services of the compose file in the engine."""

    def __init__(self, driver: DockerDriver, composed: compose.Compose, say: Say) -> None:
        self._driver = driver
        self._compose = composed
        self.say = say
        self._reasons: dict[str, str] = {}

    def start(self, workers: int) -> None:
        """Everything that can run. Raises LabError, the reasons in it when nobody can."""
        if self._containers():
            self.say("removing what an earlier start left")
            self.end()
        groups = groups_of(self._compose.run("config", "--services").split())
        variants = set(experiment_file.servers())
        self.say("asking every server whether it can run here")
        self._reasons = self._cannot(variants & groups.keys())
        able = {name: group for name, group in groups.items() if name not in self._reasons}
        self.say(f"starting {len(able)} servers")
        while able and not self._come_up(able, variants):
            able = {name: group for name, group in able.items() if name not in self._reasons}
        told = [f"cannot run here: {name}: {why}" for name, why in sorted(self._reasons.items())]
        if set(groups) <= self._reasons.keys():
            raise LabError("\n".join(["no server can run here", *told]), Exit.NOT_READY)
        self.say(f"starting the master and {workers} load worker{'s' if workers > 1 else ''}")
        self._compose.variables["C10K_UNAVAILABLE"] = json.dumps(self._reasons)
        self._compose.run("up", "--detach", "--scale", f"worker={workers}", *LOCUST)
        _await(URL, workers)
        for line in told:
            self.say(line)

    def end(self) -> None:
        """Stop and remove everything, with what the engine was still making or ending.

        An override that is faulty, or has become so, keeps nothing up: its services are orphans.
        """
        for attempt in range(1, LATE + 1):
            try:
                self._compose.run("down", "--remove-orphans", overridden=attempt == 1)
            except LabError:
                if attempt == LATE:
                    raise
            else:
                time.sleep(LATE_S)
                if not self._containers():
                    return
        raise LabError(f"still there: {', '.join(sorted(self._containers()))}")

    def _cannot(self, variants: set[str]) -> dict[str, str]:
        """Why variants cannot run, by name. All are tried in the container of one of them; who
        cannot run there may have been granted more, and is tried in its own.
        """
        refused = {one for one, why in self._checked(Settings().server).items() if why}
        answers = {name: self._checked(name)[name] for name in sorted(variants & refused)}
        return {name: why for name, why in answers.items() if why}

    def _checked(self, service: str) -> dict[str, str]:
        """Reasons by variant, as found in a container of that service."""
        words = ("run", "--rm", "--no-deps", "-T", service, *CHECK)
        said = self._compose.run(*words).strip()
        try:
            answer: dict[str, str] = json.loads(said.splitlines()[-1])
        except (IndexError, ValueError):
            raise compose.ComposeError(
                f"service {service}: asked which servers can run here, it said {said[-200:]!r}; "
                "see what docker-compose.override.yml changes of it"
            ) from None
        return answer

    def _come_up(self, able: dict[str, list[str]], variants: set[str]) -> bool:
        """Start them; False when some have ended, which then are removed and have a reason.

        One server that has ended fails the start of its probe, and so of everything. Raises
        ComposeError when nobody has ended and it failed all the same.
        """
        failure: LabError | None = None
        try:
            self._compose.run("up", "--detach", *(one for group in able.values() for one in group))
        except LabError as error:
            failure = error
        ended = self._ended(able, variants)
        if not ended and failure:
            raise failure
        if ended:
            self._reasons |= ended
            gone = [one for name in ended for one in able[name]]
            self._compose.run("rm", "--stop", "--force", *gone)
        return not failure

    def _ended(self, names: Iterable[str], variants: set[str]) -> dict[str, str]:
        """Why servers have ended, by name, once each of them listens or has ended."""
        containers = self._containers()
        waiting = {name: containers[name] for name in names if name in containers}
        ended: dict[str, str] = {}
        deadline = time.monotonic() + LISTEN_S
        while waiting:
            for name, container in list(waiting.items()):
                state, log = self._driver.state(container), self._driver.logs(container)
                if not state.running:
                    if state.exit_code is not None:  # else it was not even started
                        ended[name] = ending(state, log)
                elif name in variants and not told(log, "listening"):
                    if time.monotonic() < deadline:
                        continue
                    ended[name] = f"it did not listen within {LISTEN_S:.0f} s"
                del waiting[name]
            time.sleep(LOOK_S)
        return ended

    def _containers(self) -> dict[str, str]:
        """Ids by service, of all that `up` has started in the engine for this project."""
        wanted = [f"{LABEL_PROJECT}={compose.PROJECT}", f"{LABEL_ONE_OFF}=False"]
        with self._driver.guard("listing what Compose started"):
            found = self._driver.api.containers(all=True, filters={"label": wanted})
        return {str(one["Labels"].get(LABEL_SERVICE)): str(one["Id"]) for one in found}


def groups_of(services: Iterable[str]) -> dict[str, list[str]]:
    """Each server among the services of the file, with the probe beside it if it has one."""
    there = set(services) - set(LOCUST)
    probes = {f"{name}{PROBE}" for name in there} & there
    return {name: [name, *({f"{name}{PROBE}"} & probes)] for name in sorted(there - probes)}


def ending(state: ContainerState, log: str) -> str:
    """Why a server has ended: what it said last, if it gave up by itself."""
    last = next(reversed(log.strip().splitlines()), "")
    if last.startswith("error: "):
        return last.removeprefix("error: ")
    return f"it ended with {state.ending}: {last}".removesuffix(": ")


def _await(url: str, workers: int) -> None:
    """Whoever opens the page finds it, and somebody to do the work."""
    master = Master(url)
    try:
        master.wait_until_up()
        master.wait_until_joined(workers)
    finally:
        master.close()
