"""A resumed machine: a whole Linux, that of one notebook, with the host out of its reach."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import labkit
from labkit.core.errors import SystemFault
from labkit.core.session import Session, sweep
from labkit.machine.microvm import MicroVM
from labkit.machine.snapshot import Snapshot
from tests.machine.inside import Inside

pytestmark = pytest.mark.requires("program:qemu-system-x86_64")

Start = Callable[[], Inside]


def test_inside_one_is_root_of_a_linux_with_everything_that_containers_are_made_of(
    box: Inside,
) -> None:
    assert box.ask("id -u; hostname") == "0\nlab"
    controllers = box.ask("cat /sys/fs/cgroup/cgroup.controllers").split()
    assert {"cpu", "cpuset", "io", "memory", "pids"} <= set(controllers)
    made = """
        mkdir /sys/fs/cgroup/trial && echo 1M > /sys/fs/cgroup/trial/memory.max
        mkdir -p /tmp/l /tmp/m && mount -t tmpfs none /tmp/m && mkdir /tmp/m/u /tmp/m/w /tmp/m/r
        mount -t overlay -o lowerdir=/tmp/l,upperdir=/tmp/m/u,workdir=/tmp/m/w overlay /tmp/m/r
        ip link add v0 type veth peer name v1 && ip link add br0 type bridge
        ip tuntap add tun0 mode tun && nft add table inet trial && nft list tables
            losetup -f > /dev/null
        unshare --user --map-root-user --pid --fork --mount-proc ps -o pid= -p 1
        test -c /dev/fuse && findmnt -n -o FSTYPE /sys/fs/cgroup
    """
    said = box.ask(f"set -e; {made}").split()
    assert said == ["table", "inet", "trial", "1", "cgroup2"]


def test_there_is_no_way_out_to_a_network(box: Inside) -> None:
    assert box.ask("ls /sys/class/net").split() == ["lo"]
    assert box.run("wget -T 3 -q -O - http://10.0.2.2/")[0] != 0
    assert box.ask("ip route") == ""


def test_its_clock_is_the_hosts_and_follows_it(box: Inside) -> None:
    assert abs(float(box.ask("date +%s.%N")) - time.time()) < 2
    box.ask("date -s '2001-01-01'")
    box.machine.set_clock()
    assert abs(float(box.ask("date +%s.%N")) - time.time()) < 2


def test_two_copies_of_one_snapshot_have_different_random_numbers(start: Start) -> None:
    asked = "head -c 16 /dev/urandom | od -An -tx1; python3 -c 'import uuid; print(uuid.uuid4())'"
    first, second = start(), start()
    assert first.ask(asked) != second.ask(asked)


def test_they_do_not_meet(start: Start) -> None:
    first, second = start(), start()
    first.ask("echo mine > /root/file")
    assert second.run("cat /root/file")[0] != 0


def test_the_course_is_the_hosts_folder(box: Inside, tmp_path: Path) -> None:
    (tmp_path / "from the host").write_text("one")
    assert box.ask("cat 'from the host'") == "one"
    box.ask("echo two > 'from the guest' && mv 'from the guest' renamed")
    assert (tmp_path / "renamed").read_text() == "two\n"
    (tmp_path / "from the host").write_text("longer than before")
    time.sleep(0.4)
    assert box.ask("cat 'from the host'") == "longer than before"


def test_labkit_is_there_as_it_is_here_and_what_is_done_to_it_stays_inside(box: Inside) -> None:
    here = Path(labkit.__file__).read_text()
    assert box.ask("cat $(python3 -c 'import labkit; print(labkit.__file__)')") == here.strip()
    box.ask("echo broken > /opt/labkit/labkit/__init__.py")
    assert Path(labkit.__file__).read_text() == here


def test_labkits_command_is_there(box: Inside) -> None:
    assert box.ask("labkit --version").endswith(labkit.__version__)


def test_only_its_user_can_reach_its_sockets(box: Inside) -> None:
    folder = box.machine.folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    shown = subprocess.run(["ss", "-ltnpH"], capture_output=True, text=True, check=True).stdout
    assert f"pid={box.machine.qemu.process.pid}," not in shown


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo c > /proc/sysrq-trigger", "its kernel panicked: not syncing: sysrq triggered crash"),
        ("busybox poweroff -f", "it was switched off from inside"),
        ("kill -9 -1; busybox reboot -f", "it was restarted from inside"),
    ],
)
def test_one_that_ends_itself_says_of_what(box: Inside, script: str, why: str) -> None:
    with pytest.raises((AssertionError, SystemFault)):
        box.run(script)
    box.wait_for_its_end()
    assert box.machine.why_ended() == why


def test_one_that_is_wrecked_costs_nobody_their_work(
    box: Inside, tmp_path: Path, labkit_home: Path
) -> None:
    before = our_files()
    (tmp_path / "mine" / "deep").mkdir(parents=True)
    (tmp_path / "mine" / "deep" / "work.txt").write_text("kept")
    box.run("rm -rf --no-preserve-root / 2>/dev/null", cwd="/")
    box.machine.set_clock()  # it still listens
    assert our_files() == before
    [kept] = (labkit_home / "removed").glob("*/mine/deep/work.txt")
    assert kept.read_text() == "kept"


def our_files() -> int:
    """How many files labkit itself has, which the machine sees as well."""
    return len([*Path(labkit.__file__).parent.rglob("*")])


def test_a_fork_bomb_and_a_full_memory_are_survived(box: Inside) -> None:
    # As the notebook's kernel would: in its cgroup.
    group = "/sys/fs/cgroup/notebook"
    enter = f"echo 0 > {group}/cgroup.procs"
    bomb = f"setsid sh -c '{enter}; b() {{ b | b & }}; b' > /dev/null 2>&1 &"
    has_all = f"while grep -q '^max 0$' {group}/pids.events; do sleep 1; done"
    box.ask(f"{bomb} {has_all}")
    assert box.ask("echo still here") == "still here"
    kill = f"echo 1 > {group}/cgroup.kill"
    box.ask(f"while grep -q 'populated 1' {group}/cgroup.events; do {kill}; done")
    code = "x = bytearray(2 << 30)"
    assert box.run(f"{enter}; python3 -c '{code}; print(len(x))'")[0] != 0
    assert box.ask("grep -c . /proc/uptime") == "1"


def test_qemu_that_is_killed_is_said(box: Inside) -> None:
    os.kill(box.machine.qemu.process.pid, signal.SIGKILL)
    box.wait_for_its_end()
    assert box.machine.why_ended() == "QEMU was killed by SIGKILL"


def test_it_ends_with_whoever_started_it(snapshot: Snapshot, tmp_path: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from labkit.core.session import current_session
from labkit.machine.microvm import MicroVM
from labkit.machine.snapshot import prepare
machine = MicroVM(prepare(), current_session(), Path(sys.argv[1]))
machine.begin()
print(machine.qemu.process.pid, flush=True)
time.sleep(600)
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        qemu = int(owner.stdout.readline())
        assert Path(f"/proc/{qemu}").exists()
        owner.kill()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{qemu}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{qemu}").exists()
    sweep()


def test_ten_in_a_row_leave_nothing(snapshot: Snapshot, tmp_path: Path) -> None:
    descriptors, memory = len(list(Path("/proc/self/fd").iterdir())), 0
    for number in range(10):
        if number == 3:  # from now on, nothing is done for the first time
            memory = _memory_bytes()
        session = Session()
        with MicroVM(snapshot, session, tmp_path) as machine:
            machine.begin()
            assert Inside(machine).ask(f"echo {number}") == str(number)
        session.close()
        assert not session.folder.exists()
    assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors + 1
    assert _memory_bytes() < memory + (8 << 20)


def _memory_bytes() -> int:
    """What this process has of this computer's memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
