"""Bodies that cannot be read, or say something twice, as Kubernetes 1.36 answers for them.

What is expected was recorded from a real one (apiextensions-apiserver 0.36.4 with etcd), which was
sent the same requests.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.cluster.embedded.apiserver.status import ApiError
from tests.cluster.apiserver.custom import (
    APPLY,
    SPEC,
    STRICT,
    ask,
    with_spec,
)
from tests.cluster.apiserver.plane import Plane, with_plane
from tests.cluster.apiserver.trees import TREES, serve


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "couldn't get version/kind; json parse error: unexpected end of JSON input ({)"),
        (
            b"",
            "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)",
        ),
        (b"null", "Object 'Kind' is missing in 'null' (6e756c6c)"),
        (
            b"[]",
            "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go "
            'value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
            'Kind string "json:\\"kind,omitempty\\"" } (5b5d)',
        ),
    ],
)
def test_a_body_that_cannot_be_read_is_unrecognized(
    tmp_path: Path, body: bytes, words: str
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        with pytest.raises(ApiError) as caught:
            await ask(plane, "POST", TREES, body, "application/json")
        beginning = "the object provided is unrecognized (must be of type Tree): "
        assert (caught.value.code, caught.value.message) == (400, beginning + words)

    with_plane(tmp_path, run)


HEAD = b"apiVersion: d.example.org/v1\nkind: Tree\nmetadata: {name: t}\nspec:\n"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"a: b: c", "yaml: mapping values are not allowed in this context"),
        (b"a: [1", "yaml: line 1: did not find expected ',' or ']'"),
        (HEAD + b"  a: [1\n", "yaml: line 5: did not find expected ',' or ']'"),
        (HEAD + b'  "x\n', "yaml: line 6: found unexpected end of stream"),
        (HEAD + b"  a: *x\n", "yaml: unknown anchor 'x' referenced"),
        (b"a: \x01", "yaml: control characters are not allowed"),
    ],
)
def test_what_is_no_yaml_is_refused_in_the_words_and_lines_of_its_reader(
    tmp_path: Path, body: bytes, words: str
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        with pytest.raises(ApiError) as caught:
            await ask(plane, "PATCH", f"{TREES}/t", body, APPLY, fieldManager="one")
        beginning = "error decoding YAML: error converting YAML to JSON: "
        assert (caught.value.code, caught.value.message) == (400, beginning + words)
        with pytest.raises(ApiError) as caught:
            await ask(plane, "POST", TREES, body, "application/yaml")
        assert f"(must be of type Tree): {words} (" in caught.value.message

    with_plane(tmp_path, run)


def test_a_key_that_yaml_has_twice_is_told_with_its_line(tmp_path: Path) -> None:
    body = HEAD + b"  size: 1\n  size: 2\n  inner: {a: 1, a: 2}\n"
    lines = ['line 6: key "size" already set in map', 'line 7: key "a" already set in map']
    said_at_once = "\n  ".join(["yaml: unmarshal errors:", *lines])

    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        with pytest.raises(ApiError) as caught:
            await ask(plane, "POST", TREES, body, "application/yaml", **STRICT)
        assert caught.value.message == (
            'Tree in version "v1" cannot be handled as a Tree: '
            f"strict decoding error: {said_at_once}"
        )
        with pytest.raises(ApiError) as caught:
            await ask(plane, "PATCH", f"{TREES}/t", body, APPLY, fieldManager="one", **STRICT)
        assert caught.value.message == (
            f"error strict decoding YAML: error converting YAML to JSON: {said_at_once}"
        )
        value, warnings = await ask(plane, "POST", TREES, body, "application/yaml")
        assert (warnings, value["spec"]["size"]) == (lines, 2)
        more = {"fieldManager": "one", "force": "true"}
        _, warnings = await ask(plane, "PATCH", f"{TREES}/t", body, APPLY, **more)
        assert warnings == lines

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("text", "value"),
    [(b"1e3", 1000), (b"1.0", 1), (b"0o7", 7), (b"010", 8), (b"!!foo 1", "1"), (b"1.5", 1.5),
     (b"!!binary aGk=", "hi"), (b"1:30", "1:30"), (b"{1: 2, 1.5: x}", {"1": 2, "1.5": "x"})],
)  # fmt: skip
def test_a_scalar_of_yaml_is_what_go_takes_it_for(
    tmp_path: Path, text: bytes, value: object
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        body = HEAD + b"  inner: {a: " + text + b"}\n"
        found, _ = await ask(plane, "POST", TREES, body, "application/yaml")
        assert found["spec"]["inner"]["a"] == value
        assert type(found["spec"]["inner"]["a"]) is type(value)

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("method", "path", "kind", "accepted"),
    [
        (
            "POST",
            TREES,
            "text/csv",
            "application/json, application/yaml, application/vnd.kubernetes.protobuf",
        ),
        (
            "PATCH",
            f"{TREES}/t",
            "application/strategic-merge-patch+json",
            "application/json-patch+json, application/merge-patch+json, "
            "application/apply-patch+yaml",
        ),
    ],
)
def test_a_format_is_refused_before_options_are(
    tmp_path: Path, method: str, path: str, kind: str, accepted: str
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        with pytest.raises(ApiError) as caught:
            await ask(plane, method, path, b"{}", kind, dryRun="x")
        words = "the body of the request was in an unknown format - accepted media types include: "
        assert (caught.value.code, caught.value.message) == (415, words + accepted)
        with pytest.raises(ApiError) as caught:
            await ask(plane, "POST", TREES, b"{}", "application/json", dryRun="x")
        assert (caught.value.code, caught.value.reason) == (422, "Invalid")

    with_plane(tmp_path, run)
