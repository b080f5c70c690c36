"""Task 3: out of a private network by NAT."""

from __future__ import annotations

import json
import subprocess

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed

from .shared import inside, is_there, make, program, reaches, run

WORLD = "203.0.113.9"
"""An address of a range that is kept for documents (RFC 5737)."""


@check(
    "way-out",
    title="A way out",
    points=4,
    requires=("netns",),
    hints=(
        "Follow one packet: which way does the sender know, who passes it on, and what does the one "
        "who gets it see as the sender's address?",
        "The answer has to come back, too, and the world knows nothing of private addresses.",
    ),
)
def way_out(lab: Lab) -> Verdict:
    """Sends a packet from the home to the world; where none comes back, looks where it is lost."""
    home, router, world = names(lab)
    there = [name for name in (home, router, world) if is_there(name)]
    if len(there) < 3:
        found = " ".join(there) or "none"
        return not_yet("gone", Evidence("namespaces", f"{home} {router} {world}", found))
    has_route = run(["ip", "-n", home, "route", "get", WORLD]).returncode == 0
    forwards = inside(router, "cat", "/proc/sys/net/ipv4/ip_forward").stdout.strip()
    knows = bool(
        json.loads(run(["ip", "-n", world, "-json", "route", "show", "default"]).stdout or "[]")
    )
    knows = knows or run(["ip", "-n", world, "route", "get", address(lab, 2)]).returncode == 0
    rows = [
        Evidence(f"{home} knows a way to {WORLD}", "yes", _yes(has_route)),
        Evidence(f"{router} passes packets on", "1", forwards),
        Evidence(f"{world} knows a way back to a private address", "no", _yes(knows)),
    ]
    if not has_route:
        return not_yet("no-route", *rows)
    if forwards != "1":
        return not_yet("no-forwarding", *rows)
    if knows:
        return not_yet("way-back", *rows)
    answered = reaches(home, WORLD)
    rows.append(
        Evidence(
            f"ping from {home} to {WORLD}", "answered", "answered" if answered else "no answer"
        )
    )
    if answered:
        return passed("The home reaches the world, which never learns its address.", *rows)
    return not_yet("no-nat" if reaches(home, "203.0.113.1") else OTHER, *rows)


def names(lab: Lab) -> tuple[str, str, str]:
    """The three namespaces of the task."""
    return f"{lab['place']}-home", f"{lab['place']}-router", f"{lab['place']}-world"


def address(lab: Lab, host: int) -> str:
    return f"192.168.{lab['net']}.{host}"


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


@way_out.wrong(
    "gone",
    says="The three namespaces of this task are not all there.",
    hints=("The cell above the task makes them: run it again.",),
)
def _(lab: Lab) -> None:
    return None


@way_out.wrong(
    "no-route",
    says="The home does not even send the packet: it knows no way to that address.",
    hints=("`ip -n NAME route` shows the ways that a namespace knows. Which is for all the rest?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _start(lab, FORWARD, MASQUERADE)


@way_out.wrong(
    "no-forwarding",
    says="The packet comes to the router, and ends there: the router passes nothing on.",
    hints=("Each network namespace has its own switch for that, below `net.ipv4`.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _start(lab, ROUTE, MASQUERADE)


@way_out.wrong(
    "no-nat",
    says="The packet reaches the world, and its answer finds no way back: the sender's address is a "
    "private one.",
    hints=("The router has an address that the world can answer to. Whose does the packet bear?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _start(lab, ROUTE, FORWARD)


@way_out.wrong(
    "way-back",
    says="The world has been told a way to a private network. The real one cannot be: millions of "
    "homes use these addresses.",
    hints=("Take that route away again. What can the router do to the packets instead?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _start(lab, ROUTE, FORWARD, "ip -n {place}-world route add 192.168.{net}.0/24 via 203.0.113.1")


@way_out.unlisted("the router drops what it should pass on")
def _(lab: Lab) -> None:
    drop = "ip netns exec {place}-router iptables -P FORWARD DROP"
    own = "ip netns exec {place}-router iptables -A INPUT -p icmp -j DROP"
    _start(lab, ROUTE, FORWARD, MASQUERADE, drop, own)


@way_out.right("with iptables: MASQUERADE")
def _(lab: Lab) -> None:
    _start(lab, ROUTE, FORWARD, MASQUERADE)


@way_out.right(
    "with iptables: SNAT to the router's own address, and two halves for a default route"
)
def _(lab: Lab) -> None:
    snat = "-s 192.168.{net}.0/24 -j SNAT --to-source 203.0.113.1"
    _start(
        lab,
        "ip -n {place}-home route add 0.0.0.0/1 via 192.168.{net}.1",
        "ip -n {place}-home route add 128.0.0.0/1 via 192.168.{net}.1",
        FORWARD,
        "ip netns exec {place}-router iptables -t nat -A POSTROUTING " + snat,
    )


@way_out.right("a whole table at once, as Docker's daemon and Kubernetes write it")
def _(lab: Lab) -> None:
    _start(lab, ROUTE, FORWARD)
    subprocess.run(
        [program("ip"), "netns", "exec", names(lab)[1], program("iptables-restore")],
        input="*nat\n-A POSTROUTING -o wan -j MASQUERADE\nCOMMIT\n", text=True, check=True, timeout=5,
    )  # fmt: skip


ROUTE = "ip -n {place}-home route add default via 192.168.{net}.1"
FORWARD = "ip netns exec {place}-router sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'"
MASQUERADE = "ip netns exec {place}-router iptables -t nat -A POSTROUTING -o wan -j MASQUERADE"

BEGINNING = """\
for name in home router world; do ip netns add {place}-$name; done
ip -n {place}-home link add eth0 type veth peer name lan netns {place}-router
ip -n {place}-world link add eth0 type veth peer name wan netns {place}-router
ip -n {place}-home address add 192.168.{net}.2/24 dev eth0
ip -n {place}-router address add 192.168.{net}.1/24 dev lan
ip -n {place}-router address add 203.0.113.1/24 dev wan
ip -n {place}-world address add 203.0.113.9/24 dev eth0
for name in home world; do ip -n {place}-$name link set eth0 up; done
for name in lan wan; do ip -n {place}-router link set $name up; done
ip netns exec {place}-router sh -c 'echo 0 > /proc/sys/net/ipv4/ip_forward'
"""


def _start(lab: Lab, *steps: str) -> None:
    script = "\n".join((BEGINNING, *steps))
    for name in ("place", "net"):
        script = script.replace(f"{{{name}}}", str(lab[name]))
    make(lab, script, *names(lab))
