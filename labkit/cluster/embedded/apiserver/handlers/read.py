"""get and list.

A read is the record's own bytes. A list that is given in parts is a list of one revision, however
much is written meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers import list_options, options, tokens
from labkit.cluster.embedded.apiserver.handlers.present import Presenter
from labkit.cluster.embedded.apiserver.selectors import (
    BadSelector,
    FieldSelector,
    LabelSelector,
    parse_fields,
    parse_labels,
)
from labkit.cluster.embedded.store import Compacted

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.handlers.answer import Answer
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request
    from labkit.cluster.embedded.store import Record


@dataclass(frozen=True)
class Selection:
    """Which objects of a resource are meant, by namespace, labels and fields."""

    resource: Resource
    namespace: str | None
    labels: LabelSelector | None
    fields: FieldSelector | None

    def matches(self, value: dict[str, Any]) -> bool:
        """Whether an object is among them; its namespace is not looked at."""
        about = value["metadata"]
        if self.labels is not None and not self.labels.matches(about.get("labels") or {}):
            return False
        if self.fields is None:
            return True
        return self.fields.matches(self.resource.selectable.fields(value))

    @property
    def is_all(self) -> bool:
        """Whether neither labels nor fields are asked for."""
        return self.labels is None and self.fields is None

    @property
    def name(self) -> str | None:
        """The one name that is asked for, if it is one."""
        return self.fields.equalities.get("metadata.name") if self.fields else None

    @property
    def is_one(self) -> bool:
        """Whether no more than one object can be meant, by its name and its namespace."""
        return self.name is not None and bool(self.namespace or not self.resource.is_namespaced)

    @property
    def node(self) -> str | None:
        """The one node whose pods are asked for."""
        if self.fields is None or self.resource.storage != "pods":
            return None
        return self.fields.equalities.get("spec.nodeName") or None  # no index has those of none


def selection(request: Request, resource: Resource) -> Selection:
    """What the selectors of a list or a watch mean, when all that it says has been looked at.

    Raises:
        ApiError: 400, 422.
    """
    for name in ("timeoutSeconds", "limit"):
        options.number(request, name)
    labels, fields = request.query.get("labelSelector"), request.query.get("fieldSelector")
    try:
        by_labels = parse_labels(labels) if labels else None
        by_fields = parse_fields(fields) if fields else None
        list_options.check(request)
        by_fields = resource.selectable.check(by_fields) if by_fields else None
    except BadSelector as error:
        raise status.bad_request(str(error)) from None
    if by_labels is not None and by_labels.is_everything:
        by_labels = None
    if by_fields is not None and by_fields.is_everything:
        by_fields = None
    namespace = request.namespace or None if resource.is_namespaced else None
    return Selection(resource, namespace, by_labels, by_fields)


def get(api: Api, request: Request, resource: Resource) -> Answer:
    """One object.

    Raises:
        ApiError: 404, 500 for a revision that is none, 504 for one that has not been.
    """
    presenter = Presenter.for_request(request, resource)
    wanted = options.revision(request) or 0
    if wanted > api.store.revision:
        raise status.revision_too_large(wanted, api.store.revision)
    record = find(api, resource, request.namespace, request.name)
    presenter.check_number(is_list=False)
    return presenter.answer(presenter.one(record))


def find(api: Api, resource: Resource, namespace: str, name: str) -> Record:
    """A stored object.

    Raises:
        ApiError: 404.
    """
    record = api.store.get(resource.key(namespace, name))
    if record is None:
        raise status.not_found(resource.group, resource.plural, name)
    return record


def list_(api: Api, request: Request, resource: Resource) -> Answer:
    """Many objects, of one revision.

    Raises:
        ApiError: 400, 410 for a revision that is gone, 504 for one that has not been.
    """
    presenter = Presenter.for_request(request, resource)
    found = page(api, request, selection(request, resource))
    presenter.check_number(is_list=True)
    return presenter.answer(presenter.many(*found))


class Page(NamedTuple):
    """Some of the objects that are meant.

    Attributes:
        records: they.
        revision: of which revision they are.
        token: by which the rest of them is got; empty where there is none.
        remaining: how many the rest has, where that is told.
    """

    records: list[Record]
    revision: int
    token: str = ""
    remaining: int | None = None


def page(api: Api, request: Request, chosen: Selection) -> Page:
    """The objects that a request asks for: all, or as many as it takes at a time.

    Raises:
        ApiError: 400, 410 for a revision that is gone, 504 for one that has not been.
    """
    limit = options.number(request, "limit") or 0
    if request.query.get("resourceVersion") == "0":
        limit = 0  # what any revision will do for comes from a cache, which gives all it has
    said = request.query.get("continue", "")
    if said and not chosen.is_one:
        revision, records = _rest(api, request, chosen, tokens.read_token(said))
    else:
        revision, records = _first(api, request, chosen, is_limited=limit > 0)
    if not 0 < limit < len(records):
        return Page(records, revision)
    rest, records = len(records) - limit, records[:limit]
    key = records[-1].key
    start = key.name if chosen.namespace or not key.namespace else f"{key.namespace}/{key.name}"
    token = str(tokens.Token(revision, f"{start}\0"))
    return Page(records, revision, token, rest if chosen.is_all else None)


def _rest(
    api: Api, request: Request, chosen: Selection, token: tokens.Token
) -> tuple[int, list[Record]]:
    if options.list_revision(request):
        raise status.bad_request("specifying resource version is not allowed when using continue")
    revision = token.revision if token.revision > 0 else api.store.revision
    if revision > api.store.revision:
        raise status.revision_too_large(revision, api.store.revision)
    try:
        records = _at(api, chosen, revision)
    except status.ApiError as error:
        error.message = status.PART_EXPIRED
        error.token = str(tokens.Token(tokens.LATEST, token.start))
        raise
    namespace, name = chosen.namespace or "", token.start
    if chosen.resource.is_namespaced and not namespace:
        namespace, _, name = name.partition("/")
    start = (namespace, name)
    return revision, [one for one in records if (one.key.namespace, one.key.name) >= start]


def _first(
    api: Api, request: Request, chosen: Selection, *, is_limited: bool
) -> tuple[int, list[Record]]:
    wanted = options.list_revision(request) or 0
    match = request.query.get(list_options.MATCH, "")
    if wanted > api.store.revision:
        raise status.revision_too_large(wanted, api.store.revision)
    if match == list_options.EXACT or (is_limited and wanted and not match and not chosen.is_one):
        return wanted, _at(api, chosen, wanted)
    return api.store.revision, present(api, chosen)


def present(api: Api, chosen: Selection) -> list[Record]:
    """Those that there are now, through the index that fits best."""
    resource, store = chosen.resource, api.store
    if chosen.is_one and chosen.name is not None:
        one = store.get(resource.key(chosen.namespace or "", chosen.name))
        return [one] if one is not None and chosen.matches(one.object) else []
    equal = chosen.labels.equalities if chosen.labels else None
    records = store.list(resource.storage, chosen.namespace, labels=equal or None, node=chosen.node)
    return records if chosen.is_all else filtered(records, chosen.matches)


def filtered(records: list[Record], matches: Callable[[dict[str, Any]], bool]) -> list[Record]:
    """Those whose objects match."""
    return [one for one in records if matches(one.object)]


def _at(api: Api, chosen: Selection, revision: int) -> list[Record]:
    try:
        records = api.store.at(revision).list(chosen.resource.storage, chosen.namespace)
    except Compacted:
        raise status.expired() from None
    return filtered(records, chosen.matches)
