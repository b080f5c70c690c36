"""What a build changes of an image's configuration, and the documents that name its blobs.

Documents are written in one form (sorted keys, no spaces), so that the same content has the same
digest. Knows nothing about files.

Source: OCI Image Specification 1.1, "Image Configuration" and "Image Manifest".
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from labkit.core.errors import BadInput
from labkit.image.documents import MANIFEST
from labkit.image.image import Image, Json

CONFIG = "application/vnd.oci.image.config.v1+json"

EPOCH = "1970-01-01T00:00:00Z"
"""The time of everything that labkit makes: the same inputs make the same image."""

_ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "arm",
    "i686": "386",
}
"""uname(2)'s names → Go's, which OCI uses; others are the same in both."""


@dataclass(frozen=True)
class Change:
    """What one build changes of the configuration below it.

    Attributes:
        created_by: said in the image's history.
        command: what runs by default, in place of command *and* entry point; None leaves both.
        env: variables that are added or replaced.
        working_dir: the folder that the command starts in; None leaves it.
        labels: labels that are added or replaced.
    """

    created_by: str
    command: Sequence[str] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    working_dir: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Raises BadInput where a value cannot be meant."""
        for name, value in self.env.items():
            if not name or "=" in name or "\0" in name + value:
                raise BadInput(
                    f"{name!r} cannot be set in the environment",
                    why="a name is not empty and has no '='; no zero byte is in it or its value",
                )
        if self.working_dir is not None and not self.working_dir.startswith("/"):
            raise BadInput(
                f"working_dir is {self.working_dir!r}", why="it has to begin with a slash"
            )
        _check_command(self.command)


def _check_command(command: Sequence[str] | None) -> None:
    if command is None:
        return
    if isinstance(command, str):
        raise BadInput(
            "the command is one text",
            why="it is a list: the program, then each argument",
            hint=f"{command.split()!r}, or ['sh', '-c', {command!r}]",
        )
    if not command or not command[0] or any("\0" in word for word in command):
        raise BadInput("the command is empty, or has a zero byte in it")


def new_config(parent: Image | None, change: Change, diff_id: str | None) -> Json:
    """The configuration of an image that a build makes.

    Args:
        parent: the image below, if any.
        change: what is different.
        diff_id: digest of the tar of the layer on top; None when no layer is added.
    """
    config: Json = copy.deepcopy(dict(parent.config)) if parent else _empty_config()
    run = config.get("config") or {}
    config["config"] = run
    config["created"] = EPOCH
    if change.command is not None:
        run.pop("Entrypoint", None)
        run["Cmd"] = list(change.command)
    if change.env:
        known = dict(line.partition("=")[::2] for line in run.get("Env") or ())
        run["Env"] = [f"{k}={v}" for k, v in {**known, **dict(sorted(change.env.items()))}.items()]
    if change.working_dir is not None:
        run["WorkingDir"] = change.working_dir
    if change.labels:
        run["Labels"] = {**(run.get("Labels") or {}), **change.labels}
    step: Json = {"created": EPOCH, "created_by": change.created_by}
    if diff_id is None:
        step["empty_layer"] = True
    else:
        config["rootfs"]["diff_ids"].append(diff_id)
    config["history"] = [*(config.get("history") or ()), step]
    return config


def new_manifest(config: Json, layers: Sequence[Mapping[str, Any]]) -> Json:
    """The manifest of an image.

    Args:
        config: the descriptor of its configuration.
        layers: the descriptors of its layers, lowest first.
    """
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": [dict(layer) for layer in layers],
    }


def encoded(document: Json) -> bytes:
    """A document as it is stored."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _empty_config() -> Json:
    machine = os.uname().machine
    config: Json = {
        "architecture": _ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": []},
    }
    return config | ({"variant": "v7"} if machine == "armv7l" else {})
