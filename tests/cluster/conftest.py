"""What tests of the cluster share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.embedded_cluster import embedded_cluster
from tests.support.leaks import Place


@pytest.fixture(scope="session")
def kubeconfig(run_place: Place) -> Iterator[Path]:
    """The kubeconfig of an embedded cluster that lives as long as this run of tests."""
    with embedded_cluster() as path:
        yield path
