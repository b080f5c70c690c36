"""Kubeconfigs to try things on: ours, somebody else's; and what kubectl makes of one."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from labkit.cluster.kubeconfig import kubeconfig_for
from tests.support import clients

KUBECTL = str(clients.kubectl())
"""A fixed binary: `kubectl` may be a dispatcher that changes its version by the server."""

OURS = kubeconfig_for(
    "lab", "https://127.0.0.1:6443", authority=b"the CA", certificate=b"cert", key=b"secret key"
)

SOMEBODY = """\
# The school's cluster. Do not touch!
apiVersion: v1
kind: Config
current-context: school
x-of-somebody: {kept: 012, no: 'yes'}
when-of-somebody: 2020-01-01T10:00:00Z
preferences: {colors: true}
clusters:
- cluster:
    extensions:
    - extension: {last-update: "Tue, 04 Jan 2022", provider: minikube.sigs.k8s.io, version: v1.25}
      name: cluster_info
    server: https://school.example:6443
    certificate-authority: ca/school.crt
  name: school
users:
- name: ann
  user:
    exec: {apiVersion: client.authentication.k8s.io/v1, command: ./login, args: ["--user", ann]}
- name: "bob"
  user: {token: '012'}
contexts:
- {context: {cluster: school, user: ann, namespace: class-7}, name: school}
"""


def kubectl(*arguments: str, config: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "KUBECONFIG": config}
    command = [KUBECTL, "config", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def seen_by_kubectl(config: str) -> dict[str, Any]:
    done = kubectl("view", "--raw", "-o", "json", config=config)
    assert done.returncode == 0, done.stderr
    return by_name(json.loads(done.stdout))


def by_name(document: dict[str, Any]) -> dict[str, Any]:
    """A kubeconfig with its lists as mappings; kubectl sorts them."""
    sections = {
        name: {
            item["name"]: {part: value for part, value in item[what].items() if value is not None}
            for item in document[name] or ()
        }
        for name, what in (("clusters", "cluster"), ("users", "user"), ("contexts", "context"))
    }
    return {"current-context": document["current-context"], **sections}
