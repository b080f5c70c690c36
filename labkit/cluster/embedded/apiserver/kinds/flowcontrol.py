"""Who of those that ask the API server has to wait: flow schemas and levels of priority.

Source: Kubernetes `pkg/apis/flowcontrol/v1/defaults.go`, `pkg/apis/flowcontrol/validation`.
"""

from __future__ import annotations

import math
from typing import Any

from . import faults as f
from . import fixed_flows
from .kind import Kind
from .names import dns1123_label, dns1123_subdomain
from .rules import (
    Faults,
    Object,
    child,
    each,
    fill,
    fill_absent,
    items,
    named,
    one_of,
    required,
    struct,
)

_EXEMPT = "exempt"
_LAST = 10000
_VERBS = (
    "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch",
)  # fmt: skip
_SUBJECTS = {"Group": "group", "ServiceAccount": "serviceAccount", "User": "user"}


def _conditions(new: Object, old: Object, faults: Faults) -> None:
    seen = set()
    for condition, path in items(new.get("status") or {}, "conditions", "status"):
        kind = condition.get("type") or ""
        if kind in seen:
            faults.append(f.duplicate(f"{path}.type", kind))
        seen.add(kind)
        if not kind:
            faults.append(f.required(f"{path}.type", "must not be empty"))


# Flow schemas


def _schema_defaults(new: Object) -> None:
    fill(child(new, "spec"), {"matchingPrecedence": 1000})


def _precedence(new: Any, path: str, faults: Faults) -> None:
    value, path = (new.get("spec") or {}).get("matchingPrecedence") or 0, "spec.matchingPrecedence"
    if value <= 0:
        faults.append(f.invalid(path, value, "must be a positive value"))
    if value > _LAST:
        faults.append(f.invalid(path, value, f"must not be greater than {_LAST}"))
    if value == 1 and new["metadata"].get("name") != _EXEMPT:
        message = "only the schema named 'exempt' may have matchingPrecedence 1"
        faults.append(f.invalid(path, value, message))


def _distinguisher(value: Any, path: str, faults: Faults) -> None:
    kinds = ("ByNamespace", "ByUser")
    if (kind := value.get("type") or "") not in kinds:
        faults.append(f.not_supported(f"{path}.type", f.InOrder(Type=kind), kinds))


def _who_and_what(value: Any, path: str, faults: Faults) -> None:
    if not value.get("subjects"):
        message = "subjects must contain at least one value"
        faults.append(f.required(f"{path}.subjects", message))
    for subject, own_path in items(value, "subjects", path):
        _subject(subject, own_path, faults)
    if not value.get("resourceRules") and not value.get("nonResourceRules"):
        message = "at least one of resourceRules and nonResourceRules has to be non-empty"
        faults.append(f.required(path, message))
    for rule, own_path in items(value, "resourceRules", path):
        _resource_rule(rule, own_path, faults)
    for rule, own_path in items(value, "nonResourceRules", path):
        _path_rule(rule, own_path, faults)


def _subject(value: Object, path: str, faults: Faults) -> None:
    kind = value.get("kind") or ""
    own = _SUBJECTS.get(kind)
    if own is None:
        faults.append(f.not_supported(f"{path}.kind", kind, tuple(_SUBJECTS)))
        return
    if (named_so := value.get(own)) is None:
        message = f"{own} is required when subject kind is '{kind}'"
        faults.append(f.required(f"{path}.{own}", message))
    elif own == "serviceAccount":
        _account(named_so, f"{path}.{own}", faults)
    else:
        required()(named_so.get("name"), f"{path}.{own}.name", faults)
    for name in ("serviceAccount", "user", "group"):
        if name != own and value.get(name) is not None:
            other = next(kind for kind, field in _SUBJECTS.items() if field == name)
            message = f"{name} is forbidden when subject kind is not '{other}'"
            faults.append(f.forbidden(f"{path}.{name}", message))


def _account(value: Object, path: str, faults: Faults) -> None:
    name = value.get("name")
    if name != "*":
        required(named(dns1123_subdomain))(name, f"{path}.name", faults)
    message = "must specify namespace for service account"
    required(named(dns1123_label), message)(value.get("namespace"), f"{path}.namespace", faults)


def _all_or_some(value: Any, path: str, what: str, faults: Faults) -> bool:
    """Whether a list that is not empty names some; all and some is a fault."""
    if "*" not in value:
        return True
    if len(value) > 1:
        message = f"if '*' is present, must not specify other {what}"
        faults.append(f.invalid(path, value, message))
    return False


def _verbs(value: Any, path: str, faults: Faults) -> None:
    if not value:
        faults.append(f.required(path, "verbs must contain at least one value"))
    elif _all_or_some(value, path, "verbs", faults) and not set(value) <= set(_VERBS):
        faults.append(f.not_supported(path, value, _VERBS))


def _resource_rule(value: Object, path: str, faults: Faults) -> None:
    _verbs(value.get("verbs"), f"{path}.verbs", faults)
    for name, one, called in (
        ("apiGroups", "api group", "api groups"),
        ("resources", "resource", "resources"),
    ):
        if not value.get(name):
            message = f"resource rules must supply at least one {one}"
            faults.append(f.required(f"{path}.{name}", message))
        else:
            _all_or_some(value[name], f"{path}.{name}", called, faults)
    namespaces, path = value.get("namespaces") or [], f"{path}.namespaces"
    if not namespaces and not value.get("clusterScope"):
        message = "resource rules that are not cluster scoped must supply at least one namespace"
        faults.append(f.required(path, message))
    elif _all_or_some(namespaces, path, "namespaces", faults):
        intro = "each member of this list must be '*' or a DNS-1123 label; "
        for index, name in enumerate(namespaces):
            wrong = dns1123_label(name)
            faults += [f.invalid(f"{path}[{index}]", name, intro + message) for message in wrong]


def _path_rule(value: Object, path: str, faults: Faults) -> None:
    _verbs(value.get("verbs"), f"{path}.verbs", faults)
    given, path = value.get("nonResourceURLs"), f"{path}.nonResourceURLs"
    if not given:
        faults.append(f.required(path, "nonResourceURLs must contain at least one value"))
    elif _all_or_some(given, path, "non-resource URLs", faults):
        for index, url in enumerate(given):
            if message := _why_no_path(url):
                faults.append(f.invalid(f"{path}[{index}]", url, message))


def _why_no_path(url: str) -> str:
    if not url:
        return "must not be empty"
    if url == "/":
        return ""
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    stars = url.count("*")
    is_end = stars == 1 and url.endswith("/*")
    return "wildcard can only do suffix matching" if stars and not is_end else ""


_LEVEL = struct({"name": required(named(dns1123_subdomain), "must reference a priority level")})

FLOW_SCHEMA = Kind(
    is_namespaced=False,
    defaults=(_schema_defaults,),
    rules=(
        _precedence,
        struct(
            {
                "spec": struct(
                    {
                        "distinguisherMethod": _distinguisher,
                        "priorityLevelConfiguration": _LEVEL,
                        "rules": each(_who_and_what),
                    }
                )
            }
        ),
        fixed_flows.schema,
    ),
    status_rules=(_conditions,),
    status={},
    generation_of=("spec",),
)


# Levels of priority

_MOST_QUEUES = 10_000_000
_MOST_ENTROPY_BITS = 60


def _level_defaults(new: Object) -> None:
    spec = child(new, "spec")
    if (limited := spec.get("limited")) is not None:
        fill_absent(limited, {"nominalConcurrencyShares": 30, "lendablePercent": 0})
        if (queuing := (limited.get("limitResponse") or {}).get("queuing")) is not None:
            fill(queuing, {"handSize": 8, "queues": 64, "queueLengthLimit": 50})
    if (exempt := spec.get("exempt")) is not None:
        fill_absent(exempt, {"nominalConcurrencyShares": 0, "lendablePercent": 0})


def _level(new: Any, path: str, faults: Faults) -> None:
    spec, path = new.get("spec") or {}, "spec"
    kind, limited, exempt = (spec.get(name) for name in ("type", "limited", "exempt"))
    if (new["metadata"].get("name") == _EXEMPT) != (kind == "Exempt"):
        message = "type must be 'Exempt' if and only if name is 'exempt'"
        faults.append(f.invalid(f"{path}.type", kind or "", message))
    match kind:
        case "Exempt":
            if limited is not None:
                message = "must be nil if the type is not Limited"
                faults.append(f.forbidden(f"{path}.limited", message))
            _shares(exempt or {}, f"{path}.exempt", faults)
            _lendable(exempt or {}, f"{path}.exempt", faults)
        case "Limited":
            if exempt is not None:
                message = "must be nil if the type is Limited"
                faults.append(f.forbidden(f"{path}.exempt", message))
            if limited is None:
                message = "must not be empty when type is Limited"
                faults.append(f.required(f"{path}.limited", message))
            else:
                _limited(limited, f"{path}.limited", faults)
        case _:
            one_of("Exempt", "Limited")(kind or "", f"{path}.type", faults)


def _shares(value: Object, path: str, faults: Faults) -> None:
    shares = value.get("nominalConcurrencyShares") or 0
    if shares < 0:
        message = "must be a non-negative integer"
        faults.append(f.invalid(f"{path}.nominalConcurrencyShares", shares, message))


def _lendable(value: Object, path: str, faults: Faults) -> None:
    share = value.get("lendablePercent") or 0
    if not 0 <= share <= 100:
        message = "must be between 0 and 100, inclusive"
        faults.append(f.invalid(f"{path}.lendablePercent", share, message))


def _limited(value: Object, path: str, faults: Faults) -> None:
    _shares(value, path, faults)
    _response(value.get("limitResponse") or {}, f"{path}.limitResponse", faults)
    _lendable(value, path, faults)
    borrowed = value.get("borrowingLimitPercent")
    if borrowed is not None and borrowed < 0:
        message = "if specified, must be a non-negative integer"
        faults.append(f.invalid(f"{path}.borrowingLimitPercent", borrowed, message))


def _response(value: Object, path: str, faults: Faults) -> None:
    kind, queuing = value.get("type") or "", value.get("queuing")
    if kind == "Reject":
        if queuing is not None:
            message = "must be nil if limited.limitResponse.type is not Limited"
            faults.append(f.forbidden(f"{path}.queuing", message))
    elif kind != "Queue":
        faults.append(f.not_supported(f"{path}.type", kind, ("Queue", "Reject")))
    elif queuing is None:
        message = "must not be empty if limited.limitResponse.type is Limited"
        faults.append(f.required(f"{path}.queuing", message))
    else:
        _queuing(queuing, f"{path}.queuing", faults)


def _queuing(value: Object, path: str, faults: Faults) -> None:
    length, queues, hand = (
        value.get(name) or 0 for name in ("queueLengthLimit", "queues", "handSize")
    )
    if length <= 0:
        faults.append(f.invalid(f"{path}.queueLengthLimit", length, "must be positive"))
    if queues <= 0:
        faults.append(f.invalid(f"{path}.queues", queues, "must be positive"))
    elif queues > _MOST_QUEUES:
        message = f"must not be greater than {_MOST_QUEUES}"
        faults.append(f.invalid(f"{path}.queues", queues, message))
    message = ""
    if hand <= 0:
        message = "must be positive"
    elif hand > queues:
        message = f"should not be greater than queues ({queues})"
    elif math.ceil(math.log2(queues) * hand) > _MOST_ENTROPY_BITS:
        bits = f"required entropy bits of deckSize {queues} and handSize {hand}"
        message = f"{bits} should not be greater than {_MOST_ENTROPY_BITS}"
    if message:
        faults.append(f.invalid(f"{path}.handSize", hand, message))


PRIORITY_LEVEL = Kind(
    is_namespaced=False,
    defaults=(_level_defaults,),
    rules=(_level, fixed_flows.level),
    status_rules=(_conditions,),
    status={},
    generation_of=("spec",),
)
