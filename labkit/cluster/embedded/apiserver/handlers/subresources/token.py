"""token: a token for a service account (TokenRequest)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.authentication import reviews
from labkit.cluster.embedded.apiserver.handlers import decode, read
from labkit.cluster.embedded.apiserver.handlers.answer import Answer, as_json
from labkit.cluster.embedded.apiserver.kinds.faults import shown
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request


async def create(api: Api, request: Request, resource: Resource) -> Answer:
    """Issues a token.

    Raises:
        ApiError: 400, 404, 409, 422.
    """
    sent = decode.read_body(request, "TokenRequest")
    decode.check_kind(sent, "authentication.k8s.io/v1", "TokenRequest")
    account = read.find(api, resource, request.namespace, request.name)

    def get(kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        record = api.store.get(Key(kind, namespace, name))
        return record.object if record else None

    try:
        return as_json(reviews.token_request(sent, account.object, api.tokens, get), 201)
    except reviews.InvalidReview as error:
        raise invalid_review("authentication.k8s.io", error) from None
    except reviews.BadReview as error:
        raise status.bad_request(str(error)) from None
    except reviews.Missing as error:
        raise status.not_found("", error.resource, error.name) from None
    except reviews.ReviewConflict as error:
        raise status.conflict("", error.resource, error.name, str(error)) from None


def invalid_review(group: str, error: Any) -> status.ApiError:
    """422 of a question that cannot be answered."""
    causes = []
    for fault in error.faults:
        words = f"Invalid value: {shown(fault.bad_value)}: {fault.message}"
        causes.append(status.StatusCause("FieldValueInvalid", words, fault.field))
    return status.invalid(group, error.kind, "", causes)
