"""Task 4: a new page built into an image of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from labkit.core.errors import LabkitError, NotFound
from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox import Sandbox, containers

from .shared import (
    OLD_PAGE,
    forget_later,
    make_hello,
    make_image,
    make_server,
    own_containers,
    page_of,
    sh,
    text_of,
)


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
        if any(page_of(box) == wanted for box in own_containers(lab)):
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
        return (found and page_of(found)) or _SILENT
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
    pages = (text_of(layer / "home/index.html") for layer in layers)
    return next(filter(None, pages), "no page")


@build_image.wrong("no-image", says="There is no image `hello:2` yet.")
def _(lab: Lab) -> None:
    make_hello(lab)


@build_image.wrong(
    "only-inside",
    says="A running container shows the new page, but no image has it: the next container will not "
    "know of it.",
    hints=("What is changed inside a container ends with it. What has to be changed instead?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    make_hello(lab)
    box = lab.sandbox(rootfs="hello:1").start()
    sh(box, f"echo '{lab['page']}' > /home/index.html")


@build_image.wrong(
    "overwritten",
    says="The name `hello:1` now belongs to an image with another page: whoever relies on version "
    "1 gets something else.",
    hints=('`task("build-image")` gives you the old `hello:1` back.',),
    near_miss=True,
)
def _(lab: Lab) -> None:
    make_server(lab, "hello:1", str(lab["page"]))


@build_image.wrong(
    "old-page",
    says="There is an image `hello:2`, but its web server still shows the old page.",
    hints=("Where does the server look for its page? The command of `hello:1` says so.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    make_hello(lab)
    make_image(lab, "hello:2", base="hello:1", files={"/index.html": f"{lab['page']}\n"})


@build_image.wrong(
    "no-server",
    says="There is an image `hello:2`, but a container of it serves nothing.",
    hints=("What is the new image built on, and which command does it have from there?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    make_hello(lab)
    make_image(lab, "hello:2", files={"/home/index.html": f"{lab['page']}\n"})


@build_image.unlisted("the page says something else")
def _(lab: Lab) -> None:
    make_hello(lab)
    make_server(lab, "hello:2", "lab[page]")


@build_image.right("on the base image, with a command of its own")
def _(lab: Lab) -> None:
    make_hello(lab)
    make_server(lab, "hello:2", str(lab["page"]))


@build_image.right("with tar on the command line, added as a layer")
def _(lab: Lab) -> None:
    make_hello(lab)
    (lab.folder / "home").mkdir(exist_ok=True)
    (lab.folder / "home/index.html").write_text(f"{lab['page']}\n")
    subprocess.run(["tar", "-cf", "layer.tar", "home"], check=True, cwd=lab.folder)
    lab.images.add_layer("hello:2", lab.folder / "layer.tar", base="hello:1")
    forget_later(lab, "hello:2")


@build_image.right("from a container that was changed by hand")
def _(lab: Lab) -> None:
    make_hello(lab)
    box = lab.sandbox(rootfs="hello:1").start()
    sh(box, f"echo '{lab['page']}' > /home/index.html")
    changed = Path(f"/proc/{box.pid}/root/home/index.html")
    make_image(lab, "hello:2", base="hello:1", files={"/home/index.html": changed})
