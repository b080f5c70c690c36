"""A network in JupyterLab: two namespaces that ping each other, and the packets counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.desk import Desk
from tests.browser.test_jupyterlab import write_notebook
from tests.support.wait import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Locator

START = """
from labkit import Network, Sandbox, live, network

town = Network("town").start()
red, blue = (Sandbox(name=name, network=town).start(["sleep", "600"]) for name in ("red", "blue"))
"""

SHOW = """
live(network, [red.pid, blue.pid],
     actions={"Ping": lambda: red.exec(["ping", "-c", "2", "blue"]).stdout.splitlines()[-2]})
"""


@pytest.mark.requires("network")
@pytest.mark.parametrize("desk", ["dark"], indirect=True)
def test_two_namespaces_ping_each_other_and_the_packets_are_counted(desk: Desk) -> None:
    write_notebook(desk.lab.course / "network.ipynb", [START, SHOW])
    desk.open_notebook("network.ipynb")
    desk.run_all()
    widget = desk.page.locator(".labkit-live")
    button = widget.get_by_role("button", name="Ping")
    button.wait_for()
    drawing = widget.locator("svg").first
    drawn = drawing.text_content() or ""
    assert "sandbox red" in drawn and "sandbox blue" in drawn
    assert _packets(drawing) == [0, 0, 0, 0]  # each cable, both ways
    button.click()
    said = widget.get_by_role("status")
    wait_until(lambda: "packets" in said.inner_text(), timeout_s=20, what="an answer")
    told = said.inner_text()
    assert "2 packets transmitted, 2 packets received, 0% packet loss. " in told
    assert (
        "packets in: 0 → " in told and "lo in " not in told and "eth0 in this machine" not in told
    )
    wait_until(lambda: len(_packets(drawing)) == 4 and min(_packets(drawing)) >= 2, timeout_s=20)
    desk.screenshot("network")
    assert desk.errors == [] and desk.foreign == []


def _packets(drawing: Locator) -> list[int]:
    """The numbers that stand alone: names and addresses have more in them."""
    texts = drawing.locator("tspan").all_text_contents()
    return [int(text) for text in texts if text.isdigit()]
