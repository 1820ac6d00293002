"""The machine of a run in a few lines, from its manifest."""

from __future__ import annotations

from analysis.records.manifest import Manifest, Placement, Wire
from analysis.report.given import given, image_of, needed
from analysis.wording import count, duration, plural, server_name, size


def machine(manifest: Manifest) -> list[tuple[str, str]]:
    """(what, value), at most six lines, without what is not known."""
    cores = plural(manifest.cpu.cores, "core") if manifest.cpu.cores else ""
    memory = f"{size(manifest.memory_bytes)} memory" if manifest.memory_bytes else ""
    commit = (manifest.git_commit or "")[:12] + (" with changes" if manifest.git_dirty else "")
    engine = manifest.docker.engine or ""
    storage = getattr(manifest.docker, "storage_driver", None)
    kernel = _join(
        manifest.kernel.release,
        _labelled("cgroup", manifest.cgroup_version),
        _labelled("clock", manifest.clock_source),
    )
    lab = _join(_labelled("commit", commit), _labelled("seed", manifest.seed), _design(manifest))
    rows = [
        ("Processor", _join(manifest.cpu.model, cores, _placement(manifest.cpu.placement), memory)),
        ("Kernel", kernel),
        ("Hosts", _hosts(manifest)),
        ("Docker", _join(engine, storage, _bridge(manifest))),
        ("Images", _join(_base(manifest), _servers(manifest))),
        ("Lab", lab),
    ]
    return [(name, value) for name, value in rows if value]


def unlike_cores(manifest: Manifest) -> str:
    """What is wrong with the cores that server and load had; empty if nothing is."""
    placement = manifest.cpu.placement
    if not placement.unlike:
        return ""
    return (
        f"server and load had {placement.why}: compare these rates with each other, and with no "
        "other machine's"
    )


def _placement(placement: Placement) -> str:
    if not placement.server or not placement.loads:
        return ""
    why = f" ({placement.why})" if placement.why else ""
    there = " of its host" if placement.on_several_hosts else ""
    return f"server on core {placement.server}, load on core {placement.loads[0]}{there}{why}"


def _hosts(manifest: Manifest) -> str:
    """Where server and load were, if that was not one machine; what else the report tells of a
    machine is of the server's."""
    return _join(
        *(
            _join(
                f"{name} on {one.docker}",
                _labelled("at", one.address),
                _labelled("kernel", one.kernel),
                plural(one.cores, "core") if one.cores else "",
                _wire(one.path),
            )
            for name, one in manifest.hosts.items()
        )
    )


def _wire(path: Wire | None) -> str:
    if path is None:
        return ""
    trip, rate = duration(path.round_trip_us), count(path.mbit_per_s)
    return f"{trip} there and back between load and server, {rate} Mbit/s"


def _join(*parts: object) -> str:
    return ", ".join(str(part) for part in parts if part)


def _labelled(label: str, value: object) -> str:
    return f"{label} {value}" if value not in (None, "") else ""


def _bridge(manifest: Manifest) -> str:
    value = manifest.bridge_nf_call_iptables
    if isinstance(value, bool):
        value = int(value)
    return "" if value is None else f"bridge-nf-call-iptables {value}"


def _base(manifest: Manifest) -> str:
    base = manifest.images.get("base")
    if not isinstance(base, dict):
        return str(base or "")
    return _join(
        base.get("reference"), _labelled("from", base.get("origin")), str(base.get("digest") or "")
    )


def _servers(manifest: Manifest) -> str:
    """Servers that are not the lab's own, each with its image and what it was given."""
    return _join(
        *(
            _join(
                f"{server_name(name)} from {image_of(one)}",
                given(one),
                needed(one, manifest.cpu.cores),
            )
            for name, one in sorted(manifest.servers.items())
        )
    )


def _design(manifest: Manifest) -> str:
    repeats = f"{count(manifest.repeats)} repeats" if manifest.repeats else ""
    window = f"windows of {manifest.window_s:g} s" if manifest.window_s else ""
    return _join(repeats, window)
