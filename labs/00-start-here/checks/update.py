"""Task 5: what runs replaced by what was built."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox import Sandbox, containers

from .shared import OLD_PAGE, make_hello, make_server, page_of, serve_by_hand, sh, wait_for

_WEBS = ("web-1", "web-2")


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
    boxes = [box for box in lab.containers() if box.hostname in _WEBS]
    says = {box.pid: page_of(box) or "nothing" for box in boxes}
    rows = [
        Evidence(f"{web} says", wanted, _joined(says[b.pid] for b in boxes if b.hostname == web))
        for web in _WEBS
    ]
    new = {web for web in _WEBS if any(says[b.pid] == wanted for b in boxes if b.hostname == web)}
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


def _joined(says: Iterator[str]) -> str:
    return " and ".join(sorted(says)) or "it does not run"


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
    lab.sandbox(rootfs="hello:2", hostname=_WEBS[0]).start()


@update.wrong(
    "both-versions",
    says="The new ones run, but the old ones run beside them: who asks may get either page.",
    hints=("Two containers can have the same hostname. `running()` lists all that run.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _webs(lab)
    for web in _WEBS:
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
        sh(box, f"echo '{lab['page']}' > /home/index.html")


@update.unlisted("a third version is served")
def _(lab: Lab) -> None:
    for web, box in zip(_WEBS, _webs(lab), strict=True):
        box.stop()
        box = lab.sandbox(rootfs="hello:2", hostname=web).start()
        sh(box, "echo Hello from version 3 > /home/index.html")


@update.right("the new ones first, then the old ones are ended from outside")
def _(lab: Lab) -> None:
    old = [box.pid for box in _webs(lab)]
    for web in _WEBS:
        lab.sandbox(rootfs="hello:2", hostname=web).start()
    subprocess.run(["sh", "-c", f"kill -KILL {' '.join(map(str, old))}"], check=True)
    wait_for(lambda: not {box.pid for box in containers()} & set(old))


@update.right("from a shell: unshare and chroot")
def _(lab: Lab) -> None:
    for web, box in zip(_WEBS, _webs(lab), strict=True):
        box.stop()
        serve_by_hand(lab, web, str(lab["page"]))


def _webs(lab: Lab) -> list[Sandbox]:
    make_hello(lab)
    make_server(lab, "hello:2", str(lab["page"]))
    return [lab.sandbox(rootfs="hello:1", hostname=web).start() for web in _WEBS]
