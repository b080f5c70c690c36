"""What policies in CEL share, those that refuse and those that change.

::

    checking     a policy, or a webhook, whose expressions do not compile is refused
    matching     whether a policy, and its binding, are for a write
    params       the objects by which a binding sets a policy up
    invocations  which policies are asked about a write, with which binding and parameters
    evaluating   one of them: its conditions, its variables, the values of its expressions

A policy does nothing until a binding puts it to use. What it may cost is bounded by time. No policy
is asked about policies, their bindings and webhooks.

Source: Kubernetes `apiserver/pkg/admission/plugin/policy/generic`, version 1.36.
"""
