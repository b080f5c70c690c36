"""Bodies that are small, and dear: refused as a real API server refuses, or answered soon.

One thread serves everybody: what one of these takes, all others wait. Most took from 2 s to for
ever before there were bounds. What is measured is the processor's time, so that other work does not
count.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from labkit.cluster.embedded.apiserver import request as requests
from labkit.cluster.embedded.apiserver.handlers.answer import Answer
from labkit.cluster.embedded.apiserver.handlers.sizes import LARGEST
from labkit.cluster.embedded.apiserver.handlers.yaml_bodies import read_yaml
from tests.cluster.apiserver.plane import ADMIN, Plane, pod, with_plane
from tests.cluster.protobuf.encoding import body, field

MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
PROTOBUF = "application/vnd.kubernetes.protobuf"
YAML = "application/yaml"
JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

SOON_S = 8.0
"""Of a processor that is shared, and may be slow: without a bound it would be a minute, or more."""

HEAD = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: laughs}\n"
LAUGHS = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [%b]\n" % (name, name, b",".join([b"*%c" % (name - 1)] * 9)) for name in b"bcdefghi"
)
ABOUT = field(1, field(1, "dear"))
MANY = 1_400_000

BODIES: dict[str, tuple[str, str, str, Any, int]] = {
    "a million empty containers in protobuf":
        ("POST", PODS, PROTOBUF, body("v1", "Pod", ABOUT, field(2, b"\x12\x00" * MANY)), 413),
    "a million empty finalizers in protobuf":
        ("POST", MAPS, PROTOBUF,
         body("v1", "ConfigMap", field(1, field(1, "dear") + b"\x72\x00" * MANY)), 413),
    "a million unknown fields in protobuf":
        ("POST", MAPS, PROTOBUF, body("v1", "ConfigMap", ABOUT, b"\x78\x00" * MANY), 413),
    "a billion laughs": ("POST", MAPS, YAML, HEAD + LAUGHS, 400),
    "a billion laughs, applied":
        ("PATCH", f"{MAPS}/laughs?fieldManager=me", APPLY, HEAD + LAUGHS, 400),
    "3 MB of small values in YAML": ("POST", MAPS, YAML, b"a: [" + b"1," * MANY + b"1]", 413),
    "a number to the base of 60": ("POST", MAPS, YAML, HEAD + b"a: 1" + b":11" * 100_000, 201),
    "a number of a million digits in YAML": ("POST", MAPS, YAML, b"a: " + b"9" * 1_000_000, 400),
    "a million empty containers":
        ("POST", PODS, "", b'{"spec":{"containers":[' + b"{}," * 1_000_000 + b"{}]}}", 413),
    "lists within lists": ("POST", MAPS, "", b"[" * 500_000 + b"]" * 500_000, 400),
    "deeper than can be written":
        ("PATCH", f"{MAPS}/small", MERGE, b'{"a":' * 300 + b"1" + b"}" * 300, 400),
    "a copy of all into itself, again and again":
        ("PATCH", f"{MAPS}/small", JSON_PATCH,
         [{"op": "copy", "from": "/data", "path": f"/data/k{i}"} for i in range(60)], 422),
    "ten thousand copies":
        ("PATCH", f"{MAPS}/small", JSON_PATCH,
         [{"op": "add", "path": "/data/x", "value": "y" * 1000}]
         + [{"op": "copy", "from": "/data/x", "path": f"/data/k{i}"} for i in range(9999)], 422),
    "a merge patch of 3 MB":
        ("PATCH", f"{MAPS}/small", MERGE, {"data": {f"k{i}": "" for i in range(200_000)}}, 413),
    "a strategic patch of a long list":
        ("PATCH", f"{PODS}/small", STRATEGIC,
         {"spec": {"containers": [{"name": f"c{i}", "image": "b"} for i in range(5000)]}}, 422),
    "a strategic patch that deletes much":
        ("PATCH", f"{PODS}/small", STRATEGIC,
         {"spec": {"containers": [{"name": f"c{i}", "$patch": "delete"} for i in range(5000)]}},
         200),
    "a quantity of a million digits":
        ("POST", PODS, "", pod("digits", resources={"requests": {"cpu": "9" * 1_000_000}}), 201),
}  # fmt: skip


async def _ask(plane: Plane, method: str, path: str, kind: str, sent: Any) -> Answer:
    data = sent if isinstance(sent, bytes) else orjson.dumps(sent)
    assert len(data) <= LARGEST
    where, _, query = path.partition("?")
    words = dict(one.split("=") for one in query.split("&") if one)
    headers = {"Content-Type": kind or "application/json", "User-Agent": "test"}
    asked = requests.parse(method, where, words, headers, data)
    asked.user = ADMIN
    answer = await plane.api.handle(asked)
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize("name", BODIES)
def test_it_is_refused_or_answered_soon(tmp_path: Path, name: str) -> None:
    method, path, kind, sent, code = BODIES[name]

    async def run(plane: Plane) -> None:
        account = {"metadata": {"name": "default"}}
        await plane.call("POST", "/api/v1/namespaces/default/serviceaccounts", account)
        await plane.call("POST", MAPS, {"metadata": {"name": "small"}, "data": {"a": "1"}})
        await plane.call("POST", PODS, pod("small"))
        began = time.process_time()
        answer = await _ask(plane, method, path, kind, sent)
        took_s = time.process_time() - began
        assert answer.code == code, answer.body[:300]
        assert took_s < SOON_S
        if code == 413:
            assert b"Request entity too large: limit is 3145728" in answer.body
        if kind in (YAML, APPLY) and LAUGHS in sent:
            assert b"document contains excessive aliasing" in answer.body

    with_plane(tmp_path, run, is_bare=True)


def test_what_a_large_object_may_have_is_still_taken(tmp_path: Path) -> None:
    """A map of a megabyte, whatever its texts hold, and a definition with thousands of fields."""
    text = "{[,:" * 100_000
    schema = {f"f{i}": {"type": "string", "description": "what it is"} for i in range(8000)}

    async def run(plane: Plane) -> None:
        written = {"metadata": {"name": "text"}, "data": {"a": text, "b": text}}
        assert (await _ask(plane, "POST", MAPS, "", written)).code == 201
        kind = {"plural": "wides", "singular": "wide", "kind": "Wide", "listKind": "WideList"}
        spec = {"type": "object", "properties": schema}
        version = {"name": "v1", "served": True, "storage": True, "schema": {
            "openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}}  # fmt: skip
        definition = {"metadata": {"name": "wides.example.com"}, "spec": {
            "group": "example.com", "scope": "Namespaced", "names": kind,
            "versions": [version]}}  # fmt: skip
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        answer = await _ask(plane, "POST", path, "", definition)
        assert answer.code == 201, answer.body[:300]

    with_plane(tmp_path, run, is_bare=True)


def test_yaml_has_no_times_and_dates_and_json_is_yaml() -> None:
    """As Go's reader has it: they are texts."""
    said = read_yaml(
        b"a: 12:30\nb: 2026-11-27\nc: 2026-11-27T10:00:00Z\nd: 1:30.5\ne: 12\nf: 1.5\n"
    )
    assert said == {
        "a": "12:30", "b": "2026-11-27", "c": "2026-11-27T10:00:00Z", "d": "1:30.5", "e": 12,
        "f": 1.5,
    }  # fmt: skip
    assert read_yaml(b' {"a": [1, "2"]}') == {"a": [1, "2"]}
    assert read_yaml(b"{a: [1, '2']}") == {"a": [1, "2"]}
