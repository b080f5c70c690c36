"""Task 1: a web server that is left running in a container."""

from __future__ import annotations

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed

from .shared import (
    OLD_PAGE,
    container_of,
    make_hello,
    own_containers,
    page_of,
    serve_by_hand,
    sh,
    wait_for,
    was_last,
)


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
    box = container_of(lab, ship)
    if box is None:
        row = Evidence("a container with the hostname", ship, "none")
        if was_last(ship):
            return not_yet("ended", Evidence(f"container {ship}", "runs", "ran, and has ended"))
        for other in own_containers(lab):
            if page_of(other) == OLD_PAGE:
                says = Evidence("its web server says", OLD_PAGE, OLD_PAGE)
                return not_yet("wrong-hostname", Evidence("hostname", ship, other.hostname), says)
        return not_yet("nothing", row)
    page = page_of(box)
    rows = (
        Evidence("hostname", ship, box.hostname),
        Evidence("its web server says", OLD_PAGE, page or "nothing: no server answers"),
    )
    if page == OLD_PAGE:
        return passed(f"{ship} runs, and its web server answers.", *rows)
    return not_yet(OTHER if page else "no-server", *rows)


@serve.wrong("nothing", says="No container with your hostname runs.")
def _(lab: Lab) -> None:
    make_hello(lab)
    lab.sandbox(rootfs="hello:1").run(["true"])


@serve.wrong(
    "ended",
    says="A container with your hostname was started, and has ended. A container lives as long as "
    "its PID 1, and whatever that one left in the background ends with it.",
    hints=("Which command became PID 1, and did it stay in the foreground?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    make_hello(lab)
    # Without -f the server moves to the background, and PID 1 is done.
    box = lab.sandbox(rootfs="hello:1", hostname=lab["ship"]).start(["httpd", "-h", "/home"])
    wait_for(lambda: not box.is_running)


@serve.wrong(
    "wrong-hostname",
    says="A container runs and serves the page, but it goes by another hostname.",
    hints=("The task says where your hostname stands among your values.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    make_hello(lab)
    lab.sandbox(rootfs="hello:1").start()


@serve.wrong(
    "no-server",
    says="The container runs under your hostname, but nobody in it answers on the web server's "
    "port.",
    hints=("What runs in there? `ps`, inside, tells.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    make_hello(lab)
    lab.sandbox(rootfs="hello:1", hostname=lab["ship"]).start(["sleep", "3600"])


@serve.unlisted("it serves another page")
def _(lab: Lab) -> None:
    make_hello(lab)
    box = lab.sandbox(rootfs="hello:1", hostname=lab["ship"]).start()
    sh(box, "echo Hello from me > /home/index.html")


@serve.right("from a shell: unshare and chroot")
def _(lab: Lab) -> None:
    serve_by_hand(lab, str(lab["ship"]), OLD_PAGE)


@serve.right("the base image, and everything else by hand inside")
def _(lab: Lab) -> None:
    box = lab.sandbox(hostname=lab["ship"]).start(["sleep", "3600"])
    sh(box, f"echo '{OLD_PAGE}' > /home/index.html; httpd -h /home")
