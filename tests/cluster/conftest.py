"""What tests of the cluster share: the embedded one, or that of ``--kubeconfig FILE``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.embedded_cluster import embedded_cluster
from tests.support.leaks import Place


def pytest_addoption(parser: pytest.Parser) -> None:
    """Only there when this folder is named, or one in it: `pytest tests/cluster/suite`."""
    parser.addoption("--kubeconfig", type=Path, help="ask this cluster, not the embedded one")
    parser.addoption("--kubectl", type=Path, help="play the cases with this kubectl")


@pytest.fixture(scope="session")
def kubeconfig(request: pytest.FixtureRequest, run_place: Place) -> Iterator[Path]:
    """The kubeconfig that was named, or that of an embedded cluster of this run's own."""
    if named := request.config.getoption("--kubeconfig", None):
        yield named.absolute()
        return
    with embedded_cluster() as path:
        yield path
