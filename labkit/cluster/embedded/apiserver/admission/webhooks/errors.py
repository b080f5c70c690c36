"""What can go wrong with a webhook, and how the API says so."""

from __future__ import annotations

from typing import Any

from labkit.cluster.embedded.apiserver import status

LEAST_CODE = 400
"""Of a refusal: a webhook that refuses with 200 has not thought of it."""


class CallFailed(Exception):
    """A webhook gave no answer that can be used. Its `failurePolicy` says what follows.

    Args:
        webhook: its name.
        why: such as `failed to call webhook: …`.
    """

    def __init__(self, webhook: str, why: str) -> None:
        super().__init__(f'failed calling webhook "{webhook}": {why}')

    def as_api_error(self) -> status.ApiError:
        """500, as it is said when the policy is Fail."""
        return status.internal_error(str(self))


def denied(webhook: str, result: dict[str, Any]) -> status.ApiError:
    """What a webhook has refused, with its own code, reason and words.

    Args:
        webhook: its name.
        result: the `status` of its response; may be empty.
    """
    words = f'admission webhook "{webhook}" denied the request'
    said = result.get("message") or result.get("reason")
    words += f": {said}" if said else " without explanation"
    code = max(int(result.get("code") or 0), LEAST_CODE)
    return status.ApiError(code, result.get("reason") or "", words, result.get("details"))
