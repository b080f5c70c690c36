"""Questions that are asked as objects: may I, whose token, who am I. Nothing is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.authentication import reviews as of_tokens
from labkit.cluster.embedded.apiserver.authorization import reviews as of_access
from labkit.cluster.embedded.apiserver.handlers import decode
from labkit.cluster.embedded.apiserver.handlers.answer import Answer, as_json
from labkit.cluster.embedded.apiserver.handlers.subresources.token import invalid_review

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request

GROUPS = ("authentication.k8s.io", "authorization.k8s.io")


async def create(api: Api, request: Request, resource: Resource) -> Answer:
    """Answers a question.

    Raises:
        ApiError: 400, 422.
    """
    sent = decode.read_body(request, resource.kind)
    decode.check_kind(sent, resource.api_version, resource.kind)
    decode.check_types(request, sent, resource.type, resource.kind)
    warnings = decode.check_fields(request, sent, resource.type, resource.kind)
    sent.setdefault("metadata", {})
    try:
        answer = _answer(api, request, resource.kind, sent)
    except of_tokens.BadReview as error:
        raise status.bad_request(str(error)) from None
    except of_tokens.InvalidReview as error:
        error.kind = ""  # such an object, once it is decoded, does not say its kind
        raise invalid_review(resource.group, error) from None
    return as_json(answer, 201, warnings)


def _answer(api: Api, request: Request, kind: str, sent: dict[str, Any]) -> dict[str, Any]:
    user = request.user
    assert user is not None
    match kind:
        case "TokenReview":
            return of_tokens.token_review(sent, api.authenticator)
        case "SelfSubjectReview":
            return of_tokens.self_subject_review(sent, user)
        case "SelfSubjectAccessReview":
            return of_access.self_subject_access_review(sent, api.authorizer, user)
        case "SubjectAccessReview":
            return of_access.subject_access_review(sent, api.authorizer)
        case "LocalSubjectAccessReview":
            return of_access.local_subject_access_review(sent, api.authorizer, request.namespace)
    return of_access.self_subject_rules_review(sent, api.authorizer, user)
