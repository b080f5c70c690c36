"""A cell behind a relay is a cell."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.machine.relay.kernels import Kernel

pytestmark = pytest.mark.requires("program:socat")

Start = Callable[..., Kernel]


def test_a_cell_prints_and_returns(start: Start) -> None:
    kernel = start()
    ran = kernel.run("print('hello'); 6 * 7")
    assert ran.text() == "hello\n"
    assert ran.value == "42"
    assert ran.reply["content"]["status"] == "ok"
    assert ran.states == ["busy", "idle"]
