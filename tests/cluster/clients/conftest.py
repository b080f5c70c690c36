"""A namespace for each test, and the kubeconfig in which it is the current one."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml


def with_files(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A kubeconfig whose certificates are files: clients make temporary ones of what is in it."""
    for part in (document["clusters"][0]["cluster"], document["users"][0]["user"]):
        for field in [field for field in part if field.endswith("-data")]:
            path = folder / field.removesuffix("-data")
            path.write_bytes(base64.b64decode(part.pop(field)))
            part[path.name] = str(path)
    return document


@pytest.fixture
def namespace(kubeconfig: Path, tmp_path: Path) -> Iterator[str]:
    """A namespace of this test's own, and in `tmp_path/config` a kubeconfig that uses it."""
    from kubernetes import client, config

    document = with_files(yaml.safe_load(kubeconfig.read_text()), tmp_path)
    name = f"client-{secrets.token_hex(4)}"
    document["contexts"][0]["context"]["namespace"] = name
    (tmp_path / "config").write_text(yaml.safe_dump(document))
    with config.new_client_from_config_dict(document) as api:
        core = client.CoreV1Api(api)
        core.create_namespace({"metadata": {"name": name}})
        yield name
        core.delete_namespace(name)


@pytest.fixture
def config(namespace: str, tmp_path: Path) -> Path:
    """A kubeconfig whose namespace is this test's."""
    return tmp_path / "config"
