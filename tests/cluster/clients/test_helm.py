"""Helm: install, upgrade, roll back, uninstall a chart."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support import clients

pytestmark = pytest.mark.requires("helm")

CHART = {
    "Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\nappVersion: '1'\n",
    "values.yaml": "colour: blue\nreplicas: 0\n",
    "templates/web.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-settings}
data: {colour: {{ .Values.colour | quote }}}
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {selector: {app: web}, ports: [{port: 80, protocol: TCP}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example/web:1"}]}
""",
}


class Helm:
    """One chart and one kubeconfig."""

    def __init__(self, config: Path, folder: Path) -> None:
        self._folder = folder
        self._env = {**os.environ, "KUBECONFIG": str(config), "HOME": str(folder)}
        for name, text in CHART.items():
            path = folder / "web" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def __call__(self, *words: str) -> str:
        done = subprocess.run(
            [clients.helm(), *words], env=self._env, cwd=self._folder,
            capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def kubectl(self, *words: str) -> str:
        done = subprocess.run(
            [clients.kubectl(), *words], env=self._env,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr


def test_a_release_is_installed_upgraded_rolled_back_and_uninstalled(
    config: Path, namespace: str, tmp_path: Path
) -> None:
    helm = Helm(config, tmp_path)
    colour = ("get", "configmap", "site-settings", "-o", "jsonpath={.data.colour}")
    assert "STATUS: deployed" in helm("install", "site", "web")
    assert helm.kubectl(*colour) == "blue"
    assert "STATUS: deployed" in helm("upgrade", "site", "web", "--set", "colour=red")
    assert helm.kubectl(*colour) == "red"
    assert "Rollback was a success" in helm("rollback", "site", "1")
    assert helm.kubectl(*colour) == "blue"
    history: list[dict[str, Any]] = json.loads(helm("history", "site", "-o", "json"))
    assert [one["status"] for one in history] == ["superseded", "superseded", "deployed"]
    (listed,) = json.loads(helm("list", "-o", "json"))
    assert (listed["name"], listed["namespace"], listed["revision"]) == ("site", namespace, "3")
    assert 'release "site" uninstalled' in helm("uninstall", "site")
    assert "NotFound" in helm.kubectl(*colour)


def test_a_dry_run_of_the_server_shows_and_changes_nothing(
    config: Path, namespace: str, tmp_path: Path
) -> None:
    helm = Helm(config, tmp_path)
    shown = helm("install", "site", "web", "--dry-run=server")
    assert 'colour: "blue"' in shown
    assert helm.kubectl("get", "configmap", "site-settings").startswith("Error from server (NotF")
