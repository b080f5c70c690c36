"""Whatever is sent, the answer is one that a client understands, and the server goes on.

Bodies are made from the schemas that the server publishes: mostly right, wrong here and there.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import orjson
import pytest

from labkit.cluster.embedded.apiserver import request as requests
from labkit.cluster.embedded.apiserver.handlers.answer import Answer
from labkit.cluster.embedded.apiserver.registry import Resource
from labkit.cluster.embedded.schema import Type
from tests.cluster.apiserver.plane import ADMIN, Plane, with_plane

TRIES = 1500
KNOWN = (
    "does not contain declared merge key",
    "failed to create typed patch object",
    "strconv.ParseUint: parsing",
    "resourceVersion should not be set on objects to be created",
    "target.name: Required value",
    "target.kind: Unsupported value",
    "no preferred addresses found",
)
"""A real server answers 500 to these, too."""
PATCHES = (
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/json-patch+json",
    "application/apply-patch+yaml",
)
TEXTS = (
    *("", "a", "web", "10m", "1Gi", "A_b", "-1", "0", "/x", "x" * 300, "ü", "\x00", "TCP"),
    *("1.2.3.4", "2026-01-01T00:00:00Z", "Always", "60%"),
)
NUMBERS = (0, 1, 2, 80, 443, 30000, 65536, -5)
LEAVES: dict[str, tuple[Any, ...]] = {
    "integer": NUMBERS,
    "number": NUMBERS,
    "boolean": (True, False),
}
ODD: tuple[Any, ...] = (None, 0, -1, 2**63, 1.5, True, "", "text", [], {}, [None], [[]], {"": None})


def is_known(said: dict[str, Any]) -> bool:
    return any(words in said["message"] for words in KNOWN)


class Fuzz:
    """Makes bodies and requests, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def value(self, of: Type | None, depth: int = 0) -> Any:
        """A value of a type; one time in thirty of no type at all."""
        dice = self.dice
        if of is None or depth > 7 or dice.random() < 0.03:
            return dice.choice(ODD)
        if of.kind == "object":
            return self._object(of, depth)
        if of.kind == "map":
            keys = dice.sample(TEXTS[:8], dice.randint(0, 2))
            return {key: self.value(of.element, depth + 1) for key in keys}
        if of.kind == "list":
            return [self.value(of.element, depth + 1) for _ in range(dice.randint(0, 2))]
        return dice.choice(LEAVES.get(of.kind, TEXTS))

    def _object(self, of: Type, depth: int) -> dict[str, Any]:
        dice = self.dice
        wanted = [name for name in of.fields if name in of.required or dice.random() < 0.25]
        made = {name: self.value(of.fields[name], depth + 1) for name in wanted}
        if dice.random() < 0.03:
            made["nonsense"] = dice.choice(ODD)
        return made

    def body(self, resource: Resource) -> bytes:
        """An object of a resource, with a name that others have, too."""
        made = self.value(resource.type)
        if isinstance(made, dict) and self.dice.random() < 0.95:
            about = made.get("metadata")
            made["metadata"] = (about if isinstance(about, dict) else {}) | {"name": "fuzz"}
            made["metadata"].pop("namespace", None)
            made["apiVersion"], made["kind"] = resource.api_version, resource.kind
        try:
            text = orjson.dumps(made)
        except TypeError:
            return b"{}"
        if self.dice.random() < 0.03:
            cut = self.dice.randrange(len(text) + 1)
            return text[:cut] + bytes([self.dice.randrange(256)]) + text[cut + 1 :]
        return text

    def request(self, resource: Resource) -> requests.Request:
        """A request for an object of a resource."""
        dice = self.dice
        root = f"/apis/{resource.api_version}" if resource.group else "/api/v1"
        scope = "/namespaces/default" if resource.is_namespaced else ""
        method = dice.choice(("POST", "POST", "PUT", "PATCH", "DELETE", "GET"))
        path = f"{root}{scope}/{resource.plural}" + ("" if method == "POST" else "/fuzz")
        if resource.subresources and dice.random() < 0.2:
            path += "/" + dice.choice(sorted(resource.subresources))
        kind = dice.choice(PATCHES) if method == "PATCH" else "application/json"
        query = dice.choice(({}, {"fieldManager": "fuzz"}, {"fieldManager": "f", "force": "true"},
                             {"dryRun": "All"}, {"fieldValidation": "Strict"}))  # fmt: skip
        body = b"" if method in ("GET", "DELETE") else self.body(resource)
        if kind == "application/json-patch+json" and dice.random() < 0.8:
            place = dice.choice(
                ("/spec", "/metadata/labels", "/spec/replicas", "/x/y", "/metadata")
            )
            step = {"op": dice.choice(("add", "remove", "replace", "test")), "path": place}
            body = orjson.dumps([step | {"value": dice.choice(ODD[:2] + ODD[3:])}])
        asked = requests.parse(method, path, query, {"Content-Type": kind}, body)
        asked.user = ADMIN
        return asked


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_sent_the_answer_is_one_of_the_api(tmp_path: Path, seed: int) -> None:
    async def run(plane: Plane) -> None:
        fuzz = Fuzz(seed)
        served = [one for one in plane.api.registry if "create" in one.verbs]
        for _ in range(TRIES // 4):
            asked = fuzz.request(fuzz.dice.choice(served))
            answer = await plane.api.handle(asked)
            if not isinstance(answer, Answer):
                continue  # a stream
            said = orjson.loads(answer.body)
            about = f"{asked.method} {asked.path} {asked.headers} {asked.body[:2000]!r}: {said}"
            assert answer.code < 500 or answer.code == 503 or is_known(said), about
            if answer.code >= 400:
                assert (said["kind"], said["code"]) == ("Status", answer.code), about
        assert (await plane.call("GET", "/api/v1/namespaces"))["items"]

    with_plane(tmp_path, run)
