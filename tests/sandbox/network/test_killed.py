"""Whoever is killed: no link, bridge or rule is left, and nothing of anybody else's is touched."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.sandbox.network.machine import OWNER, in_a_machine
from tests.support.as_user import OrdinaryUser, python_for_everyone
from tests.support.snapshot import all_pids, our_processes, take_snapshot
from tests.support.wait import wait_until

pytestmark = [
    pytest.mark.requires("root", "network", "program:unshare", "program:ip", "program:iptables"),
    pytest.mark.usefixtures("shared_home"),
]

OTHERS = """
ip("link", "add", "br-theirs", "type", "bridge")
ip("link", "add", "ve-theirs", "type", "veth", "peer", "ve-others")
subprocess.run(["iptables", "-A", "INPUT", "-s", "203.0.113.0/24", "-j", "DROP"], check=True)
def state():
    return switches(), rules(), tables(), links()
before = state()
"""


def test_a_session_that_is_killed_takes_its_network_along() -> None:
    in_a_machine(
        OTHERS
        + """
for turn in range(3):
    with owner("lab", nat=turn > 0) as (process, bridge):
        assert bridge in links() and len(links()) == len(before[3]) + 3
        helper = helper_of(process.pid)
        process.kill(); process.wait()
        while not is_gone(helper): time.sleep(0.005)
    assert state() == before, (state(), before)
"""
    )


@pytest.mark.parametrize("nat", [False, True])
def test_when_the_helper_is_killed_too_the_next_sweep_clears_up(nat: bool) -> None:
    in_a_machine(
        OTHERS
        + f"""
with owner("lab", nat={nat}) as (process, bridge):
    helper = helper_of(process.pid)
    for pid in (process.pid, helper):
        os.kill(pid, signal.SIGSTOP)
        os.kill(pid, signal.SIGKILL)
    process.wait()
assert bridge in links()
removed = []
deadline = time.monotonic() + 5
while state() != before and time.monotonic() < deadline:
    removed += sweep()
    time.sleep(0.01)
assert state() == before, (state(), before)
kinds = {{row.kind for row in removed}}
assert kinds >= {{"link", "table"}} if {nat} else {{"link"}} <= kinds, removed
"""
    )


def test_a_sweep_elsewhere_leaves_it_to_one_that_is_there() -> None:
    """A journal speaks of the network namespace that it was written in."""
    in_a_machine(
        OTHERS
        + """
with owner("lab", nat=False) as (process, bridge):
    helper = helper_of(process.pid)
    for pid in (process.pid, helper):
        os.kill(pid, signal.SIGSTOP)
        os.kill(pid, signal.SIGKILL)
    process.wait()
code = "import time; from labkit.core.session import sweep\\n"
code += "for _ in range(4): sweep(); time.sleep(0.05)"
subprocess.run(["unshare", "--net", sys.executable, "-c", code], check=True)
assert bridge in links()
sweep()
assert state() == before, (state(), before)
"""
    )


def test_a_link_that_somebody_took_away_is_no_error() -> None:
    in_a_machine(
        OTHERS
        + """
with Network() as net, Sandbox(network=net) as box:
    ip("link", "delete", net.bridge)
assert state() == before
"""
    )


def test_a_sandbox_whose_namespace_is_kept_is_off_the_network_all_the_same() -> None:
    in_a_machine("""
with Network() as net:
    box = Sandbox(network=net).start()
    address = box.address
    kept = subprocess.Popen(["nsenter", "--net", "--target", str(box.pid), "sleep", "600"])
    deadline = time.monotonic() + 5
    while os.stat(f"/proc/{kept.pid}/ns/net").st_ino != os.stat(f"/proc/{box.pid}/ns/net").st_ino:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    box.kill()
    there = ["nsenter", "--net", "--target", str(kept.pid)]
    assert "eth0" in ip("link", prefix=there)
    with Sandbox(network=net) as heir, Sandbox(network=net) as other:
        assert heir.address == address
        ping = ["ping", "-c1", "-W1"]
        assert other.exec([*ping, address]).exit_code == 0
        done = subprocess.run([*there, "busybox", *ping, other.address], capture_output=True)
        assert done.returncode != 0, done
        assert other.exec([*ping, address]).exit_code == 0
left = links()
kept.kill(); kept.wait()
assert not any(name.startswith("br") for name in left), left
""")


@pytest.mark.requires("program:setpriv")
@pytest.mark.parametrize("who", ["owner", "all"])
def test_an_ordinary_users_network_ends_with_its_helper(user: OrdinaryUser, who: str) -> None:
    assert user.python("from labkit.image import base_image; base_image()").returncode == 0
    home = user.folder / "labkit"
    others = all_pids()
    before = take_snapshot(home, not_ours=others)
    argv = user.command([python_for_everyone(), "-c", OWNER, "lab", ""])
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=dict(user.env)) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"br")
        ours = our_processes(home, others)
        namespaces = {Path(f"/proc/{pid}/ns/net").stat().st_ino for pid in ours}
        assert len(namespaces) == 4  # the machine's, that of the bridge, and two sandboxes'
        doomed = [process.pid, *ours] if who == "all" else [process.pid]
        for pid in doomed if who == "all" else ():
            os.kill(pid, signal.SIGSTOP)
        for pid in doomed:
            os.kill(pid, signal.SIGKILL)
        process.wait()
    # With the last process goes the namespace, and what is in it.
    wait_until(lambda: not our_processes(home, others), timeout_s=30, what="all have ended")
    assert user.python("from labkit.core.session import sweep; sweep()").returncode == 0
    assert take_snapshot(home, not_ours=others).since(before) == []
