"""What an entry gives a container is in its specification, and nothing else is loosened."""

from __future__ import annotations

from pathlib import Path

from experiments.docker.container_options import host_settings, settings
from experiments.docker.driver import USER, ContainerSpec
from experiments.plan.container_keys import ContainerKeys
from experiments.run.described_container import as_described, beside

PLAIN = ContainerSpec("server", "s", "image:1", (), "net", cpus="0", nofile=99)
FOLDER = Path("/results/run")
TMP = "/tmp"  # noqa: S108 - a mount point


def described(**keys: object) -> ContainerSpec:
    return as_described(PLAIN, ContainerKeys.model_validate({"image": "a", **keys}), FOLDER)


def test_without_keys_it_is_confined_like_the_lab_s_own() -> None:
    ours, theirs = host_settings(PLAIN), host_settings(described())
    assert ours == theirs
    assert (theirs["read_only"], theirs["cap_drop"], theirs["cap_add"]) == (True, ["ALL"], [])
    assert theirs["security_opt"] == ["no-new-privileges"]
    assert "noexec" in theirs["tmpfs"][TMP]
    assert settings(described())["user"] == USER
    assert settings(described())["entrypoint"] is None, "it keeps its image's"


def test_who_is_in_the_engine_s_network_is_in_its_user_namespace_and_nobody_else() -> None:
    assert host_settings(PLAIN)["userns_mode"] is None
    assert host_settings(ContainerSpec("tool", "t", "image:1", (), "host"))["userns_mode"] == "host"


def test_process_1_is_the_server_s_own_whatever_the_engine_s_default_is() -> None:
    """With `"init": true` in daemon.json it would be docker-init, which ends what hears no signal;
    None leaves it to the engine."""
    for spec in (PLAIN, described(user="image", writable="all")):
        assert host_settings(spec)["init"] is False


def test_each_key_loosens_what_it_names_and_no_more() -> None:
    spec = described(
        writable=["/var/x", TMP], capabilities=["CHOWN"], memory="8m", files={"c": "/c"}
    )
    host = host_settings(spec)
    assert host["read_only"]
    assert host["tmpfs"] == {}, "it is a writable folder like any other"
    assert (host["cap_drop"], host["cap_add"]) == (["ALL"], ["CHOWN"])
    assert host["mem_limit"] == host["memswap_limit"] == 8 * 2**20
    *folders, file = host["mounts"]
    assert [(one["Type"], one["Target"]) for one in folders] == [
        ("volume", "/var/x"),
        ("volume", TMP),
    ]
    assert all(one["VolumeOptions"]["NoCopy"] for one in folders)
    assert file == {
        "Type": "bind",
        "Source": "/results/run/files/c",
        "Target": "/c",
        "ReadOnly": True,
    }
    assert host["security_opt"] == ["no-new-privileges"]


def test_all_of_the_file_system_is_as_the_image_has_it() -> None:
    host = host_settings(described(writable="all"))
    assert (host["read_only"], host["tmpfs"], host["mounts"]) == (False, {}, [])


def test_entry_point_and_user_are_the_image_s_or_as_given() -> None:
    as_image = settings(described(user="image"))
    given = settings(described(user="7:8", entrypoint=["sh", "-c"], command=["x", 1]))
    assert (as_image["user"], as_image["entrypoint"]) == (None, None)
    assert (given["user"], given["entrypoint"], given["command"]) == (
        "7:8",
        ["sh", "-c"],
        ["x", "1"],
    )
    assert settings(described(entrypoint=[]))["entrypoint"] == []


def test_probe_is_root_only_beside_another_user() -> None:
    probe = ContainerSpec("probe", "p", "image:1", (), "net")
    assert beside(probe, described(writable="all", capabilities=["CHOWN"])) == probe
    for user in ("image", "7:8"):
        found = beside(probe, described(user=user))
        assert (found.user, found.capabilities) == ("0:0", ("DAC_READ_SEARCH", "SYS_PTRACE"))
