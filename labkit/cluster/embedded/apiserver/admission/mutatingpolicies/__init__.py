"""MutatingAdmissionPolicy: changes, in CEL, to what is written.

::

    plugin      in which order policies change an object, when they are asked again, what fails
    mutating    one mutation: an ApplyConfiguration, or a JSON patch

Asked right before webhooks that change objects, and again with them. What all policies share is in
`policies`; what `Object{…}` and `JSONPatch{…}` are, in `cel/patch_types.py`.

Source: Kubernetes `apiserver/pkg/admission/plugin/policy/mutating`, version 1.36.
"""

from labkit.cluster.embedded.apiserver.admission.mutatingpolicies.plugin import MutatingPolicies

__all__ = ["MutatingPolicies"]
