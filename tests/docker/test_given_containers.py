"""What an entry gives a server's container, in a real one: it serves with it, and without it the
reason names the key. And its database: reached by name, fresh, logged, and gone after the trial.
"""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from rich.console import Console

from analysis.report.report import build
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.ownership import LABEL_OWNER
from experiments.images.store import ImageStore
from experiments.plan.overrides import read_source
from experiments.records import attempts
from experiments.run import session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from experiments.images.build import Images

pytestmark = pytest.mark.docker

APP = """
import os, shutil, socket, subprocess, sys, time
from threading import Thread

def own():
    return str(os.getuid())

def writes():
    with open("/var/lib/shop/cart.db", "w") as file:
        file.write("x")
    return "wrote"

def executes():
    shutil.copy("/usr/bin/true", "/tmp/tool")
    subprocess.run(["/tmp/tool"], check=True)
    return "executed"

def reads():
    return open("/srv/secret").read()

def given():
    return open("/etc/shop.conf").read()

def descends():
    os.chown("/run/shop", 33, 33)
    os.setgroups([]), os.setgid(33), os.setuid(33)
    return own()

def asks():
    with socket.create_connection(("stock", 6000), 5) as stock:
        return stock.makefile().readline().strip()

def trade():
    while True:  # a fifth of a core
        ends = time.thread_time() + 0.02
        while time.thread_time() < ends:
            pass
        time.sleep(0.08)

def stock():
    print("stock is open", flush=True)
    Thread(target=trade, daemon=True).start()
    ends = time.monotonic() + float(sys.argv[2])
    server = socket.create_server(("", 6000))
    for number in range(1, 99):
        server.settimeout(max(0.01, ends - time.monotonic()))
        try:
            server.accept()[0].sendall(b"visitor %d\\n" % number)
        except TimeoutError:
            sys.exit("sold out")

def answer(connection, body):
    head = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body)
    with connection:
        while connection.recv(65536):
            connection.sendall(head + body)

def serve(what, address="0.0.0.0", port="8080"):
    body = globals()[what]().encode()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    server = socket.create_server((address, int(port)), family=family, backlog=128)
    while True:
        Thread(target=answer, args=(server.accept()[0], body), daemon=True).start()

stock() if sys.argv[1] == "stock" else serve(*sys.argv[1:])
"""
CAPABILITY = "0100000200040000000000000000000000000000"
"""NET_BIND_SERVICE, effective, as struct vfs_cap_data of revision 2."""
DOCKERFILE = f"""
USER 0
COPY app.py /srv/app.py
RUN printf 'shop:x:1234:1234::/:/bin/sh\\n' >> /etc/passwd && printf secret > /srv/secret \\
 && chown 1234:1234 /srv/secret && chmod 400 /srv/secret && mkdir /run/shop /var/lib/shop \\
 && cp "$(readlink -f "$(command -v python3)")" /srv/python \\
 && python3 -c "import os; \\
os.setxattr('/srv/python', 'security.capability', bytes.fromhex('{CAPABILITY}'))"
USER shop
ENTRYPOINT ["python3", "/srv/app.py"]
"""
EXPERIMENT = """
question: Does a container get what its entry gives it, and nothing else?
repeats: 1
reference: false
settings: {active_connections: 4, window_s: 1.1, warm_up_s: 0.1}
servers:
  - {name: tight, image: IMAGE, command: [own], expect: {body: "10001"}}
  - {name: read_only, image: IMAGE, command: [writes]}
  - {name: writable, image: IMAGE, command: [writes], writable: [/var/lib/shop]}
  - {name: no_exec, image: IMAGE, command: [executes]}
  - {name: exec, image: IMAGE, command: [executes], writable: [/tmp]}
  - {name: denied, image: IMAGE, command: [reads]}
  - {name: of_image, image: IMAGE, command: [reads], user: image, expect: {body: secret}}
  - {name: no_caps, image: IMAGE, entrypoint: [/srv/python], command: [/srv/app.py, own]}
  - name: caps
    image: IMAGE
    entrypoint: [/srv/python]
    command: [/srv/app.py, own]
    capabilities: [NET_BIND_SERVICE]
  - {name: cannot_change, image: IMAGE, command: [descends], user: "0", writable: all}
  - name: changes
    image: IMAGE
    command: [descends]
    user: "0"
    writable: all
    capabilities: [CHOWN, SETUID, SETGID]
    memory: 128m
    expect: {body: "33"}
  - {name: files, image: IMAGE, command: [given], files: {shop.conf: /etc/shop.conf}}
  - {name: elsewhere, image: IMAGE, command: [own, 0.0.0.0, 3000], ready: {timeout_s: 4}}
  - {name: six, image: IMAGE, command: [own, "::"], ready: {timeout_s: 4}}
  - {name: local, image: IMAGE, command: [own, 127.0.0.1], ready: {timeout_s: 4}}
  - name: with_stock
    image: IMAGE
    command: [asks]
    expect: {body: visitor 1}
    needs: {stock: {image: IMAGE, command: [stock, 60], port: 6000, health: ["true"]}}
  - name: sold_out
    image: IMAGE
    command: [asks]
    needs: {stock: {image: IMAGE, command: [stock, 1], port: 6000}}
sweeps:
  - name: given
    axes:
      server: [tight, read_only, writable, no_exec, exec, denied, of_image, no_caps, caps,
               cannot_change, changes, files, elsewhere, six, sold_out]
  - name: bridged
    settings: {network: bridge}
    axes: {server: [local, with_stock]}
"""
SERVE = ("tight", "writable", "exec", "of_image", "caps", "changes", "files", "with_stock")
REASONS = {
    "read_only": ("exit code 1", "`writable: [/var/lib/shop]` may help"),
    "no_exec": ("Permission denied", "`writable: [/tmp]` may help"),
    "denied": ("Permission denied: '/srv/secret'", "`user: image` may help"),
    "no_caps": ("peration not permitted", "`capabilities` with these may help"),
    "cannot_change": ("Operation not permitted", "`capabilities: [CHOWN]` may help"),
    "elsewhere": ("Connection refused", "it listens on port 3000, not 8080: set `port: 3000`"),
    "six": ("Connection refused", "it listens on [::]:8080 (IPv6 only) alone"),
    "local": ("Connection refused", "set `network: pod`"),
    "sold_out": ("its stock ended with exit code 1", "sold out"),
}


def context(**files: str) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name.replace("_py", ".py"))
            entry.size, entry.mode = len(text), 0o644
            tar.addfile(entry, io.BytesIO(text.encode()))
    stream.seek(0)
    return stream


@pytest.fixture(scope="module")
def image(engine: DockerDriver, images: Images) -> Iterator[str]:
    """An image with a user, an entry point and a program with file capabilities."""
    reference = f"c10k-given-test/{engine.owner}:1"
    made = context(Dockerfile=f"FROM {images.server}{DOCKERFILE}", app_py=APP)
    ImageStore(engine).build(made, reference)
    yield reference
    engine.api.remove_image(reference)


@pytest.fixture(scope="module")
def run(image: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of all of them."""
    folder = tmp_path_factory.mktemp("given")
    (folder / "shop.conf").write_text("open = yes")
    (folder / "shop.conf").chmod(0o600)
    path = folder / "mine.yaml"
    path.write_text(EXPERIMENT.replace("IMAGE", image))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(session, "RESULTS", folder / "results")
        patched.setattr(attempts, "MOST", 1)  # however busy the machine is
        return session.start(read_source(path, "mine"), Console(file=io.StringIO())).folder


@pytest.fixture(scope="module")
def rows(run: Path) -> pd.DataFrame:
    return pd.read_csv(run / "trials.csv").set_index("server")


@pytest.mark.parametrize("server", SERVE)
def test_it_serves_with_what_it_is_given(rows: pd.DataFrame, server: str) -> None:
    row = rows.loc[server]
    assert row["outcome"] == "completed", row["reason"]
    assert row["errors"] == 0
    assert row["requests"] > 0
    assert row["server_processes"] >= 1
    assert row["server_rss_bytes"] > 1_000_000, "its user may be another: the probe reads it"


@pytest.mark.parametrize("server", REASONS)
def test_reason_of_one_that_does_not_names_what_it_is_without(
    rows: pd.DataFrame, server: str
) -> None:
    row = rows.loc[server]
    assert row["validity"] == "void"
    for part in REASONS[server]:
        assert part in row["reason"]


def test_need_is_logged_counted_and_gone(
    rows: pd.DataFrame, run: Path, engine: DockerDriver
) -> None:
    row = rows.loc["with_stock"]
    assert 0.0 < row["needs_cpu_share"] < 0.5
    log = run / "trials" / str(row["trial"]) / "stock.log"
    assert log.read_text().startswith("stock is open\n")
    assert (run / "trials" / str(rows.loc["sold_out", "trial"]) / "stock.log").exists()
    left = engine.api.containers(all=True, filters={"label": f"{LABEL_OWNER}={engine.owner}"})
    assert [one["Names"] for one in left if "-stock" in str(one["Names"])] == []


def test_manifest_and_report_tell_what_was_given(run: Path) -> None:
    servers = json.loads((run / "manifest.json").read_text())["servers"]
    assert servers["writable"]["writable"] == ["/var/lib/shop"]
    assert set(servers["files"]["files_sha256"]) == {"shop.conf"}
    assert servers["with_stock"]["needs"]["stock"]["id"].startswith("sha256:")
    assert "writable" not in servers["tight"]
    text = build(run).markdown.read_text()
    assert "given: user 0" not in text
    assert "given: the whole file system writable; user 0; capabilities CHOWN, SETUID" in text
    assert "beside it: stock from c10k-given-test/" in text


@pytest.mark.parametrize("form", ["docker.io/{}", "index.docker.io/{}", "{id}", "{short}"])
def test_image_is_found_by_other_names_too(engine: DockerDriver, image: str, form: str) -> None:
    there = ImageStore(engine).find(image)
    assert there is not None
    short = there.id.removeprefix("sha256:")[:12]
    named = form.format(image, id=there.id, short=short)
    same = ImageStore(engine).find(named)
    assert same is not None
    assert same.id == there.id
