"""Pod Security Admission: what a pod may ask of its node, by three published levels.

::

    plugin       what is refused, what is only said: pods, workloads, labels of a namespace
    policy       a namespace's labels: a level and a version each for enforce, audit and warn
    checks       which checks a level has in which version, and what they find
    baseline     nothing that is known to lead out of a container
    restricted   besides, what hardening asks for
    look         what checks share: containers, who has set something, words

Nobody keeps an audit log here, so `audit` is read and has no effect. Source: Kubernetes
"Pod Security Standards", and `pod-security-admission`.
"""

from labkit.cluster.embedded.apiserver.admission.podsecurity.plugin import PodSecurity

__all__ = ["PodSecurity"]
