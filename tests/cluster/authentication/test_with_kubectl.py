"""kubectl meets our certificates: it trusts the server's, and is known by its own or by a token."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.authentication.authenticator import (
    Authenticator,
    Unauthorized,
)
from labkit.cluster.embedded.apiserver.authentication.impersonation import impersonate
from labkit.cluster.embedded.apiserver.authentication.pki import Pki, open_pki
from labkit.cluster.embedded.apiserver.authentication.service_accounts import Reference
from labkit.cluster.kubeconfig import Kubeconfig, kubeconfig_for
from labkit.cluster.kubeconfig_file import write_kubeconfig
from tests.support import clients

from .conftest import SmallCluster

KUBECTL = str(clients.kubectl())
pytestmark = pytest.mark.requires("kubectl")


class WhoAmI(ThreadingHTTPServer):
    """Answers everything with who asks; over TLS, and it asks for a certificate."""

    daemon_threads = False

    def __init__(self, pki: Pki, authenticator: Authenticator) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.authenticator = authenticator
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=pki.ca_file)
        self.context.verify_mode = ssl.CERT_OPTIONAL
        self.context.load_cert_chain(*pki.server_files)

    def get_request(self) -> tuple[Any, Any]:
        plain, address = super().get_request()
        return self.context.wrap_socket(plain, server_side=True), address

    def handle_error(self, *_: object) -> None:
        """A client that does not trust us hangs up; that is no fault of the test."""


class Answer(BaseHTTPRequestHandler):
    server: WhoAmI

    def do_GET(self) -> None:
        certificate = self.connection.getpeercert(binary_form=True)  # type: ignore[attr-defined]
        try:
            user = self.server.authenticator.authenticate(
                certificate, self.headers["Authorization"]
            )
            user = impersonate(user, self.headers.items(), lambda target: None)
            code, answer = 200, user.as_json()
        except Unauthorized as error:
            code, answer = 401, {"kind": "Status", "message": str(error)}
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return open_pki(tmp_path / "pki")


@pytest.fixture
def server(pki: Pki, cluster: SmallCluster) -> Iterator[str]:
    with WhoAmI(pki, Authenticator(cluster.tokens)) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"https://127.0.0.1:{found.server_port}"
        found.shutdown()
        thread.join()


def kubectl(config: Kubeconfig, folder: Path, *options: str) -> Any:
    write_kubeconfig(folder / "config", config)
    environ = {**os.environ, "KUBECONFIG": str(folder / "config"), "HOME": str(folder)}
    command = [KUBECTL, "get", "--raw", "/whoami", *options]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


def test_kubectl_is_known_by_its_certificate(pki: Pki, server: str, tmp_path: Path) -> None:
    pair = pki.client("ann", ["dev"])
    config = kubeconfig_for(
        "lab",
        server,
        authority=pki.ca_pem,
        certificate=pair.certificate_pem,
        key=pair.key_pem,
    )
    found = kubectl(config, tmp_path)
    assert (found["username"], found["groups"]) == ("ann", ["dev", "system:authenticated"])
    found = kubectl(config, tmp_path, "--as", "bob", "--as-group", "ops", "--as-group", "qa")
    assert (found["username"], found["groups"][:2]) == ("bob", ["ops", "qa"])


def test_kubectl_is_known_by_its_token(
    pki: Pki, server: str, cluster: SmallCluster, tmp_path: Path
) -> None:
    token, _ = cluster.tokens.issue("default", Reference("builder", "sa-1"))
    config = kubeconfig_for("lab", server, authority=pki.ca_pem, token=token)
    found = kubectl(config, tmp_path)
    assert found["username"] == "system:serviceaccount:default:builder"
    cluster.there.clear()
    assert "logged in" in kubectl(config, tmp_path)  # "You must be logged in to the server"


def test_neither_side_believes_another_authority(pki: Pki, server: str, tmp_path: Path) -> None:
    other = open_pki(tmp_path / "other")
    config = kubeconfig_for("lab", server, authority=other.ca_pem, token="any")
    assert "certificate signed by unknown authority" in kubectl(config, tmp_path)
    pair = other.client("ann", ["system:masters"])
    config = kubeconfig_for(
        "lab",
        server,
        authority=pki.ca_pem,
        certificate=pair.certificate_pem,
        key=pair.key_pem,
    )
    assert isinstance(kubectl(config, tmp_path), str)
