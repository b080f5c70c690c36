"""The checks of topic 00. Each looks at containers, files and images as they are, never at code."""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from labkit.core.errors import LabkitError, NotFound
from labkit.core.journal import read_journal
from labkit.core.session import session_folders
from labkit.grading import (
    OTHER, Evidence, Lab, Variant, Verdict, check, not_yet, one_of, passed,
)  # fmt: skip
from labkit.image import base_image
from labkit.sandbox import Contained, Sandbox, containers

CARGOES = ("amber", "cinnamon", "copper", "indigo", "saffron")

VARIANT = Variant(
    word=one_of("ahoy", "moin", "salut", "servus", "aloha"),
    ship=one_of("aurora", "beagle", "calypso", "endeavour", "fram"),
    cargo=one_of(*CARGOES),
    leaking=one_of("port", "starboard"),
    page=one_of("Land in sight", "All hands on deck", "Fair winds", "Full speed ahead"),
)

OLD_PAGE = "Hello from version 1"
SERVER = ("httpd", "-f", "-h", "/home")
YOUNG_S = 2.0
"""A server that started less than so many seconds ago may still be on its way up."""


# -- lab: the first container ---------------------------------------------------------------------


@check(
    "first-container",
    title="Run your first container",
    points=1,
    requires=("sandbox",),
    hints=(
        "Every cell in this section can be run again, from the top: click into it and press Shift "
        "and Enter.",
    ),
)
def first_container(lab: Lab) -> Verdict:
    """Looks for a container with the hostname `first`, whoever made it."""
    box = _container(lab, "first")
    if box:
        rows = (
            Evidence("hostname, seen from inside", "first", box.hostname),
            Evidence("PID, seen from inside", "1", box.process.nspid[-1]),
            Evidence("container first", "runs", "is frozen" if _is_frozen(box) else "runs"),
        )
        if _is_frozen(box):
            return not_yet(OTHER, *rows)
        return passed("It runs: PID 1 in there, and a process like any other out here.", *rows)
    for running in lab.running():
        if running.hostname == "first":
            seen = f"{running.pid}, as out here"
            return not_yet(OTHER, Evidence("PID, seen from inside", "1", seen))
    if _was_last("first"):
        return not_yet("ended", Evidence("container first", "runs", "ran, and has ended"))
    if names := ", ".join(box.hostname for box in lab.running()):
        return not_yet("another-name", Evidence("a container called", "first", names))
    return not_yet("nothing", Evidence("container first", "runs", "there is none"))


@first_container.wrong("nothing", says="No container called `first` runs.")
def _(lab: Lab) -> None:
    Sandbox(hostname="first")  # described, and never started
    lab.sandbox(hostname="another").run(["true"])


@first_container.wrong(
    "ended",
    says="A container called `first` was started, but it runs no more. A container ends when its "
    "command does.",
    hints=("How long does the command that you gave it take?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    lab.sandbox(name="first").run(["echo", "hello"])


@first_container.wrong(
    "another-name", says="A container runs, but under another name.", near_miss=True
)
def _(lab: Lab) -> None:
    lab.sandbox(name="frist").start(["sleep", "3600"])


@first_container.unlisted("a box that shares the process numbers of this machine")
def _(lab: Lab) -> None:
    lab.sandbox(name="first", namespaces=("user", "mnt", "uts")).start(["sleep", "3600"])


@first_container.unlisted("the container is frozen")
def _(lab: Lab) -> None:
    lab.sandbox(name="first").start(["sleep", "3600"]).signal(signal.SIGSTOP)
    _wait_for(lambda: _state("first") == "T")


@first_container.right("with util-linux's unshare, from a shell")
def _(lab: Lab) -> None:
    lab.spawn([*_UNSHARE, "--uts", "sh", "-c", "hostname first; exec sleep 3600"])
    _wait_for(lambda: _state("first"))


@first_container.right("another name for labkit, the right hostname for the kernel")
def _(lab: Lab) -> None:
    lab.sandbox(name="my-box", hostname="first").start(["sleep", "3600"])


# -- lab: leave a note ----------------------------------------------------------------------------


@check(
    "leave-a-note",
    title="Leave a note in it",
    points=2,
    requires=("sandbox",),
    hints=(
        "There are two roots here: this machine's `/`, and the container's `/`. On which side does "
        "your command run?",
        "A further command runs inside a running container with `.exec([…])`. In a list there is "
        "no shell to understand `>`: let `sh -c` do so.",
    ),
)
def leave_a_note(lab: Lab) -> Verdict:
    """Reads /note.txt of the container `first` through its root."""
    word = str(lab["word"])
    box = _container(lab, "first")
    if box is None:
        return not_yet("no-container", Evidence("container first", "runs", "there is none"))
    inside, outside = _root(box) / "note.txt", lab.folder / "note.txt"
    row = Evidence("/note.txt in the container", word, _text(inside) or _what(inside))
    if row.agrees:
        return passed("The note is in the container.", row)
    if row.observed == "not there" and _text(outside) == word:
        seen = Evidence("note.txt on this machine", "does not count", _text(outside), is_met=True)
        return not_yet("on-the-host", row, seen)
    if row.observed == "not there" and (place := _elsewhere(box, "note.txt")):
        return not_yet("elsewhere", row, Evidence("note.txt", "/note.txt", place))
    if _text(inside):
        return not_yet("other-word", row)
    if row.observed == "not there":
        return not_yet("no-note", row)
    return not_yet(OTHER, row)


@leave_a_note.wrong(
    "no-container",
    says="The container `first` does not run, so there is nothing to put a note in.",
    hints=("Run the cell that starts it once more.",),
)
def _(lab: Lab) -> None:
    (lab.folder / "note.txt").write_text(f"{lab['word']}\n")


@leave_a_note.wrong("no-note", says="The container has no `/note.txt`.")
def _(lab: Lab) -> None:
    _first(lab)


@leave_a_note.wrong(
    "on-the-host",
    says="There is such a note, but it lies on this machine. The container has files of its own, "
    "and does not see it.",
    hints=("You wrote the right word on the wrong side of the wall.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _first(lab)
    (lab.folder / "note.txt").write_text(f"{lab['word']}\n")


@leave_a_note.wrong(
    "elsewhere", says="The container has a `note.txt`, but in another folder.", near_miss=True
)
def _(lab: Lab) -> None:
    _sh(_first(lab), f"echo {lab['word']} > /root/note.txt")


@leave_a_note.wrong(
    "other-word", says="The note is where it should be, and says something else.", near_miss=True
)
def _(lab: Lab) -> None:
    _sh(_first(lab), "echo lab[word] > /note.txt")


@leave_a_note.unlisted("the note is empty")
def _(lab: Lab) -> None:
    _sh(_first(lab), "touch /note.txt")


@leave_a_note.right("with nsenter, from a shell")
def _(lab: Lab) -> None:
    pid = _first(lab).pid
    script = f"echo {lab['word']} | nsenter {_ENTER} -m -t {pid} tee /note.txt"
    subprocess.run(["sh", "-c", script], check=True, stdout=subprocess.DEVNULL)


@leave_a_note.right("through /proc/PID/root, from Python")
def _(lab: Lab) -> None:
    Path(f"/proc/{_first(lab).pid}/root/note.txt").write_text(f"{lab['word']}\n")


# -- task 1: run it -------------------------------------------------------------------------------


@check(
    "serve",
    title="Run it, and leave it running",
    points=2,
    requires=("sandbox", "base-image"),
    hints=(
        "`Sandbox` takes an image's name first, then a `hostname`. What it does then, `.start()` "
        "decides.",
        "An image brings its own command. When `.start()` is given none, that one is run.",
    ),
)
def serve(lab: Lab) -> Verdict:
    """Fetches the page from inside the container that has the learner's hostname."""
    ship = str(lab["ship"])
    box = _container(lab, ship)
    if box is None:
        row = Evidence("a container with the hostname", ship, "none")
        if _was_last(ship):
            return not_yet("ended", Evidence(f"container {ship}", "runs", "ran, and has ended"))
        for other in _own(lab):
            if _page(other) == OLD_PAGE:
                says = Evidence("its web server says", OLD_PAGE, OLD_PAGE)
                return not_yet("wrong-hostname", Evidence("hostname", ship, other.hostname), says)
        return not_yet("nothing", row)
    page = _page(box)
    rows = (
        Evidence("hostname", ship, box.hostname),
        Evidence("its web server says", OLD_PAGE, page or "nothing: no server answers"),
    )
    if page == OLD_PAGE:
        return passed(f"{ship} runs, and its web server answers.", *rows)
    return not_yet(OTHER if page else "no-server", *rows)


@serve.wrong("nothing", says="No container with your hostname runs.")
def _(lab: Lab) -> None:
    _hello(lab)
    lab.sandbox(rootfs="hello:1").run(["true"])


@serve.wrong(
    "ended",
    says="A container with your hostname was started, and has ended. A container lives as long as "
    "its PID 1, and whatever that one left in the background ends with it.",
    hints=("Which command became PID 1, and did it stay in the foreground?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _hello(lab)
    # Without -f the server moves to the background, and PID 1 is done.
    box = lab.sandbox(rootfs="hello:1", hostname=lab["ship"]).start(["httpd", "-h", "/home"])
    _wait_for(lambda: not box.is_running)


@serve.wrong(
    "wrong-hostname",
    says="A container runs and serves the page, but it goes by another hostname.",
    hints=("The task says where your hostname stands among your values.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _hello(lab)
    lab.sandbox(rootfs="hello:1").start()


@serve.wrong(
    "no-server",
    says="The container runs under your hostname, but nobody in it answers on the web server's "
    "port.",
    hints=("What runs in there? `ps`, inside, tells.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _hello(lab)
    lab.sandbox(rootfs="hello:1", hostname=lab["ship"]).start(["sleep", "3600"])


@serve.unlisted("it serves another page")
def _(lab: Lab) -> None:
    _hello(lab)
    box = lab.sandbox(rootfs="hello:1", hostname=lab["ship"]).start()
    _sh(box, "echo Hello from me > /home/index.html")


@serve.right("from a shell: unshare and chroot")
def _(lab: Lab) -> None:
    _by_hand(lab, str(lab["ship"]), OLD_PAGE)


@serve.right("the base image, and everything else by hand inside")
def _(lab: Lab) -> None:
    box = lab.sandbox(hostname=lab["ship"]).start(["sleep", "3600"])
    _sh(box, f"echo '{OLD_PAGE}' > /home/index.html; httpd -h /home")


# -- task 2: look inside --------------------------------------------------------------------------


@check(
    "look-inside",
    title="Look inside, and bring something out",
    points=2,
    requires=("sandbox",),
    hints=(
        "`ls` shows what is in a folder and `cat` shows what is in a file. Where do they have to "
        "run, to see the container's?",
        "What a command inside prints comes back to you as `.stdout`. From there to a file on this "
        "machine it is one line of Python.",
    ),
)
def look_inside(lab: Lab) -> Verdict:
    """Compares found.txt in the work folder with the crates in the container `hold`."""
    cargo, file = str(lab["cargo"]), lab.folder / "found.txt"
    box = _container(lab, "hold")
    if box is None:
        return not_yet("gone", Evidence("container hold", "runs", "there is none"))
    crates = {path.name: _text(path) for path in sorted((_root(box) / "hold").glob("crate-*"))}
    wanted = next((name for name, text in crates.items() if f"cargo: {cargo}" in text), "")
    if not wanted:
        return not_yet(OTHER, Evidence(f"a crate with {cargo}", "in the hold", "there is none"))
    found = _text(file)
    what = Evidence("found.txt is", "a copy of the crate", _what_is(found, wanted, crates))
    if found == crates[wanted]:
        return passed(f"A copy of the crate with {cargo} is out here.", what)
    if found in crates.values():
        return not_yet("another-crate", what, Evidence("its cargo", cargo, _cargo(found)))
    if not file.exists():
        if place := _elsewhere(box, "found.txt"):
            rows = Evidence("found.txt", "in your folder", f"{place} in the container")
            return not_yet("still-inside", rows)
        return not_yet("nothing", Evidence("found.txt in your folder", "there", "not there"))
    if found in (wanted, f"/hold/{wanted}", cargo, f"cargo: {cargo}"):
        return not_yet("only-its-name", what)
    return not_yet(OTHER, what)


def _what_is(found: str, wanted: str, crates: dict[str, str]) -> str:
    for name, text in crates.items():
        if text == found:
            return "a copy of the crate" if name == wanted else f"a copy of {name}"
    return repr(found[:60]) if found else "empty or not there"


def _cargo(text: str) -> str:
    return text.partition("cargo: ")[2].partition("\n")[0]


@look_inside.wrong(
    "gone",
    says="The container `hold` does not run, so nobody can look into it.",
    hints=("The cell above yours starts it.",),
)
def _(lab: Lab) -> None:
    _hold(lab).stop()


@look_inside.wrong("nothing", says="There is no `found.txt` in your folder yet.")
def _(lab: Lab) -> None:
    _hold(lab)


@look_inside.wrong(
    "still-inside",
    says="There is a `found.txt`, but in the container: it will be gone when the container is.",
    hints=("The copy was made inside. Let what it holds come out before it is written to a file.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    box = _hold(lab)
    _sh(box, f"cp $(grep -l {lab['cargo']} /hold/*) /root/found.txt")


@look_inside.wrong(
    "another-crate",
    says="You brought a crate out, but it holds another cargo.",
    hints=("Mind your own `cargo`. `grep -l WORD FILES` names the files that hold a word.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    box = _hold(lab)
    text = _sh(box, f"cat $(grep -L {lab['cargo']} /hold/* | head -n 1)")
    (lab.folder / "found.txt").write_text(text)


@look_inside.wrong(
    "only-its-name",
    says="Your file says which crate it is, but not what is in it.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    box = _hold(lab)
    (lab.folder / "found.txt").write_text(_sh(box, f"grep -l {lab['cargo']} /hold/*"))


@look_inside.unlisted("half of the crate")
def _(lab: Lab) -> None:
    text = _sh(_hold(lab), f"cat $(grep -l {lab['cargo']} /hold/*)")
    (lab.folder / "found.txt").write_text(text.splitlines()[-1])


@look_inside.unlisted("the crate was thrown overboard")
def _(lab: Lab) -> None:
    _sh(_hold(lab), f"rm $(grep -l {lab['cargo']} /hold/*)")


@look_inside.right("from a shell, with nsenter")
def _(lab: Lab) -> None:
    inside = f"cat \\$(grep -l {lab['cargo']} /hold/*)"
    script = f'nsenter {_ENTER} -m -t {_hold(lab).pid} sh -c "{inside}" > found.txt'
    subprocess.run(["sh", "-c", script], check=True, cwd=lab.folder)


@look_inside.right("a copy through /proc/PID/root")
def _(lab: Lab) -> None:
    root = Path(f"/proc/{_hold(lab).pid}/root")
    crate = next(p for p in (root / "hold").iterdir() if str(lab["cargo"]) in p.read_text())
    shutil.copy(crate, lab.folder / "found.txt")


# -- task 3: end one of two -----------------------------------------------------------------------

SIDES = ("port", "starboard")


@check(
    "end-one",
    title="End the right one",
    points=2,
    requires=("sandbox",),
    hints=(
        "First find out which is which: a container knows its own hostname, and this machine knows "
        "its PID.",
        "PID 1 of a container is guarded: it does not hear a polite SIGTERM unless it asked for "
        "it. One signal nobody can refuse when it comes from outside.",
    ),
)
def end_one(lab: Lab) -> Verdict:
    """Looks which of the two containers run, and how."""
    bad = str(lab["leaking"])
    good = next(side for side in SIDES if side != bad)
    states = {side: _state_in(_container(lab, side)) for side in SIDES}
    rows = (Evidence(bad, "ended", states[bad]), Evidence(good, "runs", states[good]))
    known = {
        ("ended", "runs"): "",
        ("runs", "runs"): "none",
        ("runs", "ended"): "the-other",
        ("ended", "ended"): "both",
        ("frozen", "runs"): "frozen",
    }
    state = known.get((states[bad], states[good]), OTHER)
    if state:
        return not_yet(state, *rows)
    return passed(f"{bad} has gone, and {good} noticed nothing.", *rows)


def _state_in(box: Contained | None) -> str:
    if box is None or box.process.state in "ZX":
        return "ended"
    return "frozen" if _is_frozen(box) else "runs"


@end_one.wrong("none", says="Both of them still run.")
def _(lab: Lab) -> None:
    for box in _sides(lab).values():
        box.signal(signal.SIGTERM)  # which PID 1 does not hear


@end_one.wrong(
    "the-other",
    says="One of them has ended, but the wrong one.",
    hints=(
        '`task("end-one")` puts both of them back.',
        "Do not go by the order in which they are listed: ask each for its hostname.",
    ),
    near_miss=True,
)
def _(lab: Lab) -> None:
    boxes = _sides(lab)
    next(box for side, box in boxes.items() if side != lab["leaking"]).kill()


@end_one.wrong(
    "both",
    says="Neither of the two runs.",
    hints=(
        "The cell above yours starts both of them anew.",
        "A command that ends processes by the name of their program does not ask in which "
        "container they are.",
    ),
    near_miss=True,
)
def _(lab: Lab) -> None:
    for box in _sides(lab).values():
        box.kill()


@end_one.wrong(
    "frozen",
    says="The right one stands still, but it is not at its end: it could be woken at any time, and "
    "it keeps its memory.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    _sides(lab)[str(lab["leaking"])].signal(signal.SIGSTOP)
    _wait_for(lambda: _state(str(lab["leaking"])) == "T")


@end_one.unlisted("the right one has ended, and the other one is frozen")
def _(lab: Lab) -> None:
    for side, box in _sides(lab).items():
        box.signal(signal.SIGKILL if side == lab["leaking"] else signal.SIGSTOP)
    _wait_for(lambda: sorted(_state(side) for side in SIDES) == ["", "T"])


@end_one.right("from a shell: ask each for its hostname, kill the one")
def _(lab: Lab) -> None:
    _sides(lab)
    script = (
        "for proc in /proc/[0-9]*; do "
        '[ "$(tr "\\0" " " < $proc/cmdline)" = "sleep 4242 " ] || continue; '
        f"pid=${{proc#/proc/}}; name=$(nsenter {_ENTER} -u -t $pid hostname); "
        f'[ "$name" = {lab["leaking"]} ] && kill -KILL $pid; done 2>/dev/null; true'
    )
    subprocess.run(["sh", "-c", script], check=True)
    _wait_for(lambda: not _state(str(lab["leaking"])))


@end_one.right("from Python: os.kill with the outer PID")
def _(lab: Lab) -> None:
    _sides(lab)
    pid = next(box.pid for box in containers() if box.hostname == lab["leaking"])
    os.kill(pid, signal.SIGKILL)
    _wait_for(lambda: not _state(str(lab["leaking"])))


# -- task 4: build --------------------------------------------------------------------------------


@check(
    "build-image",
    title="Build the change into an image",
    points=3,
    requires=("sandbox", "base-image"),
    hints=(
        "An image is not changed: a new one is made from it, under a name of its own. Which one do "
        "you start from, and which file is different?",
        "`ImageStore().build(new name, base=old name, files={path in the image: text})`. What the "
        "new image does not replace it keeps from the old one: its command, for example.",
    ),
)
def build_image(lab: Lab) -> Verdict:
    """Runs both images and compares what their web servers say."""
    wanted = str(lab["page"])
    new = _served_by(lab, "hello:2")
    old = _first_line(lab, "hello:1")
    rows = (
        Evidence("a container of hello:2 says", wanted, new),
        Evidence("hello:1 holds the page", OLD_PAGE, old),
    )
    if old not in (OLD_PAGE, _NO_IMAGE):
        return not_yet("overwritten", *rows)
    if new == _NO_IMAGE:
        if any(_page(box) == wanted for box in _own(lab)):
            seen = Evidence("a running container says", "does not count", wanted, is_met=True)
            return not_yet("only-inside", rows[0], seen)
        return not_yet("no-image", rows[0])
    if new == _SILENT:
        return not_yet("no-server", *rows)
    if new == OLD_PAGE:
        return not_yet("old-page", *rows)
    if new == wanted and old == OLD_PAGE:
        return passed("hello:2 brings the new page, and hello:1 is what it was.", *rows)
    return not_yet(OTHER, *rows)


_NO_IMAGE, _SILENT = "there is no such image", "nothing: no server answers"


def _served_by(lab: Lab, reference: str) -> str:
    """What the web server of a new container of an image says."""
    try:
        image = lab.images.get(reference)
    except NotFound:
        return _NO_IMAGE
    box = Sandbox(image)
    try:
        box.start()
        found = next((one for one in containers() if box.is_running and one.pid == box.pid), None)
        return (found and _page(found)) or _SILENT
    except LabkitError as error:
        return error.what
    finally:
        box.kill()


def _first_line(lab: Lab, reference: str) -> str:
    """The page that an image holds."""
    try:
        layers = lab.images.get(reference).layers
    except NotFound:
        return _NO_IMAGE
    pages = (_text(layer / "home/index.html") for layer in layers)
    return next(filter(None, pages), "no page")


@build_image.wrong("no-image", says="There is no image `hello:2` yet.")
def _(lab: Lab) -> None:
    _hello(lab)


@build_image.wrong(
    "only-inside",
    says="A running container shows the new page, but no image has it: the next container will not "
    "know of it.",
    hints=("What is changed inside a container ends with it. What has to be changed instead?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _hello(lab)
    box = lab.sandbox(rootfs="hello:1").start()
    _sh(box, f"echo '{lab['page']}' > /home/index.html")


@build_image.wrong(
    "overwritten",
    says="The name `hello:1` now belongs to an image with another page: whoever relies on version "
    "1 gets something else.",
    hints=('`task("build-image")` gives you the old `hello:1` back.',),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _build(lab, "hello:1", str(lab["page"]))


@build_image.wrong(
    "old-page",
    says="There is an image `hello:2`, but its web server still shows the old page.",
    hints=("Where does the server look for its page? The command of `hello:1` says so.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _hello(lab)
    _image(lab, "hello:2", base="hello:1", files={"/index.html": f"{lab['page']}\n"})


@build_image.wrong(
    "no-server",
    says="There is an image `hello:2`, but a container of it serves nothing.",
    hints=("What is the new image built on, and which command does it have from there?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _hello(lab)
    _image(lab, "hello:2", files={"/home/index.html": f"{lab['page']}\n"})


@build_image.unlisted("the page says something else")
def _(lab: Lab) -> None:
    _hello(lab)
    _build(lab, "hello:2", "lab[page]")


@build_image.right("on the base image, with a command of its own")
def _(lab: Lab) -> None:
    _hello(lab)
    _build(lab, "hello:2", str(lab["page"]))


@build_image.right("with tar on the command line, added as a layer")
def _(lab: Lab) -> None:
    _hello(lab)
    (lab.folder / "home").mkdir(exist_ok=True)
    (lab.folder / "home/index.html").write_text(f"{lab['page']}\n")
    subprocess.run(["tar", "-cf", "layer.tar", "home"], check=True, cwd=lab.folder)
    lab.images.add_layer("hello:2", lab.folder / "layer.tar", base="hello:1")
    _forget_later(lab, "hello:2")


@build_image.right("from a container that was changed by hand")
def _(lab: Lab) -> None:
    _hello(lab)
    box = lab.sandbox(rootfs="hello:1").start()
    _sh(box, f"echo '{lab['page']}' > /home/index.html")
    changed = Path(f"/proc/{box.pid}/root/home/index.html")
    _image(lab, "hello:2", base="hello:1", files={"/home/index.html": changed})


# -- task 5: update -------------------------------------------------------------------------------

WEBS = ("web-1", "web-2")


@check(
    "update",
    title="Update what runs",
    points=3,
    requires=("sandbox", "base-image"),
    hints=(
        "A running container cannot be given another image. What has to happen to it, and what "
        "comes in its place?",
        "The new ones take over the hostnames. One after the other, and one of the two always "
        "answers.",
    ),
)
def update(lab: Lab) -> Verdict:
    """Fetches the page of every container with one of the two hostnames."""
    wanted = str(lab["page"])
    boxes = [box for box in lab.containers() if box.hostname in WEBS]
    says = {box.pid: _page(box) or "nothing" for box in boxes}
    rows = [
        Evidence(f"{web} says", wanted, _joined(says[b.pid] for b in boxes if b.hostname == web))
        for web in WEBS
    ]
    new = {web for web in WEBS if any(says[b.pid] == wanted for b in boxes if b.hostname == web)}
    old = [box for box in boxes if says[box.pid] == OLD_PAGE]
    images = {running.pid: running.image for running in lab.running()}
    if not boxes:
        return not_yet("down", *rows)
    if old:
        if not new:
            return not_yet("old", *rows)
        return not_yet("both-versions" if len(new) == 2 else "half", *rows)
    if any(says[box.pid] != wanted for box in boxes):
        return not_yet(OTHER, *rows)
    if len(new) == 1:
        return not_yet("half", *rows)
    made_of = [Evidence(f"{b.hostname} was made of", "another image than hello:1",
                        images.get(b.pid, "") or "no image of the store",
                        is_met=images.get(b.pid) != "hello:1") for b in boxes]  # fmt: skip
    if not all(row.agrees for row in made_of):
        return not_yet("patched", *rows, *made_of)
    return passed("Both serve version 2, and nobody serves version 1 any more.", *rows)


@update.wrong("old", says="Both still serve the old page.")
def _(lab: Lab) -> None:
    _webs(lab)


@update.wrong(
    "down",
    says="Neither `web-1` nor `web-2` runs: the old ones have gone, and nobody came after them.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    for box in _webs(lab):
        box.stop()


@update.wrong("half", says="One of the two is updated, the other one is not.", near_miss=True)
def _(lab: Lab) -> None:
    first, _ = _webs(lab)
    first.stop()
    lab.sandbox(rootfs="hello:2", hostname=WEBS[0]).start()


@update.wrong(
    "both-versions",
    says="The new ones run, but the old ones run beside them: who asks may get either page.",
    hints=("Two containers can have the same hostname. `running()` lists all that run.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _webs(lab)
    for web in WEBS:
        lab.sandbox(rootfs="hello:2", hostname=web).start()


@update.wrong(
    "patched",
    says="Both show the new page, but they are the old containers, changed by hand: they differ "
    "from every image, and when one is started anew, the change has gone.",
    hints=("Which image has the new page built in?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    for box in _webs(lab):
        _sh(box, f"echo '{lab['page']}' > /home/index.html")


@update.unlisted("a third version is served")
def _(lab: Lab) -> None:
    for web, box in zip(WEBS, _webs(lab), strict=True):
        box.stop()
        box = lab.sandbox(rootfs="hello:2", hostname=web).start()
        _sh(box, "echo Hello from version 3 > /home/index.html")


@update.right("the new ones first, then the old ones are ended from outside")
def _(lab: Lab) -> None:
    old = [box.pid for box in _webs(lab)]
    for web in WEBS:
        lab.sandbox(rootfs="hello:2", hostname=web).start()
    subprocess.run(["sh", "-c", f"kill -KILL {' '.join(map(str, old))}"], check=True)
    _wait_for(lambda: not {box.pid for box in containers()} & set(old))


@update.right("from a shell: unshare and chroot")
def _(lab: Lab) -> None:
    for web, box in zip(WEBS, _webs(lab), strict=True):
        box.stop()
        _by_hand(lab, web, str(lab["page"]))


# -- looking --------------------------------------------------------------------------------------


def _container(lab: Lab, hostname: str) -> Contained | None:
    """The container with that hostname; the youngest, when a cell was run more than once."""
    here = [box for box in lab.containers() if box.hostname == hostname]
    alive = (box for box in here if box.process.state not in "ZX")
    return max(alive, key=lambda box: box.process.start_ticks, default=None)


def _own(lab: Lab) -> list[Contained]:
    """The containers that labkit made: the others are not ours to ask."""
    return [box for box in lab.containers() if box.name]


def _is_frozen(box: Contained) -> bool:
    return box.process.state == "T"


def _root(box: Contained) -> Path:
    return Path(f"/proc/{box.pid}/root")


def _elsewhere(box: Contained, name: str) -> str:
    """Where in a container a file lies that should be elsewhere; empty for nowhere."""
    places = ("", "root", "home", "tmp", "etc", "hold", "var/tmp")
    return next((f"/{p}/{name}".replace("//", "/") for p in places
                 if (_root(box) / p / name).is_file()), "")  # fmt: skip


def _was_last(hostname: str) -> bool:
    """Whether the sandbox that was started last had that hostname."""
    alive = (folder for folder, is_alive in session_folders() if is_alive)
    entries = (entry for folder in alive for entry in read_journal(str(folder)))
    started = (entry for entry in entries if entry["kind"] == "sandbox")
    last = max(started, key=lambda entry: entry["start_ticks"], default={})
    return last.get("hostname") == hostname


def _page(box: Contained) -> str:
    """What a web server in a container answers, its port asked from inside; empty for nobody."""
    argv = ["nsenter", "-m", "-n", "-t", str(box.pid)]
    if box.process.namespaces.get("user") != Path("/proc/self/ns/user").stat().st_ino:
        argv += ["-U", "--preserve-credentials"]
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                [*argv, "wget", "-qO-", "http://127.0.0.1/"], capture_output=True, text=True,
                timeout=2, stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin"},
            )  # fmt: skip
            if done.returncode == 0:
                return done.stdout.strip()
            # 404 and the like: somebody answers, only not with a page.
            if "HTTP/" in done.stderr:
                return done.stderr.strip().rpartition("HTTP/1.1 ")[2]
        if _age_s(box) > YOUNG_S or not _root(box).exists() or not _serves(box):
            return ""
        time.sleep(0.02)


def _serves(box: Contained) -> bool:
    return any("httpd" in word for word in box.process.argv[:1])


def _age_s(box: Contained) -> float:
    uptime_s = float(Path("/proc/uptime").read_text().split()[0])
    return uptime_s - box.process.start_ticks / os.sysconf("SC_CLK_TCK")


def _joined(says: Iterator[str]) -> str:
    return " and ".join(sorted(says)) or "it does not run"


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""


def _what(file: Path) -> str:
    if file.is_dir():
        return "a folder"
    return "an empty file" if file.exists() else "not there"


# -- what the makers share ------------------------------------------------------------------------

_UNSHARE = ("unshare", "--fork", "--pid", "--mount-proc", "--kill-child") + (
    () if os.geteuid() == 0 else ("--user", "--map-root-user")
)
_ENTER = "-U --preserve-credentials"
"""A sandbox of labkit's has a user namespace of its own, whoever made it."""


def _first(lab: Lab) -> Sandbox:
    return lab.sandbox(name="first").start(["sleep", "3600"])


def _sh(box: Sandbox, script: str) -> str:
    return box.exec(["sh", "-c", script], timeout_s=5).stdout


def _hold(lab: Lab) -> Sandbox:
    box = lab.sandbox(name="hold").start(["sleep", "3600"])
    cargoes = random.sample(CARGOES, len(CARGOES))
    for number, cargo in enumerate(cargoes, 1):
        label = f"cargo: {cargo}\\nseal: {secrets.token_hex(4)}\\n"
        _sh(box, f"mkdir -p /hold; printf '{label}' > /hold/crate-{number}")
    return box


def _sides(lab: Lab) -> dict[str, Sandbox]:
    return {side: lab.sandbox(hostname=side).start(["sleep", "4242"]) for side in SIDES}


def _hello(lab: Lab) -> None:
    _build(lab, "hello:1", OLD_PAGE)


def _build(lab: Lab, reference: str, page: str) -> None:
    _image(lab, reference, files={"/home/index.html": f"{page}\n"}, command=SERVER)


def _image(lab: Lab, reference: str, **settings: object) -> None:
    lab.images.build(reference, **settings)
    _forget_later(lab, reference)


def _forget_later(lab: Lab, reference: str) -> None:
    def forget() -> None:
        with contextlib.suppress(NotFound):
            lab.images.remove(reference)

    lab.defer(forget)


def _webs(lab: Lab) -> list[Sandbox]:
    _hello(lab)
    _build(lab, "hello:2", str(lab["page"]))
    return [lab.sandbox(rootfs="hello:1", hostname=web).start() for web in WEBS]


def _by_hand(lab: Lab, hostname: str, page: str) -> None:
    """A container with a web server, made with nothing but util-linux and a copy of the base."""
    root = lab.folder / f"root-{hostname}"
    shutil.copytree(base_image(lab.images).layers[-1], root, symlinks=True)
    (root / "home/index.html").write_text(f"{page}\n")
    script = (
        f"hostname {hostname}; {root}/bin/busybox ip link set lo up; "
        f"exec {root}/bin/busybox chroot {root} /bin/{' '.join(SERVER)}"
    )
    lab.spawn([*_UNSHARE, "--uts", "--net", "sh", "-c", script])
    _wait_for(lambda: any(box.hostname == hostname and _serves(box) for box in containers()))


def _state(hostname: str) -> str:
    """The state of the PID 1 that has a hostname, one letter; empty when there is none."""
    found = (box.process.state for box in containers() if box.hostname == hostname)
    return next((state for state in found if state not in "ZX"), "")


def _wait_for(is_so: Callable[[], object], timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("the state was not reached")
        time.sleep(0.01)
