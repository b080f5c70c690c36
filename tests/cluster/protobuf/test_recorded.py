"""What real clients sent is what Go's own JSON encoder says of it."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.protobuf import decode
from tests.cluster.protobuf.encoding import RECORDED

NAMES = sorted(path.name.partition(".")[0] for path in RECORDED.glob("*.json*"))


def said_by_go(name: str) -> Any:
    packed = RECORDED / f"{name}.json.gz"
    if packed.exists():
        return json.loads(gzip.decompress(packed.read_bytes()))
    return json.loads(Path(RECORDED / f"{name}.json").read_bytes())


def test_there_are_recordings() -> None:
    assert len(NAMES) > 30


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_body_is_what_go_says_in_json(name: str) -> None:
    assert decode((RECORDED / f"{name}.bin").read_bytes()) == said_by_go(name)


def test_a_release_of_helm_can_be_read() -> None:
    secret = decode((RECORDED / "helm.bin").read_bytes())
    assert secret["type"] == "helm.sh/release.v1"
    release = json.loads(gzip.decompress(b64decode(b64decode(secret["data"]["release"]))))
    assert (release["name"], release["chart"]["metadata"]["name"]) == ("rel", "chart")
