"""``labkit lab``: opens the course in JupyterLab."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from labkit.cli.console import note, say

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from labkit.cli.server import Address, Server
    from labkit.course import Course, LaidOut
    from labkit.jupyter.diagnosis import Diagnosis

DEFAULT_FOLDER = Path("labkit-course")

STARTS = ("labs/00-start-here/lab.ipynb", "labs/home.ipynb")
"""Where a learner begins: the first of these that is there."""


@click.command("lab")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--no-browser", is_flag=True, help="Open no browser; only print the address.")
@click.option("--port", default=8888, show_default=True, type=click.IntRange(1, 65535),
              help="The port; the next free one is taken when somebody has it.")  # fmt: skip
def lab_command(folder: Path | None, no_browser: bool, port: int) -> None:
    """Open the course in JupyterLab.

    The course is the one around this folder; else it is laid out in FOLDER, a new folder
    "labkit-course" when not given. What you changed there is kept. Ends with Ctrl-C.
    """
    from labkit.cli.server import Server
    from labkit.course import trust
    from labkit.course.find import VARIABLE

    course = place_course(folder)
    trust(course)
    _end_on_signals()
    # A notebook that changes its folder, and a terminal, still mean this course.
    with Server(course.root, port=port, env={VARIABLE: str(course.root)}) as server:
        say(f"The course is in {course.root}")
        found = _say_health()
        start = next((path for path in STARTS if (course.root / path).exists()), "")
        # What takes minutes, once, is done before the notebook that needs it, and beside any other.
        is_needed = any(topic.name in Path(start).parts for topic in found.moved)
        if is_needed:
            _prepare_machine(found)
        _say_address(server.wait_until_ready(), start, opens_browser=not no_browser)
        _hold(server, (lambda: None) if is_needed else (lambda: _prepare_machine(found)))


def place_course(folder: Path | None) -> Course:
    """The course that is meant; laid out first where there is none, or an older one.

    Args:
        folder: where the learner wants it; around the working folder when not given.

    Raises:
        BadInput: the folder cannot be one.
        Blocked: this user may not write there.
    """
    from labkit.course import find_course, lay_out
    from labkit.course.layout import MANIFEST, refuse_closed

    target = _where(folder)
    refuse_closed(target)
    # A course that nobody laid out is a checkout, or a school's own: it is opened as it is.
    if not _is_course(target) or (target / MANIFEST).exists():
        _say_laid_out(lay_out(target), target)
    return find_course(target)


def _where(folder: Path | None) -> Path:
    """The folder that is meant; there need not be a course in it yet."""
    from labkit.course import find_course
    from labkit.course.find import shipped_folder

    if folder is not None:
        return folder.absolute()
    here, found = Path.cwd(), find_course().root
    is_near = here.is_relative_to(found)
    # Found neither around here nor by LABKIT_COURSE, it is the package's own.
    return here / DEFAULT_FOLDER if found == shipped_folder() and not is_near else found


def _is_course(folder: Path) -> bool:
    from labkit.course.course import COURSE_FILE

    return (folder / COURSE_FILE).is_file()


def has_browser() -> bool:
    """Whether there is a browser that can show a page here, and not in this terminal."""
    import webbrowser

    if sys.platform == "linux" and not any(
        os.environ.get(name)
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME")
    ):
        return False
    with suppress(webbrowser.Error):
        webbrowser.get()
        return True
    return False


def _say_laid_out(written: list[LaidOut], folder: Path) -> None:
    counts = {what: sum(one.what == what for one in written) for what in ("added", "updated")}
    if counts["added"]:
        say(f"Laid out the course in {folder} ({counts['added']} files)")
    if counts["updated"]:
        say(f"Brought {counts['updated']} files of the course up to date")
    for one in written:
        if one.what == "beside":
            say(f"You changed a file that is new: the new version is beside it, {one.path}")


def _say_health() -> Diagnosis:
    """What is not real here, and what brings it. Found out while the server starts."""
    from labkit.jupyter.diagnosis import diagnose

    found = diagnose()
    lacking = found.needed
    if not lacking and not found.moved:
        say("Every lab that is there is real on this machine.")
        return found
    if found.moved:
        names = ", ".join(topic.name for topic in found.moved)
        say(f"In a machine of their own (microVM): {names}: {found.moved[0].place.why}.")
    if not lacking:
        say("So every lab that is there is real.")
        return found
    say("Not real on this machine yet (`labkit doctor` says more):")
    for one in lacking:
        topics = ", ".join(t.name for t in found.topics if one.id in t.missing) or "every lab"
        say(f"  ✗ {one.title}: {one.why} (for {topics})")
        if one.fix:
            say(f"    → {one.fix}")
    return found


def _prepare_machine(found: Diagnosis) -> None:
    """Makes the machine that some notebooks need, where it is not there yet."""
    if not found.moved:
        return
    from labkit.cli.machine import prepare
    from labkit.core.errors import LabkitError

    try:
        prepare()
    except LabkitError as error:
        note(f"labkit: {error}")  # notebooks say it again, and the rest of the course is there


def _say_address(address: Address, start: str, *, opens_browser: bool) -> None:
    url = address.url(start)
    say("")
    if not opens_browser:
        say("JupyterLab runs. Its address:")
    elif has_browser():
        say("JupyterLab runs, and opens in your browser. Its address:")
        _open(url)
    else:
        say("JupyterLab runs. There is no browser here: copy this address into one.")
    say(f"\n    {url}\n")
    if os.environ.get("SSH_CONNECTION"):
        tunnel = f"ssh -L {address.port}:127.0.0.1:{address.port} …"
        say(f"From another machine, go through a tunnel first: {tunnel}")
    say("Press Ctrl-C here to end it.")


def _open(url: str) -> None:
    """Opens a browser; what it has to say on this terminal is not shown, nor waited for."""
    import subprocess
    import threading

    code = "import sys, webbrowser; webbrowser.open(sys.argv[1])"
    nothing = subprocess.DEVNULL

    def run() -> None:
        subprocess.run(
            [sys.executable, "-c", code, url],
            stdin=nothing, stdout=nothing, stderr=nothing, check=False, start_new_session=True,
        )  # fmt: skip

    threading.Thread(target=run, name="labkit-browser", daemon=True).start()


def _hold(server: Server, beside: Callable[[], None]) -> None:
    """Waits for the end; ``beside`` is done meanwhile."""
    try:
        beside()
        server.wait()
        say("JupyterLab has ended.")
    except KeyboardInterrupt:
        note("\nEnding JupyterLab…")
        server.stop()
        note("Ended. Your work is kept; `labkit lab` opens it again.")


def _end_on_signals() -> None:
    """A closed terminal, or a plain `kill`, ends us as Ctrl-C does."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
