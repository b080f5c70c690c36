"""ValidatingAdmissionPolicy: rules in CEL about what may be written.

::

    plugin      which policies are asked, and what becomes of their answers
    matching    whether a policy, and its binding, are for a write
    params      the objects by which a binding sets a policy up
    evaluating  one policy with one of them: its validations, and what they say

A policy does nothing until a binding puts it to use. What it may cost is bounded by time. Audit
annotations are checked and go nowhere: there is no audit log. No policy is asked about policies,
their bindings and webhooks.

Source: Kubernetes `apiserver/pkg/admission/plugin/policy`, version 1.36.
"""

from labkit.cluster.embedded.apiserver.admission.validatingpolicies.plugin import (
    Expressions,
    ValidatingPolicies,
)

__all__ = ["Expressions", "ValidatingPolicies"]
