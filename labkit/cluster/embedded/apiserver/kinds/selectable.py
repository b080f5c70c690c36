"""Which fields of each resource a field selector can name.

``metadata.name`` and ``metadata.namespace`` everywhere; beyond them, these. A field is text: a
number or a truth value as JSON writes it. Sources: ``AddFieldLabelConversionFunc`` and
``SelectableFields`` of each kind in Kubernetes, the Kubernetes page "Field Selectors".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from ..selectors import BadSelector, FieldSelector
from .tables.jsonpath import JSONPath, read_path

NAME = "metadata.name"
NAMESPACE = "metadata.namespace"
UNSUPPORTED = "field label not supported: {label}"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the text of a field is found.

    Args:
        paths: where to look; the first that is there, and not empty, is taken.
        missing: the text when there is none.
    """

    paths: tuple[JSONPath, ...]
    missing: str = ""

    def text(self, object: Mapping[str, Any]) -> str:
        """The text of the field in an object."""
        found = (path.first(object) for path in self.paths)
        return next((_text(value) for value in found if value not in (None, "")), self.missing)


@dataclass(frozen=True, slots=True)
class Selectable:
    """The fields of a resource that can be selected by.

    Args:
        own: the fields beyond ``metadata``.
        has_namespace: whether ``metadata.namespace`` is one.
        renamed: old names of fields, for old clients.
        unsupported: what is said of other fields; ``{label}`` and ``{quoted}`` stand for the name.
    """

    own: Mapping[str, Source] = field(default_factory=dict)
    has_namespace: bool = True
    renamed: Mapping[str, str] = field(default_factory=dict)
    unsupported: str = UNSUPPORTED

    def fields(self, object: Mapping[str, Any]) -> dict[str, str]:
        """The selectable fields of an object: what a `FieldSelector` matches against."""
        meta = object.get("metadata") or {}
        found = {name: source.text(object) for name, source in self.own.items()}
        found[NAME] = meta.get("name") or ""
        found[NAMESPACE] = meta.get("namespace") or ""
        return found

    def check(self, selector: FieldSelector) -> FieldSelector:
        """The selector, with fields by their present names.

        Raises:
            BadSelector: it names a field that cannot be selected by.
        """
        needs = tuple(
            replace(need, field=self.renamed.get(need.field, need.field))
            for need in selector.requirements
        )
        for need in needs:
            if need.field not in self.own and not self._is_of_metadata(need.field):
                quoted = f'"{need.field}"'
                raise BadSelector(self.unsupported.format(label=need.field, quoted=quoted))
        return FieldSelector(needs)

    def _is_of_metadata(self, name: str) -> bool:
        return name == NAME or (name == NAMESPACE and self.has_namespace)


def selectable_of(resource: str) -> Selectable:
    """The selectable fields of a built-in resource: ``"pods"``, ``"jobs.batch"``."""
    return SELECTABLE.get(resource, DEFAULT)


def from_selectable_fields(
    selectable_fields: Iterable[Mapping[str, str]] | None, *, is_namespaced: bool
) -> Selectable:
    """The selectable fields of a version of a CRD.

    Args:
        selectable_fields: its ``selectableFields``, each with a ``jsonPath``.
        is_namespaced: the CRD's scope.

    Raises:
        BadPath: a ``jsonPath`` cannot be understood.
    """
    paths = [each["jsonPath"] for each in selectable_fields or ()]
    own = {path.removeprefix("."): Source((read_path(path),)) for path in paths}
    return Selectable(own, has_namespace=is_namespaced)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _at(*paths: str, missing: str = "") -> Source:
    return Source(tuple(read_path(f".{path}") for path in paths), missing)


def _here(*names: str) -> dict[str, Source]:
    """Fields that are found where their names say."""
    return {name: _at(name) for name in names}


DEFAULT = Selectable(
    unsupported=f'{{quoted}} is not a known field selector: only "{NAME}", "{NAMESPACE}"'
)
"""Resources with no fields of their own."""

_SIGNER = Selectable(_here("spec.signerName"), has_namespace=False)
_REPLICAS = Selectable({"status.replicas": _at("status.replicas", missing="0")})

_EVENTS = Selectable(
    {
        f"involvedObject.{part}": _at(f"involvedObject.{part}", f"regarding.{part}")
        for part in (
            "kind",
            "namespace",
            "name",
            "uid",
            "apiVersion",
            "resourceVersion",
            "fieldPath",
        )
    }
    | _here("reason", "type")
    | {
        "reportingComponent": _at("reportingComponent", "reportingController"),
        "source": _at(
            "source.component",
            "deprecatedSource.component",
            "reportingComponent",
            "reportingController",
        ),
    }
)

_PODS = Selectable(
    _here(
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.phase",
        "status.nominatedNodeName",
    )
    | {
        "spec.hostNetwork": _at("spec.hostNetwork", missing="false"),
        "status.podIP": _at("status.podIPs[0].ip", "status.podIP"),
        # It may be asked for, and no pod has it: so it is in Kubernetes.
        "status.podIPs": Source(()),
    },
    renamed={"spec.host": "spec.nodeName"},
)

SELECTABLE = MappingProxyType(
    {
        "pods": _PODS,
        "nodes": Selectable(
            {"spec.unschedulable": _at("spec.unschedulable", missing="false")}, has_namespace=False
        ),
        "namespaces": Selectable(_here("status.phase"), has_namespace=False),
        "secrets": Selectable(_here("type")),
        "services": Selectable(_here("spec.clusterIP", "spec.type")),
        "events": _EVENTS,
        "events.events.k8s.io": _EVENTS,
        "replicationcontrollers": _REPLICAS,
        "jobs.batch": Selectable(
            {"status.successful": _at("status.succeeded", missing="0")},
            unsupported="field label {quoted} not supported for Job",
        ),
        "certificatesigningrequests.certificates.k8s.io": _SIGNER,
        "clustertrustbundles.certificates.k8s.io": _SIGNER,
        "podcertificaterequests.certificates.k8s.io": Selectable(
            _here("spec.signerName", "spec.podName", "spec.nodeName")
        ),
        "resourceslices.resource.k8s.io": Selectable(
            _here("spec.nodeName", "spec.driver"),
            has_namespace=False,
            unsupported="field label not supported for resource.k8s.io/v1, Kind=ResourceSlice:"
            " {label}",
        ),
    }
)
"""The resources that have fields of their own, by the name that the store has for them."""
