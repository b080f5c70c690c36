"""One `Cluster`, whoever serves it.

Whoever uses it need not know whether it is minikube, a school's cluster or the embedded one: it
has a kubeconfig, and official clients do the rest.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from labkit.cluster.kubeconfig import Access, kubeconfig_paths, read_kubeconfig
from labkit.cluster.kubectl import KUBECTL, Said, find_kubectl, run_kubectl
from labkit.cluster.readiness import why_not_ready
from labkit.core.errors import BadInput, NotFound, SystemFault

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

__all__ = ["EMBEDDED", "KUBECTL", "Cluster", "connect", "find_kubectl"]

EMBEDDED = "embedded"


@dataclass(frozen=True, repr=False)
class Cluster:
    """A cluster that answers.

    A block ends what it began: ``with connect("try") as cluster: …`` stops the cluster at the end
    if this call has started it. Without a block it runs until it is stopped, whatever becomes of
    Python: a kernel that is restarted finds it again with the same `connect`.

    Attributes:
        name: of the embedded cluster, or of the context.
        kubeconfig: files for clients.
        context: of the cluster in them.
        badge: which cluster this is, for people.
        was_started: whether `connect` started it, rather than found it.
    """

    name: str
    kubeconfig: tuple[Path, ...]
    context: str
    badge: str
    was_started: bool = field(default=False, compare=False)

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
        """The version that the cluster says it is, such as ``v1.36.0``.

        Raises:
            SystemFault: it does not answer; says why, and what to do.
        """
        from kubernetes import client

        self.demand_ready()
        with self.client() as api:
            said: Any = client.VersionApi(api).get_code()
            return str(said.git_version)

    def demand_ready(self) -> None:
        """Asks whether it answers.

        Raises:
            NotFound: it is an embedded cluster that has been stopped.
            SystemFault: it does not; says why, and what to do.
        """
        if self.is_embedded:
            from labkit.cluster.embedded import control

            control.find(self.name)
        if why := why_not_ready(self._access()):
            hint = "Is it started, and may this machine reach it? `kubectl cluster-info` asks, too"
            raise SystemFault(f"reach the cluster {self.name}", why=why, hint=hint)

    def kubectl(self, *words: str, input: str | None = None, timeout_s: float = 60.0) -> Said:
        """Runs kubectl against this cluster.

        Args:
            words: what follows ``kubectl``; one text alone is read as a shell reads it:
                ``kubectl("get pods -A")`` is ``kubectl("get", "pods", "-A")``.
            input: what it reads.
            timeout_s: how long it may take.

        Returns:
            What it said, and its exit code; a code other than 0 is no exception. A notebook shows
            it as a terminal does.

        Raises:
            Blocked: there is no kubectl.
            TimedOut: it took longer.
        """
        asked = ("--context", self.context)
        environment = self.environment()
        return run_kubectl(words, asked, environment=environment, input=input, timeout_s=timeout_s)

    def environment(self) -> dict[str, str]:
        """The variables with which any client finds this cluster's kubeconfig."""
        files = os.pathsep.join(map(str, self.kubeconfig))
        return os.environ | {"KUBECONFIG": files}

    def stop(self) -> None:
        """Stops an embedded cluster; of any other nothing is touched."""
        if self.is_embedded:
            from labkit.cluster.embedded import control

            control.stop(self.name)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.was_started:
            self.stop()

    def __repr__(self) -> str:
        """What it is and where, on a few lines; asks nobody."""
        rows = [("context", self.context), ("kubeconfig", ", ".join(map(str, self.kubeconfig)))]
        try:
            rows.insert(0, ("API", self._access().server))
        except BadInput:
            rows = [("state", "has ended: its kubeconfig does not have it any more")]
        else:
            rows += [("stop it", self._how_to_stop())] if self.is_embedded else []
        lines = (f"  {name:<10}  {value}" for name, value in rows)
        return "\n".join([f"Cluster {self.name} ({self.badge})", *lines])

    def _how_to_stop(self) -> str:
        from labkit.cluster.embedded.control import option

        return f"cluster.stop(), or `labkit cluster stop{option(self.name)}` in a terminal"

    def _access(self) -> Access:
        return read_kubeconfig(*self.kubeconfig).access(self.context)


def connect(
    name: str | None = None,
    *,
    context: str | None = None,
    kubeconfig: Path | str | None = None,
) -> Cluster:
    """A cluster to work with.

    Args:
        name: of an embedded cluster; it is started if it does not run. "lab" if nothing is said.
        context: of a kubeconfig instead: any cluster that there is.
        kubeconfig: the file that has it; those that kubectl reads when not given.

    Raises:
        BadInput: the kubeconfig has no such context, or cannot be read.
        SystemFault: an embedded cluster does not start.
    """
    if context is None and kubeconfig is None:
        return _embedded(name)
    paths = [Path(kubeconfig).expanduser()] if kubeconfig else kubeconfig_paths()
    if not any(path.exists() for path in paths):
        hint = "Name another file: connect(kubeconfig=…), or the variable KUBECONFIG"
        raise NotFound("kubeconfig", os.pathsep.join(map(str, paths)), hint=hint)
    found = read_kubeconfig(*paths).context(context)
    return Cluster(name or found.name, tuple(paths), found.name, f"kubeconfig: {found.name}")


def _embedded(name: str | None) -> Cluster:
    from labkit.cluster.embedded import control

    name = name or control.DEFAULT_NAME
    there = [one for one in control.running() if one.name == name]
    running = there[0] if there else control.start(name)
    files = (Path(running.kubeconfig),)
    return Cluster(name, files, running.context, EMBEDDED, was_started=not there)
