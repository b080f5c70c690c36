"""A control plane of compiled programs, in a folder, on loopback, for as long as somebody wants it.

etcd, the API server and the controllers; no node, no scheduler. The plug-ins of admission are those
that are on by default; certificates are made as the embedded cluster makes its own.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from labkit.cluster.embedded.apiserver.authentication.pki import Pki, open_pki
from labkit.cluster.kubeconfig import kubeconfig_for
from labkit.cluster.kubeconfig_file import write_kubeconfig

READY_WITHIN_S = 120
STOPS_WITHIN_S = 20
ETCD, PEERS = "unix://etcd:1", "unix://etcd:2"
"""Sockets in the folder, which the programs run in: files called `etcd:1` and `etcd:2`."""


class DidNotStart(Exception):
    """A program ended, or was not ready in time; says where its log is."""


@contextmanager
def control_plane(programs: Path, folder: Path) -> Iterator[Path]:
    """Starts a control plane, and ends it with the block.

    Args:
        programs: the folder with `etcd`, `kube-apiserver` and `kube-controller-manager`.
        folder: for keys, logs and data, which are kept.

    Yields:
        A kubeconfig of somebody who may do everything.

    Raises:
        DidNotStart: a program ended, or did not answer in time.
    """
    pki, port = open_pki(folder / "pki"), free_port()
    write_public_key(pki, folder / "sa.pub")
    write_account(pki, port, folder / "controllers", "system:kube-controller-manager")
    write_account(pki, port, folder / "kubeconfig", "kubernetes-admin", "system:masters")
    with ExitStack() as running:
        for name, options, is_ready in (
            ("etcd", of_etcd(), lambda: True),
            ("kube-apiserver", of_apiserver(pki, port), lambda: answers(pki, port)),
            ("kube-controller-manager", of_controllers(pki), lambda: True),
        ):
            words = [str(programs / name), *(f"--{key}={value}" for key, value in options.items())]
            process = running.enter_context(started(words, folder, folder / f"{name}.log"))
            wait_until(is_ready, process, folder / f"{name}.log")
        yield folder / "kubeconfig"


def of_etcd() -> dict[str, object]:
    return {
        "data-dir": "etcd",
        "listen-client-urls": ETCD,
        "advertise-client-urls": ETCD,
        "listen-peer-urls": PEERS,
        "initial-advertise-peer-urls": PEERS,
        "initial-cluster": f"default={PEERS}",
    }


def of_apiserver(pki: Pki, port: int) -> dict[str, object]:
    certificate, key = pki.server_files
    return {
        "etcd-servers": ETCD,
        "bind-address": "127.0.0.1",
        "secure-port": port,
        "tls-cert-file": certificate,
        "tls-private-key-file": key,
        "client-ca-file": pki.ca_file,
        "authorization-mode": "RBAC",
        "allow-privileged": "true",
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "service-account-key-file": "sa.pub",
        "service-account-signing-key-file": pki.folder / "sa.key",
        "feature-gates": "BoundServiceAccountTokenVolume=true",  # as everywhere from 1.22 on
        "service-cluster-ip-range": "10.96.0.0/16",
    }


def of_controllers(pki: Pki) -> dict[str, object]:
    return {
        "kubeconfig": "controllers",
        "use-service-account-credentials": "true",
        "service-account-private-key-file": pki.folder / "sa.key",
        "root-ca-file": pki.ca_file,
        "cluster-signing-cert-file": pki.ca_file,
        "cluster-signing-key-file": pki.folder / "ca.key",
        "leader-elect": "false",
        "port": 0,
        "secure-port": 0,
    }


def write_public_key(pki: Pki, path: Path) -> None:
    """By which the API server knows tokens of service accounts."""
    public = pki.signing_key().public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    path.write_bytes(public.public_bytes(serialization.Encoding.PEM, form))


def write_account(pki: Pki, port: int, path: Path, user: str, *groups: str) -> None:
    """A kubeconfig for somebody."""
    pair = pki.client(user, groups)
    config = kubeconfig_for(
        "real", f"https://127.0.0.1:{port}", authority=pki.ca_pem,
        certificate=pair.certificate_pem, key=pair.key_pem,
    )  # fmt: skip
    write_kubeconfig(path, config)


@contextmanager
def started(words: list[str], folder: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program, as long as the block lasts."""
    with log.open("wb") as written:
        process = subprocess.Popen(words, cwd=folder, stdout=written, stderr=written)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOPS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until(is_ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        if is_ready():
            return
        time.sleep(0.1)
    raise DidNotStart(f"{log.stem} did not start; its log says why: {log}")


def answers(pki: Pki, port: int) -> bool:
    """Whether the API server is ready; anybody may ask it that."""
    context = ssl.create_default_context(cafile=str(pki.ca_file))
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
