"""Containers against a real engine: limits in force, each refusal says what to do."""

from __future__ import annotations

import json
import time
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from experiments.docker.container_logs import LOG_BYTES
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError
from experiments.docker.ownership import LABEL, LABEL_OWNER, LABEL_RUN
from tests.support.container_names import names

if TYPE_CHECKING:
    from tests.docker.conftest import Start

pytestmark = [pytest.mark.docker, pytest.mark.lockless]

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


def test_threads_share_a_driver(driver: DockerDriver, start: Start) -> None:
    with ThreadPoolExecutor(4) as pool:
        containers = list(pool.map(lambda _: start(), range(4)))
    assert len(names(driver)) == len(set(containers)) == 4


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
