"""The card "Terminal in the Notebook's Machine", where no machine runs."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.browser.desk import Desk
from tests.support.wait import wait_until

CARD = "Terminal in the Notebook's Machine"


def test_the_launcher_has_a_card_with_an_icon_in_the_colours_of_the_theme(desk: Desk) -> None:
    desk.open_launcher()
    ours, terminal = desk.card(CARD), desk.card("Terminal").first
    fills = [
        card.locator("svg path").first.evaluate("path => getComputedStyle(path).fill")
        for card in (ours, terminal)
    ]
    assert fills[0] == fills[1] != ""
    assert ours.get_attribute("title") == (
        "Open a terminal in the machine of its own (microVM) that your notebook runs in"
    )
    desk.screenshot("launcher")


def test_without_a_machine_it_says_so_and_what_to_do(desk: Desk, labkit_home: Path) -> None:
    log = labkit_home / "jupyterlab.log"
    before = len(log.read_text())  # other tests' pages were closed while their kernels spoke
    desk.open_launcher()
    desk.card(CARD).click()
    said = desk.wait_for_terminal("Press Enter to try again")
    assert "no notebook has a machine of its own now" in said
    assert "Open a notebook that needs one" in said
    desk.screenshot("terminal-no-machine")
    assert (desk.errors, desk.complaints) == ([], [])
    said_since = log.read_text()[before:].splitlines()
    errors = [line for line in said_since if line.startswith("[E") or "labkit/terminals" in line]
    assert [line for line in errors if "zmqstream" not in line.lower()] == []  # a kernel's


@pytest.mark.parametrize("desk", ["light"], indirect=True)
def test_the_keyboard_alone_opens_it_tries_again_and_closes_it(desk: Desk) -> None:
    desk.open_launcher()
    desk.command(f"New {CARD}")
    desk.wait_for_terminal("Press Enter to try again")
    desk.page.keyboard.press("Enter")
    wait_until(
        lambda: desk.wait_for_terminal("Press").count("Press Enter") == 2,
        timeout_s=20, every_s=0.1, what="another try",
    )  # fmt: skip
    desk.page.keyboard.press("Control+d")
    wait_until(lambda: not desk.lab.api("terminals"), timeout_s=20, what="its end")
    desk.page.locator(".jp-Terminal").wait_for(state="detached")
    assert desk.errors == []


@pytest.mark.parametrize("desk", ["light"], indirect=True)
def test_nobody_without_the_token_gets_one(desk: Desk) -> None:
    url = f"http://127.0.0.1:{desk.lab.address.port}/labkit/terminals"
    forged = {"Cookie": "_xsrf=6162", "X-XSRFToken": "6162"}  # no page of ours, but it looks so
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, b"{}", forged), timeout=20)
    refused.value.close()
    assert refused.value.code == 403
    assert desk.lab.api("terminals") == []
    allowed = {"Authorization": f"token {desk.lab.address.token}"}
    with urllib.request.urlopen(urllib.request.Request(url, b"{}", allowed), timeout=20) as answer:
        name = json.load(answer)["name"]
    assert [terminal["name"] for terminal in desk.lab.api("terminals")] == [name]
