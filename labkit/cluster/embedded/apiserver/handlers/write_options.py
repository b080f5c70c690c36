"""What a write says of itself in its query: CreateOptions, UpdateOptions, PatchOptions.

Checked before anything is read. Source: apimachinery `pkg/apis/meta/v1/validation/validation.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers import options
from labkit.cluster.embedded.apiserver.kinds.faults import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labkit.cluster.embedded.apiserver.request import Request

LONGEST_MANAGER = 128
"""Bytes of a field manager's name."""
VALIDATIONS = ("", "Ignore", "Strict", "Warn")
KINDS = {"create": "CreateOptions", "update": "UpdateOptions", "patch": "PatchOptions"}
APPLY = "application/apply-patch+yaml"


def check(request: Request, accepted: Sequence[str]) -> None:
    """Refuses options that mean nothing.

    Args:
        request: whose they are.
        accepted: the formats of a body that can be read.

    Raises:
        ApiError: 422 with a cause for each; 406 or 415 where no answer or no body can be read.
    """
    kind = KINDS.get(request.verb)
    if kind is None:
        return
    dry = dry_run(request.dry_run)
    causes = [*_of_patch(request), *_of_manager(request), *dry, *_of_fields(request)]
    if causes:
        options.form_of(request.headers.get("Accept", ""))
        sent = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if sent not in accepted and (sent or request.verb == "patch"):
            raise status.unsupported_media_type(accepted)
        raise status.invalid("meta.k8s.io", kind, "", causes)


def dry_run(said: list[str]) -> Iterator[status.StatusCause]:
    """The cause against a `dryRun` that is not `All`: nothing would tell it from a real write."""
    if any(one != "All" for one in said):
        words = f'Unsupported value: {shown(said)}: supported values: "All"'
        yield status.StatusCause("FieldValueNotSupported", words, "dryRun")


def _of_patch(request: Request) -> Iterator[status.StatusCause]:
    if request.verb != "patch":
        return
    if request.headers.get("Content-Type", "").startswith(APPLY):
        if not request.query.get("fieldManager"):
            words = "Required value: is required for apply patch"
            yield status.StatusCause("FieldValueRequired", words, "fieldManager")
    elif "force" in request.query:
        words = "Forbidden: may not be specified for non-apply patch"
        yield status.StatusCause("FieldValueForbidden", words, "force")


def _of_manager(request: Request) -> Iterator[status.StatusCause]:
    said, field = request.query.get("fieldManager", ""), "fieldManager"
    if len(said.encode()) > LONGEST_MANAGER:
        words = f"Too long: may not be more than {LONGEST_MANAGER} bytes"
        yield status.StatusCause("FieldValueTooLong", words, field)
    for index, letter in enumerate(said):
        if not letter.isprintable():
            at = len(said[:index].encode())
            why = f"invalid character U+{ord(letter):04X} (at position {at})"
            words = f"Invalid value: {shown(said)}: {why}"
            yield status.StatusCause("FieldValueInvalid", words, field)


def _of_fields(request: Request) -> Iterator[status.StatusCause]:
    said = request.query.get("fieldValidation", "")
    if said not in VALIDATIONS:
        known = ", ".join(map(shown, VALIDATIONS))
        words = f"Unsupported value: {shown(said)}: supported values: {known}"
        yield status.StatusCause("FieldValueNotSupported", words, "fieldValidation")
