"""Which cluster the cases are played on: the embedded one, or that of ``--kubeconfig FILE``."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.cluster.suite.playing import Target
from tests.support import clients


def pytest_addoption(parser: pytest.Parser) -> None:
    """Only there when this folder is named: `pytest tests/cluster/suite --kubeconfig FILE`."""
    parser.addoption("--kubeconfig", type=Path, help="play the cases on this cluster")
    parser.addoption("--kubectl", type=Path, help="play them with this kubectl")


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Target:
    """The cluster that cases are played on."""
    from kubernetes import client, config

    path = request.config.getoption("--kubeconfig", None) or request.getfixturevalue("kubeconfig")
    found = yaml.safe_load(path.read_text())
    core = client.CoreV1Api(config.new_client_from_config_dict(found))
    said = client.VersionApi(core.api_client).get_code()
    version = int(said.major), int(said.minor.rstrip("+"))
    return Target(found, core, tmp_path_factory.mktemp("cache"), version)


@pytest.fixture(scope="session")
def kubectl(request: pytest.FixtureRequest) -> Path:
    """What the cases are played with."""
    return request.config.getoption("--kubectl", None) or clients.kubectl()
