"""The first notebook that needs a machine: what its page shows while the machine is made."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, WebSocketRoute

from labkit.machine.snapshot import Snapshot
from tests.browser.desk import Desk
from tests.browser.jupyterlab import JupyterLab, running_jupyterlab
from tests.machine.lab.test_terminal import write_notebook
from tests.support.leaks import Place
from tests.support.snapshot import all_pids, describe
from tests.support.wait import wait_until

PREPARING = "Preparing this notebook's machine, once"

ROOT = Path(__file__).parents[3]

pytestmark = [
    pytest.mark.parametrize("desk", ["light"], indirect=True),
    pytest.mark.timeout(900),
]
PREPARED_S = 600
"""A whole emulated boot, beside other tests, on a computer that is slow and busy."""


@pytest.fixture(scope="module")
def jupyterlab(
    run_place: Place, snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JupyterLab]:
    """A JupyterLab where no machine has been started yet; its layers are there, to save time."""
    machines = tmp_path_factory.mktemp("machines")
    (machines / "layers").symlink_to(snapshot.folder.parents[1] / "layers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABKIT_MACHINES", str(machines))
        with running_jupyterlab(tmp_path_factory.mktemp("jupyterlab")) as lab:
            yield lab


def notification(desk: Desk, words: str) -> Locator:
    return desk.page.locator(".Toastify__toast:visible", has_text=words)


def test_its_progress_is_seen_and_cells_run_meanwhile_run_when_it_is_there(desk: Desk) -> None:
    write_notebook(desk.lab.course / "first.ipynb", "import platform; print(platform.node())")
    desk.page.goto(desk.lab.address.url("first.ipynb"))
    toast = notification(desk, PREPARING)
    toast.wait_for(timeout=60_000)
    first = share_of(toast)
    assert "Cells that you run wait for it" in toast.inner_text()
    desk.page.locator(".jp-Cell .cm-content").first.click()
    desk.page.keyboard.press("Shift+Enter")
    desk.screenshot("preparing")
    wait_until(lambda: share_of(toast) > first, timeout_s=60, every_s=0.2, what="progress")
    assert "This notebook's machine is ready" in what_comes_of_it(desk)
    desk.screenshot("prepared")
    wait_until(lambda: desk.cell_outputs()[0] == "lab", timeout_s=60, what="the cell's output")
    assert notification(desk, PREPARING).count() == 0
    assert (desk.errors, desk.complaints) == ([], [])


def test_why_there_is_no_machine_is_said_without_a_cell(desk: Desk) -> None:
    write_kernelspec(desk.lab, LABKIT_TEST_PREPARE_S="4", LABKIT_TEST_FAULT="prepare")
    write_notebook(desk.lab.course / "none.ipynb", "1", kernel="relayed")
    desk.page.goto(desk.lab.address.url("none.ipynb"))
    notification(desk, PREPARING).wait_for(timeout=60_000)
    toast = notification(desk, "This notebook's machine did not start")
    toast.wait_for(timeout=60_000)
    assert "QEMU is not installed" in toast.inner_text()
    assert notification(desk, PREPARING).count() == 0
    desk.screenshot("no-machine")
    toast.get_by_role("button", name="Show All").click()
    desk.page.locator(".jp-Dialog", has_text="→ Install QEMU").wait_for()


def test_it_goes_when_a_cell_shows_why_there_is_no_machine(desk: Desk) -> None:
    write_kernelspec(desk.lab, LABKIT_TEST_PREPARE_S="8", LABKIT_TEST_FAULT="prepare")
    write_notebook(desk.lab.course / "cell.ipynb", "1", kernel="relayed")
    desk.page.goto(desk.lab.address.url("cell.ipynb"))
    notification(desk, PREPARING).wait_for(timeout=60_000)
    desk.page.locator(".jp-Cell .cm-content").first.click()
    desk.page.keyboard.press("Shift+Enter")
    wait_until(lambda: "QEMU is not installed" in desk.cell_outputs()[0], timeout_s=60)
    notification(desk, PREPARING).wait_for(state="detached")


def test_a_page_that_misses_that_it_is_ready_knows_it_of_what_comes_next(
    desk: Desk,
) -> None:
    missed: list[str | bytes] = []

    def lose_one(socket: WebSocketRoute) -> None:
        def pass_on(message: str | bytes) -> None:
            is_it = b"is_ready" in (message.encode() if isinstance(message, str) else message)
            missed.append(message) if is_it else socket.send(message)

        server = socket.connect_to_server()
        server.on_message(pass_on)

    desk.page.route_web_socket(re.compile("/channels"), lose_one)
    write_kernelspec(desk.lab, LABKIT_TEST_PREPARE_S="8")
    write_notebook(desk.lab.course / "lost.ipynb", "6 * 7", kernel="relayed")
    desk.page.goto(desk.lab.address.url("lost.ipynb"))
    notification(desk, PREPARING).wait_for(timeout=60_000)
    desk.page.locator(".jp-Cell .cm-content").first.click()
    desk.page.keyboard.press("Shift+Enter")
    assert "This notebook's machine is ready" in what_comes_of_it(desk)
    wait_until(lambda: desk.cell_outputs()[0] == "42", timeout_s=60)
    assert missed


def test_of_a_kernel_that_dies_meanwhile_nobody_says_that_it_is_ready(desk: Desk) -> None:
    write_kernelspec(desk.lab, LABKIT_TEST_PREPARE_S="30")
    write_notebook(desk.lab.course / "died.ipynb", "1", kernel="relayed")
    desk.page.goto(desk.lab.address.url("died.ipynb"))
    toast, seen = notification(desk, PREPARING), set[str]()
    toast.wait_for(timeout=60_000)
    wait_until(lambda: share_of(toast) > 5, every_s=0.2, what="progress")
    os.kill(relay_of(desk.lab), signal.SIGKILL)

    def has_begun_again() -> bool:
        texts = desk.page.locator(".Toastify__toast:visible").all_inner_texts()
        seen.update(texts)
        return any(PREPARING in text and share_in(text) <= 5 for text in texts)

    wait_until(has_begun_again, timeout_s=60, every_s=0.1, what="a second kernel")
    assert not [text for text in seen if "is ready" in text]


def test_it_goes_with_its_kernel(desk: Desk) -> None:
    write_kernelspec(desk.lab, LABKIT_TEST_PREPARE_S="100")
    write_notebook(desk.lab.course / "left.ipynb", "1", kernel="relayed")
    desk.page.goto(desk.lab.address.url("left.ipynb"))
    notification(desk, PREPARING).wait_for(timeout=60_000)
    desk.lab.end_kernels()
    notification(desk, PREPARING).wait_for(state="detached")


def test_it_goes_when_the_page_misses_the_session_before_the_kernel(desk: Desk) -> None:
    write_kernelspec(desk.lab, LABKIT_TEST_PREPARE_S="100")
    write_notebook(desk.lab.course / "missed.ipynb", "1", kernel="relayed")
    desk.page.goto(desk.lab.address.url("missed.ipynb"))
    notification(desk, PREPARING).wait_for(timeout=60_000)
    asked: list[str] = []
    kernels = re.compile(r"/api/kernels(\?|/[^/?]+(\?|$))")
    desk.page.route(kernels, lambda route: asked.append(route.request.url))  # no answer
    desk.lab.end_kernels()
    notification(desk, PREPARING).wait_for(state="detached")
    assert asked


def test_a_notification_that_is_closed_stays_away(desk: Desk) -> None:
    write_kernelspec(desk.lab, LABKIT_TEST_PREPARE_S="12")
    write_notebook(desk.lab.course / "closed.ipynb", "1", kernel="relayed")
    desk.page.goto(desk.lab.address.url("closed.ipynb"))
    toast = notification(desk, PREPARING)
    toast.wait_for(timeout=60_000)
    toast.locator("button").first.click()
    toast.wait_for(state="hidden")
    desk.wait_idle()
    assert notification(desk, PREPARING).count() == 0


def what_comes_of_it(desk: Desk) -> str:
    """What is said when nothing is being prepared any more."""
    toasts = desk.page.locator(".Toastify__toast:visible")

    def said() -> str:
        texts = [text.strip() for text in toasts.all_inner_texts()]
        return "" if any(PREPARING in text for text in texts) else "".join(texts)

    try:
        return wait_until(said, timeout_s=PREPARED_S, every_s=0.2, what="an end of it")
    except TimeoutError as error:
        desk.screenshot("stuck")
        shown, log = toasts.all_inner_texts(), desk.lab.log.read_text(errors="replace")[-4000:]
        raise AssertionError(f"{error}\nshown: {shown}\nJupyterLab's log: {log}") from error


def share_of(toast: Locator) -> int:
    """How far it is, in percent."""
    return share_in(toast.inner_text())


def share_in(text: str) -> int:
    found = re.search(r"(\d+)%", text)
    assert found
    return int(found[1])


def relay_of(lab: JupyterLab) -> int:
    """The PID of the one kernel that runs."""
    connections = f"-f {lab.settings.parent}/runtime/kernel-"
    [pid] = [pid for pid in all_pids() if connections in describe(pid)]
    return pid


def write_kernelspec(lab: JupyterLab, **env: str) -> None:
    """A kernel ``relayed``, whose machine is this one."""
    folder = lab.settings.parent / "data" / "kernels" / "relayed"
    folder.mkdir(parents=True, exist_ok=True)
    spec = {
        "argv": [sys.executable, "-m", "tests.machine.relay.local", "-f", "{connection_file}"],
        "display_name": "relayed",
        "language": "python",
        "env": {"PYTHONPATH": str(ROOT), "TMPDIR": os.environ["TMPDIR"], **env},
    }
    (folder / "kernel.json").write_text(json.dumps(spec))
