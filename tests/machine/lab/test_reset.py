"""``%machine`` and ``%machine reset``, as somebody at the browser sees them."""

from __future__ import annotations

import nbformat
import pytest

from tests.browser.desk import Desk
from tests.support.wait import wait_until

CELLS = (
    "%load_ext labkit\n%machine",
    "open('/root/mark', 'w').close(); x = 1\n%machine reset",
    "import os; print(os.path.exists('/root/mark'), 'x' in globals())",
)


@pytest.mark.parametrize("desk", ["light"], indirect=True)
def test_a_reset_is_seen_as_words_and_the_notebook_goes_on(desk: Desk) -> None:
    kernel = {"name": "labkit", "display_name": "labkit", "language": "python"}
    metadata = {"kernelspec": kernel, "labkit": {"place": "microvm"}}
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    notebook = nbformat.v4.new_notebook(metadata=metadata, cells=cells)
    nbformat.write(notebook, desk.lab.course / "reset.ipynb")
    desk.open_notebook("reset.ipynb")
    desk.page.locator(".jp-CodeCell").first.click()
    for number in range(len(CELLS)):
        desk.page.keyboard.press("Shift+Enter")
        wait_until(lambda n=number: bool(desk.cell_outputs()[n]), timeout_s=60)
        desk.wait_idle()
    place, reset, after, *_ = desk.cell_outputs()
    desk.screenshot("machine-reset")
    assert "a Linux machine of its own" in place
    assert "the notebook wants it so" in place
    assert "a fresh one is on its way" in reset
    assert after == "False False"
    assert desk.page.locator(".jp-Dialog").count() == 0  # nothing says that the kernel died
    prompts = desk.page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()
    assert [text.strip() for text in prompts[:3]] == ["[1]:", "[2]:", "[1]:"]
    assert desk.errors == []
