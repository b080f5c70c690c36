"""Custom resource definitions.

What a schema may be (structural rules, defaults, CEL) is the schema's own business: see
`schema.from_crd`. Sources: apiextensions-apiserver `pkg/apis/apiextensions/v1/defaults.go`,
`pkg/apis/apiextensions/validation/validation.go`,
`pkg/registry/customresourcedefinition/strategy.go`.
"""

from __future__ import annotations

from typing import Any

from . import faults as f
from .kind import Kind
from .names import dns1035_label, dns1123_subdomain
from .rules import (
    IMMUTABLE,
    Always,
    Faults,
    Object,
    child,
    each,
    fill,
    fill_absent,
    items,
    one_of,
    part,
    parts,
    required,
    same,
    struct,
)
from .webhooks import client_config, service_port_defaults

_APPROVAL = "api-approved.kubernetes.io"
_WHERE = "https://github.com/kubernetes/enhancements/pull/1111"


def _defaults(new: Object) -> None:
    spec = child(new, "spec")
    names = child(spec, "names")
    kind = names.get("kind") or ""
    fill(names, {"singular": kind.lower(), "listKind": f"{kind}List" if kind else ""})
    fill(child(spec, "conversion"), {"strategy": "None"})
    service_port_defaults(part(spec, "conversion.webhook.clientConfig"))
    for version in parts(spec, "versions"):
        fill_absent(version, {"served": False, "storage": False})


def _first_status(new: Object) -> None:
    new["status"] = {
        "conditions": None,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": _storage_versions(new),
    }


def _versions_of(new: Object) -> list[Object]:
    return [one for one in part(new, "spec.versions") or () if one is not None]


def _storage_versions(new: Object) -> list[str]:
    return [one.get("name") or "" for one in _versions_of(new) if one.get("storage")][:1]


def _remember_storage_version(new: Object, old: Object) -> None:
    stored = part(old, "status.storedVersions") or []
    added = [name for name in _storage_versions(new) if name not in stored]
    if added:
        new["status"] = {**(old.get("status") or {}), "storedVersions": [*stored, *added]}


def _joined(value: Any, path: str, faults: Faults) -> None:
    if value and (wrong := dns1035_label(value)):
        faults.append(f.invalid(path, value, ",".join(wrong)))


def _mixed_case(value: Any, path: str, faults: Faults) -> None:
    if value and (wrong := dns1035_label(value.lower())):
        message = f"may have mixed case, but should otherwise match: {','.join(wrong)}"
        faults.append(f.invalid(path, value, message))


def _group(value: Any, path: str, faults: Faults) -> None:
    if wrong := dns1123_subdomain(value):
        faults.append(f.invalid(path, value, ",".join(wrong)))
    elif "." not in value:
        faults.append(f.invalid(path, value, "should be a domain with at least one dot"))


def _versions(spec: Any, path: str, faults: Faults) -> None:
    versions = spec.get("versions") or []
    names = [version.get("name") or "" for version in versions]
    for version, own_path in items(spec, "versions", path):
        name = version.get("name") or ""
        if wrong := dns1035_label(name):
            faults.append(f.invalid(f"{own_path}.name", name, ",".join(wrong)))
        if part(version, "schema.openAPIV3Schema") is None:
            faults.append(f.required(f"{own_path}.schema.openAPIV3Schema", "schemas are required"))
        _subresources(version.get("subresources") or {}, f"{own_path}.subresources", faults)
    if len(set(names)) < len(names):
        faults.append(f.invalid(f"{path}.versions", versions, "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        message = "must have exactly one version marked as storage version"
        faults.append(f.invalid(f"{path}.versions", versions, message))


def _subresources(value: Object, path: str, faults: Faults) -> None:
    scale = value.get("scale")
    if scale is None:
        return
    for name, under in (("specReplicasPath", "spec"), ("statusReplicasPath", "status")):
        own_path, text = f"{path}.scale.{name}", scale.get(name) or ""
        if not text:
            faults.append(f.required(own_path))
        elif not text.startswith("."):
            message = "must be a simple json path starting with ."
            faults.append(f.invalid(own_path, text, message))
        elif not text.startswith(f".{under}."):
            faults.append(f.invalid(own_path, text, f"should be a json path under .{under}"))


def _names(value: Any, path: str, faults: Faults) -> None:
    for name in ("plural", "singular", "kind", "listKind"):
        required()(value.get(name), f"{path}.{name}", faults)
    _NAMES(value, path, faults)
    if value.get("kind") and value.get("kind") == value.get("listKind"):
        message = "kind and listKind may not be the same"
        faults.append(f.invalid(f"{path}.listKind", value["listKind"], message))


_NAMES = struct(
    {
        "plural": _joined,
        "singular": _joined,
        "kind": _mixed_case,
        "listKind": _mixed_case,
        "shortNames": each(_joined),
        "categories": each(_joined),
    }
)


def _conversion(value: Any, path: str, faults: Faults) -> None:
    value = value or {}
    required(one_of("None", "Webhook"))(value.get("strategy"), f"{path}.strategy", faults)
    if value.get("strategy") != "Webhook":
        return
    webhook, own_path = value.get("webhook") or {}, f"{path}.webhookClientConfig"
    if webhook.get("clientConfig") is None:
        faults.append(f.required(own_path, "required when strategy is set to Webhook"))
    else:
        client_config(webhook["clientConfig"], own_path, faults)


_SPEC = struct(
    {
        "group": required(_group),
        "scope": required(one_of("Cluster", "Namespaced")),
        "names": required(_names),
        "conversion": Always(_conversion),
    },
    _versions,
)


def _name(new: Any, path: str, faults: Faults) -> None:
    name, spec = new["metadata"].get("name"), new.get("spec") or {}
    wanted = f"{part(spec, 'names.plural') or ''}.{spec.get('group') or ''}"
    if name and name != wanted:
        faults.append(f.invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group'))


def _approved(new: Any, path: str, faults: Faults) -> None:
    group = part(new, "spec.group") or ""
    annotations = new["metadata"].get("annotations") or {}
    is_protected = f".{group}".endswith((".k8s.io", ".kubernetes.io"))
    if is_protected and not annotations.get(_APPROVAL):
        message = f'protected groups must have approval annotation "{_APPROVAL}", see {_WHERE}'
        faults.append(f.required(f"metadata.annotations[{_APPROVAL}]", message))


def _update(new: Object, old: Object, faults: Faults) -> None:
    paths = ["spec.group", "spec.names.plural"]
    if _is_established(old):
        paths += ["spec.scope", "spec.names.kind"]
    for path in paths:
        if not same(value := part(new, path), part(old, path)):
            faults.append(f.invalid(path, value, IMMUTABLE))
    there = {version.get("name") for version in part(new, "spec.versions") or ()}
    for index, name in enumerate(part(new, "status.storedVersions") or ()):
        if name not in there:
            message = (
                f"missing from spec.versions; {name} was previously a storage version, and must "
                "remain in spec.versions until a storage migration ensures no data remains "
                f"persisted in {name} and removes {name} from status.storedVersions"
            )
            faults.append(f.invalid(f"status.storedVersions[{index}]", name, message))


def _is_established(definition: Object) -> bool:
    return any(
        one.get("type") == "Established" and one.get("status") == "True"
        for one in part(definition, "status.conditions") or ()
    )


DEFINITION = Kind(
    is_namespaced=False,
    name=lambda name: [],  # it is made of other fields: see `_name`
    defaults=(_defaults,),
    rules=(_name, _approved, struct({"spec": _SPEC})),
    update_rules=(_update,),
    status={},
    generation_of=("spec",),
    on_create=(_first_status,),
    on_update=(_remember_storage_version,),
    is_builtin=False,
)
