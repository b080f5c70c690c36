"""An operator in kopf: it greets robots, and notices when they are repainted."""

from __future__ import annotations

import os
from typing import Any

import kopf

ROBOTS = f"robots.{os.environ['GROUP']}"


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.posting.enabled = False


@kopf.on.create(ROBOTS)
def greet(spec: kopf.Spec, name: str | None, **_: Any) -> dict[str, str]:
    return {"greeting": f"{name} is {spec['colour']}"}


@kopf.on.update(ROBOTS, field="spec.colour")
def repaint(old: str, **_: Any) -> dict[str, str]:
    return {"was": old}
