"""Which cluster the cases are played on, and with what."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.cluster.suite.playing import Target
from tests.support import clients


@pytest.fixture(scope="session")
def target(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Target:
    """The cluster that cases are played on."""
    from kubernetes import client, config

    found = yaml.safe_load(kubeconfig.read_text())
    core = client.CoreV1Api(config.new_client_from_config_dict(found))
    said = client.VersionApi(core.api_client).get_code()
    version = int(said.major), int(said.minor.rstrip("+"))
    return Target(found, core, tmp_path_factory.mktemp("cache"), version)


@pytest.fixture(scope="session")
def kubectl(request: pytest.FixtureRequest) -> Path:
    """What the cases are played with."""
    return request.config.getoption("--kubectl", None) or clients.kubectl()
