"""Each proof of ``tests/sandbox/groups/both``, on this machine's own cgroups."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.groups.both.all_of_them import PROOFS

pytestmark = [
    pytest.mark.requires("root", "sandbox", "limits"),
    pytest.mark.usefixtures("shared_home"),
]


@pytest.mark.parametrize("name", PROOFS)
def test_on_this_machine(name: str, tmp_path: Path) -> None:
    PROOFS[name]()
