"""Checks of the level `baseline`: nothing that is known to lead out of a container.

Each takes a pod's metadata and spec. The words are those of Kubernetes'
`pod-security-admission/policy/check_*.go`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from labkit.cluster.embedded.apiserver.admission.podsecurity.look import (
    Check,
    Object,
    Violation,
    containers,
    has_own_users,
    named,
    plural,
    quoted,
    security,
    setters,
)

CAPABILITIES = frozenset(
    {
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
        *("NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    }
)
"""Those that a container runtime gives by itself."""
SELINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t")
SELINUX_TYPES_1_31 = (*SELINUX_TYPES, "container_engine_t")
SYSCTLS = (
    *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies"),
    *("net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start"),
)
SYSCTLS_1_27 = (*SYSCTLS, "net.ipv4.ip_local_reserved_ports")
SYSCTLS_1_29 = (
    *SYSCTLS_1_27,
    *("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout"),
    *("net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"),
)
SYSCTLS_1_32 = (*SYSCTLS_1_29, "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")
PROFILES = ("RuntimeDefault", "Localhost")
APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
SECCOMP_OF_POD = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_OF_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"


def app_armor(about: Object, spec: Object) -> Violation | None:
    """The profile of AppArmor is the runtime's, or one that the node has."""
    bad = sorted(set(_profiles(spec, "appArmorProfile")) - set(PROFILES))
    annotations = sorted(
        f"{key}={json.dumps(value)}"
        for key, value in (about.get("annotations") or {}).items()
        if key.startswith(APPARMOR)
        and not (value in ("", "runtime/default") or value.startswith("localhost/"))
    )
    who = setters(spec, lambda said: _type(said, "appArmorProfile") not in (None, *PROFILES))
    if annotations:
        who = " and ".join(filter(None, [who, plural("annotation", len(annotations))]))
    if not who:
        return None
    values = [*bad, *annotations]
    words = f"{who} must not set AppArmor profile type to {quoted(values)}"
    return Violation(plural("forbidden AppArmor profile", len(values)), words)


def _type(said: Object, profile: str) -> str | None:
    return said[profile].get("type", "") if said.get(profile) else None


def _profiles(spec: Object, profile: str) -> Iterator[str]:
    for said in (security(spec), *map(security, containers(spec))):
        if (found := _type(said, profile)) is not None:
            yield found


def capabilities(_: Object, spec: Object) -> Violation | None:
    """No capability is added that a runtime would not give."""
    return adds_capabilities(spec, CAPABILITIES, "non-default capabilities")


def adds_capabilities(spec: Object, allowed: frozenset[str], reason: str) -> Violation | None:
    """Whether a container adds others than those allowed."""
    bad: list[str] = []
    added: set[str] = set()
    for one in containers(spec):
        more = set((security(one).get("capabilities") or {}).get("add") or ()) - allowed
        if more:
            bad.append(one["name"])
            added |= more
    if not bad:
        return None
    words = f"{named(bad)} must not include {quoted(sorted(added))}"
    return Violation(reason, f"{words} in securityContext.capabilities.add")


def host_namespaces(_: Object, spec: Object) -> Violation | None:
    """No namespace of the node's."""
    names = ("hostNetwork", "hostPID", "hostIPC")
    found = [f"{name}=true" for name in names if spec.get(name)]
    return Violation("host namespaces", ", ".join(found)) if found else None


def host_path_volumes(_: Object, spec: Object) -> Violation | None:
    """No directory of the node's."""
    found = [one["name"] for one in spec.get("volumes") or () if one.get("hostPath") is not None]
    words = f"{plural('volume', len(found))} {quoted(found)}"
    return Violation("hostPath volumes", words) if found else None


def host_ports(_: Object, spec: Object) -> Violation | None:
    """No port of the node's."""
    ports = {
        one["name"]: {
            str(port["hostPort"]) for port in one.get("ports") or () if port.get("hostPort")
        }
        for one in containers(spec)
    }
    bad = [name for name, used in ports.items() if used]
    if not bad:
        return None
    numbers = sorted(set().union(*ports.values()))
    uses = plural("uses", len(bad), "use")
    words = f"{named(bad)} {uses} {plural('hostPort', len(numbers))} {', '.join(numbers)}"
    return Violation("hostPort", words)


def probe_hosts(_: Object, spec: Object) -> Violation | None:
    """No probe, and no hook, of another host (since 1.34)."""
    hosts = {one["name"]: set(_hosts(one)) for one in containers(spec)}
    bad = sorted(name for name, found in hosts.items() if found)
    if not bad:
        return None
    found = sorted(set().union(*hosts.values()))
    words = plural("probe or lifecycle host", len(found))
    uses = plural("uses", len(bad), "use")
    return Violation("probe or lifecycle host", f"{named(bad)} {uses} {words} {quoted(found)}")


def _hosts(container: Object) -> Iterator[str]:
    hooks = container.get("lifecycle") or {}
    probes = (container.get(f"{name}Probe") for name in ("liveness", "readiness", "startup"))
    for handler in (*probes, hooks.get("postStart"), hooks.get("preStop")):
        for kind in ("httpGet", "tcpSocket"):
            if host := ((handler or {}).get(kind) or {}).get("host"):
                yield host


def privileged(_: Object, spec: Object) -> Violation | None:
    """No container that is root on the node."""
    bad = [one["name"] for one in containers(spec) if security(one).get("privileged")]
    words = f"{named(bad)} must not set securityContext.privileged=true"
    return Violation("privileged", words) if bad else None


def proc_mount(_: Object, spec: Object) -> Violation | None:
    """No /proc without its masks."""
    mounts = {one["name"]: security(one).get("procMount") for one in containers(spec)}
    bad = {name: mount for name, mount in mounts.items() if mount not in (None, "Default")}
    words = f"must not set securityContext.procMount to {quoted(sorted(set(bad.values())))}"
    return Violation("procMount", f"{named(list(bad))} {words}") if bad else None


def proc_mount_1_35(about: Object, spec: Object) -> Violation | None:
    """The same, unless the pod has users of its own."""
    return None if has_own_users(spec) else proc_mount(about, spec)


def selinux(allowed: tuple[str, ...]) -> Check:
    """No type of SELinux but these, and neither user nor role."""

    def check(_: Object, spec: Object) -> Violation | None:
        who = setters(spec, lambda said: bool(_selinux_faults(said, allowed)))
        if not who:
            return None
        faults = [_selinux_faults(one, allowed)
                  for one in (security(spec), *map(security, containers(spec)))]  # fmt: skip
        types = sorted({found["type"] for found in faults if "type" in found})
        said = [f"{plural('type', len(types))} {quoted(types)}"] if types else []
        for name in ("user", "role"):
            said += [f"{name} may not be set"] if any(name in found for found in faults) else []
        words = f"{who} set forbidden securityContext.seLinuxOptions: {'; '.join(said)}"
        return Violation("seLinuxOptions", words)

    return check


def _selinux_faults(said: Object, allowed: tuple[str, ...]) -> dict[str, str]:
    options = said.get("seLinuxOptions") or {}
    found = {name: options[name] for name in ("user", "role") if options.get(name)}
    return found | ({"type": options["type"]} if options.get("type", "") not in allowed else {})


def seccomp(_: Object, spec: Object) -> Violation | None:
    """If a profile of seccomp is said, it is the runtime's, or one that the node has."""
    who = setters(spec, lambda said: _type(said, "seccompProfile") not in (None, *PROFILES))
    bad = sorted(set(_profiles(spec, "seccompProfile")) - set(PROFILES))
    words = f"{who} must not set securityContext.seccompProfile.type to {quoted(bad)}"
    return Violation("seccompProfile", words) if who else None


def seccomp_annotations(about: Object, spec: Object) -> Violation | None:
    """The same, as it was said before 1.19."""
    annotations = about.get("annotations") or {}
    keys = [SECCOMP_OF_POD, *(SECCOMP_OF_CONTAINER + one["name"] for one in containers(spec))]
    found = sorted(
        f"{key}={json.dumps(annotations[key])}"
        for key in keys
        if key in annotations and not _is_seccomp_annotation(annotations[key])
    )
    words = f"forbidden {plural('annotation', len(found))} {', '.join(found)}"
    return Violation("seccompProfile", words) if found else None


def _is_seccomp_annotation(value: str) -> bool:
    return value in ("runtime/default", "docker/default") or value.startswith("localhost/")


def sysctls(allowed: tuple[str, ...]) -> Check:
    """No setting of the kernel but those that stay in the pod."""

    def check(_: Object, spec: Object) -> Violation | None:
        names = [one["name"] for one in security(spec).get("sysctls") or ()]
        found = [name for name in names if name not in allowed]
        return Violation("forbidden sysctls", ", ".join(found)) if found else None

    return check


def windows_host_process(_: Object, spec: Object) -> Violation | None:
    """No process of a Windows node's."""
    who = setters(spec, lambda said: bool((said.get("windowsOptions") or {}).get("hostProcess")))
    words = f"{who} must not set securityContext.windowsOptions.hostProcess=true"
    return Violation("hostProcess", words) if who else None
