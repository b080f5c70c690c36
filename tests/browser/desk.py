"""What somebody at the browser does and sees. Knows nothing about what is in the notebooks.

Waiting asks the server as well as the page: the page says that a kernel is idle a moment before it
is connected, and a cell that is run in that moment is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.jupyterlab import JupyterLab
from tests.support.wait import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Locator, Page, Request

SCREENS = Path(__file__).parents[2] / "test-results" / "screens"

_NOT_THE_PAGE = (
    "GL Driver Message",
    "task queue exceeded",
    "is taking too long to activate",
    "net::ERR_NETWORK_CHANGED",
)
"""What Chromium says of its own drawing, a terminal and JupyterLab of how busy this machine is, and
what Chromium does when a cable is laid on this machine: it drops the requests under way, and
JupyterLab asks again."""

_IDLE = '.jp-NotebookPanel:visible .jp-Notebook-ExecutionIndicator[data-status="idle"]'
_KERNEL_S = 60.0
"""Until a kernel is there, on two busy cores."""


class Desk:
    """A page of JupyterLab.

    Args:
        page: an empty page of the browser.
        lab: the server.
        theme: ``light`` or ``dark``.

    Attributes:
        errors: what JavaScript threw and nobody caught.
        complaints: warnings and errors in the browser's console.
        foreign: addresses elsewhere that the page asked for.
    """

    def __init__(self, page: Page, lab: JupyterLab, theme: str) -> None:
        self.page, self.lab, self.theme = page, lab, theme
        self.errors: list[str] = []
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note_complaint)
        page.on("request", self._note_foreign)
        lab.prepare(theme)

    def open_notebook(self, path: str) -> None:
        """Opens a notebook of the course, and waits until it can be run."""
        from playwright.sync_api import TimeoutError as TooLate

        self.page.goto(self.lab.address.url(path))
        cell = self.page.locator(".jp-NotebookPanel:visible .jp-Cell").first
        try:
            cell.wait_for(timeout=30_000)
        except TooLate:
            # On a machine where all else runs as well, JupyterLab now and then never finishes its
            # start. That is none of ours, and people do what is done here.
            self.page.reload()
            cell.wait_for(timeout=60_000)
        self.wait_idle()

    def open_launcher(self) -> None:
        """The page that one sees where nothing is open."""
        self.page.goto(self.lab.address.url())
        self.page.locator(".jp-LauncherCard").first.wait_for(timeout=60_000)

    def card(self, label: str) -> Locator:
        """A card of the launcher."""
        return self.page.locator(".jp-LauncherCard:visible").filter(has_text=label)

    def command(self, label: str) -> None:
        """Chooses a command by its name, with the keyboard alone."""
        self.page.keyboard.press("Control+Shift+C")
        self.page.locator(".lm-CommandPalette-input:visible").wait_for()
        self.page.keyboard.type(label)
        self.page.locator(".lm-CommandPalette-item.lm-mod-active", has_text=label).wait_for()
        self.page.keyboard.press("Enter")

    def wait_for_terminal(self, words: str, timeout_s: float = 30.0) -> str:
        """Waits until the terminal that is open shows these words; all that it shows."""
        shown = self.page.locator(".jp-Terminal:visible .xterm-accessibility-tree")
        self._wait(lambda: words in "\n".join(shown.all_inner_texts()), words, timeout_s)
        return shown.inner_text()

    def run_all(self, timeout_s: float = 60.0) -> None:
        """Run, Run All Cells, in the menu; waits until every cell has its number."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_text("Run All Cells", exact=True).click()
        self._wait(self._has_run, "Run All Cells", timeout_s)
        self.wait_idle(timeout_s)

    def wait_idle(self, timeout_s: float = _KERNEL_S) -> None:
        """Waits until the kernel is connected and has nothing to do."""
        self._wait(self._is_kernel_idle, "an idle kernel", timeout_s)
        self.page.locator(_IDLE).first.wait_for(timeout=timeout_s * 1000)

    def cell_outputs(self) -> list[str]:
        """The text below each code cell, in order; empty for a cell without output."""
        cells = self.page.locator(".jp-NotebookPanel:visible .jp-CodeCell").all()
        outputs = (cell.locator(".jp-OutputArea-output").all_inner_texts() for cell in cells)
        return ["\n".join(texts).strip() for texts in outputs]

    def screenshot(self, name: str) -> Path:
        """A picture of the page, ``test-results/screens/NAME-THEME.png``."""
        path = SCREENS / f"{name}-{self.theme}.png"
        self.page.screenshot(path=path)
        return path

    def _wait(self, look: Callable[[], bool], what: str, timeout_s: float) -> None:
        try:
            wait_until(look, timeout_s=timeout_s, every_s=0.1, what=what)
        except TimeoutError:
            self.screenshot("stuck")
            raise

    def _is_kernel_idle(self) -> bool:
        kernels = [session["kernel"] for session in self.lab.api("sessions")]
        return bool(kernels) and all(
            kernel["execution_state"] == "idle" and kernel["connections"] > 0 for kernel in kernels
        )

    def _has_run(self) -> bool:
        """Whether no cell waits, and each that has code was run."""
        cells = self.page.locator(".jp-NotebookPanel:visible .jp-CodeCell")
        prompts = cells.locator(".jp-InputPrompt").all_inner_texts()
        return bool(prompts) and all(re.fullmatch(r"\[\d+\]:", text.strip()) for text in prompts)

    def _note_complaint(self, message: ConsoleMessage) -> None:
        is_the_page = not any(words in message.text for words in _NOT_THE_PAGE)
        if message.type in ("warning", "error") and is_the_page:
            self.complaints.append(message.text)

    def _note_foreign(self, request: Request) -> None:
        here = f"//127.0.0.1:{self.lab.address.port}/"
        if request.url.startswith(("http", "ws")) and here not in request.url:
            self.foreign.append(request.url)
