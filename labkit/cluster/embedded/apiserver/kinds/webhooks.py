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
from .names import dns1035_label, dns1123_subdomain
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
    url, service = value.get("url"), value.get("service") or {}
    if (url is None) == (value.get("service") is None):
        faults.append(f.required(path, "exactly one of url or service is required"))
    elif url is not None:
        _url(url, f"{path}.url", faults)
    else:
        for name in ("name", "namespace"):
            if not service.get(name):
                faults.append(f.required(f"{path}.service.{name}", f"service {name} is required"))


def _url(value: str, path: str, faults: Faults) -> None:
    form = "; desired format: https://host[/path]"
    parts = urlsplit(value)
    if parts.scheme != "https":
        message = f"'https' is the only allowed URL scheme{form}"
        faults.append(f.invalid(path, parts.scheme, message))
    if not parts.netloc:
        faults.append(f.invalid(path, "", f"host must be specified{form}"))
    if parts.username is not None:
        message = "user information is not permitted in the URL"
        faults.append(f.invalid(path, parts.username, message))


def _stars(value: Any, path: str, what: str, faults: Faults) -> None:
    if value and len(value) > 1 and "*" in value:
        message = f"if '*' is present, must not specify other {what}"
        faults.append(f.invalid(path, value, message))


def _rule(value: Any, path: str, faults: Faults) -> None:
    lists = (
        ("operations", "operations"),
        ("apiGroups", "API groups"),
        ("apiVersions", "API versions"),
    )
    for name, called in lists:
        required()(value.get(name), f"{path}.{name}", faults)
        _stars(value.get(name), f"{path}.{name}", called, faults)
    each(one_of(*_OPERATIONS))(value.get("operations"), f"{path}.operations", faults)
    required()(value.get("resources"), f"{path}.resources", faults)
    one_of("*", "Cluster", "Namespaced")(value.get("scope"), f"{path}.scope", faults)


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
