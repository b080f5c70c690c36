"""Which resources are served: Kubernetes' own (`builtin.py`), and those that CRDs add.

Knows nothing about requests. A resource is found by group, version and plural.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import builtin
from labkit.cluster.embedded.apiserver.conversion import Conversion, conversion
from labkit.cluster.embedded.apiserver.kinds import Kind, kind_of
from labkit.cluster.embedded.apiserver.kinds.selectable import (
    Selectable,
    from_selectable_fields,
    selectable_of,
)
from labkit.cluster.embedded.apiserver.kinds.tables import Table, from_printer_columns, table_of
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.schema import Type

DEPRECATED = {
    ("", "v1", "endpoints"): (
        "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
    ),
}
"""What every client of what is built in is told. Source: `zz_generated.prerelease-lifecycle.go`."""


@dataclass(frozen=True, slots=True)
class Subresource:
    """A part of a resource with a path of its own, such as `deployments/scale`."""

    name: str
    group: str
    version: str
    kind: str
    verbs: tuple[str, ...]


@dataclass(frozen=True)
class Resource:
    """One resource in one version.

    Attributes:
        storage: the resource of its keys in the store: what all versions share.
        type: the schema of its objects; None where objects may be anything.
        crd: the definition that it comes from; None for those built in.
    """

    group: str
    version: str
    plural: str
    kind: str
    singular: str
    is_namespaced: bool
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = builtin.USUAL
    subresources: dict[str, Subresource] = field(default_factory=dict)
    storage: str = ""
    type: Type | None = None
    crd: Any = None

    @cached_property
    def api_version(self) -> str:
        """`v1`, or `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @cached_property
    def qualified(self) -> str:
        """`pods`, or `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @cached_property
    def rules(self) -> Kind:
        """What is particular to the kind."""
        if self.crd is not None:
            from labkit.cluster.embedded.apiserver.customkinds import custom_kind

            return custom_kind(self)
        return kind_of(self.storage, is_namespaced=self.is_namespaced)

    @cached_property
    def table(self) -> Table:
        """Its columns."""
        if self.crd is not None:
            return from_printer_columns(self.crd_version.get("additionalPrinterColumns"))
        return table_of(self.qualified)

    @cached_property
    def selectable(self) -> Selectable:
        """What field selectors may name."""
        if self.crd is not None:
            said = self.crd_version.get("selectableFields")
            return from_selectable_fields(said, is_namespaced=self.is_namespaced)
        return selectable_of(self.storage)

    @cached_property
    def selectable_paths(self) -> tuple[str, ...]:
        """The paths of a custom resource's own fields that field selectors may name."""
        said = self.crd_version.get("selectableFields") if self.crd is not None else None
        return tuple(one["jsonPath"] for one in said or ())

    @cached_property
    def not_settable(self) -> tuple[str, ...]:
        """What an ordinary write cannot set, so nobody gets to manage it by one."""
        return ("status",) if "status" in self.subresources else ()

    @cached_property
    def crd_version(self) -> dict[str, Any]:
        """What a definition says of this version."""
        versions = self.crd["spec"]["versions"]
        return next(one for one in versions if one["name"] == self.version)

    @cached_property
    def stored_version(self) -> str:
        """The version that a definition stores; of what is built in, its own."""
        versions = self.crd["spec"]["versions"] if self.crd is not None else ()
        return next((str(one["name"]) for one in versions if one.get("storage")), self.version)

    @cached_property
    def deprecation(self) -> str:
        """What every answer of a resource on its way out warns of, or nothing."""
        if self.crd is None:
            return DEPRECATED.get((self.group, self.version, self.plural), "")
        if not self.crd_version.get("deprecated"):
            return ""
        said = self.crd_version.get("deprecationWarning")
        return str(said or f"{self.group}/{self.version} {self.kind} is deprecated")

    @cached_property
    def needs_revision(self) -> bool:
        """Whether an update has to say which revision it changes."""
        return self.crd is not None or self.storage in NEEDS_REVISION

    @cached_property
    def is_created_by_update(self) -> bool:
        """Whether a PUT of what is not there makes it."""
        return self.crd is None and self.storage in CREATED_BY_UPDATE

    @cached_property
    def conversion(self) -> Conversion | None:
        """From how it is stored to this version, where that is another."""
        if self.crd is not None:
            from labkit.cluster.embedded.apiserver.customresources import conversion_of

            return conversion_of(self)
        return conversion(self.group, self.version, self.plural)

    def storage_key(self, key: Key) -> str:
        """Where Kubernetes keeps an object in etcd, as its messages say."""
        has_folder = self.crd is not None or self.group in WITH_FOLDERS
        folder = f"{self.group}/{self.plural}" if has_folder else self.plural
        parts = ("/registry", FOLDERS.get(folder, folder), key.namespace, key.name)
        return "/".join(part for part in parts if part)

    def key(self, namespace: str, name: str) -> Key:
        """The key of an object: a resource that is in no namespace has none in its keys."""
        return Key(self.storage, namespace if self.is_namespaced else "", name)

    @cached_property
    def list_kind(self) -> str:
        """The kind of a list of them."""
        if self.crd is not None:
            return str(self.crd["spec"]["names"].get("listKind") or f"{self.kind}List")
        return f"{self.kind}List"


CREATED_BY_UPDATE = frozenset(
    {
        *("endpoints", "events", "leases.coordination.k8s.io", "limitranges", "services"),
        *("roles.rbac.authorization.k8s.io", "clusterroles.rbac.authorization.k8s.io"),
        *("rolebindings.rbac.authorization.k8s.io", "runtimeclasses.node.k8s.io"),
        "clusterrolebindings.rbac.authorization.k8s.io",
    }
)
NEEDS_REVISION = frozenset(
    {
        *("apiservices.apiregistration.k8s.io", "customresourcedefinitions.apiextensions.k8s.io"),
        *("leases.coordination.k8s.io", "poddisruptionbudgets.policy"),
        *("csidrivers.storage.k8s.io", "csinodes.storage.k8s.io"),
        *("csistoragecapacities.storage.k8s.io", "volumeattachments.storage.k8s.io"),
        *("runtimeclasses.node.k8s.io", "validatingadmissionpolicies.admissionregistration.k8s.io"),
        "mutatingadmissionpolicies.admissionregistration.k8s.io",
        "mutatingadmissionpolicybindings.admissionregistration.k8s.io",
        "mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "validatingwebhookconfigurations.admissionregistration.k8s.io",
    }
)


FOLDERS = {
    "endpoints": "services/endpoints",
    "ingresses": "ingress",
    "nodes": "minions",
    "services": "services/specs",
}
"""Names by which etcd has some resources. Source: `pkg/kubeapiserver/default_storage_factory.go`,
and the resources' own storage."""
WITH_FOLDERS = ("apiextensions.k8s.io", "apiregistration.k8s.io")
"""Groups that are a folder in etcd: those of servers that are built into the main one."""


class Registry:
    """The resources that are served now."""

    def __init__(self, resources: Iterator[Resource]) -> None:
        self._all: dict[tuple[str, str, str], Resource] = {}
        self._versions: dict[str, list[str]] = {}
        self._built_in: set[tuple[str, str]] = set()
        for one in resources:
            self.add(one)
            if one.crd is None:
                self._built_in.add((one.group, one.version))

    def add(self, resource: Resource) -> None:
        """Serves a resource from now on, in the place of one of the same name."""
        self._all[resource.group, resource.version, resource.plural] = resource
        versions = self._versions.setdefault(resource.group, [])
        if resource.version not in versions:
            versions.append(resource.version)
            if resource.crd is not None:
                versions.sort(key=version_order)

    def remove(self, group: str, plural: str) -> None:
        """Serves none of the versions of a resource any longer."""
        for key in [key for key in self._all if (key[0], key[2]) == (group, plural)]:
            del self._all[key]
        left = {version for other, version, _ in self._all if other == group}
        self._versions[group] = [one for one in self._versions.get(group, ()) if one in left]
        if not self._versions[group]:
            del self._versions[group]

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource, or None."""
        return self._all.get((group, version, plural))

    def serves(self, group: str, version: str) -> bool:
        """Whether anything is served in this version of the group."""
        return version in self._versions.get(group, ())

    def is_built_in(self, group: str, version: str) -> bool:
        """Whether this version of the group is one that needs no definition."""
        return (group, version) in self._built_in

    def stored(self, resource: Resource) -> Resource:
        """The resource in the version that is stored."""
        if resource.conversion is None:
            return resource
        return self._all[*resource.conversion.stored, resource.plural]

    def groups(self) -> dict[str, list[str]]:
        """The versions of each group, the preferred one first."""
        return {group: list(versions) for group, versions in self._versions.items()}

    def of(self, group: str, version: str) -> list[Resource]:
        """The resources of one version of a group, by name."""
        found = [one for key, one in self._all.items() if key[:2] == (group, version)]
        return sorted(found, key=lambda one: one.plural)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._all.values())


def version_order(version: str) -> tuple[int, int, int, str]:
    """Sorts v2 before v1, v1 before v1beta2, and what is no such name last."""
    import re

    match = re.fullmatch(r"v(\d+)(?:(alpha|beta)(\d+))?", version)
    if not match:
        return (3, 0, 0, version)
    major, stage, minor = match.groups()
    rank = {None: 0, "beta": 1, "alpha": 2}[stage]
    return (rank, -int(major), -int(minor or 0), version)


def builtin_resources() -> Iterator[Resource]:
    """What Kubernetes itself serves."""
    from labkit.cluster.embedded.schema import builtin as builtin_definitions

    definitions = builtin_definitions()
    group = version = ""
    for line in builtin.TABLE.strip().splitlines():
        if not line.startswith(" "):
            group, _, version = line.rpartition("/")
            continue
        kind = line.split()[1].rstrip("*")
        yield _from_line(line, group, version, definitions.kind(group, version, kind))


def _from_line(line: str, group: str, version: str, of_kind: Type | None) -> Resource:
    plural, kind, short, categories, parts, *verbs = line.split()
    name = kind.rstrip("*")
    storage = f"{plural}.{group}" if group else plural
    return Resource(
        group=group,
        version=version,
        plural=plural,
        kind=name,
        singular=name.lower(),
        is_namespaced=not kind.endswith("*"),
        short_names=_words(short),
        categories=_words(categories),
        verbs=_words(verbs[0]) if verbs else builtin.USUAL,
        subresources={part: _subresource(part, group, version, name) for part in _words(parts)},
        storage=builtin.STORED_AS.get(f"{group}/{version}/{plural}", storage),
        type=of_kind,
    )


def _subresource(name: str, group: str, version: str, kind: str) -> Subresource:
    of_group, of_version, of_kind, verbs = builtin.SUBRESOURCES[name]
    of_kind = of_kind.replace("*", kind)
    return Subresource(
        name, of_group if of_kind else group, of_version or version, of_kind or kind, verbs
    )


def _words(text: str) -> tuple[str, ...]:
    return () if text == "-" else tuple(text.split(","))
