"""A kubeconfig that belongs to somebody else, and nothing of whoever runs the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.kubeconfig.kubeconfigs import SOMEBODY


@pytest.fixture
def school(tmp_path: Path) -> Path:
    path = tmp_path / "somebody" / "config"
    path.parent.mkdir()
    path.write_text(SOMEBODY)
    path.chmod(0o640)
    return path


@pytest.fixture(autouse=True)
def nothing_of_mine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
