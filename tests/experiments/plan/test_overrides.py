"""`SERVER=` and `REPEATS=`: an experiment asked of one server, or more often."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.exits import Exit, LabError
from experiments.paths import ROOT
from experiments.plan.overrides import choose, kept_source, only, read_source
from experiments.plan.trials import foreign_servers, plan
from tests.support.experiments import experiment


def test_one_server_in_the_place_of_all_and_the_noise_floor_stays() -> None:
    asked = only(experiment(settings={"server": "poll"}), "team/my-app:1.2", 80)
    trials = plan(asked)
    reference, *swept, last = [trial.point.settings.server for trial in trials]
    assert (reference, last) == ("epoll_level", "epoll_level")
    # It takes no backlog of ours: that sweep asks what the first one asks already.
    assert swept == ["my_app"] * (2 + 1)
    assert {t.point.settings.backlog for t in trials[1:-1]} == {None}
    assert [one.name for one in foreign_servers(trials)] == ["my_app"]


def test_an_experiment_can_be_repeated_more_often(tmp_path: Path) -> None:
    chosen = choose("smoke", repeats=3)
    path = tmp_path / "experiment.yaml"
    path.write_text(chosen.text)
    assert chosen.text.startswith("# smoke.yaml with REPEATS=3\n")
    asked = (read_source(path, "smoke"), choose("smoke"))
    often, once = (plan(source.experiment) for source in asked)
    assert {trial.block for trial in often} == {1, 2, 3}
    assert {trial.point for trial in often} == {trial.point for trial in once}


@pytest.mark.parametrize("server", ["my-app:1", "poll", "nginx"])
def test_what_was_chosen_is_in_the_run_s_file(tmp_path: Path, server: str) -> None:
    port = 8000 if server == "my-app:1" else None
    chosen = choose("smoke", server, port, references=server == "nginx")
    path = tmp_path / "experiment.yaml"
    path.write_text(chosen.text)
    again = read_source(path, "smoke")
    assert [t.id for t in plan(again.experiment)] == [t.id for t in plan(chosen.experiment)]
    assert chosen.text.splitlines()[0].startswith(f"# smoke.yaml with SERVER={server}")


def test_a_sweep_that_cannot_be_asked_of_the_server_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "orders.yaml"
    path.write_text("image: orders:1\nrequest: {method: POST, path: /orders, body: x}\n")
    chosen = choose("smoke", str(path))
    (note,) = chosen.notes
    assert note.startswith("left out: sweep pipelined: pipeline_depth is 8, and POST is not idemp")
    names = [sweep.name for sweep in chosen.experiment.sweeps]
    everything = [sweep.name for sweep in choose("smoke").experiment.sweeps]
    assert names == [name for name in everything if name != "pipelined"]
    path.write_text("image: orders:1\nrequest: {method: PUT, path: /orders, body: x}\n")
    assert choose("smoke", str(path)).notes == ()


def test_an_experiment_of_which_nothing_can_be_asked_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("question: q\nsweeps: [{name: p, settings: {pipeline_depth: 4}}]\n")
    server = tmp_path / "orders.yaml"
    server.write_text("image: orders:1\nrequest: {method: POST, path: /, body: x}\n")
    with pytest.raises(LabError, match="sweep p: pipeline_depth is 4, and POST is not") as caught:
        choose(str(path), str(server))
    assert caught.value.exit is Exit.BAD_INPUT


def test_server_may_be_described_in_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    (tmp_path / "shop.conf").write_text("x")
    path.write_text(
        "image: shop:1\nport: 8000\nwritable: all\nfiles: {shop.conf: /etc/shop.conf}\n"
        "needs: {db: {image: db:1, port: 5432}}\n"
    )
    chosen = choose("smoke", str(path))
    (server,) = chosen.experiment.servers
    assert (server.name, server.port, server.writable) == ("shop", 8000, ["/"])
    assert (server.folder, list(server.needs)) == (tmp_path, ["db"])
    kept = tmp_path / "run" / "experiment.yaml"
    kept.parent.mkdir()
    kept.write_text(chosen.text)
    with pytest.raises(LabError, match=r"there is no .*run/files/shop\.conf"):
        kept_source(kept, "smoke")
    (kept.parent / "files").mkdir()
    (kept.parent / "files" / "shop.conf").write_text("x")
    again = kept_source(kept, "smoke")
    assert [t.id for t in plan(again.experiment)] == [t.id for t in plan(chosen.experiment)]


@pytest.mark.parametrize(
    ("text", "port", "fault"),
    [
        ("image: shop:1\nport: 8000\nprot: 1\n", None, r"shop\.yaml:3: unknown key 'prot'; did"),
        ("port: 8000\n", None, r"shop\.yaml:1: 'image' is missing"),
        ("image: shop:1\nname: poll\n", None, r"shop\.yaml:2: the lab has a server 'poll'"),
        ("image: shop:1\nimage: b\n", None, r"shop\.yaml:2: the key 'image' stands twice"),
        ("- image: shop:1\n", None, r"shop\.yaml:1: expected keys and values"),
        ("image: shop:1\n", 80, "PORT=80: .*shop.yaml says where its server listens"),
        (None, None, r"shop\.yaml: no such file"),
        ("sweeps: [{name: s}]\n", None, r"looks like an experiment: EXPERIMENT=.*shop\.yaml"),
    ],
)
def test_fault_in_the_file_of_a_server_has_its_line(
    tmp_path: Path, text: str | None, port: int | None, fault: str
) -> None:
    path = tmp_path / "shop.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(LabError, match=fault) as caught:
        choose("smoke", str(path), port)
    assert caught.value.exit is Exit.BAD_INPUT


def test_without_a_choice_the_file_is_kept_as_it_stands() -> None:
    assert choose("smoke").text == (ROOT / "experiments/smoke.yaml").read_text()


@pytest.mark.parametrize(
    ("server", "port", "reason"),
    [
        ("a b", 80, "SERVER=a b: image:"),
        ("My/Shop", 80, "SERVER=My/Shop: image: has to be the reference of an image"),
        ("x", 0, "port:"),
        ("poll", 80, "leave PORT out"),
        ("", 80, "PORT=80: it is the port of an image: give SERVER=NAME:TAG as well"),
        ("epol_level", None, "did you mean 'epoll_level'?.* SERVER=epol_level:latest"),
        ("gunicorn", 80, "did you mean 'gunicorn_gevent' or 'gunicorn_gthread' or 'gunicorn_sync'"),
    ],
)
def test_a_choice_that_cannot_be(server: str, port: int | None, reason: str) -> None:
    with pytest.raises(LabError, match=reason) as caught:
        choose("smoke", server, port)
    assert caught.value.exit is Exit.BAD_INPUT


@pytest.mark.parametrize("image", ["shop", "epol_level:latest", "me/epol_level"])
def test_what_is_like_no_name_of_ours_or_has_more_than_a_name_is_an_image(image: str) -> None:
    (server,) = choose("smoke", image).experiment.servers
    assert server.image == image


def test_a_folder_is_neither_a_file_nor_an_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("dir.yaml", "shop"):
        Path(name).mkdir()
        with pytest.raises(LabError, match=f"SERVER={name}: it is a folder; give") as caught:
            choose("smoke", name)
        assert caught.value.exit is Exit.BAD_INPUT
    assert choose("smoke", "shop:latest").experiment.servers[0].image == "shop:latest"
