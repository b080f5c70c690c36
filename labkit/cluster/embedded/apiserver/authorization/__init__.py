"""May they: role-based access control, as Kubernetes has it.

Knows nothing about how somebody proved who they are, and of HTTP. See docs/embedded-cluster.md.

::

    attributes    what is asked, and the words of a refusal
    authorizer    Authorizer: yes or no, and by which role
    policy        roles and bindings, indexed by whom they are for
    rules         one rule of a role
    escalation    nobody grants what they do not have
    aggregation   cluster roles made of others
    reviews       `kubectl auth can-i`: an object in, an object out
    bootstrap     the roles that every cluster begins with

There is no Node authorizer, which in a real cluster keeps a node to its own pods and secrets: here
the group system:nodes is bound to the role system:node, as clusters without one do it.
"""
