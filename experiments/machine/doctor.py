"""`make doctor`: what the lab needs of this machine, what was found, and what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psutil
from rich.console import Console
from rich.table import Table

from contract.console import cell
from contract.exits import Exit, LabError
from contract.ports import WEB_PORT
from experiments.docker.address import engine_address
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import DriverError
from experiments.docker.leftovers import found
from experiments.images.store import ImageStore
from experiments.machine import shortfalls
from experiments.machine.checks import (
    CORES,
    Check,
    check_bridge,
    check_busy,
    check_cores,
    check_engine,
    check_leftovers,
    check_nofile,
    check_place,
    check_port,
    check_program,
    check_python,
    check_space,
)
from experiments.machine.cores import place
from experiments.machine.host import (
    bridge_filter,
    compose_program,
    engine_folder,
    free_space,
    look,
    port_is_free,
)
from experiments.machine.kept import OF_SOME, check_kept, see_unkept
from experiments.machine.preflight import NOFILE, RESULT_BYTES
from experiments.machine.published import reached
from experiments.machine.run_lock import holder
from experiments.machine.specimen import MODEL
from experiments.paths import RESULTS

MARKS: Final = {"ok": "[green]ok[/]", "warn": "[yellow]warn[/]", "fail": "[red]fail[/]"}
MEMORY_BYTES: Final = 256 * 1024**2
"""Asked for, to see whether a limit of memory is kept."""
DISK_BYTES: Final = 2 * 1024**3
TMP_BYTES: Final = 256 * 1024**2
WATCH_S: Final = 0.5


def checks(driver: DockerDriver, results: Path = RESULTS) -> list[Check]:
    """Everything, the engine first; what depends on it is left out when it is not there."""
    return [
        *_engine(driver),
        check_space("disk for results", free_space(results), RESULT_BYTES, str(results)),
        check_space(
            "temporary files", free_space(Path(tempfile.gettempdir())), TMP_BYTES, "TMPDIR"
        ),
        check_port(WEB_PORT, port_is_free(WEB_PORT), holder()),
        check_busy(psutil.cpu_percent(WATCH_S) / 100, os.getloadavg()[0]),
        check_python(sys.version_info[:2]),
        check_program("make", shutil.which("make"), "the targets of the Makefile"),
        check_program("compose", compose_program(), "`make ui`"),
    ]


def report(done: Sequence[Check], console: Console) -> Exit:
    """Print the table; NOT_READY when something failed."""
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("check", "", "seen", "what to do"):
        table.add_column(heading, overflow="fold")
    for one in done:
        table.add_row(one.name, MARKS[one.status], cell(one.seen), cell(one.advice))
    console.print(table)
    return Exit.NOT_READY if any(one.status == "fail" for one in done) else Exit.OK


def _engine(driver: DockerDriver) -> list[Check]:
    try:
        version, info = driver.version(), driver.info()
        folder = engine_folder(info)
        image = ImageStore(driver).newest("server")
        address = engine_address()
        done = [
            check_engine(version, info),
            check_place(
                *(address.url, address.said_by, address.elsewhere),
                reached(driver, image) if image and not address.elsewhere else None,
            ),
            check_leftovers(found(driver, of_runs=True), holder()),
        ]
        if image is not None:
            facts = look(driver, image)
            space, bridge = facts["disk_bytes"], facts["bridge_filter"]
            done.append(check_nofile(driver.nofile_limit(image), NOFILE))
            cores = driver.cores(image)
            placement = place(cores) if len(cores) >= CORES else None
            done.append(check_cores(len(cores), placement))
            if placement is not None:
                seen = see_unkept(driver, image, (MODEL,), placement, MEMORY_BYTES)
                done.append(check_kept(seen, info, OF_SOME))
        else:
            # Where this user may not enter, it is no more to be seen than on another machine.
            space = free_space(folder) if os.path.exists(folder) else None
            bridge = bridge_filter()
            done.append(check_cores(int(info["NCPU"])))
            done.append(Check("descriptors", "warn", "unknown", "known once the images are built"))
            said = shortfalls.unsupported(info)
            fine = "kept, says the engine; tried once the images are built"
            done.append(check_kept(said, info, OF_SOME, fine))
        done.append(check_bridge(bridge))
        done.append(check_space("disk of the engine", space, DISK_BYTES, str(folder)))
    except LabError as error:
        return [Check("engine", "fail", "no answer", str(error))]
    except DriverError as error:
        return [Check("engine", "fail", "refused", str(error))]
    return done
