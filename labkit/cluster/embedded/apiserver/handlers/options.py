"""What a client says of an answer's form, and of what it may see: `Accept`, selectors, revisions.

Knows nothing about storage.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.kinds.faults import shown

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.request import Request

ACCEPTED = (
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
)


@dataclass(frozen=True, slots=True)
class Form:
    """In which form objects are given.

    Attributes:
        shape: `""` for objects as they are, else `Table`, `PartialObjectMetadata`,
            `PartialObjectMetadataList`.
        version: of meta.k8s.io.
    """

    shape: str = ""
    version: str = "v1"
    is_yaml: bool = False


WHOLE = re.compile(r"[+-]?[0-9]{1,4000}")
"""A number, of no more digits than Python will read."""
LONGEST = 4000
PLAIN = Form()
SHAPES = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")


@lru_cache(maxsize=256)
def form_of(accept: str) -> Form:
    """The first form in an `Accept` header that can be given.

    Raises:
        ApiError: 406.
    """
    if not accept:
        return PLAIN
    for item in accept.split(","):
        media, *parameters = (part.strip() for part in item.split(";"))
        said = dict(part.partition("=")[::2] for part in parameters if "=" in part)
        form = _form(media.lower(), said)
        if form is not None:
            return form
    raise status.not_acceptable(ACCEPTED)


def is_yaml(accept: str) -> bool:
    """Whether the first form that can be given is YAML."""
    try:
        return form_of(accept) == Form(is_yaml=True)
    except status.ApiError:
        return False


def _form(media: str, said: dict[str, str]) -> Form | None:
    if media in ("application/json", "*/*", "application/*"):
        shape = said.get("as", "")
        if not shape:
            return PLAIN
        is_meta = said.get("g") == "meta.k8s.io" and said.get("v") in ("v1", "v1beta1")
        return Form(shape, said["v"]) if is_meta and shape in SHAPES else None
    if media == "application/yaml":
        shape = said.get("as", "")
        is_meta = said.get("g") == "meta.k8s.io" and said.get("v") in ("v1", "v1beta1")
        if not shape:
            return Form(is_yaml=True)
        return Form(shape, said["v"], is_yaml=True) if is_meta and shape in SHAPES else None
    return None


def number(request: Request, name: str) -> int | None:
    """A parameter that is a whole number, or None.

    Raises:
        ApiError: 400.
    """
    text = request.query.get(name)
    if text is None:
        return None
    if not WHOLE.fullmatch(text):
        why = "invalid syntax"
    elif -(2**63) <= (found := int(text)) < 2**63:
        return found
    else:
        why = "value out of range"
    raise status.bad_request(f"strconv.ParseInt: parsing {shown(text)}: {why}")


def list_revision(request: Request) -> int | None:
    """`resourceVersion` of a list, for which another is a bad request.

    Raises:
        ApiError: 400.
    """
    try:
        return revision(request)
    except status.ApiError as error:
        raise status.bad_request(f"invalid resource version: {error.message}") from None


def revision(request: Request) -> int | None:
    """`resourceVersion`, as a number; None where nothing is said.

    Raises:
        ApiError: 500, as the real one has it.
    """
    text = request.query.get("resourceVersion", "")
    if not text:
        return None
    try:
        return as_revision(text)
    except ValueError as error:
        words = f"resourceVersion: Invalid value: {shown(text)}: {error}"
        raise status.ApiError(500, "", words) from None


def as_revision(text: str) -> int:
    """A revision that was written out.

    Raises:
        ValueError: it is none; the text says why, as Go does.
    """
    is_number = text.isascii() and text.isdigit()
    if is_number and len(text) < LONGEST and (found := int(text)) < 2**64:
        return found
    why = "value out of range" if is_number else "invalid syntax"
    raise ValueError(f"strconv.ParseUint: parsing {shown(text)}: {why}")
