"""Custom resource definitions.

What a schema may be (structural rules, defaults, CEL) is the schema's own business: see
`schema.from_crd`. Sources: apiextensions-apiserver `pkg/apis/apiextensions/v1/defaults.go`,
`pkg/apis/apiextensions/validation/validation.go`,
`pkg/registry/customresourcedefinition/strategy.go`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from . import faults as f
from .crd_versions import shared, versions
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
    if spec.get("conversion") is None:
        spec["conversion"] = {"strategy": "None"}
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
    webhook = value.get("webhook") or {}
    reviews = webhook.get("conversionReviewVersions")
    own_path, reviews_path = f"{path}.webhookClientConfig", f"{path}.conversionReviewVersions"
    if value.get("strategy") == "Webhook":
        if webhook.get("clientConfig") is None:
            faults.append(f.required(own_path, "required when strategy is set to Webhook"))
        else:
            client_config(webhook["clientConfig"], own_path, faults)
        _review_versions(reviews or [], reviews_path, faults)
        return
    message = "should not be set when strategy is not set to Webhook"
    if webhook.get("clientConfig") is not None:
        faults.append(f.forbidden(own_path, message))
    if reviews:
        faults.append(f.forbidden(reviews_path, message))


def _review_versions(said: list[str], path: str, faults: Faults) -> None:
    if not said:
        faults.append(f.required(path))
        return
    for index, version in enumerate(said):
        if version in said[:index]:
            faults.append(f.invalid(f"{path}[{index}]", version, "duplicate version"))
            continue
        wrong = dns1035_label(version)
        faults += [f.invalid(f"{path}[{index}]", version, message) for message in wrong]
    if not {"v1", "v1beta1"}.intersection(said):
        faults.append(f.invalid(path, said, "must include at least one of v1, v1beta1"))


_SPEC = struct(
    {"group": required(_group), "scope": required(one_of("Cluster", "Namespaced"))},
    versions,
    struct({"names": required(_names)}),
    shared,
    struct({"conversion": Always(_conversion)}),
)


def _name(new: Any, path: str, faults: Faults) -> None:
    name, spec = new["metadata"].get("name"), new.get("spec") or {}
    if not name or new["metadata"].get("resourceVersion"):  # it was right when it was made
        return
    faults += [f.invalid("metadata.name", name, message) for message in dns1123_subdomain(name)]
    wanted = f"{part(spec, 'names.plural') or ''}.{spec.get('group') or ''}"
    if name != wanted:
        faults.append(f.invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group'))


def _stored_versions(new: Any, path: str, faults: Faults) -> None:
    """Of the status, where each version that was ever stored is remembered."""
    stored, own_path = part(new, "status.storedVersions") or [], "status.storedVersions"
    if not stored:
        faults.append(f.invalid(own_path, None, "must have at least one stored version"))
        return
    there = [one.get("name") or "" for one in _versions_of(new)]
    for version in _versions_of(new):
        if version.get("storage") and (version.get("name") or "") not in stored:
            message = f"must have the storage version {version.get('name') or ''}"
            faults.append(f.invalid(own_path, stored, message))
    for index, name in enumerate(stored):
        if name not in there:
            message = (
                f"missing from spec.versions; {name} was previously a storage version, and must "
                "remain in spec.versions until a storage migration ensures no data remains "
                f"persisted in {name} and removes {name} from status.storedVersions"
            )
            faults.append(f.invalid(f"{own_path}[{index}]", name, message))


def _preserving(new: Any, path: str, faults: Faults) -> None:
    if part(new, "spec.preserveUnknownFields"):
        message = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true "
            "in spec.versions[*].schema instead"
        )
        faults.append(f.invalid("spec.preserveUnknownFields", True, message))


def _approved(new: Any, path: str, faults: Faults) -> None:
    group = part(new, "spec.group") or ""
    annotations = new["metadata"].get("annotations") or {}
    is_protected = f".{group}".endswith((".k8s.io", ".kubernetes.io"))
    said, path = annotations.get(_APPROVAL), f"metadata.annotations[{_APPROVAL}]"
    if not is_protected:
        return
    message = f'protected groups must have approval annotation "{_APPROVAL}"'
    if not said:
        faults.append(f.required(path, f"{message}, see {_WHERE}"))
    elif not said.startswith("unapproved") and not urlsplit(said).netloc:
        message += ' with either a URL or a reason starting with "unapproved"'
        faults.append(f.invalid(path, said, f"{message}, see {_WHERE}"))


def _update(new: Object, old: Object, faults: Faults) -> None:
    paths = ["spec.group", "spec.names.plural"]
    if _is_established(old):
        paths = ["spec.scope", "spec.names.kind", *paths]
    for path in paths:
        if not same(value := part(new, path), part(old, path)):
            faults.append(f.invalid(path, value, IMMUTABLE))


def _is_established(definition: Object) -> bool:
    return any(
        one.get("type") == "Established" and one.get("status") == "True"
        for one in part(definition, "status.conditions") or ()
    )


DEFINITION = Kind(
    is_namespaced=False,
    name=lambda name: [],  # it is made of other fields: see `_name`
    defaults=(_defaults,),
    rules=(_name, struct({"spec": required(_SPEC)}), _stored_versions, _approved, _preserving),
    update_rules=(_update,),
    status={},
    generation_of=("spec",),
    on_create=(_first_status,),
    on_update=(_remember_storage_version,),
    is_builtin=False,
)
