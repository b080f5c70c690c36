"""Folders with any name and any depth, and folders that may not be written to."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest

from labkit.core.errors import BadInput
from labkit.machine.layers.debian import Debian, Unreachable
from labkit.machine.layers.workshop import Workshop
from labkit.machine.snapshot import Snapshot, prepare
from tests.machine.notebooks import Notebook
from tests.support.as_user import OrdinaryUser, python_for_everyone

ODD = """a b, 50% "it's" $HOME é日;x"""
"""What option parsers, shells, loaders and formats cut or expand."""

_PURE = ("click", "rich", "pygments", "markdown_it", "mdurl", "packaging")
"""What ``labkit machine run`` imports: as any Python may."""


@pytest.mark.requires("program:qemu-system-x86_64")
@pytest.mark.parametrize("name", [ODD, f"{'deep' * 20}/{'er' * 40}"], ids=["odd", "deep"])
def test_home_temporary_folder_and_course_may_have_any_name_and_depth(
    snapshot: Snapshot, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / name
    for part in ("home", "tmp", "course"):
        (folder / part).mkdir(parents=True)
    env = {"LABKIT_HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}
    notebook = Notebook(folder / "course", folder / "course", f"{ODD}.ipynb", **env)
    try:
        said = notebook.run("import os; open('é,', 'w').write('here'); print(os.getcwd())")
        assert said == "/course\n"
        assert (folder / "course/é,").read_text() == "here"
        notebook.shut_down()
        assert list((folder / "home/run/sessions").iterdir()) == []
    finally:
        notebook.end()


@pytest.mark.requires("program:apt-get")
@pytest.mark.timeout(600)  # it fetches packages
def test_programs_from_packages_run_in_a_folder_of_any_name(
    snapshot: Snapshot, tmp_path: Path
) -> None:
    layers = Path(os.environ["LABKIT_MACHINES"]) / "layers"
    [root] = [path for path in layers.glob("workshop-*") if path.is_dir()]
    shutil.copytree(root, tmp_path / ODD / "workshop", symlinks=True)
    packed = tmp_path / ODD / "packed"
    Workshop(tmp_path / ODD / "workshop").squash(root / "etc", packed)
    assert packed.read_bytes()[:4] == b"hsqs"


@pytest.mark.requires("program:apt-get")
def test_apt_works_in_a_folder_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABKIT_DEBIAN_MIRROR", "http://127.0.0.1:9/debian")
    with pytest.raises(Unreachable, match=r"Failed to fetch http://127\.0\.0\.1:9/debian"):
        Debian(tmp_path / ODD).update()


def test_a_colon_ends_a_path_everywhere_so_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABKIT_MACHINES", str(tmp_path / "a:b"))
    with pytest.raises(BadInput, match="LABKIT_MACHINES to a folder without one"):
        prepare()
    assert not (tmp_path / "a:b").exists()


def test_an_address_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = dict.fromkeys((f"{name}_port" for name in ("shell", "control", "stdin")), 0)
        ports |= {"iopub_port": taken.getsockname()[1], "hb_port": 0}
        file = tmp_path / "connection.json"
        file.write_text(json.dumps({"transport": "tcp", "ip": "127.0.0.1", "key": "", **ports}))
        argv = [sys.executable, "-m", "labkit.jupyter.relay", "-f", str(file)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"address tcp://127.0.0.1:{ports['iopub_port']}: Address already in use" in done.stderr
    assert "→ Restart the kernel" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.requires("program:qemu-system-x86_64")
def test_where_no_progress_can_be_kept_there_is_no_machine_to_lose_it(
    open_notebook: Callable[..., Notebook], tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir(mode=0o700)
    homeless = {"LABKIT_HOME": "", "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    said = open_notebook(XDG_DATA_HOME="/proc/none", **homeless).run("1")
    assert said.startswith("NoMachine: labkit cannot use the folder /proc/none/labkit: No such")
    assert "→ Set LABKIT_HOME to a folder that you can write." in said


def _install(user: OrdinaryUser) -> None:
    """labkit and what it needs, where the user may read it; the same distributions as here."""
    user.python("")  # copies labkit
    library = user.folder / "lib"
    for name in _PURE:
        spec = find_spec(name)
        assert spec and spec.submodule_search_locations
        shutil.copytree(spec.submodule_search_locations[0], library / name)
    for distribution in metadata.distributions():
        about = Path(str(distribution.locate_file(""))) / f"{distribution._path.name}"
        if about.is_dir():
            shutil.copytree(about, library / about.name, dirs_exist_ok=True)


def _machine_run(user: OrdinaryUser, *words: str) -> tuple[int, str]:
    # -S: without the distributions of whatever Python it is.
    argv = [python_for_everyone(), "-S", "-m", "labkit.cli", "machine", "run", *words]
    done = user.run(argv, timeout_s=250)
    return done.returncode, done.stdout + done.stderr


@dataclass(frozen=True, kw_only=True)
class _WithMachines(OrdinaryUser):
    """A user who finds a copy of what was prepared for these tests, all theirs, in its place."""

    copy: Path
    place: Path

    def command(self, argv: Sequence[str]) -> list[str]:
        script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
        bind = ["sh", "-c", script, "sh", str(self.copy), str(self.place)]
        return ["unshare", "--mount", *bind, *super().command(argv)]


def _with_machines(user: OrdinaryUser, place: Path) -> OrdinaryUser:
    copy = user.folder / "machines"
    options = ["-r", "--preserve=timestamps", "--sparse=always"]
    subprocess.run(["cp", *options, place, copy], check=True)
    subprocess.run(["chown", "-R", f"{user.uid}:{user.uid}", copy], check=True)
    env = {**user.env, "LABKIT_MACHINES": str(place)}
    return _WithMachines(user.uid, user.folder, env, copy=copy, place=place)


@pytest.mark.requires("root", "program:qemu-system-x86_64")
def test_a_read_only_home_is_named_with_the_variable_that_helps_and_with_it_all_works(
    snapshot: Snapshot, user: OrdinaryUser
) -> None:
    _install(user)
    home = user.folder / "home"
    home.chmod(0o555)
    homeless = replace(user, env={k: v for k, v in user.env.items() if k != "LABKIT_HOME"})
    assert _machine_run(homeless, "--", "true") == (
        2,
        f"labkit: labkit cannot use the folder {home}/.local/share/labkit: Permission denied.\n"
        "→ Set LABKIT_HOME to a folder that you can write\n",
    )
    closed = replace(user, env={**user.env, "LABKIT_MACHINES": "/usr/lib/labkit-machines"})
    assert _machine_run(closed, "--", "true") == (
        2,
        "labkit: cannot make what a machine is made of in /usr/lib/labkit-machines/layers: "
        "/usr/lib/labkit-machines: Permission denied.\n"
        "→ Set LABKIT_MACHINES to a folder that you can write, with 1 GB of room\n",
    )
    able = _with_machines(user, Path(os.environ["LABKIT_MACHINES"]))
    code, said = _machine_run(able, "--folder", str(user.folder / "tmp"), "--", "id", "-u")
    assert code == 0, said
    assert "0" in said.splitlines()  # root, inside
    assert "Asking Debian" not in said
    assert not list(home.iterdir())
