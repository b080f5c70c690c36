"""All eight namespaces, the map of them, and going into those of any process.

Sources: time_namespaces(7), lsns(8), nsenter(1).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from labkit.core.errors import BadInput
from labkit.sandbox import Sandbox, enter, namespace_map, shared, xray
from tests.sandbox.both.tools import error_of, inside, namespace, namespaces_of_lsns, program

KINDS = ("user", "pid", "mnt", "uts", "ipc", "net", "cgroup", "time")
DAY = 86400


def all_eight_namespaces_can_be_had_together() -> None:
    with Sandbox(namespaces=KINDS) as box:
        assert [row.kind for row in xray(box).namespaces if not row.is_own] == []
        for kind in KINDS:
            assert namespace(box.pid, kind) != namespace("self", kind), kind


def each_of_the_eight_can_be_had_alone() -> None:
    needs = () if os.geteuid() == 0 else ("user",)
    for kind in KINDS:
        wanted = {*needs, kind}
        with Sandbox(namespaces=wanted) as box:
            new = {one for one in KINDS if namespace(box.pid, one) != namespace("self", one)}
            assert new == wanted, kind


def clocks_are_as_far_ahead_as_asked_and_back() -> None:
    for text, seconds in (("+7d", 7 * DAY), ("90m", 5400)):
        box = Sandbox(clocks={"boottime": text, "monotonic": seconds})
        within = float(box.run(["cat", "/proc/uptime"]).stdout.split()[0])
        ahead = within - float(Path("/proc/uptime").read_text().split()[0])
        assert seconds - 30 < ahead <= seconds + 1, (text, ahead)
    with Sandbox(clocks={"boottime": "+1d"}) as box:
        offsets = Path(f"/proc/{box.pid}/timens_offsets").read_text().split()
        assert offsets == ["monotonic", "0", "0", "boottime", str(DAY), "0"]
        within = float(box.exec(["cat", "/proc/uptime"]).stdout.split()[0])
        assert within > float(Path("/proc/uptime").read_text().split()[0]) + DAY - 30


def a_clock_before_the_start_of_the_machine_is_refused_with_words() -> None:
    error = error_of(lambda: Sandbox(clocks={"boottime": "-9999w"}).run(["true"]))
    assert isinstance(error, BadInput)
    assert "no clock goes below 0" in str(error)


def the_map_says_what_lsns_says() -> None:
    with Sandbox(name="mapped", namespaces=KINDS) as box:
        listed = namespaces_of_lsns(box.pid, "ONS")
        found = namespace_map()
        ours = {one.kind: one for one in found.namespaces if box.pid in one.members}
        assert {kind: one.id for kind, one in ours.items()} == {
            kind: row["NS"] for kind, row in listed.items()
        }
        for kind, row in listed.items():
            if row["ONS"]:
                assert ours[kind].owner == row["ONS"], kind
            assert ours[kind].owner, kind
        assert ours["pid"].owner == ours["user"].id
        assert found.members[box.pid].role == "sandbox mapped"
        assert found.members[os.getpid()].role == "you are here"
        for one in found.namespaces:
            assert one.is_observers == (namespace("self", one.kind) == one.id), one
        firsts = {one.kind: one for one in reversed(found.namespaces)}
        assert all(one.is_observers for one in firsts.values())


def two_processes_share_what_neither_was_given_anew() -> None:
    kinds = ("user", "pid", "net")
    with Sandbox(namespaces=kinds) as one, Sandbox(namespaces=KINDS) as other:
        assert shared(os.getpid(), one.pid) == tuple(k for k in KINDS if k not in kinds)
        assert shared(one.pid, one.pid) == KINDS
        assert shared(one.pid, other.pid) == ()
        assert isinstance(error_of(lambda: shared(os.getpid(), 1 << 22)), BadInput)


def whoever_enters_is_where_nsenter_leads() -> None:
    user = () if os.geteuid() == 0 else ("user",)
    with Sandbox(hostname="entered", namespaces=KINDS) as box:
        assert enter(box, ["hostname"]).stdout == "entered\n"
        alone = enter(box.pid, [program("hostname")], [*user, "uts"])
        assert alone.stdout == inside(box.pid, "uts", "hostname") == "entered\n"
        link = enter(box, [program("ip"), "-json", "link"], [*user, "net"]).stdout
        assert [row["ifname"] for row in json.loads(link)] == ["lo"]
        links = " ".join(f"/proc/self/ns/{kind}" for kind in KINDS)
        shown = enter(box, ["sh", "-c", f"for link in {links}; do readlink $link; done"]).stdout
        seen = [int(line[:-1].partition("[")[2]) for line in shown.split()]
        assert seen == [namespace(box.pid, kind) for kind in KINDS]
        listed = enter(box, ["ps", "-o", "pid,comm"]).stdout.split()
        assert listed[2:4] == ["1", "sleep"]
        assert enter(box, ["sh", "-c", "exit 3"]).exit_code == 3
        assert enter(box, ["cat"], input="said").stdout == "said"
    assert isinstance(error_of(lambda: enter(1 << 22, ["true"])), BadInput)


def what_is_not_there_is_said_with_what_would_help() -> None:
    with Sandbox() as box:
        error = error_of(lambda: enter(box, ["no-such-program"]))
        assert isinstance(error, BadInput)
        assert "Leave 'mnt' out of the kinds" in str(error)
