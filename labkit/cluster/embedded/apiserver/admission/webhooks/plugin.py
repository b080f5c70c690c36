"""In which order webhooks are asked, and what becomes of their answers.

Mutating webhooks are asked one after the other, by the name of their configuration: each sees what
those before it have changed. Validating webhooks are asked all at once.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.admission.changing import NoObject, put
from labkit.cluster.embedded.apiserver.admission.plugin import Rule, refuse
from labkit.cluster.embedded.apiserver.admission.webhooks import review
from labkit.cluster.embedded.apiserver.admission.webhooks.calling import Caller, NotReached
from labkit.cluster.embedded.apiserver.admission.webhooks.errors import CallFailed, denied
from labkit.cluster.embedded.apiserver.admission.webhooks.matching import matched
from labkit.cluster.embedded.apiserver.patches import BadPatch, json_patch
from labkit.cluster.embedded.store import thaw

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt
    from labkit.cluster.embedded.apiserver.registry import Resource

Object = dict[str, Any]


class Webhook(NamedTuple):
    """One webhook of one configuration."""

    id: str
    said: Object

    @property
    def name(self) -> str:
        """As its configuration calls it."""
        return str(self.said["name"])

    @property
    def is_ignored_when_it_fails(self) -> bool:
        """Whether a write goes on when the webhook gives no answer."""
        return bool(self.said.get("failurePolicy") == "Ignore")


class Webhooks(Rule):
    """What both sorts share: finding webhooks, asking them."""

    storage = ""
    may_change = False

    def __init__(self) -> None:
        from labkit.cluster.embedded.apiserver.admission.expressions import Scenes

        self._caller, self._scenes = Caller(), Scenes()

    async def close(self) -> None:
        """Ends its connections."""
        await self._caller.close()

    def _all(self, attempt: Attempt) -> list[Webhook]:
        return [
            Webhook(f"{record.key.name}/{said['name']}", said)
            for record in attempt.api.store.list(self.storage)
            for said in record.object.get("webhooks") or ()
        ]

    def _meant(self, attempt: Attempt, webhook: Webhook) -> Resource | None:
        """The resource as the webhook wants to see it; None when it is not asked.

        Raises:
            ApiError: 403 for conditions that have no answer.
        """
        resource = matched(webhook.said, attempt)
        conditions = webhook.said.get("matchConditions")
        if resource is None or not conditions:
            return resource
        from labkit.cluster.embedded.apiserver.cel.conditions import NoAnswer, are_met

        values = self._scenes.values(attempt, resource, has_namespace=False)
        environment = self._scenes.environment(attempt)
        is_ignored = webhook.is_ignored_when_it_fails
        try:
            is_met = are_met(conditions, environment, values, is_failure_ignored=is_ignored)
        except NoAnswer as error:
            raise refuse(attempt, str(error)) from None
        return resource if is_met else None

    async def _ask(
        self, attempt: Attempt, webhook: Webhook, resource: Resource
    ) -> review.Answer | None:
        """The answer of a webhook; None when it gave none, and that is ignored.

        Raises:
            ApiError: 400 for a dry run that it does not support; its refusal; 500.
        """
        is_safe = webhook.said.get("sideEffects") in ("None", "NoneOnDryRun")
        if attempt.is_dry_run and not is_safe:
            words = f'admission webhook "{webhook.name}" does not support dry run'
            raise status.bad_request(words)
        try:
            answer = await self._answer(attempt, webhook, resource)
        except CallFailed as error:
            if webhook.is_ignored_when_it_fails:
                return None
            raise error.as_api_error() from None
        attempt.warnings += answer.warnings
        if not answer.is_allowed:
            raise denied(webhook.name, answer.status)
        return answer

    async def _answer(
        self, attempt: Attempt, webhook: Webhook, resource: Resource
    ) -> review.Answer:
        said = webhook.said
        asked = review.question(attempt, resource, said.get("admissionReviewVersions") or [])
        store, timeout_s = attempt.api.store, said.get("timeoutSeconds", 10)
        try:
            body = await self._caller.ask(
                store, said["clientConfig"], orjson.dumps(asked), timeout_s
            )
            return review.read_answer(body, asked, may_change=self.may_change)
        except (NotReached, review.BadAnswer) as error:
            raise CallFailed(webhook.name, str(error)) from None


class ValidatingWebhooks(Webhooks):
    """ValidatingAdmissionWebhook."""

    storage = "validatingwebhookconfigurations.admissionregistration.k8s.io"

    async def validate(self, attempt: Attempt) -> None:
        """Asks all that are meant; the first refusal counts."""
        asked = [
            (webhook, resource)
            for webhook in self._all(attempt)
            if (resource := self._meant(attempt, webhook))
        ]
        if not asked:
            return
        calls = (self._ask(attempt, webhook, resource) for webhook, resource in asked)
        for found in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(found, BaseException):
                raise found


class MutatingWebhooks(Webhooks):
    """MutatingAdmissionWebhook."""

    storage = "mutatingwebhookconfigurations.admissionregistration.k8s.io"
    may_change = True

    async def admit(self, attempt: Attempt) -> None:
        """Asks all that are meant, in order; in a second round those that asked for it."""
        webhooks = self._all(attempt)
        if not webhooks:
            return
        rounds, memory = attempt.rounds, attempt.rounds.webhooks
        memory.begin(attempt.object, is_second=rounds.is_second)
        for webhook in webhooks:
            resource = self._meant(attempt, webhook)
            if resource is None or (rounds.is_second and webhook.id not in memory.due):
                continue
            answer = await self._ask(attempt, webhook, resource)
            if answer and answer.patch and _change(attempt, webhook, resource, answer.patch):
                memory.something_changed()
                rounds.is_second_wanted = True
            if webhook.said.get("reinvocationPolicy") == "IfNeeded":
                memory.asked.add(webhook.id)
        memory.end(attempt.object)


def _change(attempt: Attempt, webhook: Webhook, resource: Resource, patch: list[Object]) -> bool:
    """Applies a patch, and the kind's defaults to what it has made. In place.

    Returns:
        Whether anything is other than before.
    """
    value = attempt.object
    if value is None:
        words = "attempted to modify the object, which is not supported for this operation"
        raise status.internal_error(f'admission webhook "{webhook.name}" {words}')
    try:
        return put(
            attempt, resource, json_patch(thaw(review.shown(attempt, resource, value)), patch)
        )
    except BadPatch as error:
        raise status.internal_error(error.message) from None
    except NoObject as error:
        raise status.internal_error(str(error)) from None
