"""DefaultIngressClass: an ingress that names no class gets the one that is marked as default.

Source: Kubernetes `plugin/pkg/admission/network/defaultingressclass`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver.admission.plugin import Rule, is_new, marked, spec_of

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt

CLASSES = "ingressclasses.networking.k8s.io"
DEFAULT = "ingressclass.kubernetes.io/is-default-class"
OLD_WAY = "kubernetes.io/ingress.class"
"""An annotation that names a class, from before there were classes."""


class DefaultIngressClass(Rule):
    """Names the class."""

    async def admit(self, attempt: Attempt) -> None:
        """Writes the default class into a new ingress; of several the newest."""
        value = attempt.object
        if not is_new(attempt, "ingresses.networking.k8s.io") or value is None:
            return
        annotations = value["metadata"].get("annotations") or {}
        if spec_of(value).get("ingressClassName") is not None or OLD_WAY in annotations:
            return
        if name := marked(attempt, CLASSES, DEFAULT):
            value.setdefault("spec", {})["ingressClassName"] = name
