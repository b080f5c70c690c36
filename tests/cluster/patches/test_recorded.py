"""Patches do what kubectl does with them. The answers were recorded: see their file's `origin`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.patches import (
    BadPatch,
    json_patch,
    merge_patch,
    strategic_merge_patch,
)
from tests.cluster.patches import types

RECORDED = json.loads((Path(__file__).parent / "kubectl_patch_local.json").read_text())
TYPES = {
    "Pod": types.POD,
    "Deployment": types.DEPLOYMENT,
    "Service": types.SERVICE,
    "ConfigMap": types.CONFIG_MAP,
}


def cases(what: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in RECORDED[what]]


def as_stored(value: Any) -> Any:
    """What a decoder leaves of a result of `--local`, which is not decoded: no nulls, no orders."""
    if isinstance(value, dict):
        return {
            name: as_stored(part)
            for name, part in value.items()
            if part is not None and not name.startswith("$")
        }
    return [as_stored(part) for part in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", cases("strategic"))
def test_a_strategic_merge_patch_does_what_kubectl_does(case: Any) -> None:
    object, patch = case["object"], case["patch"]
    if "error" in case:
        with pytest.raises(BadPatch) as caught:
            strategic_merge_patch(TYPES[object["kind"]], object, patch)
        assert f"error: {caught.value.message}".rstrip() == case["error"]
    else:
        result = strategic_merge_patch(TYPES[object["kind"]], object, patch)
        assert result == as_stored(case["result"])


@pytest.mark.parametrize("case", cases("json"))
def test_a_json_patch_does_what_kubectl_does(case: Any) -> None:
    if "error" in case:
        with pytest.raises(BadPatch):
            json_patch(case["object"], case["patch"])
    else:
        assert as_stored(json_patch(case["object"], case["patch"])) == as_stored(case["result"])


@pytest.mark.parametrize("case", cases("merge"))
def test_a_merge_patch_does_what_kubectl_does(case: Any) -> None:
    if "error" in case:
        with pytest.raises(BadPatch):
            merge_patch(case["object"], case["patch"])
    else:
        assert merge_patch(case["object"], case["patch"]) == case["result"]
