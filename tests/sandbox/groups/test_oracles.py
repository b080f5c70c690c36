"""What libcgroup's programs say of groups, and make of a configuration, and what ours does."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.core.session import current_session
from labkit.sandbox import Cgroup, Sandbox, group_tree
from labkit.sandbox.cgconfig import apply, differences, parse, read_back
from labkit.sandbox.cgconfig.reading_back import is_same_value
from tests.sandbox.both.tools import program
from tests.sandbox.groups.both.views import text

pytestmark = [
    pytest.mark.requires("root", "limits", "cgroup-v1", "program:cgget", "program:cgconfigparser"),
    pytest.mark.usefixtures("shared_home"),
]

CONTROLLERS = ("cpu", "memory", "cpuset", "pids")


def ask(*argv: str) -> str:
    done = subprocess.run([program(argv[0]), *argv[1:]], capture_output=True, text=True, check=True)
    return done.stdout


def for_cgconfigparser(prefix: str) -> str:
    """The same, as libcgroup needs it: no mounts, memory before memory and swap, and CPUs for each
    group above one that has some."""
    cpuset = "cpuset { cpuset.cpus = 0; cpuset.mems = 0; }"
    both, memory = "memory.memsw.limit_in_bytes = 128M;", "memory.limit_in_bytes = 64M;"
    lines = [row for row in text().splitlines() if not row.startswith("mount")]
    said = "\n".join(lines).replace(f"{both} {memory}", f"{memory} {both}")
    said = said.replace("group daemons {", f"group daemons {{ {cpuset}")
    said = said.replace("group daemons", f"group {prefix}/daemons")
    return f"group {prefix} {{ {cpuset} }}\n{said}"


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[str]:
    """The path below which cgconfigparser has made the groups of ``text()``."""
    prefix = f"labkit-{current_session().id}-theirs"
    file = tmp_path / "cgconfig.conf"
    file.write_text(for_cgconfigparser(prefix))
    try:
        ask("cgconfigparser", "-l", str(file))
        yield f"/{prefix}"
    finally:
        Cgroup.at(f"/{prefix}").remove()


def looks(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Owner, group and mode of a group's folder and files."""
    found = {}
    for path in [folder, *folder.iterdir()]:
        if path == folder or path.is_file():
            status = path.stat()
            name = "." if path == folder else path.name
            found[name] = (status.st_uid, status.st_gid, stat.filemode(status.st_mode))
    return found


def test_the_same_file_gives_the_same_values_owners_and_modes(theirs: str) -> None:
    config = parse(text())
    with apply(config) as applied:
        for controller in CONTROLLERS:
            folders = [
                Path("/sys/fs/cgroup", controller, path.strip("/"), "daemons/www")
                for path in (theirs, applied.root.path)
            ]
            assert looks(folders[0]) == looks(folders[1]), controller
        groups = [Cgroup.at(f"{theirs}/{name}") for name in ("daemons", "daemons/www")]
        assert differences(config, read_back(groups, Cgroup.at(theirs))) == ()


def test_cgget_reads_what_was_set() -> None:
    with Cgroup.create("asked", ("memory", "cpu", "pids", "cpuset")) as group:
        group["memory.max"], group["cpu.max"] = "64M", "50000 100000"
        group["pids.max"], group["cpuset.cpus"] = 20, "0"
        files = {
            "memory.limit_in_bytes": str(64 << 20), "cpu.cfs_quota_us": "50000",
            "cpu.cfs_period_us": "100000", "pids.max": "20", "cpuset.cpus": "0",
        }  # fmt: skip
        for file, value in files.items():
            assert ask("cgget", "-n", "-v", "-r", file, group.path).strip() == value, file


def test_lscgroup_lists_the_groups_of_the_tree() -> None:
    with Cgroup.create("listed") as top, Sandbox(limits={"cpu.max": "50%"}) as box:
        Cgroup.create("listed/one")
        Cgroup.create("listed/two")
        id = current_session().id
        listed = {row.partition(":")[2] for row in ask("lscgroup").splitlines()}
        tree = {group.path for group in group_tree().groups}
        assert {path for path in listed if id in path} == {path for path in tree if id in path}
        assert {f"{top.path}/one", f"{top.path}/two", Cgroup.of(box.pid).path} <= tree


def test_cgsnapshot_and_we_read_the_same_groups_alike() -> None:
    named = text().replace("uid = 41001", "uid = nobody").replace("gid = 41001", "gid = nogroup")
    with apply(parse(named)) as applied:
        # It has an error for every file that it may not read, and no word for a user without name.
        argv = [program("cgsnapshot"), "-s", "-b", os.devnull, *CONTROLLERS]
        shown = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
        theirs: dict[tuple[str, str], str] = {}
        for group in parse(shown).groups:
            for controller in group.controllers:
                theirs |= {(group.name, one.name): one.value for one in controller.settings}
        for group in read_back(applied.groups).groups:
            ours = [setting for c in group.controllers for setting in c.settings]
            both = [setting for setting in ours if (group.name, setting.name) in theirs]
            assert len(both) >= 10
            for setting in both:
                if setting.name != "memory.oom_control":  # they show what cannot be set, too
                    their = theirs[group.name, setting.name]
                    assert is_same_value(setting.name, their, setting.value), setting
