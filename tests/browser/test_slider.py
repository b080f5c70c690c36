"""A slider in JupyterLab: moved by keyboard, it sets the limit of a running process, and the gauge
follows. The kernel's own file is asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser.desk import Desk
from tests.browser.test_jupyterlab import write_notebook
from tests.support.wait import wait_until

MIB = 1024**2

START = """
from pathlib import Path

from labkit import Cgroup, Sandbox, cgroups, live

box = Sandbox(name="slid", limits={"memory.max": "64M"}).start(["sleep", "600"], replace=True)
group = Cgroup.of(box.pid)
Path("file").write_text(box.limits[0].file)
"""

SHOW = 'live(cgroups, group, sliders={"memory.max": ("8M", "256M")})'


@pytest.mark.requires("limits")
@pytest.mark.parametrize("desk", ["light"], indirect=True)
def test_a_slider_sets_the_limit_of_a_running_process_and_the_gauge_follows(desk: Desk) -> None:
    write_notebook(desk.lab.course / "slider.ipynb", [START, SHOW])
    desk.open_notebook("slider.ipynb")
    desk.run_all()
    widget = desk.page.locator(".labkit-live")
    slider = widget.get_by_role("slider", name="memory.max")
    slider.wait_for()
    file = Path((desk.lab.course / "file").read_text())
    assert int(file.read_text()) == 64 * MIB
    assert slider.get_attribute("aria-valuetext") == "64 MiB"
    assert "of 64 MiB" in (widget.locator("svg").text_content() or "")
    slider.focus()
    for _ in range(4):
        desk.page.keyboard.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "32 MiB"
    said = widget.get_by_role("status")
    wait_until(lambda: "is now" in said.inner_text(), timeout_s=20, what="an answer")
    assert re.match(r"memory.max is now 32 MiB\.", said.inner_text())
    assert int(file.read_text()) == 32 * MIB
    assert "of 32 MiB" in (widget.locator("svg").text_content() or "")
    assert desk.page.evaluate("document.activeElement.type") == "range"
    desk.screenshot("slider")
    desk.page.keyboard.press("End")
    assert slider.get_attribute("aria-valuetext") == "no limit"
    told = "memory.max has no limit now."
    wait_until(lambda: told in said.inner_text(), timeout_s=20, what=told)
    assert _is_unlimited(file)
    assert "of 32 MiB" not in (widget.locator("svg").text_content() or "")
    assert desk.errors == [] and desk.foreign == []


def _is_unlimited(file: Path) -> bool:
    """As the kernel says it: ``max``, or in version 1 more than any machine has."""
    said = file.read_text().strip()
    return said == "max" or int(said) > 2**62
