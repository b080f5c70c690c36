"""What stands at admission: webhook configurations, and policies in CEL.

Sources: Kubernetes `pkg/apis/admissionregistration/v1/defaults.go`,
`pkg/apis/admissionregistration/validation/validation.go`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from . import faults as f
from .kind import Kind
from .label_selectors import label_selector
from .names import dns1035_label, dns1123_subdomain, out_of_range
from .rules import (
    Always,
    Default,
    Faults,
    Object,
    child,
    each,
    fill,
    fill_absent,
    is_empty,
    one_of,
    parts,
    required,
    struct,
)

_VERSIONS = ("v1", "v1beta1")
_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")

_CHANGED = ("*", "CONNECT", "CREATE", "UPDATE")
_PATCH_FIELDS = {"ApplyConfiguration": "applyConfiguration", "JSONPatch": "jsonPatch"}


def service_port_defaults(client: Object | None) -> None:
    """In place: a service that is called is called at 443."""
    if service := (client or {}).get("service"):
        fill_absent(service, {"port": 443})


def _matching_defaults(value: Object, *rule_lists: str) -> None:
    fill_absent(value, {"matchPolicy": "Equivalent"})
    for name in ("namespaceSelector", "objectSelector"):
        if value.get(name) is None:
            value[name] = {}
    for name in rule_lists:
        for rule in parts(value, name):
            fill_absent(rule, {"scope": "*"})


def _webhook_defaults(extra: Object) -> Default:
    def fill_in(new: Object) -> None:
        for webhook in parts(new, "webhooks"):
            fill_absent(webhook, {"failurePolicy": "Fail", "timeoutSeconds": 10, **extra})
            _matching_defaults(webhook, "rules")
            service_port_defaults(webhook.get("clientConfig"))

    return fill_in


def _name(value: Any, path: str, faults: Faults) -> None:
    wrong = dns1123_subdomain(value)
    if wrong:
        faults.append(f.invalid(path, value, ",".join(wrong)))
    elif value.count(".") < 2:
        message = "should be a domain with at least three segments separated by dots"
        faults.append(f.invalid(path, value, message))


def _review_versions(value: Any, path: str, faults: Faults) -> None:
    known = ", ".join(_VERSIONS)
    if not value:
        faults.append(f.required(path, f"must specify one of {known}"))
        return
    for index, version in enumerate(value):
        if version in value[:index]:
            faults.append(f.invalid(f"{path}[{index}]", version, "duplicate version"))
            continue
        wrong = dns1035_label(version)
        faults += [f.invalid(f"{path}[{index}]", version, message) for message in wrong]
    if not set(value) & set(_VERSIONS):
        faults.append(f.invalid(path, value, f"must include at least one of {known}"))


def _seconds(value: Any, path: str, faults: Faults) -> None:
    if value is not None and not 1 <= value <= 30:
        message = "the timeout value must be between 1 and 30 seconds"
        faults.append(f.invalid(path, value, message))


def client_config(value: Any, path: str, faults: Faults) -> None:
    """Whom to call: a service in the cluster, or a URL."""
    value = value or {}
    url, service = value.get("url"), value.get("service")
    if (url is None) == (service is None):
        faults.append(f.required(path, "exactly one of url or service is required"))
    elif url is not None:
        _url(url, f"{path}.url", faults)
    else:
        _service(service, f"{path}.service", faults)


def _service(value: Object, path: str, faults: Faults) -> None:
    # The API server takes the one for the other: it calls what is no namespace "name".
    for name, other in (("name", "namespace"), ("namespace", "name")):
        if not value.get(other):
            faults.append(f.required(f"{path}.{name}"))
    port = value.get("port", 443)
    if not 1 <= port <= 65535:
        message = f"port is not valid: {out_of_range(1, 65535)}"
        faults.append(f.invalid(f"{path}.port", port, message))
    if value.get("path") not in (None, "", "/"):
        _service_path(value["path"], f"{path}.path", faults)


def _service_path(value: str, path: str, faults: Faults) -> None:
    if value == "//":
        faults.append(f.invalid(path, value, "segment[0] may not be empty"))
        return
    if not value.startswith("/"):
        faults.append(f.invalid(path, value, "must start with a '/'"))
    for index, step in enumerate(value[1:].removesuffix("/").split("/")):
        if not step:
            faults.append(f.invalid(path, value, f"segment[{index}] may not be empty"))
            continue
        faults += [
            f.invalid(path, value, f"segment[{index}]: {message}")
            for message in dns1123_subdomain(step)
        ]


def _url(value: str, path: str, faults: Faults) -> None:
    form = "; desired format: https://host[/path]"
    parts = urlsplit(value)
    if parts.scheme != "https":
        message = f"'https' is the only allowed URL scheme{form}"
        faults.append(f.invalid(path, parts.scheme, message))
    user, at, host = parts.netloc.rpartition("@")
    if not host:
        faults.append(f.invalid(path, "", f"host must be specified{form}"))
    for said, called in (
        (user if at else None, "user information is"),
        (parts.fragment or None, "fragments are"),
        (parts.query or None, "query parameters are"),
    ):
        if said is not None:
            faults.append(f.invalid(path, said, f"{called} not permitted in the URL"))


def _stars(value: Any, path: str, what: str, faults: Faults) -> None:
    if value and len(value) > 1 and "*" in value:
        message = f"if '*' is present, must not specify other {what}"
        faults.append(f.invalid(path, value, message))


def _rule(value: Any, path: str, faults: Faults) -> None:
    operations, versions = value.get("operations"), value.get("apiVersions")
    _some(operations, f"{path}.operations", "operations", faults)
    each(one_of(*_OPERATIONS))(operations, f"{path}.operations", faults)
    _some(value.get("apiGroups"), f"{path}.apiGroups", "API groups", faults)
    _some(versions, f"{path}.apiVersions", "API versions", faults)
    for index, version in enumerate(versions or ()):
        if not version:
            faults.append(f.required(f"{path}.apiVersions[{index}]"))
    _resources(value.get("resources") or [], f"{path}.resources", faults)
    one_of("*", "Cluster", "Namespaced")(value.get("scope"), f"{path}.scope", faults)


def _some(value: Any, path: str, what: str, faults: Faults) -> None:
    if not value:
        faults.append(f.required(path))
    _stars(value, path, what, faults)


def _resources(value: Any, path: str, faults: Faults) -> None:
    """`pods`, `pods/status`; with a star before the slash, behind it, or for all."""
    if not value:
        faults.append(f.required(path))
    whole: set[str] = set()  # what stands before /*
    parts_of_all: set[str] = set()  # what stands behind */
    is_plain = False
    for index, resource in enumerate(value):
        own_path = f"{path}[{index}]"
        if not resource:
            faults.append(f.required(own_path))
            continue
        name, slash, sub = resource.partition("/")
        if not slash:
            is_plain = name != "*"  # the last of them decides, as there
            continue
        for star, is_there in ((f"{name}/*", name in whole), (f"*/{sub}", sub in parts_of_all)):
            if is_there:
                message = f"if '{star}' is present, must not specify {resource}"
                faults.append(f.invalid(own_path, resource, message))
        if sub == "*":
            whole.add(name)
        if name == "*":
            parts_of_all.add(sub)
    if len(value) > 1 and "*/*" in value:
        message = "if '*/*' is present, must not specify other resources"
        faults.append(f.invalid(path, value, message))
    if "*" in value and is_plain:
        message = "if '*' is present, must not specify other resources without subresources"
        faults.append(f.invalid(path, value, message))


def _side_effects(value: Any, path: str, faults: Faults) -> None:
    if value is None:
        faults.append(f.required(path, "must specify one of None, NoneOnDryRun"))
    one_of("None", "NoneOnDryRun")(value, path, faults)


_WEBHOOK = struct(
    {
        "name": required(_name),
        "rules": each(_rule),
        "failurePolicy": one_of("Fail", "Ignore"),
        "matchPolicy": one_of("Equivalent", "Exact"),
        "sideEffects": Always(_side_effects),
        "timeoutSeconds": _seconds,
        "namespaceSelector": label_selector,
        "objectSelector": label_selector,
        "reinvocationPolicy": one_of("IfNeeded", "Never"),
        "clientConfig": Always(client_config),
        "admissionReviewVersions": Always(_review_versions),
    }
)


def _configuration(extra: Object) -> Kind:
    return Kind(
        is_namespaced=False,
        defaults=(_webhook_defaults(extra),),
        rules=(struct({"webhooks": each(_WEBHOOK, unique="name")}),),
        generation_of=("webhooks",),
    )


VALIDATING_WEBHOOKS = _configuration({})
MUTATING_WEBHOOKS = _configuration({"reinvocationPolicy": "Never"})


# Policies


def _matchers(spec: Object, *names: str) -> Iterator[Object]:
    return (spec[name] for name in names if spec.get(name) is not None)


def _policy_defaults(new: Object) -> None:
    spec = child(new, "spec")
    fill(spec, {"failurePolicy": "Fail"})
    for matcher in _matchers(spec, "matchConstraints"):
        _matching_defaults(matcher, "resourceRules", "excludeResourceRules")


def _binding_defaults(new: Object) -> None:
    for matcher in _matchers(new.get("spec") or {}, "matchResources"):
        _matching_defaults(matcher, "resourceRules", "excludeResourceRules")


def _constraints(spec: Object, path: str, faults: Faults) -> None:
    rules = (spec.get("matchConstraints") or {}).get("resourceRules")
    if spec.get("matchConstraints") is None:
        faults.append(f.required(f"{path}.matchConstraints"))
    elif not rules:
        faults.append(f.required(f"{path}.matchConstraints.resourceRules"))
    each(_rule)(rules, f"{path}.matchConstraints.resourceRules", faults)


def _policy(spec: Any, path: str, faults: Faults) -> None:
    if is_empty(spec.get("validations")) and is_empty(spec.get("auditAnnotations")):
        message = "validations or auditAnnotations must contain at least one item"
        faults.append(f.required(f"{path}.validations", message))
    _constraints(spec, path, faults)


def _changeable(resources: Object | None, path: str, faults: Faults) -> None:
    """What is deleted cannot be changed."""
    for rule in parts(resources or {}, "resourceRules"):
        for one in rule.get("operations") or ():
            one_of(*_CHANGED)(one, f"{path}.resourceRules.operations", faults)


def _mutating_policy(spec: Any, path: str, faults: Faults) -> None:
    _constraints(spec, path, faults)
    _changeable(spec.get("matchConstraints"), f"{path}.matchConstraints", faults)
    if is_empty(spec.get("mutations")):
        message = "mutations must contain at least one item"
        faults.append(f.required(f"{path}.mutations", message))
    each(_mutation)(spec.get("mutations"), f"{path}.mutations", faults)
    again = spec.get("reinvocationPolicy")
    required(one_of("Never", "IfNeeded")).rule(again, f"{path}.reinvocationPolicy", faults)


def _mutation(value: Any, path: str, faults: Faults) -> None:
    patch_type = value.get("patchType")
    required(one_of(*_PATCH_FIELDS)).rule(patch_type, f"{path}.patchType", faults)
    if patch_type not in _PATCH_FIELDS:
        return
    for name in dict.fromkeys((_PATCH_FIELDS[patch_type], *_PATCH_FIELDS.values())):
        said = value.get(name)
        if name == _PATCH_FIELDS[patch_type]:
            if said is None:
                message = f"must be specified when patchType is {patch_type}"
                faults.append(f.required(f"{path}.{name}", message))
            elif not (said.get("expression") or "").strip():
                faults.append(f.required(f"{path}.{name}.expression"))
        elif said is not None:
            message = f"must not be specified when patchType is {patch_type}"
            faults.append(f.invalid(f"{path}.{name}", f"{{{name}}}", message))


def _mutating_binding(spec: Any, path: str, faults: Faults) -> None:
    _changeable(spec.get("matchResources"), f"{path}.matchResources", faults)


VALIDATING_POLICY = Kind(
    is_namespaced=False,
    defaults=(_policy_defaults,),
    rules=(struct({"spec": struct({"failurePolicy": one_of("Fail", "Ignore")}, _policy)}),),
    status={},
    generation_of=("spec",),
)
MUTATING_POLICY = Kind(
    is_namespaced=False,
    defaults=(_policy_defaults,),
    rules=(
        struct({"spec": struct({"failurePolicy": one_of("Fail", "Ignore")}, _mutating_policy)}),
    ),
    generation_of=("spec",),
)
POLICY_BINDING = Kind(
    is_namespaced=False,
    defaults=(_binding_defaults,),
    rules=(struct({"spec": struct({"policyName": required()})}),),
    generation_of=("spec",),
)
MUTATING_BINDING = Kind(
    is_namespaced=False,
    defaults=(_binding_defaults,),
    rules=(struct({"spec": struct({"policyName": required()}, _mutating_binding)}),),
    generation_of=("spec",),
)
