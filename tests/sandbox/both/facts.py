"""What labkit says of a sandbox is what the kernel and other programs say of it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from labkit.sandbox import Sandbox, anatomy, containers, family_tree, processes, running, xray
from tests.sandbox.both.tools import (
    inside,
    namespace,
    namespaces_of_lsns,
    new_folder,
    program,
    status,
)

KINDS = ("user", "pid", "mnt", "uts", "ipc", "net", "cgroup", "time")


def namespaces_are_those_of_proc_and_lsns() -> None:
    with Sandbox() as box:
        rows = {row.kind: row for row in xray(box).namespaces}
        assert set(rows) == set(KINDS)
        for kind, row in rows.items():
            assert row.inside == namespace(box.pid, kind), kind
            assert row.outside == namespace("self", kind), kind
            assert row.is_own == (kind != "time"), kind
        listed = namespaces_of_lsns(box.pid)
        assert listed == {kind: {"NS": row.inside} for kind, row in rows.items()}


def only_the_namespaces_asked_for_are_new() -> None:
    kinds = ("user", "pid", "mnt", "uts")
    with Sandbox(namespaces=kinds) as box:
        new = {kind for kind in KINDS if namespace(box.pid, kind) != namespace("self", kind)}
        assert new == set(kinds)


def interfaces_are_those_of_ip() -> None:
    with Sandbox() as box:
        links = json.loads(inside(box.pid, "net", "ip", "-json", "address"))
        assert xray(box).inside.interfaces == tuple(link["ifname"] for link in links) == ("lo",)
        assert "UP" in links[0]["flags"]
        assert links[0]["addr_info"][0]["local"] == "127.0.0.1"
        here = subprocess.run(
            [program("ip"), "-json", "link"], capture_output=True, text=True, check=True
        )
        names = sorted(link["ifname"] for link in json.loads(here.stdout))
        assert xray(box).outside.interfaces == tuple(names)


def mounts_are_those_of_findmnt() -> None:
    with Sandbox() as box:
        lines = Path(f"/proc/{box.pid}/mountinfo").read_text().splitlines()
        seen = xray(box).inside
        assert seen.mount_count == len(lines)
        command = [program("findmnt"), "--json", "--task", str(box.pid), "--target", "/"]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        root = json.loads(shown)["filesystems"][0]
        assert seen.root_filesystem == root["fstype"] == "overlay"
        assert root["target"] == "/"
        points = {line.split(" ")[4] for line in lines}
        assert {"/proc", "/dev", "/dev/pts", "/dev/shm"} < points
        assert not any(point.startswith(("/sys", "/home", "/old")) for point in points)


def the_cgroup_is_the_one_that_proc_names() -> None:
    with Sandbox() as box:
        own = Path(f"/proc/{box.pid}/cgroup").read_text().splitlines()
        paths = {}
        for line in own:
            _, names, path = line.split(":", 2)
            paths.update(dict.fromkeys(names.split(","), path))
        assert xray(box).outside.cgroup == paths.get("memory", paths.get(""))
        for row in running():
            for controller, folder in row.groups.items():
                members = Path(folder, "cgroup.procs").read_text().split()
                assert str(box.pid) in members, (controller, members)
                assert folder.endswith(f"labkit-{row.session}-{box.name}")
        seen = box.exec(["cat", "/proc/1/cgroup"]).stdout.splitlines()
        theirs = [line.rpartition(":")[2] for line in seen if ":memory:" in line or "0::" in line]
        assert xray(box).inside.cgroup in theirs


def capabilities_are_those_of_the_kernel() -> None:
    with Sandbox() as box:
        bits = status(box.pid)["CapEff"]
        command = [program("capsh"), f"--decode={bits}"]
        decoded = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        names = decoded.strip().partition("=")[2].upper().split(",")
        assert xray(box).capabilities == anatomy(box).capabilities == tuple(sorted(names))
        assert "CAP_SYS_ADMIN" not in names
        assert "CAP_CHOWN" in names
        exec_bits = box.exec(["grep", "Cap", "/proc/self/status"]).stdout
        assert {line.split()[1] for line in exec_bits.splitlines()[1:4]} == {bits}
        assert status(box.pid)["NoNewPrivs"] == "1"
        assert xray(box).no_new_privs


def the_hostname_is_the_one_that_nsenter_sees() -> None:
    with Sandbox(name="web", hostname="www.example") as box:
        assert inside(box.pid, "uts", "hostname").strip() == "www.example"
        sides = xray(box)
        assert sides.inside.hostname == anatomy(box).hostname == "www.example"
        assert sides.outside.hostname == os.uname().nodename != "www.example"
        assert box.exec(["hostname"]).stdout == "www.example\n"


def a_command_that_enters_is_in_the_same_namespaces_and_cgroups() -> None:
    with Sandbox() as box, box.terminal(["sleep", "60"]) as terminal:
        for kind in KINDS:
            assert namespace(terminal.pid, kind) == namespace(box.pid, kind), kind
        groups = [Path(f"/proc/{pid}/cgroup").read_text() for pid in (terminal.pid, box.pid)]
        if running()[0].groups:
            memory = [[x for x in text.splitlines() if ":memory:" in x] for text in groups]
            assert memory[0] == memory[1]
        assert Path(f"/proc/{terminal.pid}/root").readlink() == Path("/")
        assert box.exec(["cat", "/proc/1/comm"]).stdout == "sleep\n"


def pid_1_is_the_command_itself() -> None:
    ran = Sandbox().run(["sh", "-c", "echo $$; ls -d /proc/[0-9]*"])
    assert ran.stdout.split()[:2] == ["1", "/proc/1"]
    with Sandbox() as box:
        seen = xray(box)
        assert seen.inside.pid == 1
        assert seen.inside.ppid == 0
        assert seen.inside.processes[0].command.startswith("sleep")
        assert seen.outside.pid == box.pid
        assert status(box.pid)["NSpid"].split() == [str(box.pid), "1"]


def root_inside_is_who_started_it_outside() -> None:
    with Sandbox() as box:
        sides = xray(box)
        assert (sides.inside.uid, sides.inside.user) == (0, "root")
        assert sides.outside.uid == os.geteuid() == Path(f"/proc/{box.pid}").stat().st_uid
        assert anatomy(box).is_rootless == (os.geteuid() != 0)


def the_anatomy_names_what_was_changed() -> None:
    folder = new_folder("data")
    with Sandbox(volumes={folder: "/data:ro"}) as box:
        script = "echo x > /etc/new; rm /bin/true; mkdir /empty; ln -s /etc /link; mkdir -p /a/b"
        box.exec(["sh", "-c", script])
        seen = anatomy(box)
        assert set(seen.changed) >= {"/etc/new", "/bin/true (deleted)", "/empty/", "/link"}
        assert "/a/b/" in seen.changed
        assert not any(path.startswith("/link/") for path in seen.changed)
        assert [(v.source, v.target, v.is_read_only) for v in seen.volumes] == [
            (str(folder), "/data", True)
        ]
        assert seen.image == "base:latest"


def the_family_tree_is_that_of_ps() -> None:
    with Sandbox() as box:
        members = {member.pid: member for member in family_tree(box).members}
        shown = subprocess.run(
            ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True
        )
        parents = dict(map(int, line.split()) for line in shown.stdout.splitlines())
        for pid, member in members.items():
            assert parents[pid] == member.ppid or pid == os.getpid(), pid
        assert members[box.pid].role == f"sandbox {box.name}"
        assert members[box.pid].inner_pid == 1
        assert members[os.getpid()].role == "you are here"
        assert members[members[box.pid].ppid].role == "helper"


def it_is_in_the_process_table_and_among_the_containers() -> None:
    with Sandbox(name="listed") as box:
        found = {process.pid: process for process in processes()}
        assert found[box.pid].argv[0] == "sleep"
        assert found[box.pid].nspid == (box.pid, 1)
        first = next(row for row in containers() if row.pid == box.pid)
        assert (first.name, first.hostname) == ("listed", "listed")


def a_container_that_labkit_did_not_start_is_found() -> None:
    command = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    made = subprocess.Popen([*command, "--uts", "sleep", "60"])
    try:
        for _ in range(200):
            mine = [row for row in containers() if row.process.ppid == made.pid]
            if mine and mine[0].process.comm == "sleep":
                break
        assert mine[0].name == ""
        assert mine[0].hostname == os.uname().nodename
        seen = xray(mine[0].pid)
        assert seen.inside.pid == 1
        assert [line.pid for line in seen.inside.processes] == [1]
        own = {row.kind for row in seen.namespaces if row.is_own}
        assert own == {"user", "pid", "mnt", "uts"}
    finally:
        subprocess.run(["pkill", "-KILL", "-P", str(made.pid)], check=False)
        made.wait()


def with_limits_they_are_those_of_the_files() -> None:
    with Sandbox(limits={"memory.max": "64M", "pids.max": 20}) as box:
        limits = {limit.name: limit for limit in anatomy(box).limits}
        for name, value in (("memory.max", 64 * 1024**2), ("pids.max", 20)):
            assert limits[name].limit == value
            assert int(Path(limits[name].file).read_text()) == value
        assert limits["pids.max"].used == 1
        assert 0 < limits["memory.max"].used < 64 * 1024**2
        members = Path(limits["memory.max"].file).with_name("cgroup.procs").read_text().split()
        assert members == [str(box.pid)]
