"""Custom resources, as the extension server of Kubernetes 1.36 answers for them.

What is expected was recorded from a real one (apiextensions-apiserver 0.36.4 with etcd), which was
sent the same requests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver import request as requests
from labkit.cluster.embedded.apiserver.handlers import dispatch
from labkit.cluster.embedded.apiserver.handlers.answer import Answer
from tests.cluster.apiserver.plane import ADMIN, Plane, with_plane
from tests.cluster.apiserver.trees import DEFINITIONS, MERGE, TREES, definition, serve, tree

OWNER_WITHOUT_NAME = {"apiVersion": "v1", "kind": "A", "uid": "u"}


async def warned(plane: Plane, method: str, path: str, body: bytes, **query: str) -> list[str]:
    """The warnings that an answer comes with."""
    headers = {"Content-Type": "application/json"}
    asked = requests.parse(method, path, query, headers, body)
    asked.user = ADMIN
    answer = await dispatch.handle(plane.api, asked)
    assert isinstance(answer, Answer)
    return answer.warnings


@pytest.mark.parametrize(
    ("verb", "query", "kind", "cause"),
    [
        (
            "POST",
            {"dryRun": "x"},
            "CreateOptions",
            'dryRun: Unsupported value: ["x"]: supported values: "All"',
        ),
        (
            "PATCH",
            {"dryRun": "x"},
            "PatchOptions",
            'dryRun: Unsupported value: ["x"]: supported values: "All"',
        ),
        (
            "DELETE",
            {"dryRun": "x"},
            "DeleteOptions",
            'dryRun: Unsupported value: ["x"]: supported values: "All"',
        ),
        (
            "POST",
            {"fieldValidation": "strict"},
            "CreateOptions",
            'fieldValidation: Unsupported value: "strict": '
            'supported values: "", "Ignore", "Strict", "Warn"',
        ),
        (
            "PUT",
            {"fieldManager": "a\x01b"},
            "UpdateOptions",
            'fieldManager: Invalid value: "a\\x01b": invalid character U+0001 (at position 1)',
        ),
        (
            "DELETE",
            {"propagationPolicy": "Foo"},
            "DeleteOptions",
            'propagationPolicy: Unsupported value: "Foo": '
            'supported values: "Foreground", "Background", "Orphan", "nil"',
        ),
    ],
)
def test_options_that_mean_nothing_are_refused(
    tmp_path: Path, verb: str, query: dict[str, str], kind: str, cause: str
) -> None:
    async def run(plane: Plane) -> None:
        path = "/api/v1/namespaces/default/configmaps"
        await plane.call("POST", path, {"metadata": {"name": "a"}})
        where, body = (path, {"metadata": {"name": "b"}}) if verb == "POST" else (f"{path}/a", {})
        body = None if verb == "DELETE" else body  # a body is asked in the place of the query
        more = {"content_type": MERGE} if verb == "PATCH" else {}
        error = await plane.refused(verb, where, body, query=query, **more)
        assert (error.code, error.message) == (
            422,
            f'{kind}.meta.k8s.io "" is invalid: {cause}',
        )
        assert [one.key.name for one in plane.store.list("configmaps")] == ["a"]

    with_plane(tmp_path, run, is_bare=True)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (
            {"apiVersion": "d.example.org/v1", "metadata": {"name": "t"}},
            400,
            "the object provided is unrecognized (must be of type Tree): Object 'Kind' is missing "
            'in \'{"apiVersion":"d.example.org/v1","metadata":{"name":"t"}}\' '
            '({"apiVersion":"d.example.org/v ...)',
        ),
        (
            {"kind": "Tree", "metadata": {"name": "t"}},
            400,
            "the API version in the data () does not match the expected API version "
            "(d.example.org/v1)",
        ),
        (
            tree() | {"kind": "Foo"},
            422,
            'Foo.d.example.org "t" is invalid: kind: Invalid value: "Foo": must be Tree',
        ),
        (
            tree() | {"apiVersion": "a/b/c"},
            400,
            "the object provided is unrecognized (must be of type Tree): "
            'unexpected GroupVersion string: a/b/c ({"apiVersion":"a/b/c","kind":" ...)',
        ),
        (
            tree() | {"metadata": {"name": "t", "labels": {"a": 1}}},
            400,
            'Tree in version "v1" cannot be handled as a Tree: json: cannot unmarshal number into '
            "Go struct field ObjectMeta.labels of type string",
        ),
        (
            tree(replicas=-1),
            422,
            'Tree.d.example.org "t" is invalid: .spec.replicas: Invalid value: -1: '
            "should be a non-negative integer",
        ),
        (
            tree(set=["a", "b", "a", "a"]),
            422,
            'Tree.d.example.org "t" is invalid: spec.set[2]: Duplicate value: "a"',
        ),
        (
            tree(replicas=2**63),
            422,
            'Tree.d.example.org "t" is invalid: [spec.replicas: Invalid value: "number": '
            'spec.replicas in body must be of type integer: "number", '
            '<nil>: Invalid value: "": '
            "Checked value must be of type integer (default format) in spec.replicas, "
            ".spec.replicas: Invalid value: 0: .spec.replicas accessor error: "
            "9.223372036854776e+18 is of the type float64, expected int64]",
        ),
        (
            tree(num=3),
            422,
            'Tree.d.example.org "t" is invalid: spec.num: Invalid value: 0: '
            "factor MultipleOf declared for spec.num must be positive: 0",
        ),
        (
            tree(date="2020-01-01 00:00:00"),
            422,
            'Tree.d.example.org "t" is invalid: spec.date: Invalid value: "2020-01-01 00:00:00": '
            'spec.date in body must be of type date-time: "2020-01-01 00:00:00"',
        ),
        (
            tree(inner={"apiVersion": "", "kind": "Pod"}),
            422,
            'Tree.d.example.org "t" is invalid: spec.inner.apiVersion: Invalid value: "": '
            "must not be empty",
        ),
        (
            tree(
                inner={
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "metadata": {
                        "ownerReferences": [{"apiVersion": "v1", "kind": "A", "uid": "u"}]
                    },
                }
            ),
            422,
            'Tree.d.example.org "t" is invalid: spec.inner.metadata.ownerReferences.name: '
            'Invalid value: "": must not be empty',
        ),
    ],
)
def test_what_is_no_tree_is_refused_so(
    tmp_path: Path, body: dict[str, Any], code: int, message: str
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        error = await plane.refused("POST", TREES, body)
        assert (error.code, error.message) == (code, message)

    with_plane(tmp_path, run)


def test_a_field_that_is_said_twice_is_warned_of_and_the_object_is_kept(tmp_path: Path) -> None:
    body = (
        b'{"apiVersion":"d.example.org/v1","kind":"Tree","metadata":{"name":"q","name":"r"},'
        b'"spec":{"kind":"oak","kind":"elm"}}'
    )

    async def run(plane: Plane) -> None:
        await serve(plane)
        said = await warned(plane, "POST", TREES, body)
        assert said == ['duplicate field "metadata.name"', 'duplicate field "spec.kind"']
        assert (await plane.call("GET", f"{TREES}/r"))["spec"] == {"kind": "elm"}

    with_plane(tmp_path, run)


def test_a_refusal_warns_as_well(tmp_path: Path) -> None:
    body = tree(replicas=-1, zz=1)

    async def run(plane: Plane) -> None:
        await serve(plane)
        error = await plane.refused("POST", TREES, body)
        assert (error.code, error.warnings) == (422, ['unknown field "spec.zz"'])

    with_plane(tmp_path, run)


def test_duplicates_are_named_first_then_unknown_fields_in_order(tmp_path: Path) -> None:
    body = (
        b'{"apiVersion":"d.example.org/v1","kind":"Tree","spec":{"kind":"a","kind":"b","zz":1,'
        b'"inner":{"apiVersion":"v1","kind":"P","metadata":{"zz":1}},"foo":1},'
        b'"metadata":{"name":"q","foo":1}}'
    )

    async def run(plane: Plane) -> None:
        await serve(plane)
        said = await warned(plane, "POST", TREES, body)
        assert said == [
            'duplicate field "spec.kind"',
            'unknown field "metadata.foo"',
            'unknown field "spec.foo"',
            'unknown field "spec.zz"',
            'unknown field "spec.inner.metadata.zz"',
        ]

    with_plane(tmp_path, run)


def test_a_status_is_held_against_its_schema_and_sets_no_metadata(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        made = await plane.call("POST", TREES, tree())
        bad = made | {"status": {"replicas": "x"}}
        error = await plane.refused("PUT", f"{TREES}/t/status", bad)
        assert error.message == (
            'Tree.d.example.org "t" is invalid: [status.replicas: Invalid value: "string": '
            'replicas in body must be of type integer: "string", '
            ".status.replicas: Invalid value: 0: .status.replicas accessor error: "
            "x is of the type string, expected int64]"
        )
        made["metadata"]["labels"] = {"z": "z"}
        done = await plane.call("PUT", f"{TREES}/t/status", made | {"status": {"replicas": 5}})
        assert "labels" not in done["metadata"]
        (entry,) = [one for one in done["metadata"]["managedFields"] if "subresource" in one]
        assert entry["fieldsV1"] == {"f:status": {".": {}, "f:replicas": {}}}

    with_plane(tmp_path, run)


def test_an_update_says_the_name_and_the_revision(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        await plane.call("POST", TREES, tree())
        error = await plane.refused("PUT", f"{TREES}/t", tree(""))
        assert (error.code, error.message) == (
            400,
            "the name of the object (t based on URL) was undeterminable: name must be provided",
        )
        error = await plane.refused("PUT", f"{TREES}/t", tree())
        assert error.message == (
            'trees.d.example.org "t" is invalid: metadata.resourceVersion: Invalid value: 0: '
            "must be specified for an update"
        )

    with_plane(tmp_path, run)


def test_who_is_being_deleted_still_has_its_name_until_the_last_finalizer_goes(
    tmp_path: Path,
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        body = tree()
        body["metadata"]["finalizers"] = ["a.b/c"]
        await plane.call("POST", TREES, body)
        await plane.call("DELETE", f"{TREES}/t")
        error = await plane.refused("POST", TREES, tree())
        assert error.message == ('object is being deleted: trees.d.example.org "t" already exists')
        patch = {"metadata": {"finalizers": None}}
        gone = await plane.call("PATCH", f"{TREES}/t", patch, content_type=MERGE)
        assert "finalizers" not in gone["metadata"]
        assert (await plane.refused("GET", f"{TREES}/t")).code == 404

    with_plane(tmp_path, run)


def test_versions_differ_in_apiversion_and_in_what_their_schemas_keep(tmp_path: Path) -> None:
    v2: dict[str, Any] = {"name": "v2", "served": True, "storage": False, "deprecated": True}
    open_schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    v2["schema"] = {"openAPIV3Schema": open_schema}
    body = definition()
    body["spec"]["versions"].append(v2)
    trees2 = TREES.replace("v1", "v2", 1)

    async def run(plane: Plane) -> None:
        await serve(plane, body)
        sent = tree(zz=1) | {"apiVersion": "d.example.org/v2"}
        made = await plane.call("POST", trees2, sent)
        assert (made["apiVersion"], made["spec"]) == ("d.example.org/v2", {"kind": "oak"})
        patch = {"spec": {"replicas": 3}}
        done = await plane.call("PATCH", f"{TREES}/t", patch, content_type=MERGE)
        assert (done["apiVersion"], done["metadata"]["generation"]) == ("d.example.org/v1", 2)
        said = await warned(plane, "GET", f"{trees2}/t", b"")
        assert said == ["d.example.org/v2 Tree is deprecated"]
        assert (await plane.call("GET", f"{trees2}/t"))["apiVersion"] == "d.example.org/v2"

    with_plane(tmp_path, run)


def test_names_that_another_definition_has_are_not_accepted_and_the_others_are(
    tmp_path: Path,
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        other = definition(
            "xs", "X", singular="trees", shortNames=["tree", "x1"], listKind="TreeList"
        )
        await plane.call("POST", DEFINITIONS, other)

        def status() -> dict[str, Any]:
            found = next(
                one.object
                for one in plane.store.list("customresourcedefinitions.apiextensions.k8s.io")
                if one.key.name == "xs.d.example.org"
            )
            return dict(found["status"])

        await plane.until(lambda: bool(status()["conditions"]))
        assert status()["acceptedNames"] == {"plural": "xs", "kind": "X"}
        conditions = {one["type"]: one for one in status()["conditions"]}
        assert conditions["NamesAccepted"]["reason"] == "ListKindConflict"
        assert conditions["NamesAccepted"]["message"] == '"TreeList" is already in use'
        assert conditions["Established"]["reason"] == "NotAccepted"

    with_plane(tmp_path, run)


def test_a_definition_gets_its_finalizer_when_it_is_deleted(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        path = f"{DEFINITIONS}/trees.d.example.org"
        assert "finalizers" not in (await plane.call("GET", path))["metadata"]
        await plane.call("POST", TREES, tree())
        ending = await plane.call("DELETE", path)
        assert ending["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
        assert ending["metadata"]["generation"] == 1
        (last,) = [one for one in ending["status"]["conditions"] if one["type"] == "Terminating"]
        assert last["reason"] == "InstanceDeletionPending"
        await plane.until(lambda: not plane.store.list("trees.d.example.org"))

    with_plane(tmp_path, run)


def test_an_update_is_asked_for_its_revision_before_its_kind(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        made = await plane.call("POST", TREES, tree())
        bush = {**tree(), "kind": "Bush"}
        error = await plane.refused("PUT", f"{TREES}/t", bush)
        assert (error.code, error.message) == (
            422,
            'trees.d.example.org "t" is invalid: metadata.resourceVersion: Invalid value: 0: '
            "must be specified for an update",
        )
        bush["metadata"] = {"name": "t", "resourceVersion": "1"}
        assert (await plane.refused("PUT", f"{TREES}/t", bush)).code == 409
        bush["metadata"] = {**made["metadata"], "selfLink": "x"}
        error = await plane.refused("PUT", f"{TREES}/t", bush)
        assert (error.code, error.message) == (
            422,
            'Bush.d.example.org "t" is invalid: kind: Invalid value: "Bush": must be Tree',
        )
        changed = await plane.call("PUT", f"{TREES}/t", {**bush, "kind": "Tree"})
        assert changed["metadata"]["selfLink"] == "x"

    with_plane(tmp_path, run)
