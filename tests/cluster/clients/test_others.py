"""Clients of other makers: kubernetes_asyncio, kr8s, lightkube, kopf.

Some leave a thread or a connection behind, so they run as programs: `scripts/`.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parent / "scripts"


def said_by(script: str, config: Path) -> list[str]:
    """The lines that a script prints."""
    done = subprocess.run(
        [sys.executable, SCRIPTS / script], env={**os.environ, "KUBECONFIG": str(config)},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.requires("module:kr8s")
def test_kr8s_creates_lists_watches_and_deletes(config: Path) -> None:
    said = said_by("with_kr8s.py", config)
    assert said == ["['a']", "2", "ADDED a", "True", "False"]


@pytest.mark.requires("module:lightkube")
def test_lightkube_applies_watches_and_deletes(config: Path) -> None:
    said = said_by("with_lightkube.py", config)
    assert said == ["['Apply']", "ADDED {'x': '1'}", "{'x': '2'}", "NotFound"]


@pytest.mark.requires("module:kubernetes_asyncio")
def test_kubernetes_asyncio_lists_watches_and_patches(config: Path, namespace: str) -> None:
    from kubernetes_asyncio import client, watch
    from kubernetes_asyncio.config import new_client_from_config

    async def use() -> list[tuple[str, Any]]:
        async with await new_client_from_config(str(config)) as api:
            core, only = client.CoreV1Api(api), "metadata.name=a"
            await core.create_namespaced_config_map(namespace, {"metadata": {"name": "a"}})
            listed = await core.list_namespaced_config_map(namespace, field_selector=only)
            await core.patch_namespaced_config_map("a", namespace, {"data": {"x": "1"}})
            await core.delete_namespaced_config_map("a", namespace)
            events = watch.Watch().stream(
                core.list_namespaced_config_map, namespace, field_selector=only,
                resource_version=listed.metadata.resource_version, timeout_seconds=1,
            )  # fmt: skip
            return [(one["type"], one["object"].data) async for one in events]

    assert asyncio.run(use()) == [("MODIFIED", {"x": "1"}), ("DELETED", {"x": "1"})]


@pytest.mark.requires("module:kopf")
def test_a_kopf_operator_sees_what_is_created_and_changed(
    config: Path, namespace: str, tmp_path: Path
) -> None:
    from kubernetes import client
    from kubernetes.config import new_client_from_config

    group = f"{secrets.token_hex(4)}.example.com"
    with new_client_from_config(str(config)) as api:
        crds = client.ApiextensionsV1Api(api)
        crds.create_custom_resource_definition(definition(group))
        robots = Robots(client.CustomObjectsApi(api), group, namespace)
        with operator(config, namespace, group, tmp_path / "log"):
            robots.create("marvin", colour="blue")
            robots.wait_for_status("marvin", "greet", {"greeting": "marvin is blue"})
            robots.repaint("marvin", "red")
            robots.wait_for_status("marvin", "repaint/spec.colour", {"was": "blue"})
        crds.delete_custom_resource_definition(f"robots.{group}")


@contextmanager
def operator(config: Path, namespace: str, group: str, log: Path) -> Iterator[None]:
    """The operator, for as long as the block lasts."""
    words = [sys.executable, "-m", "kopf", "run", "-n", namespace]
    env = {**os.environ, "KUBECONFIG": str(config), "GROUP": group}
    with (
        log.open("w") as written,
        subprocess.Popen(
            [*words, SCRIPTS / "operator_of_robots.py"], env=env, stdout=written, stderr=written
        ) as process,
    ):
        try:
            yield
        except BaseException as error:
            error.add_note(log.read_text())
            raise
        finally:
            process.terminate()


def definition(group: str) -> dict[str, Any]:
    """The robots' CRD, which takes any field."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True}
    return {
        "metadata": {"name": f"robots.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "robots", "kind": "Robot"},
            "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
        },
    }


class Robots:
    """The objects of the operator's kind."""

    def __init__(self, api: Any, group: str, namespace: str) -> None:
        self._api, self._where = api, (group, "v1", namespace, "robots")

    def create(self, name: str, *, colour: str) -> None:
        kind = {"apiVersion": f"{self._where[0]}/v1", "kind": "Robot"}
        body = {**kind, "metadata": {"name": name}, "spec": {"colour": colour}}
        deadline = time.monotonic() + 20
        while True:
            try:
                self._api.create_namespaced_custom_object(*self._where, body)
            except Exception:  # a new kind is served a moment after its definition is there
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return

    def repaint(self, name: str, colour: str) -> None:
        body = {"spec": {"colour": colour}}
        self._api.patch_namespaced_custom_object(*self._where, name, body)

    def wait_for_status(self, name: str, handler: str, wanted: dict[str, str]) -> None:
        deadline = time.monotonic() + 60
        while True:
            found = self._api.get_namespaced_custom_object(*self._where, name)
            if found.get("status", {}).get(handler) == wanted:
                return
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
