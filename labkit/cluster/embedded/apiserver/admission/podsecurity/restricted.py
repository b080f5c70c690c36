"""Checks of the level `restricted`: what hardening asks for.

Each takes a pod's metadata and spec. The words are those of Kubernetes'
`pod-security-admission/policy/check_*.go`.
"""

from __future__ import annotations

from collections.abc import Callable

from labkit.cluster.embedded.apiserver.admission.podsecurity.baseline import (
    PROFILES,
    adds_capabilities,
    seccomp,
)
from labkit.cluster.embedded.apiserver.admission.podsecurity.look import (
    Check,
    Object,
    Violation,
    containers,
    has_own_users,
    is_on_windows,
    named,
    plural,
    quoted,
    security,
    setters,
)

VOLUMES = frozenset(
    {
        *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim"),
        *("projected", "secret"),
    }
)
OTHER_VOLUMES = frozenset(
    {
        *("hostPath", "gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "nfs", "iscsi"),
        *("glusterfs", "rbd", "flexVolume", "cinder", "cephfs", "flocker", "fc", "azureFile"),
        *("vsphereVolume", "quobyte", "azureDisk", "photonPersistentDisk", "portworxVolume"),
        *("scaleIO", "storageos"),
    }
)
"""Those that the words have a name for; what is newer (`image`) is `unknown` to them."""


def linux_only(check: Check) -> Check:
    """The check, of pods that do not say they are for Windows (since 1.25)."""
    return lambda about, spec: None if is_on_windows(spec) else check(about, spec)


def without_own_users(check: Check) -> Check:
    """The check, of pods whose root is the node's root (since 1.35)."""
    return lambda about, spec: None if has_own_users(spec) else check(about, spec)


def privilege_escalation(_: Object, spec: Object) -> Violation | None:
    """No process gets more rights than its parent has."""
    bad = _where(spec, lambda said: said.get("allowPrivilegeEscalation") is not False)
    words = f"{named(bad)} must set securityContext.allowPrivilegeEscalation=false"
    return Violation("allowPrivilegeEscalation != false", words) if bad else None


def _where(spec: Object, is_bad: Callable[[Object], bool]) -> list[str]:
    return [one["name"] for one in containers(spec) if is_bad(security(one))]


def capabilities(_: Object, spec: Object) -> Violation | None:
    """All capabilities are dropped; none but the right to low ports is added."""
    keeps = _where(
        spec, lambda said: "ALL" not in ((said.get("capabilities") or {}).get("drop") or ())
    )
    said = [f'{named(keeps)} must set securityContext.capabilities.drop=["ALL"]'] if keeps else []
    reason = "unrestricted capabilities"
    if adds := adds_capabilities(spec, frozenset({"NET_BIND_SERVICE"}), reason):
        said.append(adds.detail)
    return Violation(reason, "; ".join(said)) if said else None


def volumes(_: Object, spec: Object) -> Violation | None:
    """No volumes but those that come from the API."""
    bad = [one for one in spec.get("volumes") or () if VOLUMES.isdisjoint(one)]
    if not bad:
        return None
    types = sorted({next(iter(OTHER_VOLUMES.intersection(one)), "unknown") for one in bad})
    names = quoted(one["name"] for one in bad)
    words = f"{plural('volume', len(bad))} {names} {plural('uses', len(bad), 'use')}"
    words += f" {plural('restricted volume type', len(types))} {quoted(types)}"
    return Violation("restricted volume types", words)


def run_as_non_root(_: Object, spec: Object) -> Violation | None:
    """Every container says, or its pod says, that it is not root."""
    reason = "runAsNonRoot != true"
    who = setters(spec, lambda said: said.get("runAsNonRoot") is False)
    if who:
        return Violation(reason, f"{who} must not set securityContext.runAsNonRoot=false")
    silent = [] if security(spec).get("runAsNonRoot") else _where(spec, _says_no_root)
    words = f"pod or {named(silent)} must set securityContext.runAsNonRoot=true"
    return Violation(reason, words) if silent else None


def _says_no_root(said: Object) -> bool:
    return said.get("runAsNonRoot") is None


def run_as_user(_: Object, spec: Object) -> Violation | None:
    """Nobody says that it is root."""
    who = setters(spec, lambda said: said.get("runAsUser") == 0)
    return Violation("runAsUser=0", f"{who} must not set runAsUser=0") if who else None


def seccomp_profile(about: Object, spec: Object) -> Violation | None:
    """Every container has, or its pod has, a profile of seccomp."""
    found = seccomp(about, spec)
    if found:
        return found
    silent = [] if security(spec).get("seccompProfile") else _where(spec, _says_no_profile)
    words = f"pod or {named(silent)} must set securityContext.seccompProfile.type to "
    words += " or ".join(f'"{profile}"' for profile in PROFILES)
    return Violation("seccompProfile", words) if silent else None


def _says_no_profile(said: Object) -> bool:
    return not said.get("seccompProfile")
