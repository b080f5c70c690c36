"""Flow schemas and levels of priority that have to be as they are: `exempt` and `catch-all`.

Without them nobody could ask the API server anything when all others are gone. Sources: apiserver
`pkg/apis/flowcontrol/bootstrap/default.go` (what they are), `pkg/apis/flowcontrol/validation`.
"""

from __future__ import annotations

from typing import Any

from . import faults as f
from .rules import Faults, Object


def _everything(*groups: str) -> Object:
    """A rule that means whatever those groups ask."""
    return {
        "Subjects": [_subject({"kind": "Group", "group": {"name": name}}) for name in groups],
        "ResourceRules": [_resources({**_ALL, "clusterScope": True, "namespaces": ["*"]})],
        "NonResourceRules": [_paths({"verbs": ["*"], "nonResourceURLs": ["*"]})],
    }


# Written as Go writes the types that it keeps them in: names in capitals, all of them said.


def _schema(spec: Object) -> Object:
    method = spec.get("distinguisherMethod")
    return f.InOrder(
        PriorityLevelConfiguration=_named(spec.get("priorityLevelConfiguration") or {}),
        MatchingPrecedence=spec.get("matchingPrecedence") or 0,
        DistinguisherMethod=None if method is None else f.InOrder(Type=method.get("type") or ""),
        Rules=_each(_rule, spec.get("rules")),
    )


def _rule(rule: Object) -> Object:
    return f.InOrder(
        Subjects=_each(_subject, rule.get("subjects")),
        ResourceRules=_each(_resources, rule.get("resourceRules")),
        NonResourceRules=_each(_paths, rule.get("nonResourceRules")),
    )


def _subject(value: Object) -> Object:
    account = value.get("serviceAccount")
    if account is not None:
        name, namespace = account.get("name") or "", account.get("namespace") or ""
        account = f.InOrder(Namespace=namespace, Name=name)
    user, group = value.get("user"), value.get("group")
    return f.InOrder(
        Kind=value.get("kind") or "",
        User=None if user is None else _named(user),
        Group=None if group is None else _named(group),
        ServiceAccount=account,
    )


def _named(value: Object) -> Object:
    return f.InOrder(Name=value.get("name") or "")


def _resources(rule: Object) -> Object:
    return f.InOrder(
        Verbs=rule.get("verbs") or None,
        APIGroups=rule.get("apiGroups") or None,
        Resources=rule.get("resources") or None,
        ClusterScope=bool(rule.get("clusterScope")),
        Namespaces=rule.get("namespaces") or None,
    )


def _paths(rule: Object) -> Object:
    return f.InOrder(
        Verbs=rule.get("verbs") or None, NonResourceURLs=rule.get("nonResourceURLs") or None
    )


def _each(write: Any, values: list[Object] | None) -> list[Object] | None:
    return [write(one) for one in values] if values else None


def _level(spec: Object) -> Object:
    limited, exempt = spec.get("limited"), spec.get("exempt")
    if limited is not None:
        limited = f.InOrder(
            NominalConcurrencyShares=limited.get("nominalConcurrencyShares") or 0,
            LimitResponse=_response(limited.get("limitResponse") or {}),
            LendablePercent=limited.get("lendablePercent"),
            BorrowingLimitPercent=limited.get("borrowingLimitPercent"),
        )
    if exempt is not None:
        exempt = f.InOrder(
            NominalConcurrencyShares=exempt.get("nominalConcurrencyShares"),
            LendablePercent=exempt.get("lendablePercent"),
        )
    return f.InOrder(Type=spec.get("type") or "", Limited=limited, Exempt=exempt)


def _response(value: Object) -> Object:
    queuing = value.get("queuing")
    if queuing is not None:
        queuing = f.InOrder(
            Queues=queuing.get("queues") or 0,
            QueueLengthLimit=queuing.get("queueLengthLimit") or 0,
            HandSize=queuing.get("handSize") or 0,
        )
    return f.InOrder(Type=value.get("type") or "", Queuing=queuing)


_ALL: Object = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
_SCHEMAS = {
    "exempt": {
        "PriorityLevelConfiguration": {"Name": "exempt"},
        "MatchingPrecedence": 1,
        "DistinguisherMethod": None,
        "Rules": [_everything("system:masters")],
    },
    "catch-all": {
        "PriorityLevelConfiguration": {"Name": "catch-all"},
        "MatchingPrecedence": 10000,
        "DistinguisherMethod": {"Type": "ByUser"},
        "Rules": [_everything("system:unauthenticated", "system:authenticated")],
    },
}
_LEVELS = {
    "exempt": _level({"type": "Exempt"}),
    "catch-all": _level(
        {
            "type": "Limited",
            "limited": {
                "nominalConcurrencyShares": 5,
                "lendablePercent": 0,
                "limitResponse": {"type": "Reject"},
            },
        }
    ),
}


def schema(new: Any, path: str, faults: Faults) -> None:
    """Refuses a flow schema of such a name that is not as it has to be."""
    name = new["metadata"].get("name")
    if name in _SCHEMAS and (said := _schema(new.get("spec") or {})) != _SCHEMAS[name]:
        faults.append(f.invalid("spec", said, f"spec of '{name}' must equal the fixed value"))


def level(new: Any, path: str, faults: Faults) -> None:
    """The same of a level; what the exempt one may have of the server is its own affair."""
    name = new["metadata"].get("name")
    if name not in _LEVELS:
        return
    said, but = _level(new.get("spec") or {}), ""
    compared = said
    if name == "exempt":
        compared, but = {**said, "Exempt": None}, " except the 'spec.exempt' field"
    if compared != _LEVELS[name]:
        faults.append(f.invalid("spec", said, f"spec of '{name}'{but} must equal the fixed value"))
