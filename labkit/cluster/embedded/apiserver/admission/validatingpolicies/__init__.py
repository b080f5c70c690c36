"""ValidatingAdmissionPolicy: rules in CEL about what may be written.

::

    plugin      what becomes of the answers of policies
    evaluating  one policy with one object of parameters: its validations, and what they say

Audit annotations are checked and go nowhere: there is no audit log. What all policies share is
in `policies`.

Source: Kubernetes `apiserver/pkg/admission/plugin/policy/validating`, version 1.36.
"""

from labkit.cluster.embedded.apiserver.admission.validatingpolicies.plugin import ValidatingPolicies

__all__ = ["ValidatingPolicies"]
