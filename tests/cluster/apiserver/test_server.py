"""The API over HTTPS: who may ask at all, bad input of every sort, readers that do not read."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.apiserver.client import Client
from tests.cluster.apiserver.plane import config_map, pod

MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
def client(kubeconfig: Path) -> Iterator[Client]:
    client = Client(kubeconfig)
    yield client
    client.ask("DELETE", f"{MAPS}?labelSelector=test%3Dserver")
    client.ask("DELETE", f"{PODS}?labelSelector=test%3Dserver")


def told(name: str) -> dict[str, Any]:
    return config_map(name, labels={"test": "server"})


def assert_goes_on(client: Client) -> None:
    assert client.ask("GET", "/readyz").body == b"ok"


def test_whoever_shows_nothing_sees_what_everybody_may(kubeconfig: Path) -> None:
    nobody = Client(kubeconfig, shows="nothing")
    assert nobody.ask("GET", "/healthz").code == 200
    assert nobody.ask("GET", "/version").code == 200
    answer = nobody.ask("GET", "/api/v1/pods")
    assert (answer.code, answer.said["reason"]) == (403, "Forbidden")
    assert answer.said["message"] == (
        'pods is forbidden: User "system:anonymous" cannot list resource "pods" '
        'in API group "" at the cluster scope'
    )


def test_a_token_that_does_not_hold_is_401(kubeconfig: Path) -> None:
    answer = Client(kubeconfig, token="not-a-token").ask("GET", "/api/v1/pods")
    assert (answer.code, answer.said["reason"]) == (401, "Unauthorized")


def test_a_service_account_asks_with_its_token_and_has_no_rights(
    client: Client, kubeconfig: Path
) -> None:
    made = client.ask("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", {})
    token = made.said["status"]["token"]
    account = Client(kubeconfig, token=token)
    answer = account.ask("GET", PODS)
    assert answer.code == 403
    assert 'User "system:serviceaccount:default:default" cannot list' in answer.said["message"]
    who = account.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert who.said["status"]["userInfo"]["username"] == "system:serviceaccount:default:default"


def test_a_certificate_of_another_authority_is_refused(kubeconfig: Path, tmp_path: Path) -> None:
    from labkit.cluster.embedded.apiserver.authentication.pki import open_pki

    other = open_pki(tmp_path / "pki").client("kubernetes-admin", ["system:masters"])
    stranger = Client(kubeconfig, shows="nothing")
    pair = tmp_path / "pair.pem"
    pair.write_bytes(other.certificate_pem + other.key_pem)
    stranger.context.load_cert_chain(pair)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        stranger.ask("GET", "/api/v1/pods")


def test_acting_as_another_needs_the_right_to(client: Client, kubeconfig: Path) -> None:
    as_somebody = client.ask("GET", PODS, Impersonate_User="jane")
    assert 'User "jane" cannot list resource "pods"' in as_somebody.said["message"]
    nobody = Client(kubeconfig, shows="nothing").ask("GET", PODS, Impersonate_User="jane")
    assert 'User "system:anonymous" cannot impersonate' in nobody.said["message"]


def test_only_this_machine_is_served(client: Client) -> None:
    found = subprocess.run(
        ["ss", "-Hltn", f"sport = :{client.port}"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert found[3] == f"127.0.0.1:{client.port}"


BROKEN = [
    ("POST", MAPS, b"{", "application/json", 400),
    ("POST", MAPS, b"[]", "application/json", 400),
    ("POST", MAPS, b'"text"', "application/json", 400),
    ("POST", MAPS, b"\xff\xfe", "application/json", 400),
    ("POST", MAPS, b"a: [1", "application/yaml", 400),
    ("POST", MAPS, b"- a\n- b\n", "application/yaml", 400),
    ("POST", MAPS, b"a: &x [*x]\n", "application/yaml", 400),
    ("POST", MAPS, b"k8s\x00\xff\xff\xff", "application/vnd.kubernetes.protobuf", 400),
    ("POST", MAPS, b"nothing of it", "application/vnd.kubernetes.protobuf", 400),
    ("POST", MAPS, b"{}", "text/csv", 415),
    ("POST", MAPS, b'{"kind":"Pod","apiVersion":"v1"}', "application/json", 400),
    ("POST", MAPS, b'{"kind":"ConfigMap","apiVersion":"v2"}', "application/json", 400),
    ("POST", MAPS, b'{"metadata":{"name":5}}', "application/json", 400),
    ("POST", MAPS, b'{"metadata":"text"}', "application/json", 400),
    ("POST", MAPS, b'{"metadata":{"name":"a","namespace":"other"}}', "application/json", 400),
    ("POST", MAPS, b'{"metadata":{}}', "application/json", 422),
    ("POST", MAPS, b'{"metadata":{"name":"UPPER"}}', "application/json", 422),
    ("POST", MAPS, b'{"metadata":{"name":"a","labels":{"-":"b"}}}', "application/json", 422),
    ("POST", MAPS, b'{"data":{"../up":"b"},"metadata":{"name":"a"}}', "application/json", 422),
    ("POST", "/api/v1/namespaces/none/configmaps", b'{"metadata":{"name":"a"}}',
     "application/json", 404),
    ("POST", "/api/v1/configmaps", b'{"metadata":{"name":"a"}}', "application/json", 405),
    ("PUT", f"{MAPS}/a", b'{"metadata":{"name":"b"}}', "application/json", 400),
    ("PUT", f"{MAPS}/none", b'{"metadata":{"name":"none"}}', "application/json", 404),
    ("PATCH", f"{MAPS}/none", b"{}", "application/merge-patch+json", 404),
    ("PATCH", f"{MAPS}/kube-root-ca.crt", b"{}", "application/json", 415),
    ("PATCH", f"{MAPS}/kube-root-ca.crt", b"{", "application/merge-patch+json", 400),
    ("PATCH", f"{MAPS}/kube-root-ca.crt", b"[]", "application/merge-patch+json", 400),
    ("PATCH", f"{MAPS}/kube-root-ca.crt", b"{}", "application/json-patch+json", 400),
    ("PATCH", f"{MAPS}/kube-root-ca.crt", b'[{"op":"test","path":"/data","value":1}]',
     "application/json-patch+json", 422),
    ("PATCH", f"{MAPS}/kube-root-ca.crt", b'{"data":{"$patch":"nonsense"}}',
     "application/strategic-merge-patch+json", 500),
    ("PATCH", f"{MAPS}/kube-root-ca.crt", b"data: {}", "application/apply-patch+yaml", 422),
    ("PATCH", f"{MAPS}/x?fieldManager=me", b"data: {}", "application/apply-patch+yaml", 400),
    ("DELETE", f"{MAPS}/none", None, "", 404),
    ("DELETE", f"{MAPS}/kube-root-ca.crt", b'{"propagationPolicy":"Sideways"}',
     "application/json", 422),
    ("GET", f"{MAPS}?labelSelector=a%20b%20c", None, "", 400),
    ("GET", f"{MAPS}?fieldSelector=data.a%3Db", None, "", 400),
    ("GET", f"{MAPS}?limit=many", None, "", 400),
    ("GET", f"{MAPS}?continue=nonsense", None, "", 400),
    ("GET", f"{MAPS}?resourceVersion=nonsense", None, "", 400),
    ("GET", f"{MAPS}?resourceVersion=99999999", None, "", 504),
    ("GET", f"{MAPS}?resourceVersion=1&resourceVersionMatch=Sideways", None, "", 422),
    ("GET", "/api/v1/namespaces/default/nonsense", None, "", 404),
    ("GET", "/api/v2/pods", None, "", 404),
    ("GET", "/apis/none.example.org/v1/things", None, "", 404),
    ("GET", "/nonsense", None, "", 404),
    ("POST", "/api/v1/namespaces/default/pods/p/nonsense", b"{}", "application/json", 404),
    ("PUT", "/api/v1/componentstatuses/x", b"{}", "application/json", 404),
    ("POST", "/api/v1/nodes/n", b"{}", "application/json", 405),
    ("DELETE", "/api/v1/namespaces", None, "", 405),
    ("GET", "/apis/authentication.k8s.io/v1/tokenreviews", None, "", 405),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "kind", "code"), BROKEN)
def test_what_is_wrong_gets_its_code_and_a_status(  # noqa: PLR0917 - a row of the table
    client: Client, method: str, path: str, body: bytes | None, kind: str, code: int
) -> None:
    answer = client.ask(method, path, body, kind)
    assert (answer.code, answer.body[:300]) == (code, answer.body[:300])
    if answer.headers["Content-Type"] == "application/json":
        said = answer.said
        assert (said["kind"], said["status"], said["code"]) == ("Status", "Failure", code)
        assert said["message"]
    assert_goes_on(client)


def test_what_is_not_accepted_gets_406(client: Client) -> None:
    answer = client.ask("GET", MAPS, Accept="text/csv")
    assert (answer.code, answer.said["reason"]) == (406, "NotAcceptable")


def test_a_huge_body_is_refused_before_it_is_read(client: Client) -> None:
    answer = client.ask("POST", MAPS, b'{"a":"' + b"x" * (4 << 20) + b'"}')
    assert (answer.code, answer.said["reason"]) == (413, "RequestEntityTooLarge")
    assert_goes_on(client)


@pytest.mark.parametrize("depth", [200, 5_000, 200_000])
def test_a_deep_body_is_refused(client: Client, depth: int) -> None:
    body = b'{"metadata":{"name":"deep"},"data":' + b"[" * depth + b"]" * depth + b"}"
    assert client.ask("POST", MAPS, body).code == 400
    assert_goes_on(client)


def test_unknown_fields_are_refused_told_or_dropped(client: Client) -> None:
    body = told("strict") | {"nonsense": 1}
    strict = client.ask("POST", f"{MAPS}?fieldValidation=Strict", body)
    assert strict.said["message"] == (
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: '
        'strict decoding error: unknown field "nonsense"'
    )
    warned = client.ask("POST", MAPS, body)
    assert warned.headers["Warning"] == '299 - "unknown field \\"nonsense\\""'
    ignored = client.ask("POST", f"{MAPS}?fieldValidation=Ignore&dryRun=All", told("b") | {"n": 1})
    assert (ignored.code, ignored.headers["Warning"]) == (201, None)


def test_a_list_in_parts_is_a_list_of_one_revision(client: Client) -> None:
    for name in "abcd":
        client.ask("POST", MAPS, told(f"part-{name}"))
    first = client.ask("GET", f"{MAPS}?limit=2&labelSelector=test%3Dserver").said
    client.ask("DELETE", f"{MAPS}/part-d")
    client.ask("POST", MAPS, told("part-e"))
    token = first["metadata"]["continue"]
    rest = client.ask("GET", f"{MAPS}?limit=5&labelSelector=test%3Dserver&continue={token}").said
    names = [one["metadata"]["name"] for one in first["items"] + rest["items"]]
    assert names == ["part-a", "part-b", "part-c", "part-d"]
    assert first["metadata"]["resourceVersion"] == rest["metadata"]["resourceVersion"]


def test_a_past_revision_can_be_read(client: Client) -> None:
    made = client.ask("POST", MAPS, told("past")).said
    client.ask("DELETE", f"{MAPS}/past")
    then = made["metadata"]["resourceVersion"]
    query = f"resourceVersion={then}&resourceVersionMatch=Exact&labelSelector=test%3Dserver"
    assert [
        one["metadata"]["name"] for one in client.ask("GET", f"{MAPS}?{query}").said["items"]
    ] == ["past"]


def test_yaml_is_taken_and_given(client: Client) -> None:
    body = b"kind: ConfigMap\nmetadata: {name: y, labels: {test: server}}\ndata: {a: 'yes'}\n"
    answer = client.ask("POST", MAPS, body, "application/yaml", Accept="application/yaml")
    assert answer.code == 201
    assert b'apiVersion: v1\ndata:\n  a: "yes"\nkind: ConfigMap\n' in answer.body


def test_a_reader_that_never_reads_and_one_that_is_slow_harm_nobody(client: Client) -> None:
    deaf, slow = (_watch(client) for _ in range(2))
    big = "x" * 20_000
    for number in range(100):
        body = told("loud") | {"data": {"big": big, "n": str(number)}}
        assert (
            client.ask("PUT" if number else "POST", f"{MAPS}/loud" if number else MAPS, body).code
            < 300
        )
    slow.settimeout(30.0)
    seen = b""
    for _ in range(3):  # a byte a second, while others are answered at once
        seen += slow.recv(1)
        time.sleep(1)
        assert_goes_on(client)
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_WINDOW_CLAMP, 1 << 16)  # from now on quick
    while seen.count(b'"MODIFIED"') < 99:
        piece = slow.recv(65536)
        assert piece, "the watch has ended"
        seen += piece
    assert_goes_on(client)
    for one in (deaf, slow):
        one.close()


def _watch(client: Client) -> ssl.SSLSocket:
    """A watch on a socket with a small buffer."""
    plain = socket.create_connection((client.host, client.port))
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock = client.context.wrap_socket(plain, server_hostname=client.host)
    path = f"{MAPS}?watch=1&labelSelector=test%3Dserver"
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {client.host}\r\n\r\n".encode())
    return sock


def test_a_client_that_goes_away_in_the_middle_is_no_fault(client: Client) -> None:
    for said in (b"", b"GET", b"POST /api/v1/pods HTTP/1.1\r\nContent-Length: 100\r\n\r\n{"):
        plain = socket.create_connection((client.host, client.port))
        sock = client.context.wrap_socket(plain, server_hostname=client.host)
        sock.sendall(said)
        sock.close()
    plain = socket.create_connection((client.host, client.port))
    plain.sendall(os.urandom(200))
    plain.close()
    assert_goes_on(client)


@pytest.mark.parametrize("accept", ["application/json", "application/json;as=Table;v=v1"])
def test_a_watch_goes_on_when_what_happens_is_not_for_it(client: Client, accept: str) -> None:
    more = f"{accept};g=meta.k8s.io" if "Table" in accept else accept
    since = client.ask("GET", f"{MAPS}?limit=1").said["metadata"]["resourceVersion"]
    for number in range(120):
        client.ask("POST", MAPS, told(f"other-{number}"))
    client.ask("POST", MAPS, told("meant"))
    where = f"{MAPS}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dmeant"
    began = time.monotonic()
    answer = client.ask("GET", f"{where}&resourceVersion={since}", Accept=more)
    assert time.monotonic() - began > 0.9
    assert [json.loads(line)["type"] for line in answer.body.splitlines()] == ["ADDED"]


def test_a_pod_without_a_node_has_a_log_with_nothing_in_it(client: Client) -> None:
    body = pod("lonely")
    body["metadata"]["labels"] = {"test": "server"}
    client.ask("POST", PODS, body)
    answer = client.ask("GET", f"{PODS}/lonely/log")
    assert (answer.code, answer.body) == (204, b"")
    other = client.ask("GET", f"{PODS}/lonely/log?container=none").said["message"]
    assert other == "container none is not valid for pod lonely"


def test_a_put_that_changes_nothing_keeps_the_revision(client: Client) -> None:
    made = client.ask("POST", MAPS, told("same")).said
    again = client.ask("PUT", f"{MAPS}/same", made).said
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_of_two_writers_one_is_told_of_the_other(client: Client) -> None:
    made = client.ask("POST", MAPS, told("shared")).said
    client.ask("PUT", f"{MAPS}/shared", made | {"data": {"by": "one"}})
    answer = client.ask("PUT", f"{MAPS}/shared", made | {"data": {"by": "two"}})
    assert (answer.code, answer.said["reason"]) == (409, "Conflict")
    assert answer.said["message"] == (
        'Operation cannot be fulfilled on configmaps "shared": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    assert json.loads(client.ask("GET", f"{MAPS}/shared").body)["data"] == {"by": "one"}


def test_a_group_that_nobody_serves_is_no_page(client: Client) -> None:
    answer = client.ask("GET", "/apis/nobody.example.com/v1/robots")
    assert (answer.code, answer.body) == (404, b"404 page not found\n")
    assert client.ask("POST", "/apis/nobody.example.com/v1/robots", {}).code == 404


@pytest.mark.parametrize("path", [
    "/api/v1/namespaces/default/services/kubernetes",
    "/api/v1/namespaces/default/endpoints/kubernetes",
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes",
])  # fmt: skip
def test_the_service_of_the_api_comes_back(client: Client, path: str) -> None:
    before = client.ask("GET", path).said
    assert client.ask("DELETE", path).code == 200
    deadline = time.monotonic() + 20
    while (again := client.ask("GET", path)).code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert again.said["metadata"]["uid"] != before["metadata"]["uid"]
    parts = ("spec", "subsets", "endpoints", "ports")
    assert [again.said.get(part) for part in parts] == [before.get(part) for part in parts]


def test_every_value_of_dry_run_is_looked_at(client: Client) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    body = {"metadata": {"name": "twice"}}
    for query, said in (
        ("dryRun=All&dryRun=x", '["All","x"]'),
        ("dryRun=x&dryRun=All", '["x","All"]'),
    ):
        for method, at, sent in (("POST", "", body), ("DELETE", "/twice", None)):
            answer = client.ask(method, f"{path}{at}?{query}", sent)
            assert (answer.code, answer.said["details"]["causes"]) == (
                422,
                [
                    {
                        "reason": "FieldValueNotSupported",
                        "message": f'Unsupported value: {said}: supported values: "All"',
                        "field": "dryRun",
                    }
                ],
            )
    assert client.ask("POST", f"{path}?dryRun=All&dryRun=All", body).code == 201
    assert client.ask("GET", f"{path}/twice").code == 404
