"""Task 2: two named network namespaces that ping each other."""

from __future__ import annotations

import subprocess
import sys

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed

from .shared import addresses, is_there, links, make, reaches


@check(
    "joined",
    title="Two namespaces, one cable",
    points=3,
    requires=("netns",),
    hints=(
        "Four things make a cable work: it exists, an end lies on each side, each end has its "
        "address, and each end is up.",
        "`ip -n NAME address` shows one side. Compare both sides with each other, line by line.",
    ),
)
def joined(lab: Lab) -> Verdict:
    """Asks the kernel for the links of both namespaces, then sends a packet each way."""
    sides = (str(lab["left"]), str(lab["right"]))
    wanted = dict(zip(sides, (f"10.{lab['net']}.0.1/24", f"10.{lab['net']}.0.2/24"), strict=True))
    there = [side for side in sides if is_there(side)]
    rows = [Evidence("namespaces", " ".join(sides), " ".join(there) or "none")]
    if len(there) < 2:
        return not_yet("one-missing" if there else "nothing", *rows)
    veths = {side: [x for x in links(side) if _kind(x) == "veth"] for side in sides}
    rows += [_count(side, len(veths[side])) for side in sides]
    if not all(veths.values()):
        return not_yet("no-cable", *rows)
    rows += [
        Evidence(f"address in {s}", wanted[s], " ".join(addresses(s)) or "none") for s in sides
    ]
    if not all(rows[-2:][n].agrees for n in (0, 1)):
        return not_yet(OTHER if all(addresses(s) for s in sides) else "no-address", *rows)
    down = [side for side in sides if not any("UP" in x["flags"] for x in veths[side])]
    rows.append(Evidence("ends that are down", "none", " ".join(down) or "none"))
    if down:
        return not_yet("down", *rows)
    for one, other in (sides, sides[::-1]):
        answered = reaches(one, wanted[other].partition("/")[0])
        rows.append(Evidence(f"ping from {one} to {other}", "answered", _said(answered)))
    if all(row.agrees for row in rows):
        return passed("A packet goes over and comes back, both ways.", *rows)
    return not_yet(OTHER, *rows)


def _kind(link: dict) -> str:
    return str(link.get("linkinfo", {}).get("info_kind", ""))


def _count(side: str, count: int) -> Evidence:
    return Evidence(f"ends of veth pairs in {side}", "at least 1", str(count), is_met=count > 0)


def _said(answered: bool) -> str:
    return "answered" if answered else "no answer"


@joined.wrong("nothing", says="There is neither of the two network namespaces.")
def _(lab: Lab) -> None:
    return None


@joined.wrong(
    "one-missing",
    says="One of the two network namespaces is there, the other is not.",
    hints=("`ip netns` lists those that have a name. Mind how yours are spelled.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    make(lab, f"ip netns add {lab['left']}", str(lab["left"]))


@joined.wrong(
    "no-cable",
    says="Both namespaces are there, but there is not an end of a veth pair in each.",
    hints=("Both ends of a pair are born in one namespace. Which of yours have been moved?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _make(lab, "")


@joined.wrong(
    "no-address",
    says="The cable lies in both namespaces, but not both of its ends have an IPv4 address.",
    hints=("A link that is moved to another namespace loses its addresses on the way.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _make(lab, f"{_cable(lab)}\n{_up(lab)}")


@joined.wrong(
    "down",
    says="Cable and addresses are right, but not both ends are switched on.",
    hints=("A link begins its life switched off, and so does its state after a move.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _make(lab, f"{_cable(lab)}\n{_addresses(lab)}\nip -n {lab['left']} link set cable0 up")


@joined.unlisted("each end is in a subnet of its own")
def _(lab: Lab) -> None:
    wrong = _addresses(lab).replace(".0.2/24", ".9.2/24")
    _make(lab, f"{_cable(lab)}\n{wrong}\n{_up(lab)}")


@joined.right("with ip: the pair is made where its ends belong")
def _(lab: Lab) -> None:
    _make(lab, f"{_cable(lab)}\n{_addresses(lab)}\n{_up(lab)}")


@joined.right("with pyroute2")
def _(lab: Lab) -> None:
    left, right, net = str(lab["left"]), str(lab["right"]), lab["net"]
    _make(lab, "")
    code = f"""
from pyroute2 import NetNS
with NetNS("/run/netns/{left}", flags=0) as a, NetNS("/run/netns/{right}", flags=0) as b:
    a.link("add", ifname="eth0", kind="veth",
           peer={{"ifname": "eth0", "net_ns_fd": "/run/netns/{right}"}})
    for ns, host in ((a, 1), (b, 2)):
        index = ns.link_lookup(ifname="eth0")[0]
        ns.addr("add", index=index, address=f"10.{net}.0.{{host}}", prefixlen=24)
        ns.link("set", index=index, state="up")
"""

    subprocess.run([sys.executable, "-c", code], check=True, timeout=10)


def _make(lab: Lab, script: str) -> None:
    left, right = str(lab["left"]), str(lab["right"])
    make(lab, f"ip netns add {left}\nip netns add {right}\n{script}", left, right)


def _cable(lab: Lab) -> str:
    return f"ip -n {lab['left']} link add cable0 type veth peer name cable1 netns {lab['right']}"


def _addresses(lab: Lab) -> str:
    return (
        f"ip -n {lab['left']} address add 10.{lab['net']}.0.1/24 dev cable0\n"
        f"ip -n {lab['right']} address add 10.{lab['net']}.0.2/24 dev cable1"
    )


def _up(lab: Lab) -> str:
    return f"ip -n {lab['left']} link set cable0 up\nip -n {lab['right']} link set cable1 up"
