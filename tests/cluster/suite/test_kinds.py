"""Every kind that is served goes through a whole life, by kubectl.

All of them in one command each: a kind that is not as it should be is seen by its line.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.suite.playing import Target, environment, namespace, run

HERE = Path(__file__).parent
API_WITHOUT_SERVER = ("apiregistration.k8s.io/v1", "APIService")
"""It would be in the way of all who ask what somebody's own cluster serves."""
NAMESPACED, OF_CLUSTER = "kinds-namespaced.yaml", "kinds-of-cluster.yaml"
DEPRECATED = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"


def certificate_request() -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "each")])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    signed = request.sign(key, hashes.SHA256())
    return base64.b64encode(signed.public_bytes(serialization.Encoding.PEM)).decode()


def name_of(one: dict[str, Any]) -> str:
    """As kubectl prints it: `deployment.apps/each`."""
    group, slash, _ = one["apiVersion"].rpartition("/")
    kind = one["kind"].lower() + (f".{group}" if slash else "")
    return f"{kind}/{one['metadata']['name']}"


def served_kinds(target: Target) -> set[tuple[str, str]]:
    """The apiVersion and the kind of what a cluster serves; an older one has fewer."""
    api = target.core.api_client

    def ask(path: str) -> Any:
        return json.loads(api.call_api("GET", f"{api.configuration.host}{path}").read())

    groups = [one["groupVersion"] for group in ask("/apis")["groups"] for one in group["versions"]]
    paths = {"v1": "/api/v1"} | {version: f"/apis/{version}" for version in groups}
    return {
        (version, one["kind"])
        for version, path in paths.items()
        for one in ask(path)["resources"]
        if "/" not in one["name"]
    }


class Life:
    """One kubectl, one namespace, one file with many objects; those of kinds that are served."""

    def __init__(
        self,
        target: Target,
        namespace: str,
        file: str,
        kubectl: Path,
        folder: Path,
        *,
        served: set[tuple[str, str]],
    ) -> None:
        text = (HERE / file).read_text().replace("$NS", namespace)
        text = text.replace("$REQUEST", certificate_request())
        documents = [(part, yaml.safe_load(part)) for part in text.split("\n---\n")]
        there = [(p, one) for p, one in documents if (one["apiVersion"], one["kind"]) in served]
        self.objects = [one for _, one in there]
        (folder / "each.yaml").write_text("\n---\n".join(part for part, _ in there))
        self.names = [name_of(one) for one in self.objects]
        self._env, self._folder = environment(target, namespace, kubectl, folder), folder

    def kubectl(self, command: str) -> str:
        """Its standard output; of errors there are none but one warning."""
        done = run(f"kubectl {command}", self._env, self._folder)
        said = [line for line in done.stderr.splitlines() if DEPRECATED not in line]
        assert (done.returncode, said) == (0, []), done.stdout
        return done.stdout

    def is_done(self, command: str, word: str) -> None:
        printed = self.kubectl(command).splitlines()
        assert printed == [f"{name} {word}" for name in self.names]


@pytest.mark.requires("kubectl")
@pytest.mark.parametrize("file", [NAMESPACED, OF_CLUSTER])
def test_every_kind_lives_a_whole_life(
    file: str, target: Target, kubectl: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    served = served_kinds(target)
    if request.config.getoption("--kubeconfig", None):
        served -= {API_WITHOUT_SERVER}
    with namespace(target) as name:
        life = Life(target, name, file, kubectl, tmp_path, served=served)
        life.is_done("create -f each.yaml", "created")
        table = life.kubectl("get -f each.yaml --no-headers")
        assert len([line for line in table.splitlines() if line]) == len(life.names)
        for one in yaml.safe_load(life.kubectl("get -f each.yaml -o yaml"))["items"]:
            assert {"uid", "resourceVersion", "creationTimestamp"} <= set(one["metadata"])
        described = life.kubectl("describe -f each.yaml")
        assert len(re.findall("^Name:", described, re.MULTILINE)) == len(life.names)
        life.is_done("label -f each.yaml tested=yes", "labeled")
        life.is_done("annotate -f each.yaml note=1", "annotated")
        patch = """'{"metadata":{"labels":{"tested":"twice"}}}'"""
        life.is_done(f"patch -f each.yaml --type=merge -p {patch}", "patched")
        life.is_done("apply --server-side --force-conflicts -f each.yaml", "serverside-applied")
        life.is_done("apply --server-side -f each.yaml", "serverside-applied")
        found = life.kubectl("get -f each.yaml -o jsonpath='{.items[*].metadata.labels.tested}'")
        assert found.split() == ["twice"] * len(life.names)
        life.kubectl("delete -f each.yaml --wait=false")


@pytest.mark.parametrize("file", [NAMESPACED, OF_CLUSTER])
def test_the_file_has_every_kind_that_is_served(file: str) -> None:
    from labkit.cluster.embedded.apiserver.registry import builtin_resources

    there = {
        (one["apiVersion"], one["kind"])
        for one in yaml.safe_load_all((HERE / file).read_text())
        if one
    }
    served = {
        (one.api_version, one.kind)
        for one in builtin_resources()
        if {"create", "get"} <= set(one.verbs) and one.is_namespaced == (file == NAMESPACED)
    }
    assert there == served
