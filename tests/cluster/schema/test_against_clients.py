"""The models of a client that others generate from the same definitions have the same fields."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any

import kubernetes_asyncio.client.models as client_models
import pytest

from labkit.cluster.embedded.schema import Type, builtin
from labkit.cluster.embedded.version import MINOR

SAME_VERSION = int(version("kubernetes-asyncio").split(".")[0]) == MINOR
"""Otherwise the client may know fields that came later, or kinds that went."""

NAMES = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "quantity": "str",
    "int-or-string": "object",
    "any": "object",
}


def model_of(name: str) -> Any:
    """The client's model of a definition: V1Pod, and where that is not unique CoreV1Event."""
    *_, group, of_version, kind = name.split(".")
    model = of_version.capitalize() + kind
    return getattr(client_models, model, None) or getattr(
        client_models, group.capitalize() + model, None
    )


def shown(type_: Type | None) -> str:
    """A type as the client's models write it."""
    assert type_ is not None
    if type_.kind == "list":
        return f"list[{shown(type_.element)}]"
    if type_.kind == "map":
        return f"dict(str, {shown(type_.element)})"
    if type_.kind != "object":
        return "datetime" if "time" in type_.format else NAMES[type_.kind]
    model = model_of(type_.name)
    return model.__name__ if model else "object"


def modelled() -> list[Type]:
    types = map(builtin().definition, builtin())
    return [type_ for type_ in types if type_.kind == "object" and model_of(type_.name)]


def test_nearly_every_definition_has_a_model() -> None:
    assert len(modelled()) > (740 if SAME_VERSION else 400)


@pytest.mark.parametrize("group", ["core", "apps", "batch", "networking", "rbac", "autoscaling"])
def test_fields_and_their_types_are_those_of_the_client(group: str) -> None:
    types = [type_ for type_ in modelled() if type_.name.startswith(f"io.k8s.api.{group}.v1.")]
    assert len(types) > 5
    for type_ in types:
        model = model_of(type_.name)
        names = {json: python for python, json in model.attribute_map.items()}
        fields = {re.sub("^_", "", name): field for name, field in type_.fields.items()}
        if SAME_VERSION:
            assert set(fields) == set(names)
        for name, field in fields.items():
            if name in names:
                assert model.openapi_types[names[name]] == shown(field), (type_, name)


def test_what_is_required_is_what_the_client_refuses_to_be_without() -> None:
    container = model_of("io.k8s.api.core.v1.Container")
    with pytest.raises(ValueError, match="`name`, must not be `None`"):
        container()
    assert builtin().definition("io.k8s.api.core.v1.Container").required == ("name",)
