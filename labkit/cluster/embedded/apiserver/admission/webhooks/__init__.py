"""Mutating and validating webhooks: others are asked before something is written.

::

    plugin     in which order they are asked, and what becomes of their answers
    matching   whether a webhook is to be asked, and in which version of the resource
    review     AdmissionReview: the question, and what may be an answer
    calling    HTTPS: one question to one server
    errors     what can go wrong with a webhook

Whether `matchConditions` are met is evaluated before a webhook is asked.

A webhook that is named by a service cannot be reached: no pod of this cluster has an address. Of
subresources, `binding` is shown to no webhook, and an eviction is shown as the deletion that it is.

Source: Kubernetes `apiserver/pkg/admission/plugin/webhook`.
"""

from labkit.cluster.embedded.apiserver.admission.webhooks.plugin import (
    MutatingWebhooks,
    ValidatingWebhooks,
)

__all__ = ["MutatingWebhooks", "ValidatingWebhooks"]
