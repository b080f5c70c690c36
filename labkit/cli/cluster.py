"""``labkit cluster``: embedded clusters, started and stopped; kubectl for them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labkit.cli.console import facts, local_time, note, say, say_json, table
from labkit.core.errors import BadInput

if TYPE_CHECKING:
    from labkit.cluster.embedded.control import Running

DEFAULT = "lab"


def _running(ctx: click.Context, parameter: click.Parameter, beginning: str) -> list[str]:
    """The clusters that run, for a shell that completes a name."""
    from labkit.cluster.embedded import control

    return [one.name for one in control.running() if one.name.startswith(beginning)]


NAME = click.option("--name", default=DEFAULT, show_default=True, help="Of the cluster.")
WHICH = click.option("--name", default=DEFAULT, show_default=True, help="Of the cluster.",
                     shell_complete=_running)  # fmt: skip
FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
DOES_NOT_ANSWER = 2


@click.group("cluster", short_help="Start and stop a Kubernetes cluster of your own.")
def cluster_command() -> None:
    """Start, stop and use an embedded cluster: Kubernetes' API, served by labkit.

    No root, no Docker, no download; there in a second, on 127.0.0.1.
    """


@cluster_command.command("start", short_help="Start a cluster; print the path of its kubeconfig.")
@NAME
@click.option("--nodes", type=click.IntRange(0), default=0, show_default=True, metavar="N",
              help="Nodes that are this machine. Only 0 as yet.")  # fmt: skip
@click.option("--simulated-nodes", type=click.IntRange(0), default=0, show_default=True,
              metavar="N", help="Nodes that only pretend. Only 0 as yet.")  # fmt: skip
@click.option("--kubeconfig", type=FILE,
              help="Add the cluster's context to this file, and make it current.")  # fmt: skip
@click.option("--data", type=FOLDER, help="Keep objects and keys here, from one start to the next.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="PORT",
              help="On 127.0.0.1. One that is free, if not given.")  # fmt: skip
def start_command(  # noqa: PLR0917 - click gives them by name
    name: str,
    nodes: int,
    simulated_nodes: int,
    kubeconfig: Path | None,
    data: Path | None,
    port: int,
) -> None:
    """Start a cluster, and print the path of its kubeconfig when its API answers.

    \b
    The path alone is on standard output:
        export KUBECONFIG="$(labkit cluster start)"
    """
    from labkit.cluster.embedded import control

    if nodes or simulated_nodes:
        raise BadInput(
            "embedded clusters have no nodes yet",
            hint="Leave --nodes and --simulated-nodes away: the API is served without them",
        )
    started = control.start(name, kubeconfig=kubeconfig, data=data, port=port)
    say(started.kubeconfig)
    _say_how(started, is_somebodys=kubeconfig is not None)


def _say_how(started: Running, *, is_somebodys: bool) -> None:
    """What one does next, beside the path."""
    from labkit.cluster.embedded import control, version

    note(f"Kubernetes {version.GIT_VERSION}, the cluster {started.name}, is at {started.url}.")
    option = control.option(started.name)
    if is_somebodys:
        note(f"Its context {started.context} is the current one of that file.")
    else:
        note(f'Use it:   export KUBECONFIG="$(labkit cluster kubeconfig{option})"')
        note(f"or        labkit cluster kubectl{option} get namespaces")
    note(f"Stop it:  labkit cluster stop{option}")


@cluster_command.command("stop")
@WHICH
def stop_command(name: str) -> None:
    """Stop a cluster. What it keeps in a data folder stays."""
    from labkit.cluster.embedded import control

    stopped = control.stop(name)
    kept = f"; its objects are kept in {stopped.data}" if stopped.data else ""
    say(f"The cluster {name} has ended{kept}.")


@cluster_command.command("status")
@WHICH
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.pass_context
def status_command(ctx: click.Context, name: str, as_json: bool) -> None:
    """Tell where a cluster is served, since when, and whether it answers.

    Exits with 2 if it does not run, or does not answer.
    """
    from labkit.cluster.embedded import control

    found = control.find(name)
    why_not = control.why_not_ready(found)
    if as_json:
        say_json(_as_json(found) | {"ready": not why_not}, indent=2)
    else:
        facts(_facts(found, why_not))
    if why_not:
        ctx.exit(DOES_NOT_ANSWER)


def _facts(found: Running, why_not: str) -> list[tuple[str, str]]:
    from labkit.cluster.embedded import control, version

    return [
        ("cluster", f"{found.name} (embedded)"),
        ("state", f"does not answer: {why_not}" if why_not else "ready"),
        ("version", version.GIT_VERSION),
        ("API", found.url),
        ("process", str(found.pid)),
        ("since", local_time(found.since)),
        ("kubeconfig", found.kubeconfig),
        ("context", found.context),
        ("data", found.data or "in memory and a temporary file: it ends with the cluster"),
        ("log", str(control.log(found.name))),
    ]


def _as_json(found: Running) -> dict[str, object]:
    from labkit.cluster.embedded import control, version

    names = ("name", "url", "pid", "since", "kubeconfig", "context", "data")
    said: dict[str, object] = {name: getattr(found, name) for name in names}
    return said | {"version": version.GIT_VERSION, "log": str(control.log(found.name))}


@cluster_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def list_command(as_json: bool) -> None:
    """List the embedded clusters that run."""
    from labkit.cluster.embedded import control

    found = control.running()
    if as_json:
        for one in found:
            say_json(_as_json(one))
    elif found:
        rows = [(one.name, one.url, str(one.pid), local_time(one.since)) for one in found]
        table(("name", "API", "pid", "since"), rows)
    else:
        say("No embedded cluster runs. `labkit cluster start` starts one.")


@cluster_command.command("kubeconfig")
@WHICH
def kubeconfig_command(name: str) -> None:
    """Print the path of a cluster's kubeconfig.

    \b
    For the terminal that you are in:
        export KUBECONFIG="$(labkit cluster kubeconfig)"
    """
    from labkit.cluster.embedded import control

    say(control.find(name).kubeconfig)


@cluster_command.command(
    "kubectl",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option("--name", envvar="LABKIT_CLUSTER", default=DEFAULT, show_default=True,
              show_envvar=True, help="Of the cluster; before the words for kubectl.",
              shell_complete=_running)  # fmt: skip
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def kubectl_command(name: str, words: tuple[str, ...]) -> None:
    """Run kubectl against a cluster.

    \b
        labkit cluster kubectl get pods
        labkit cluster kubectl --name two get pods
        labkit cluster kubectl help

    LABKIT_KUBECTL names the kubectl, if it is not the one on the PATH.
    """
    from labkit.cluster.embedded import control
    from labkit.cluster.kubectl import find_kubectl

    found = control.find(name)
    kubectl = find_kubectl()
    environment = os.environ | {"KUBECONFIG": found.kubeconfig}
    os.execve(kubectl, ["kubectl", "--context", found.context, *words], environment)
