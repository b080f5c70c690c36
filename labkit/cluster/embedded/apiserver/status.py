"""Every error of the API, as the API says it: a `Status` object and its HTTP code.

Knows nothing about sockets. The words are those of Kubernetes' `apimachinery/pkg/api/errors`, for
clients compare them, and learners look them up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

HAS_CHANGED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)

PART_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can "
    "start a new list without the continue parameter, or use the continue token in this response "
    "to retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)


class StatusCause(NamedTuple):
    """One of several reasons: which field, and what is wrong with it."""

    reason: str
    message: str
    field: str = ""


class Refusal(Protocol):
    """What authorization raises."""

    group: str
    resource: str
    name: str


class ApiError(Exception):
    """An answer that is an error.

    Args:
        code: the HTTP code.
        reason: a word of `metav1.StatusReason`; empty where Kubernetes has none.
        message: what a person reads.
        details: `name`, `group`, `kind`, `uid`, `causes`, `retryAfterSeconds`, as they apply.

    Attributes:
        warnings: what the answer warns of besides.
        token: by which a list may go on all the same.
    """

    def __init__(
        self, code: int, reason: str, message: str, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.details = code, reason, message, details
        self.warnings: list[str] = []
        self.token = ""

    def to_status(self) -> dict[str, Any]:
        """The `Status` object, in the order in which Kubernetes writes it."""
        status: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}}
        if self.token:
            status["metadata"] = {"continue": self.token}
        status |= {"status": "Failure", "message": self.message}
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        return status | {"code": self.code}


def success(details: dict[str, Any] | None = None, code: int = 0) -> dict[str, Any]:
    """The `Status` of what went well and has no object to show, such as most deletions.

    Args:
        details: what it was about.
        code: of HTTP; 0 where Kubernetes leaves it out.
    """
    status: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}}
    status["status"] = "Success"
    if details:
        status["details"] = details
    return status | {"code": code} if code else status


def _about(group: str, kind: str, name: str = "") -> dict[str, Any]:
    """Details: in them `kind` is a resource, such as `pods`, by an old habit of the API."""
    parts = {"name": name, "group": group, "kind": kind}
    return {key: value for key, value in parts.items() if value}


def qualified(group: str, resource: str) -> str:
    """`pods`, or `deployments.apps`."""
    return f"{resource}.{group}" if group else resource


def bad_request(message: str) -> ApiError:
    """400: what was sent cannot be read."""
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    """401: nobody knows who asks."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(group: str, resource: str, name: str, why: str) -> ApiError:
    """403: who asks may not, or what is asked may not be."""
    what = qualified(group, resource)
    subject = f'{what} "{name}" is forbidden' if name else f"{what} is forbidden"
    if not resource:
        subject = "forbidden"
    return ApiError(403, "Forbidden", f"{subject}: {why}", _about(group, resource, name))


def not_allowed(refusal: Refusal) -> ApiError:
    """403: what authorization refuses, in its own words."""
    details = _about(refusal.group, refusal.resource, refusal.name)
    return ApiError(403, "Forbidden", str(refusal), details)


def not_found(group: str, resource: str, name: str) -> ApiError:
    """404: no object of that name."""
    message = f'{qualified(group, resource)} "{name}" not found'
    return ApiError(404, "NotFound", message, _about(group, resource, name))


def no_such_resource() -> ApiError:
    """404: the group is served, and this resource is not of it."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def method_not_allowed() -> ApiError:
    """405: the path is served, and this method is not."""
    words = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", words, {})


def method_not_supported(group: str, resource: str, verb: str) -> ApiError:
    """405: the custom resource is served, and this verb (empty: one that is none) is not."""
    words = f'{verb} is not supported on resources of kind "{qualified(group, resource)}"'
    return ApiError(405, "MethodNotAllowed", words, _about(group, resource))


def not_acceptable(types: Sequence[str]) -> ApiError:
    """406: nothing that the client would take can be given."""
    message = f"only the following media types are accepted: {', '.join(types)}"
    return ApiError(406, "NotAcceptable", message)


def already_exists(group: str, resource: str, name: str, *, is_ending: bool = False) -> ApiError:
    """409: the name is taken, maybe by what waits for its finalizers."""
    message = f'{qualified(group, resource)} "{name}" already exists'
    if is_ending:
        message = f"object is being deleted: {message}"
    return ApiError(409, "AlreadyExists", message, _about(group, resource, name))


def conflict(group: str, resource: str, name: str, why: str = "") -> ApiError:
    """409: what was read before it was changed is not what is there."""
    why = why or HAS_CHANGED
    message = f'Operation cannot be fulfilled on {qualified(group, resource)} "{name}": {why}'
    return ApiError(409, "Conflict", message, _about(group, resource, name))


def other_uid(
    group: str, resource: str, name: str, wanted: str, found: str, *, key: str
) -> ApiError:
    """409: the object that is meant is not the one that is there, if there is one.

    Args:
        key: where the real one keeps the object.
    """
    why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
    words = f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0"
    return conflict(group, resource, name, f"{words}, AdditionalErrorMsg: {why}")


def apply_conflict(message: str, causes: Sequence[tuple[str, str]]) -> ApiError:
    """409: a field that is applied belongs to another manager."""
    found = [
        {"reason": "FieldManagerConflict", "message": words, "field": field}
        for field, words in causes
    ]
    return ApiError(409, "Conflict", message, {"causes": found})


def expired(message: str = "") -> ApiError:
    """410: the history that is asked for is no longer kept."""
    default = "The resourceVersion for the provided list is too old."
    return ApiError(410, "Expired", message or default)


def too_large() -> ApiError:
    """413: more than an object may have."""
    return ApiError(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728")


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    """415: a body that nobody here can read."""
    words = "the body of the request was in an unknown format - accepted media types include: "
    words += ", ".join(accepted)
    return ApiError(415, "UnsupportedMediaType", words)


def invalid(group: str, kind: str, name: str, causes: Sequence[StatusCause]) -> ApiError:
    """422: it can be read, and cannot be meant."""
    lines = (
        f"{cause.field}: {cause.message}" if cause.field else cause.message for cause in causes
    )
    words = list(dict.fromkeys(lines))  # the causes say it as often as it was found
    said = words[0] if len(words) == 1 else f"[{', '.join(words)}]"
    details = _about(group, kind, name)
    details["causes"] = [cause._asdict() for cause in causes]
    return ApiError(
        422, "Invalid", f'{qualified(group, kind)} "{name}" is invalid: {said}', details
    )


def too_many_requests(
    message: str, retry_after_s: int = 0, causes: Sequence[StatusCause] = ()
) -> ApiError:
    """429: later, perhaps; an eviction that a budget forbids is one."""
    details: dict[str, Any] = {}
    if causes:
        details["causes"] = [{k: v for k, v in cause._asdict().items() if v} for cause in causes]
    if retry_after_s:
        details["retryAfterSeconds"] = retry_after_s
    return ApiError(429, "TooManyRequests", message, details)


def internal_error(message: str) -> ApiError:
    """500: a fault of ours, or of a webhook."""
    details = {"causes": [{"message": message}]}
    return ApiError(500, "InternalError", f"Internal error occurred: {message}", details)


def revision_too_large(wanted: int, current: int) -> ApiError:
    """504: a revision that has not been yet."""
    message = f"Too large resource version: {wanted}, current: {current}"
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    return ApiError(
        504, "Timeout", f"Timeout: {message}", {"causes": causes, "retryAfterSeconds": 1}
    )
