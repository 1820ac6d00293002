"""A Debian root with Python, made from packages of the mirror that this host uses.

For machines whose engine reaches no image registry. debootstrap is a shell
script: when it is not installed it is fetched and unpacked, not installed; what
it calls has to be there. The mirror and the proxy are those of the host's own apt.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from experiments.images.cache import CACHE_FOLDER, hand_over

SUITE: Final = "trixie"
VARIANT: Final = "minbase"
PACKAGES: Final = ("ca-certificates", "python3")
LEFT_OUT: Final = (
    "./dev/*",
    "./proc/*",
    "./sys/*",
    "./etc/hostname",
    "./etc/resolv.conf",
    "./var/cache/apt/*",
    "./var/lib/apt/lists/*",
    "./var/log/*",
)
CACHE: Final = CACHE_FOLDER / "debootstrap"
ROOT_PREFIX: Final = "root-"
PROGRAMS: Final[Mapping[str, str]] = {
    "gpgv": "gpgv",
    "mount": "mount",
    "perl": "perl",
    "unshare": "util-linux",
    "wget": "wget",
}
"""What debootstrap calls on the host beyond what every Debian has, and the package with it."""
ADMINISTRATION: Final = "/usr/sbin:/sbin"
"""Not on the path of an ordinary user, who is told of root and of packages at once."""
KEYRINGS: Final = tuple(
    Path(f"/usr/share/keyrings/debian-archive-keyring.{kind}") for kind in ("gpg", "pgp")
)
BIND: Final = 'mount --bind "$1" "$2" && shift 2 && exec sh "$@"'
"""debootstrap takes no target with a space in its path, so it gets another path to it."""
FUNCTIONS: Final = Path("/usr/share/debootstrap")
"""The folder of functions of the one that is installed."""
RULES: Final = "sid"
"""The rules for all releases: those of today follow it, and an older debootstrap does not know
the newest by their names.
"""
OUTPUT_LINES: Final = 30


class UnavailableError(Exception):
    """It cannot be done here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Script:
    """debootstrap itself, and its folder of functions where it is not installed."""

    path: str
    folder: Path | None

    @property
    def rules(self) -> Path:
        """The file of rules that it is given."""
        return (self.folder or FUNCTIONS) / "scripts" / RULES


def recipe() -> str:
    """Everything that decides what comes out, except for the versions on the mirror."""
    return " ".join((SUITE, VARIANT, *PACKAGES, *LEFT_OUT))


@contextmanager
def root_as_tar() -> Iterator[IO[bytes]]:
    """A tar stream of the finished root; only where `check_possible` allows it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        with _made() as tar:
            yield tar
    finally:
        hand_over()


def fill(folder: str, suite: str = SUITE, packages: Sequence[str] = PACKAGES) -> None:
    """Make the root of a release in `folder`, which is empty. Raises UnavailableError."""
    CACHE.mkdir(parents=True, exist_ok=True)
    Path(folder).chmod(0o755)  # it becomes /, and not root's alone
    options = _apt_options()
    _bootstrap(_script(options), _mirror(options), folder, suite, packages)


@contextmanager
def _made() -> Iterator[IO[bytes]]:
    for left in CACHE.glob(f"{ROOT_PREFIX}*"):  # by a start that was killed
        shutil.rmtree(left, ignore_errors=True)  # its own debootstrap may still write there
    folder = tempfile.mkdtemp(prefix=ROOT_PREFIX, dir=CACHE)
    try:
        fill(folder)
        left_out = [f"--exclude={pattern}" for pattern in LEFT_OUT]
        command = ["tar", "-C", folder, "--numeric-owner", *left_out, "-c", "."]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as tar:  # noqa: S603 - fixed words
            if tar.stdout is None:
                raise UnavailableError("tar has no output")
            yield tar.stdout
        if tar.returncode != 0:
            raise UnavailableError(f"tar of the new root ended with {tar.returncode}")
    finally:
        shutil.rmtree(folder)


def check_possible(architecture: str) -> None:
    """Raise UnavailableError, with what is missing, for an engine of `architecture` (uname -m)."""
    if platform.system() != "Linux" or shutil.which("apt-get") is None:
        raise UnavailableError("this needs a Debian host (apt-get is not here)")
    if platform.machine() != architecture:
        raise UnavailableError(
            f"the engine is {architecture} and this host is {platform.machine()}; they must agree"
        )
    wanted = []
    if missing := _missing():
        wanted.append(f"`sudo apt-get install {' '.join(missing)}` on this host")
    if os.geteuid() != 0:
        command = shlex.join([sys.executable, "-m", "experiments", "images"])
        wanted.append(f"root, once: `sudo {command}`")
    if wanted:
        raise UnavailableError(f"this needs {'; and '.join(wanted)}")


def _missing() -> list[str]:
    """The packages that have to be installed."""
    path = f"{os.environ.get('PATH', os.defpath)}:{ADMINISTRATION}"
    needed = [
        package for name, package in PROGRAMS.items() if shutil.which(name, path=path) is None
    ]
    if not any(keyring.exists() for keyring in KEYRINGS):
        needed.append("debian-archive-keyring")
    return needed


def _bootstrap(
    script: Script, mirror: str, folder: str, suite: str, packages: Sequence[str]
) -> None:
    """Fill `folder`, in a mount namespace of its own: its mounts are gone however it ends."""
    environment = {**os.environ, "LC_ALL": "C"}
    if script.folder is not None:
        environment["DEBOOTSTRAP_DIR"] = str(script.folder)
    proxy = _run(["apt-config", "shell", "P", "Acquire::http::Proxy"]).strip().partition("=")[2]
    if proxy:
        environment["http_proxy"] = proxy.strip("'")
    place = tempfile.mkdtemp(prefix="c10k-lab-", dir="/run")
    try:
        made = bound(folder, place, script, mirror, suite, packages)
        command = ["unshare", "--mount", *made]
        _run(command, environment)
    finally:
        Path(place).rmdir()


def bound(
    folder: str, place: str, script: Script, mirror: str, suite: str, packages: Sequence[str]
) -> list[str]:
    """debootstrap into `folder`, which it knows as `place`."""
    command = ["sh", "-c", BIND, "sh", folder, place, script.path, "--force-check-gpg"]
    command += [f"--variant={VARIANT}", f"--include={','.join(packages)}", suite, place, mirror]
    return [*command, str(script.rules)]


def _script(options: list[str]) -> Script:
    """The installed one, the one in the cache, or a freshly fetched one."""
    installed = shutil.which("debootstrap")
    if installed:
        return Script(installed, None)
    unpacked = CACHE / "script"
    script = Script(str(unpacked / "usr/sbin/debootstrap"), unpacked / "usr/share/debootstrap")
    # The rules come last in the package: without them it was not unpacked to its end, in place, as
    # was done before.
    if not (Path(script.path).exists() and script.rules.exists()):
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            _run(["apt-get", *options, "download", "debootstrap"], folder=folder)
            package = next(name for name in os.listdir(folder) if name.endswith(".deb"))
            whole = Path(folder, "whole")
            _run(["dpkg", "-x", package, str(whole)], folder=folder)
            if unpacked.exists():
                shutil.rmtree(unpacked)
            whole.rename(unpacked)
    return script


def _apt_options() -> list[str]:
    """None where the host's package lists are there; else fetch lists of our own."""
    if _run(["apt-cache", "show", "--no-all-versions", "debootstrap"], check=False):
        return []
    lists = CACHE / "lists"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    options = ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={CACHE / 'apt'}"]
    _run(["apt-get", *options, "update"])
    return options


def _mirror(options: list[str]) -> str:
    """The first mirror of Debian itself (not security, not others) in apt's sources."""
    wanted = ["--format", "$(SITE)|$(ORIGIN)|$(LABEL)", "Created-By: Packages"]
    for line in _run(["apt-get", *options, "indextargets", *wanted]).splitlines():
        site, origin, label = line.split("|")
        if (origin, label) == ("Debian", "Debian"):
            return site
    raise UnavailableError("apt's sources on this host name no mirror of Debian")


def _run(
    command: list[str],
    environment: dict[str, str] | None = None,
    *,
    folder: str | None = None,
    check: bool = True,
) -> str:
    """Its standard output; UnavailableError with its last lines when it fails."""
    done = subprocess.run(  # noqa: S603 - fixed words, no shell
        command,
        env=environment,
        cwd=folder,
        text=True,
        capture_output=True,
        check=False,
    )
    if check and done.returncode != 0:
        lines = (done.stdout + done.stderr).splitlines()[-OUTPUT_LINES:]
        tail = "\n".join(f"  | {line}" for line in lines)
        raise UnavailableError(f"{' '.join(command[:4])} ended with {done.returncode}\n{tail}\n")
    return done.stdout
