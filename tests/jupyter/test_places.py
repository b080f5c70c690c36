from __future__ import annotations

import os
import platform
from datetime import UTC, datetime, timedelta

import pytest

from labkit import place, reset_machine
from labkit.core.errors import BadInput
from labkit.jupyter.places import rows

_IN_A_MACHINE = {
    "LABKIT_PLACE": "microvm",
    "LABKIT_PLACE_WHY": "this machine lacks sandbox (no user namespaces)",
    "LABKIT_ACCELERATOR": "tcg",
    "LABKIT_QEMU": "7.2.22",
    "LABKIT_SHARED": "/home/ann/course",
}


def test_a_native_kernel_says_so() -> None:
    said = str(place())
    assert "native" in said
    assert platform.release() in said
    assert f"(uid {os.geteuid()}) on {platform.node()}" in said
    assert "was not started as labkit" in said


def test_a_machine_says_with_what_why_since_when_and_what_is_kept() -> None:
    since = datetime.now(UTC) - timedelta(hours=2, minutes=5, seconds=1)
    said = dict(rows({**_IN_A_MACHINE, "LABKIT_PLACE_SINCE": since.isoformat()}))
    assert "a Linux machine of its own" in said["Place"]
    assert "QEMU 7.2.22, its processor is emulated" in said["Place"]
    assert said["Why there"] == _IN_A_MACHINE["LABKIT_PLACE_WHY"]
    assert said["Since"].endswith("(2 h 5 min ago)")
    assert "/home/ann/course" in said["Kept"]
    assert "%machine reset" in said["Thrown away"]


def test_a_wish_alone_makes_no_machine() -> None:
    assert "native" in dict(rows({"LABKIT_PLACE": "microvm"}))["Place"]


def test_a_native_kernel_has_nothing_to_reset() -> None:
    with pytest.raises(BadInput, match="there is no machine to reset") as caught:
        reset_machine()
    assert "LABKIT_PLACE=microvm" in caught.value.hint
