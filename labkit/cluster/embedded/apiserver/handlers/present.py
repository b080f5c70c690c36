"""Objects in the form that a client asked for: as they are, as rows of a table, or metadata alone.

Knows nothing about storage. The bytes of a stored record are sent as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast

import orjson

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers.answer import JSON, YAML, Answer
from labkit.cluster.embedded.apiserver.handlers.options import PLAIN, Form, form_of
from labkit.cluster.embedded.apiserver.kinds.tables import Table, to_table
from labkit.cluster.embedded.schema import builtin
from labkit.cluster.embedded.store import Record

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request


META = "PartialObjectMetadata"
Include = Literal["Metadata", "Object", "None"]


class Presenter:
    """Gives objects of one resource in one form.

    Args:
        resource: whose objects they are.
        form: what the client takes.
        include: of a table's rows: `Metadata`, `Object` or `None`.

    Attributes:
        table: how they are printed, if it is not as the resource has it.
    """

    def __init__(self, resource: Resource, form: Form, include: Include = "Metadata") -> None:
        self.resource, self.form, self.include = resource, form, include
        self.table: Table | None = None
        self._convert = resource.conversion.shown if resource.conversion else None
        self._has_columns = True

    def without_columns(self) -> Presenter:
        """The same, whose tables leave out what their columns are; itself if it makes none."""
        if self.form.shape != "Table":
            return self
        other = Presenter(self.resource, self.form, self.include)
        other._has_columns = False
        return other

    @classmethod
    def for_request(cls, request: Request, resource: Resource) -> Presenter:
        """What the headers and the query of a request ask for.

        Raises:
            ApiError: 406, or 400 for an unknown `includeObject`.
        """
        include = request.query.get("includeObject", "")
        form = form_of(request.headers.get("Accept", ""))
        if form.shape == "Table" and include not in ("", "None", "Metadata", "Object"):
            why = f'includeObject: Invalid value: "{include}"'
            words = f"Unable to convert to Table as requested: {why}: must be 'Metadata', 'Object',"
            raise status.bad_request(f"{words} 'None', or empty")
        return cls(resource, form, cast(Include, include or "Metadata"))

    def check_number(self, *, is_list: bool) -> None:
        """Refuses the metadata of one object where many are given, and the other way round.

        Source: apiserver `pkg/endpoints/handlers/response.go`.

        Raises:
            ApiError: 406; 500 for one custom resource, as the real one has it.
        """
        wanted = META if is_list else f"{META}List"
        if self.form.shape != wanted:
            return
        resource, is_custom = self.resource, self.resource.crd is not None
        if is_custom and not is_list:
            raise status.ApiError(500, "", "content is not a list")
        of = resource.group.partition(".")[0] or "core"
        kind = "unstructured.Unstructured" if is_custom else f"{of}.{resource.kind}"
        object_is = f"a list (*{kind}List)" if is_list else f"not a list (*{kind})"
        words = f"you requested {wanted}, but the requested object is {object_is}"
        raise status.ApiError(406, "NotAcceptable", words)

    @property
    def key(self) -> tuple[str, str, Form, str]:
        """Two presenters with the same key give the same bytes."""
        resource = self.resource
        return (resource.qualified, resource.version, self.form, self.include)

    def one(self, record: Record) -> bytes:
        """A stored object."""
        if self.form is PLAIN and self._convert is None:
            return record.data
        return self.of_object(self.shown(record))

    def shown(self, record: Record) -> dict[str, Any]:
        """A stored object, in the words of this version."""
        return record.object if self._convert is None else self._convert(record.object)

    def written(self, made: Record | dict[str, Any]) -> bytes:
        """What a write has made: a record, or an object that is not to be stored."""
        if isinstance(made, Record):
            return self.one(made)
        return self.of_object(made if self._convert is None else self._convert(made))

    def of_object(self, value: dict[str, Any]) -> bytes:
        """An object, stored or not."""
        if self.form.shape == "Table":
            revision = str(value["metadata"].get("resourceVersion", ""))
            return self._bytes(self._table([value], revision))
        return self._bytes(self._metadata(value) if self.form.shape else value)

    def of_status(self, value: dict[str, Any], warnings: Sequence[str]) -> Answer:
        """What went well and has no object to show: in no other shape than its own."""
        return self.answer(in_form(value, self.form), 200, warnings)

    def _bytes(self, value: Any) -> bytes:
        return in_form(value, self.form)

    def many(
        self,
        records: Sequence[Record],
        revision: int,
        token: str = "",
        remaining: int | None = None,
    ) -> bytes:
        """A list, with the token for the rest of it and how many that rest has."""
        about: dict[str, Any] = {"resourceVersion": str(revision)}
        if self.resource.crd is not None and not self.form.shape:
            about["continue"] = ""  # a list of no known type has all of its metadata
        if token:
            about["continue"] = token
            if remaining is not None:
                about["remainingItemCount"] = remaining
        if self.form.shape == "Table":
            table = self._table([self.shown(one) for one in records], str(revision))
            return self._bytes(table | {"metadata": about})
        if self.form.shape:
            items = [self._metadata(self.shown(one)) for one in records]
            kind, version = f"{META}List", f"meta.k8s.io/{self.form.version}"
            head = {"kind": kind, "apiVersion": version, "metadata": about}
            return self._bytes(head | {"items": items or None})
        head = {"kind": self.resource.list_kind, "apiVersion": self.resource.api_version}
        if self.form.is_yaml:
            said = () if self.resource.crd else ("kind", "apiVersion")
            shown = map(self.shown, records)
            items = [{name: one[name] for name in one if name not in said} for one in shown]
            return in_form(head | {"metadata": about, "items": items}, self.form)
        start = orjson.dumps(head | {"metadata": about})[:-1]
        return b'%b,"items":[%b]}\n' % (start, b",".join(map(self._item, records)))

    def _item(self, record: Record) -> bytes:
        """What is in a list of a built-in kind does not say its kind again."""
        data = self.one(record)
        is_said = self.resource.crd is None and data.startswith(self._type)
        return b"{" + data[len(self._type) :] if is_said else data

    @cached_property
    def _type(self) -> bytes:
        """How each object begins (`stamp.in_order`)."""
        says = {"kind": self.resource.kind, "apiVersion": self.resource.api_version}
        return orjson.dumps(says)[:-1] + b","

    def answer(self, body: bytes, code: int = 200, warnings: Sequence[str] = ()) -> Answer:
        """The bytes, with the type that belongs to them."""
        kind = YAML if self.form.is_yaml else JSON
        return Answer(code, body, kind, list(warnings))

    def _table(self, objects: Sequence[dict[str, Any]], revision: str) -> dict[str, Any]:
        table = to_table(
            self.table or self.resource.table,
            objects,
            datetime.now(UTC),
            include=self.include,
            resource_version=revision,
            version=self.form.version,
            describe=_describe,
        )
        return table if self._has_columns else table | {"columnDefinitions": None}

    def _metadata(self, value: dict[str, Any]) -> dict[str, Any]:
        version = f"meta.k8s.io/{self.form.version}"
        return {
            "kind": META,
            "apiVersion": version,
            "metadata": value["metadata"],
        }


def in_form(value: Any, form: Form) -> bytes:
    """JSON, or YAML."""
    if not form.is_yaml:
        return orjson.dumps(value)
    from labkit.cluster.embedded.apiserver.handlers.yaml_answers import as_yaml

    return as_yaml(value)


def _describe(definition: str, field: str) -> str:
    return builtin().describe(definition).get(field, "")
