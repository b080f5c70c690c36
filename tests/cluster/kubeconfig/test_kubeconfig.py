"""Kubeconfigs, read as kubectl reads them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from labkit.cluster.kubeconfig import (
    Context,
    Kubeconfig,
    kubeconfig_paths,
    read_kubeconfig,
)
from labkit.cluster.kubeconfig_file import write_kubeconfig
from labkit.core.errors import BadInput, NotFound
from tests.cluster.kubeconfig.kubeconfigs import OURS, by_name, kubectl, seen_by_kubectl

MERGES = {
    "the first file that has a name wins": [
        "contexts: [{name: a, context: {cluster: one, user: u}}]\ncurrent-context: a\n",
        "contexts: [{name: a, context: {cluster: two, user: u, namespace: ns}},"
        " {name: b, context: {cluster: two, user: u}}]\ncurrent-context: b\n",
    ],
    "a file without a current context leaves it to the next": [
        "clusters: [{name: a, cluster: {server: https://a}}]\n",
        "current-context: b\n",
    ],
    "an empty file says nothing": ["", "current-context: b\n"],
    "null is nothing": ["clusters: null\nusers: []\ncontexts:\n", "current-context: b\n"],
    "JSON is YAML": [json.dumps({"current-context": "j", "clusters": []})],
}


@pytest.mark.requires("kubectl")
@pytest.mark.parametrize("texts", MERGES.values(), ids=list(MERGES))
def test_files_are_put_together_as_kubectl_does_it(texts: list[str], tmp_path: Path) -> None:
    paths = []
    for place, text in enumerate(texts):
        path = tmp_path / f"folder-{place}" / "config"
        path.parent.mkdir()
        path.write_text(text)
        paths.append(path)
    paths.insert(1, tmp_path / "is-not-there")
    found = read_kubeconfig(*paths).as_document()
    expected = seen_by_kubectl(":".join(map(str, paths)))
    assert by_name(found) == expected


@pytest.mark.requires("kubectl")
def test_paths_are_relative_to_their_own_file_as_for_kubectl(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ca.crt").write_text(f"ca of {name}")
        (tmp_path / f"{name}.crt").write_text(f"certificate of {name}")
        (tmp_path / f"{name}.key").write_text(f"key of {name}")
        cluster = {"server": f"https://{name}", "certificate-authority": "ca.crt"}
        user = {"client-certificate": f"../{name}.crt", "client-key": f"{tmp_path}/{name}.key"}
        context = {"cluster": name, "user": name}
        config = Kubeconfig({name: cluster}, {name: user}, {name: context}, name)
        write_kubeconfig(tmp_path / name / "config", config)
    paths = [tmp_path / name / "config" for name in ("one", "two")]
    named = ":".join(map(str, paths))
    done = kubectl("view", "--raw", "--flatten", "-o", "json", config=named)
    expected = by_name(json.loads(done.stdout))
    for name in ("one", "two"):
        found = read_kubeconfig(*paths).access(name)
        assert data(expected["clusters"][name], "certificate-authority") == found.authority
        assert data(expected["users"][name], "client-certificate") == found.certificate
        assert data(expected["users"][name], "client-key") == found.key


def data(entry: dict[str, str], name: str) -> bytes:
    return base64.b64decode(entry[f"{name}-data"])


def test_a_program_is_relative_to_its_file_unless_it_is_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "config"
    commands = ("./login", "bin/login", "login", "/usr/bin/login")
    users = {str(place): {"exec": {"command": it}} for place, it in enumerate(commands)}
    write_kubeconfig(path, Kubeconfig(users=users | {"t": {"tokenFile": "token"}}))
    found = read_kubeconfig(path).users
    assert [found[str(place)]["exec"]["command"] for place in range(4)] == [
        f"{tmp_path}/login",
        f"{tmp_path}/bin/login",
        "login",
        "/usr/bin/login",
    ]
    assert found["t"]["tokenFile"] == f"{tmp_path}/token"


REFUSED = {
    "not YAML": "clusters: [",
    "not a mapping": "- a\n",
    "a section that is no list": "clusters: {a: b}\n",
    "an entry that is no mapping": "users: [a]\n",
    "a name twice": "contexts: [{name: a, context: {}}, {name: a, context: {}}]\n",
    "a name that is no text": "clusters: [{name: [a], cluster: {}}]\n",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=list(REFUSED))
def test_what_is_no_kubeconfig_is_refused_with_its_path(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(BadInput, match=str(path)):
        read_kubeconfig(path)


@pytest.mark.requires("kubectl")
@pytest.mark.parametrize("text", REFUSED.values(), ids=list(REFUSED))
def test_kubectl_refuses_it_too(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    assert kubectl("view", config=str(path)).returncode != 0


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({"HOME": "/home/ann"}, ["/home/ann/.kube/config"]),
        ({"HOME": "/home/ann", "KUBECONFIG": ""}, ["/home/ann/.kube/config"]),
        ({"KUBECONFIG": "/a:/b::/a"}, ["/a", "/b"]),
    ],
)
def test_kubectl_says_which_files_to_read(environ: dict[str, str], names: list[str]) -> None:
    assert kubeconfig_paths(environ) == [Path(name) for name in names]


def test_without_any_file_there_is_no_cluster() -> None:
    config = read_kubeconfig()
    assert config == Kubeconfig()
    with pytest.raises(NotFound, match="no context"):
        config.context()


def test_a_context_says_cluster_user_and_namespace(school: Path) -> None:
    config = read_kubeconfig(school)
    assert config.context() == Context("school", "school", "ann", "class-7")
    with pytest.raises(NotFound, match="Did you mean school"):
        config.context("schol")
    assert OURS.context().namespace == "default"


def test_what_a_client_needs_is_read_from_data_or_files(school: Path) -> None:
    found = OURS.access()
    assert (found.server, found.authority) == ("https://127.0.0.1:6443", b"the CA")
    assert (found.certificate, found.key, found.token) == (b"cert", b"secret key", "")
    assert "secret" not in repr(found) + repr(OURS)
    (school.parent / "ca").mkdir()
    (school.parent / "ca/school.crt").write_bytes(b"PEM")
    found = read_kubeconfig(school).access()
    assert (found.authority, found.namespace, found.is_checked) == (b"PEM", "class-7", True)


def test_a_token_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    user = {"tokenFile": str(tmp_path / "token")}
    contexts = {"a": {"cluster": "a", "user": "a"}}
    cluster = {"server": "https://a", "insecure-skip-tls-verify": True}
    config = Kubeconfig({"a": cluster}, {"a": user}, contexts, "a")
    assert (config.access().token, config.access().is_checked) == ("from-file", False)


@pytest.mark.parametrize(
    "cluster", [{"certificate-authority": "/none"}, {"certificate-authority-data": "*"}]
)
def test_a_certificate_that_cannot_be_read_is_said(cluster: dict[str, str]) -> None:
    contexts = {"a": {"cluster": "a"}, "b": {"cluster": "none"}}
    config = Kubeconfig({"a": cluster}, {}, contexts, "a")
    with pytest.raises(BadInput, match="certificate-authority"):
        config.access()
    with pytest.raises(NotFound, match="'none'"):
        config.access("b")


def test_data_are_base64_as_kubeconfigs_have_them() -> None:
    (user,) = OURS.users.values()
    assert base64.b64decode(user["client-key-data"]) == b"secret key"
