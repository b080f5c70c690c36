"""Should it be: rules that need more than the object itself. See docs/embedded-cluster.md.

::

    chain        Attempt, and the order of things
    roles        nobody grants what they do not have
    namespaces   nothing without a namespace
    limits       defaults and bounds of what containers ask for
    accounts     a pod's service account and its token
    podsecurity  what a pod may ask of its node
    pods         priority, tolerations, runtime class
    storage      a claim's default class, and its size
    ingresses    an ingress's default class
    policies     what policies in CEL share
    mutatingpolicies    changes in CEL to what is written
    validatingpolicies  rules in CEL about what may be written
    expressions  what they, and match conditions of webhooks, see
    webhooks     others are asked
    quota        no more than a namespace may have (usage, scopes, amounts: what is counted)
"""

from __future__ import annotations

from labkit.cluster.embedded.apiserver.admission.chain import Chain


def default_chain() -> Chain:
    """The rules of a usual cluster, in Kubernetes' order (`AllOrderedPlugins`).

    Escalation, schemas and expressions come first: there they belong to the storage of roles and
    definitions, and no plug-in is before them. Quota has to be last.
    """
    from labkit.cluster.embedded.apiserver.admission.accounts import ServiceAccounts
    from labkit.cluster.embedded.apiserver.admission.certificates import (
        CertificateSigners,
        CertificateSubjects,
    )
    from labkit.cluster.embedded.apiserver.admission.ingresses import DefaultIngressClass
    from labkit.cluster.embedded.apiserver.admission.limits import LimitRanger
    from labkit.cluster.embedded.apiserver.admission.mutatingpolicies import MutatingPolicies
    from labkit.cluster.embedded.apiserver.admission.namespaces import (
        NamespaceLifecycle,
        NamespaceStillThere,
    )
    from labkit.cluster.embedded.apiserver.admission.nodes import TaintNewNodes
    from labkit.cluster.embedded.apiserver.admission.pods import (
        DefaultTolerations,
        Priority,
        RuntimeClass,
    )
    from labkit.cluster.embedded.apiserver.admission.podsecurity import PodSecurity
    from labkit.cluster.embedded.apiserver.admission.policies.checking import Expressions
    from labkit.cluster.embedded.apiserver.admission.quota import ResourceQuota
    from labkit.cluster.embedded.apiserver.admission.roles import NoEscalation
    from labkit.cluster.embedded.apiserver.admission.schemas import Schemas
    from labkit.cluster.embedded.apiserver.admission.storage import (
        ClaimResize,
        DefaultStorageClass,
        InUseProtection,
    )
    from labkit.cluster.embedded.apiserver.admission.validatingpolicies import ValidatingPolicies
    from labkit.cluster.embedded.apiserver.admission.webhooks import (
        MutatingWebhooks,
        ValidatingWebhooks,
    )

    return Chain(
        [
            NoEscalation(),
            Schemas(),
            Expressions(),
            NamespaceLifecycle(),
            LimitRanger(),
            ServiceAccounts(),
            TaintNewNodes(),
            PodSecurity(),
            Priority(),
            DefaultTolerations(),
            DefaultStorageClass(),
            InUseProtection(),
            ClaimResize(),
            RuntimeClass(),
            CertificateSigners(),
            CertificateSubjects(),
            DefaultIngressClass(),
            MutatingPolicies(),
            MutatingWebhooks(),
            ValidatingPolicies(),
            ValidatingWebhooks(),
            NamespaceStillThere(),
            ResourceQuota(),
        ]
    )
