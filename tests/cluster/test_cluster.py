"""A `Cluster` in Python: what it shows, whom it asks, what it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labkit.cluster import connect
from labkit.cluster.cluster import Cluster
from labkit.cluster.embedded import control
from labkit.core.errors import BadInput, NotFound, SystemFault, TimedOut

OTHER = """apiVersion: v1
kind: Config
current-context: one
clusters: [{name: c, cluster: {server: "http://127.0.0.1:9"}}]
contexts: [{name: one, context: {cluster: c}}, {name: two, context: {cluster: c}}]
"""


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster that is not there, and a kubectl that says what it was asked."""
    (tmp_path / "config").write_text(OTHER)
    program = tmp_path / "kubectl"
    program.write_text(
        '#!/bin/sh\nprintf "%s|" "$@"; [ "$4" != wait ] || exec sleep 60\n'
        '[ "$3" != fail ] || { echo why >&2; exit 3; }\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("LABKIT_KUBECTL", str(program))
    return connect(context="two", kubeconfig=str(tmp_path / "config"))


def test_kubectl_means_its_context_and_reads_a_text_as_a_shell_does(other: Cluster) -> None:
    assert other.kubectl("get", "a pod").stdout == "--context|two|get|a pod|"
    assert other.kubectl("get 'a pod' -A").stdout == "--context|two|get|a pod|-A|"
    with pytest.raises(BadInput, match="cannot be read as a shell reads it"):
        other.kubectl("get 'a pod")


def test_what_kubectl_said_is_shown_as_in_a_terminal(other: Cluster) -> None:
    from IPython.lib.pretty import pretty

    said = other.kubectl("fail")
    assert (said.returncode, str(said)) == (3, "--context|two|fail|why")
    assert pretty(said) == "--context|two|fail|why\n[exit code 3]"


def test_a_kubectl_that_never_ends_is_said(other: Cluster) -> None:
    with pytest.raises(TimedOut, match=r"get wait` did not happen within 0\.5 s"):
        other.kubectl("get wait", timeout_s=0.5)


def test_a_cluster_that_is_not_there_is_said(other: Cluster, tmp_path: Path) -> None:
    with pytest.raises(SystemFault, match=r"reach the cluster two: http://\S+: Connection ref"):
        other.version()
    with pytest.raises(NotFound, match="Did you mean"):
        connect(context="tow", kubeconfig=tmp_path / "config")
    with pytest.raises(NotFound, match="there is no kubeconfig"):
        connect(kubeconfig=tmp_path / "nothing")


def test_it_shows_what_it_is_and_asks_nobody(other: Cluster) -> None:
    first, *rows = repr(other).splitlines()
    assert first == "Cluster two (kubeconfig: two)"
    assert [row.split()[0] for row in rows] == ["API", "context", "kubeconfig"]


def test_a_block_ends_the_cluster_that_it_began_and_no_other(labkit_home: Path) -> None:
    with connect("mine") as cluster:
        assert "labkit cluster stop --name mine" in repr(cluster)
        with connect("mine") as again:
            assert again == cluster
        assert control.is_running("mine")
    assert not control.is_running("mine")
    assert "has ended" in repr(cluster)
    with pytest.raises(NotFound, match="no running cluster 'mine'"):
        cluster.demand_ready()


def test_it_outlives_the_python_that_started_it(labkit_home: Path) -> None:
    code = "from labkit.cluster import connect; connect('stays')"
    subprocess.run([sys.executable, "-c", code], check=True)
    try:
        assert not connect("stays").was_started
    finally:
        control.stop("stays")
