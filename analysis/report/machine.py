"""The machine of a run in a few lines, from its manifest."""

from __future__ import annotations

from analysis.records.manifest import Manifest
from analysis.wording import count, plural, server_name, size


def machine(manifest: Manifest) -> list[tuple[str, str]]:
    """(what, value), at most five lines, without what is not known."""
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
        ("Processor", _join(manifest.cpu.model, cores, memory)),
        ("Kernel", kernel),
        ("Docker", _join(engine, storage, _bridge(manifest))),
        ("Images", _join(_base(manifest), _servers(manifest))),
        ("Lab", lab),
    ]
    return [(name, value) for name, value in rows if value]


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
    """Servers that are not the lab's own, each with its image and the start of its id."""
    return _join(
        *(
            f"{server_name(name)} from {one.get('image')} "
            f"({str(one.get('id')).removeprefix('sha256:')[:12]})"
            for name, one in sorted(manifest.servers.items())
        )
    )


def _design(manifest: Manifest) -> str:
    repeats = f"{count(manifest.repeats)} repeats" if manifest.repeats else ""
    window = f"windows of {manifest.window_s:g} s" if manifest.window_s else ""
    return _join(repeats, window)
