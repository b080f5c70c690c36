"""One `Cluster`, whoever serves it.

Whoever uses it need not know whether it is minikube, a school's cluster or the embedded one: it
has a kubeconfig, and official clients do the rest.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.cluster.kubeconfig import kubeconfig_paths, read_kubeconfig
from labkit.core.errors import Blocked

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

EMBEDDED = "embedded"
KUBECTL = "LABKIT_KUBECTL"
"""A variable that names the kubectl to use."""


@dataclass(frozen=True)
class Cluster:
    """A cluster that answers.

    Attributes:
        name: of the embedded cluster, or of the context.
        kubeconfig: files for clients.
        context: of the cluster in them.
        badge: which cluster this is, for people.
    """

    name: str
    kubeconfig: tuple[Path, ...]
    context: str
    badge: str

    @property
    def is_embedded(self) -> bool:
        """Whether labkit itself serves it."""
        return self.badge == EMBEDDED

    def client(self) -> ApiClient:
        """The official client, configured for this cluster.

        Raises:
            BadInput: the kubeconfig has become unusable.
        """
        from kubernetes import client, config

        settings = client.Configuration()
        access = read_kubeconfig(*self.kubeconfig)
        load: Any = config.load_kube_config_from_dict
        load(access.as_document(), context=self.context, client_configuration=settings)
        return client.ApiClient(settings)

    def version(self) -> str:
        """The version that the cluster says it is, such as ``v1.36.0``."""
        from kubernetes import client

        with self.client() as api:
            said: Any = client.VersionApi(api).get_code()
            return str(said.git_version)

    def kubectl(
        self, *words: str, input: str | None = None, timeout_s: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Runs kubectl against this cluster.

        Args:
            words: what follows ``kubectl``.
            input: what it reads.
            timeout_s: how long it may take.

        Returns:
            What it said, and its exit code; a code other than 0 is no exception.

        Raises:
            Blocked: there is no kubectl.
        """
        return subprocess.run(
            [find_kubectl(), *words],
            input=input,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            env=self.environment(),
            check=False,
        )

    def environment(self) -> dict[str, str]:
        """The variables with which any client finds this cluster."""
        files = os.pathsep.join(map(str, self.kubeconfig))
        return os.environ | {"KUBECONFIG": files}

    def stop(self) -> None:
        """Stops an embedded cluster; of any other nothing is touched."""
        if self.is_embedded:
            from labkit.cluster.embedded import control

            control.stop(self.name)


def connect(
    name: str | None = None, *, context: str | None = None, kubeconfig: Path | None = None
) -> Cluster:
    """A cluster to work with.

    Args:
        name: of an embedded cluster; it is started if it does not run. "lab" if nothing is said.
        context: of a kubeconfig instead: any cluster that there is.
        kubeconfig: the file that has it; those that kubectl reads when not given.

    Raises:
        BadInput: both are given, or the kubeconfig has no such context.
    """
    if context is None and kubeconfig is None:
        return _embedded(name)
    paths = [kubeconfig] if kubeconfig else kubeconfig_paths()
    found = read_kubeconfig(*paths).context(context)
    return Cluster(name or found.name, tuple(paths), found.name, f"kubeconfig: {found.name}")


def _embedded(name: str | None) -> Cluster:
    from labkit.cluster.embedded import control

    name = name or control.DEFAULT_NAME
    there = [one for one in control.running() if one.name == name]
    running = there[0] if there else control.start(name)
    return Cluster(name, (Path(running.kubeconfig),), running.context, EMBEDDED)


def find_kubectl() -> str:
    """The kubectl of this machine.

    Raises:
        Blocked: there is none.
    """
    named = os.environ.get(KUBECTL)
    found = named or shutil.which("kubectl")
    if found is None:
        raise Blocked(
            "there is no kubectl on this machine",
            why="labkit brings a cluster, not its client",
            hint="Install it (kubernetes.io/docs/tasks/tools), or name one: LABKIT_KUBECTL=PATH",
        )
    return found
