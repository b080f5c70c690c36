"""``labkit cluster``: embedded clusters, started and stopped; kubectl for them."""

from __future__ import annotations

import os
from pathlib import Path

import click

from labkit.cli.console import say, table
from labkit.core.errors import BadInput

NAME = click.option("--name", default="lab", show_default=True, help="Of the cluster.")
FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group("cluster", short_help="Start and stop a Kubernetes cluster of your own.")
def cluster_command() -> None:
    """Start, stop and use an embedded cluster: Kubernetes' API, served by labkit."""


@cluster_command.command("start")
@NAME
@click.option("--nodes", type=click.IntRange(0), default=0, show_default=True,
              help="Nodes that are this machine.")  # fmt: skip
@click.option("--simulated-nodes", type=click.IntRange(0), default=0, show_default=True,
              help="Nodes that only pretend.")  # fmt: skip
@click.option("--kubeconfig", type=FILE, help="A file that the cluster's context is added to.")
@click.option("--data", type=FOLDER, help="Keep objects and keys here, from one start to the next.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Any that is free, if 0.")
def start_command(  # noqa: PLR0917 - click gives them by name
    name: str,
    nodes: int,
    simulated_nodes: int,
    kubeconfig: Path | None,
    data: Path | None,
    port: int,
) -> None:
    """Start a cluster, and print the path of its kubeconfig when its API answers."""
    from labkit.cluster.embedded import control

    if nodes or simulated_nodes:
        raise BadInput(
            "embedded clusters have no nodes yet",
            hint="Leave --nodes and --simulated-nodes away: the API is served without them",
        )
    started = control.start(name, kubeconfig=kubeconfig, data=data, port=port)
    say(started.kubeconfig)


@cluster_command.command("stop")
@NAME
def stop_command(name: str) -> None:
    """Stop a cluster. What it keeps in a data folder stays."""
    from labkit.cluster.embedded import control

    stopped = control.stop(name)
    kept = f"; its objects are kept in {stopped.data}" if stopped.data else ""
    say(f"The cluster {name} has ended{kept}.")


@cluster_command.command("status")
@NAME
def status_command(name: str) -> None:
    """Tell where a cluster is served, and since when."""
    from labkit.cluster.embedded import control, version

    found = control.find(name)
    rows = [
        ("cluster", f"{found.name} (embedded)"),
        ("version", version.GIT_VERSION),
        ("API", found.url),
        ("process", str(found.pid)),
        ("since", found.since),
        ("kubeconfig", found.kubeconfig),
        ("context", found.context),
        ("data", found.data or "kept in memory and a temporary file: it ends with the cluster"),
    ]
    table(("", ""), rows)


@cluster_command.command("list")
def list_command() -> None:
    """List the embedded clusters that run."""
    from labkit.cluster.embedded import control

    found = control.running()
    if not found:
        say("No embedded cluster runs. `labkit cluster start` starts one.")
        return
    rows = [(one.name, one.url, str(one.pid), one.since, one.kubeconfig) for one in found]
    table(("name", "API", "pid", "since", "kubeconfig"), rows)


@cluster_command.command(
    "kubectl", context_settings={"ignore_unknown_options": True, "help_option_names": []}
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def kubectl_command(words: tuple[str, ...]) -> None:
    """Run kubectl against a cluster: `labkit cluster kubectl get pods`.

    LABKIT_CLUSTER names the cluster, if it is not "lab".
    """
    from labkit.cluster.cluster import find_kubectl
    from labkit.cluster.embedded import control

    found = control.find(os.environ.get("LABKIT_CLUSTER") or control.DEFAULT_NAME)
    kubectl = find_kubectl()
    environment = os.environ | {"KUBECONFIG": found.kubeconfig}
    os.execve(kubectl, ["kubectl", "--context", found.context, *words], environment)
