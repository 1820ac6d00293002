"""Containers against a real engine: limits in force, nothing of others touched."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import docker
import pytest

from experiments.docker.container_logs import LOG_BYTES
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError
from experiments.docker.ownership import LABEL, LABEL_OWNER, LABEL_ROLE, LABEL_RUN
from experiments.docker.tool import run_tool
from experiments.paths import ROOT

if TYPE_CHECKING:
    from experiments.images.build import Images
    from tests.docker.conftest import Start

pytestmark = pytest.mark.docker

INSIDE = """
import json, os, resource
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
def refused(path):
    try:
        open(path, "w").close()
    except OSError:
        return True
    return False
print(json.dumps({
    "ids": [os.getuid(), os.getgid()],
    "capabilities": [int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapInh")],
    "no_new_privileges": status["NoNewPrivs"].strip(),
    "nofile": resource.getrlimit(resource.RLIMIT_NOFILE),
    "cpus": sorted(os.sched_getaffinity(0)),
    "read_only": [refused("/x"), refused("/opt/lab/x"), refused("/etc/passwd")],
    "tmp": not refused("/tmp/x"),
    "socket": os.path.exists("/var/run/docker.sock"),
    "proxies": [name for name in os.environ if name.lower().endswith("_proxy")],
}), flush=True)
import signal
signal.pause()
"""


TALKING = """
from glob import glob
print(sum(b"to be heard" in open(one, "rb").read() for one in glob("/proc/[0-9]*/cmdline")))
"""
TALKS = """
import os, sys
print("to be heard", file=sys.stderr, flush=True)
while some := os.read(0, 65536):
    os.write(1, some.upper())
"""


def test_a_command_is_talked_to_until_its_input_ends(driver: DockerDriver, start: Start) -> None:
    container = start()
    talk = driver.talk_to(container, ("python3", "-c", TALKS))
    told = b"".join(b"%07d" % n for n in range(30_000)) + b"z"
    with ThreadPoolExecutor(1) as pool:
        said = pool.submit(talk.say, told)
        heard = b""
        while len(heard) < len(told):
            some = talk.hear()
            assert some
            heard += some
        said.result()
    assert heard == told.upper()
    assert talk.complaint == "to be heard"
    other = driver.talk_to(container, ("python3", "-c", "print('by itself')"))
    assert b"".join(iter(other.hear, b"")) == b"by itself\n"
    for one in (talk, other):
        one.close()
    deadline = time.monotonic() + 10
    while driver.execute(container, ("python3", "-c", TALKING)).output != "1\n":  # itself
        assert time.monotonic() < deadline, "it has not ended"
        time.sleep(0.05)


def names(driver: DockerDriver) -> set[str]:
    found = driver.api.containers(all=True, filters={"label": f"{LABEL_OWNER}={driver.owner}"})
    return {one["Names"][0] for one in found}


def first_line(driver: DockerDriver, container: str) -> str:
    """Wait, within bounds, until it has printed a line."""
    for _ in range(600):
        text = driver.logs(container)
        if "\n" in text:
            return text.splitlines()[0]
        time.sleep(0.05)
    pytest.fail(f"it printed nothing: {driver.state(container)}")


def test_limits_are_in_force(driver: DockerDriver, start: Start) -> None:
    container = start(command=("python3", "-c", INSIDE), cpus="0", nofile=4_321)
    seen = json.loads(first_line(driver, container))
    assert seen == {
        "ids": [10001, 10001],
        "capabilities": [0, 0, 0, 0],
        "no_new_privileges": "1",
        "nofile": [4_321, 4_321],
        "cpus": [0],
        "read_only": [True, True, True],
        "tmp": True,
        "socket": False,
        "proxies": [],
    }


def test_settings_reach_the_engine(driver: DockerDriver, start: Start) -> None:
    container = start(cpu_quota=0.5, pids_limit=77, stop_signal="SIGINT", environment={"A": "1"})
    seen = driver.api.inspect_container(container)
    host, config = seen["HostConfig"], seen["Config"]
    assert (host["CpuPeriod"], host["CpuQuota"], host["PidsLimit"]) == (2_000, 1_000, 77)
    assert host["LogConfig"]["Config"] == {"max-size": "5m", "max-file": "2"}
    assert config["StopSignal"] == "SIGINT"
    assert "A=1" in config["Env"]
    expected = {LABEL: "1", LABEL_OWNER: driver.owner, LABEL_RUN: "a-test"}
    assert expected.items() <= config["Labels"].items()


def test_pod_shares_its_network_and_kernel_settings(driver: DockerDriver, start: Start) -> None:
    pod = start(role="pod", sysctls={"net.core.somaxconn": "77"})
    read = "print(open('/proc/sys/net/core/somaxconn').read(), flush=True)"
    guest = start(command=("python3", "-c", read), network=f"container:{pod}", pid_of=pod)
    assert driver.wait(guest, 30) == 0
    assert driver.logs(guest).strip() == "77"


def test_a_guest_may_not_set_the_network_of_the_pod(start: Start) -> None:
    with pytest.raises(DriverError, match="owns the network namespace"):
        start(network="container:whatever", sysctls={"net.core.somaxconn": "7"})


def test_port_is_published_on_loopback_only(driver: DockerDriver, start: Start) -> None:
    network = f"c10k-test-{uuid.uuid4().hex[:8]}"
    driver.create_network(network)
    serve = ("python3", "-u", "-m", "http.server", "-d", "/opt/lab", "8000")
    container = start(command=serve, network=network, publish={8000: 0}, aliases=("web",))
    first_line(driver, container)
    (bound,) = driver.api.inspect_container(container)["NetworkSettings"]["Ports"]["8000/tcp"]
    assert bound["HostIp"] == "127.0.0.1"
    port = int(bound["HostPort"])
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        assert answer.status == 200
    with pytest.raises(DriverError, match=f"port {port} is taken"):
        start(network=network, publish={8000: port})
    assert len(names(driver)) == 1  # the one that did not start is gone


def test_command_is_executed_to_its_end_as_the_container_s_user(
    driver: DockerDriver, start: Start
) -> None:
    container = start()
    ended = driver.execute(container, ("sh", "-c", "id -u; echo no >&2; exit 7"))
    assert (ended.exit_code, ended.output) == (7, "10001\nno\n")
    driver.stop(container, 0)
    with pytest.raises(DriverError, match="is not running"):
        driver.execute(container, ("true",))


def test_container_is_reached_by_its_name_or_the_one_that_a_pod_was_told(
    driver: DockerDriver, start: Start
) -> None:
    network = f"c10k-test-{uuid.uuid4().hex[:8]}"
    driver.create_network(network)
    address = driver.address(start(network=network, aliases=("db",), hostname="db"))
    pod = start(network=network, hosts={"stock": address})
    guest = start(network=f"container:{pod}")
    for name in ("db", "stock"):
        found = driver.execute(guest, ("getent", "hosts", name)).output.split()
        assert found == [address, name]


def test_stop_tells_how_it_ended(driver: DockerDriver, start: Start) -> None:
    polite = "import signal, sys; signal.signal(15, lambda *_: sys.exit(7)); "
    container = start(command=("python3", "-uc", polite + "print(1); signal.pause()"))
    first_line(driver, container)
    assert driver.state(container).running
    assert driver.state(container).exit_code is None
    driver.stop(container, grace_s=10)
    state = driver.state(container)
    assert (state.running, state.exit_code, state.oom_killed) == (False, 7, False)


def test_stop_kills_what_does_not_listen(driver: DockerDriver, start: Start) -> None:
    deaf = "import signal; signal.signal(15, signal.SIG_IGN); print(1); signal.pause()"
    container = start(command=("python3", "-uc", deaf))
    first_line(driver, container)
    driver.stop(container, grace_s=1)
    assert driver.state(container).exit_code == 137


def test_logs_keep_both_streams_and_the_end(driver: DockerDriver, start: Start) -> None:
    talk = "import sys; print('x' * 99, file=sys.stderr); print(('y' * 99 + '\\n') * 9000 + 'end')"
    container = start(command=("python3", "-c", talk))
    driver.wait(container, 30)
    text = driver.logs(container)
    assert text.endswith("end\n")
    assert len(text) == LOG_BYTES


def test_remove_takes_all_and_forgives_the_gone(driver: DockerDriver, start: Start) -> None:
    containers = [start() for _ in range(3)]
    driver.remove(containers)
    driver.remove(containers)
    assert names(driver) == set()
    with pytest.raises(DriverError, match="removed the container"):
        driver.state(containers[0])


def test_sweep_takes_runs_of_this_owner_only(
    driver: DockerDriver, start: Start, images: Images
) -> None:
    own = start()
    network = f"c10k-test-{uuid.uuid4().hex[:8]}"
    driver.create_network(network)
    raw = docker.from_env()
    strangers = [
        raw.containers.create(images.server, ["true"], labels=marks)
        for marks in (
            {},
            {LABEL: "1", LABEL_OWNER: "somebody-else", LABEL_RUN: "theirs"},
            # Made by hand from an image of ours, whose labels it inherits.
            {LABEL_OWNER: driver.owner},
            {LABEL_OWNER: driver.owner, LABEL_ROLE: "server"},
        )
    ]
    try:
        swept = driver.sweep()
        assert len(swept) == 2
        assert network in swept
        left = {one.id for one in raw.containers.list(all=True, ignore_removed=True)}
        assert own not in left
        assert {one.id for one in strangers} <= left
        driver.remove_all()
        left = {one.id for one in raw.containers.list(all=True, ignore_removed=True)}
        assert {one.id for one in strangers} <= left
    finally:
        for one in strangers:
            one.remove(force=True)
        raw.close()


def test_threads_share_a_driver(driver: DockerDriver, start: Start) -> None:
    with ThreadPoolExecutor(4) as pool:
        containers = list(pool.map(lambda _: start(), range(4)))
    assert len(names(driver)) == len(set(containers)) == 4


def test_what_a_killed_run_left_is_swept(driver: DockerDriver, images: Images) -> None:
    program = (
        "import os, signal, sys; from experiments.docker.docker_driver import DockerDriver; "
        "from experiments.docker.driver import ContainerSpec; "
        "driver = DockerDriver('r', sys.argv[1]); "
        "driver.create_network(sys.argv[1]); driver.start(ContainerSpec('server', sys.argv[1], "
        "sys.argv[2], ('sleep', '600'), sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", program, driver.owner, images.server]
    done = subprocess.run(command, cwd=ROOT, check=False, timeout=60)  # noqa: S603 - ours
    assert done.returncode == -signal.SIGKILL
    assert names(driver) == {f"/{driver.owner}"}
    assert driver.sweep() == [driver.owner, driver.owner]  # the container and the network
    assert driver.sweep() == []


def test_nofile_limit_can_be_granted_and_no_more(driver: DockerDriver, images: Images) -> None:
    limit = driver.nofile_limit(images.server)
    command = ("python3", "-c", "import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE))")
    assert run_tool(driver, images.server, command, nofile=limit).strip() == f"({limit}, {limit})"
    with pytest.raises(DriverError, match=r"more descriptors|the engine"):
        run_tool(driver, images.server, command, nofile=2**31)
    assert names(driver) == set()


def test_a_tool_that_fails_leaves_nothing(driver: DockerDriver, images: Images) -> None:
    with pytest.raises(DriverError, match="ended with 3: oh no"):
        run_tool(driver, images.server, ("sh", "-c", "printf 'oh no'; exit 3"))
    assert names(driver) == set()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image": "c10k-lab/none:such"}, "`make experiment` builds it"),
        ({"command": ("/no/such",)}, "lacks the command"),
        ({"cpus": "999"}, "does not have these cores"),
        ({"sysctls": {"net.core.no_such": "1"}}, "kernel setting"),
        ({"cpu_quota": 0.1}, "below the kernel's 1000"),
    ],
)
def test_refusals_say_what_to_do(
    driver: DockerDriver, start: Start, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(DriverError, match=message):
        start(**settings)
    assert names(driver) == set()
