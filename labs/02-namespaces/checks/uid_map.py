"""Task 5: a process that is another user inside than outside."""

from __future__ import annotations

import os
from pathlib import Path

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed

from .shared import own, wait_for_command, with_command


@check(
    "uid-map",
    title="Another name on the same passport",
    points=3,
    requires=("user-namespaces",),
    hints=(
        "A user namespace has a table: numbers inside, numbers outside, how many. `/proc/PID/uid_map`"
        " shows it.",
        "The first number of the table is the one inside. Some options of `unshare` write the table "
        "for you: `unshare --help` lists them.",
    ),
)
def uid_map(lab: Lab) -> Verdict:
    """Reads the uid_map of ``sleep GUEST``."""
    command, wanted = f"sleep {lab['guest']}", f"{lab['uid']} {os.geteuid()} 1"
    sleepers = with_command(lab, command)
    if not sleepers:
        return not_yet("nothing", Evidence("a process", command, "none"))
    process = min(sleepers, key=lambda p: p.namespaces.get("user") == own("user"))
    try:
        seen = " ".join(Path(f"/proc/{process.pid}/uid_map").read_text().split())
    except OSError as error:
        seen = error.strerror or "unreadable"
    row = Evidence("uid_map (inside, outside, how many)", wanted, seen or "empty")
    if process.namespaces.get("user") == own("user"):
        return not_yet("not-own", Evidence("user namespace", "its own", "this machine's"))
    if row.agrees:
        return passed(f"{lab['uid']} inside and {os.geteuid()} outside: one process.", row)
    if not seen:
        return not_yet("no-map", row)
    return not_yet("root" if seen.startswith("0 ") else OTHER, row)


@uid_map.wrong("nothing", says="No process with that command runs.")
def _(lab: Lab) -> None:
    return None


@uid_map.wrong(
    "not-own",
    says="The command runs as the same user inside and outside: it has no user namespace of its own.",
    hints=(
        "Changing the user (`su`, `setpriv`) is another thing: that is one number for both sides.",
    ),
    near_miss=True,
)
def _(lab: Lab) -> None:
    lab.spawn(["sleep", str(lab["guest"])])
    wait_for_command(f"sleep {lab['guest']}")


@uid_map.wrong(
    "no-map",
    says="The command has a user namespace of its own, whose table is empty: inside it is nobody.",
    hints=("What does `id` say in there? 65534 stands for every user who is not in the table.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _start(lab, [])


@uid_map.wrong(
    "root",
    says="The command has a user namespace and a table, and is root in there.",
    hints=("Root is only one of the numbers that one can be inside.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _start(lab, ["--map-root-user"])


@uid_map.unlisted("the number inside is one too high")
def _(lab: Lab) -> None:
    _start(lab, [f"--map-user={int(lab['uid']) + 1}"])


@uid_map.right("with an option of unshare's")
def _(lab: Lab) -> None:
    _start(lab, [f"--map-user={lab['uid']}"])


@uid_map.right("the table written from outside, as container engines do it")
def _(lab: Lab) -> None:
    _start(lab, [])
    process = wait_for_command(f"sleep {lab['guest']}", is_in_new="user")
    Path(f"/proc/{process.pid}/uid_map").write_text(f"{lab['uid']} {os.geteuid()} 1\n")


def _start(lab: Lab, options: list[str]) -> None:
    lab.spawn(["unshare", "--user", *options, "sleep", str(lab["guest"])])
    wait_for_command(f"sleep {lab['guest']}", is_in_new="user")
