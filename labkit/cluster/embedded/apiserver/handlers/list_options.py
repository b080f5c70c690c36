"""What a list or a watch says of which revision it wants: ListOptions.

Source: apimachinery `pkg/apis/meta/internalversion/validation/validation.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.kinds.faults import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.cluster.embedded.apiserver.request import Request

NOT_OLDER, EXACT = "NotOlderThan", "Exact"
MATCH, INITIAL = "resourceVersionMatch", "sendInitialEvents"


def check(request: Request) -> None:
    """Refuses what cannot be meant.

    Raises:
        ApiError: 422 with a cause for each.
    """
    causes = list((_of_watch if request.says("watch") else _of_list)(request))
    if causes:
        raise status.invalid("meta.k8s.io", "ListOptions", "", causes)


def _of_list(request: Request) -> Iterator[status.StatusCause]:
    match, revision = request.query.get(MATCH, ""), request.query.get("resourceVersion", "")
    if match:
        if not revision:
            yield _forbidden(MATCH, f"{MATCH} is forbidden unless resourceVersion is provided")
        if request.query.get("continue"):
            yield _forbidden(MATCH, f"{MATCH} is forbidden when continue is provided")
        if match not in (EXACT, NOT_OLDER):
            yield _not_supported(match, EXACT, NOT_OLDER, "")
        if match == EXACT and revision == "0":
            yield _forbidden(MATCH, f'{MATCH} "exact" is forbidden for resourceVersion "0"')
    if INITIAL in request.query:
        yield _forbidden(INITIAL, f"{INITIAL} is forbidden for list")


def _of_watch(request: Request) -> Iterator[status.StatusCause]:
    match, is_said = request.query.get(MATCH, ""), INITIAL in request.query
    if not match and not is_said and request.query.get("resourceVersion", "") in ("", "0"):
        match, is_said = NOT_OLDER, True  # a watch of old begins with what is there
    if is_said and match != NOT_OLDER:
        yield _forbidden(MATCH, f"{INITIAL} requires setting {MATCH} to {NOT_OLDER}")
    if not match:
        return
    if not is_said:
        yield _forbidden(MATCH, f"{MATCH} is forbidden for watch unless {INITIAL} is provided")
    if match != NOT_OLDER:
        yield _not_supported(match, NOT_OLDER)
    if request.query.get("continue"):
        yield _forbidden(MATCH, f"{MATCH} is forbidden when continue is provided")


def _forbidden(field: str, words: str) -> status.StatusCause:
    return status.StatusCause("FieldValueForbidden", f"Forbidden: {words}", field)


def _not_supported(said: str, *known: str) -> status.StatusCause:
    words = f"Unsupported value: {shown(said)}: supported values: {', '.join(map(shown, known))}"
    return status.StatusCause("FieldValueNotSupported", words, MATCH)
