"""Which checks a level has in which version, and what they find in a pod.

A table: the order is the one in which violations are named. A check of `restricted` may take the
place of one of `baseline`, so that nothing is said twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from labkit.cluster.embedded.apiserver.admission.podsecurity import baseline, restricted
from labkit.cluster.embedded.apiserver.admission.podsecurity.look import Check, Object, Violation
from labkit.cluster.embedded.apiserver.admission.podsecurity.policy import LevelVersion
from labkit.cluster.embedded.apiserver.admission.podsecurity.restricted import (
    linux_only,
    without_own_users,
)


class Since(NamedTuple):
    """A check as it is from a minor version on, until the next."""

    minor: int
    check: Check


class Row(NamedTuple):
    """A check in all its versions, and the one that it takes the place of."""

    name: str
    versions: tuple[Since, ...]
    instead_of: str = ""


BASELINE = (
    Row("appArmorProfile", (Since(0, baseline.app_armor),)),
    Row("capabilities_baseline", (Since(0, baseline.capabilities),)),
    Row("hostNamespaces", (Since(0, baseline.host_namespaces),)),
    Row("hostPathVolumes", (Since(0, baseline.host_path_volumes),)),
    Row("hostPorts", (Since(0, baseline.host_ports),)),
    Row("hostProbesAndHostLifecycle", (Since(34, baseline.probe_hosts),)),
    Row("privileged", (Since(0, baseline.privileged),)),
    Row(
        "procMount_baseline",
        (Since(0, baseline.proc_mount), Since(35, baseline.proc_mount_1_35)),
    ),
    Row(
        "seLinuxOptions",
        (
            Since(0, baseline.selinux(baseline.SELINUX_TYPES)),
            Since(31, baseline.selinux(baseline.SELINUX_TYPES_1_31)),
        ),
    ),
    Row(
        "seccompProfile_baseline",
        (Since(0, baseline.seccomp_annotations), Since(19, baseline.seccomp)),
    ),
    Row(
        "sysctls",
        (
            Since(0, baseline.sysctls(baseline.SYSCTLS)),
            Since(27, baseline.sysctls(baseline.SYSCTLS_1_27)),
            Since(29, baseline.sysctls(baseline.SYSCTLS_1_29)),
            Since(32, baseline.sysctls(baseline.SYSCTLS_1_32)),
        ),
    ),
    Row("windowsHostProcess", (Since(0, baseline.windows_host_process),)),
)
RESTRICTED = (
    Row(
        "allowPrivilegeEscalation",
        (
            Since(8, restricted.privilege_escalation),
            Since(25, linux_only(restricted.privilege_escalation)),
        ),
    ),
    Row(
        "capabilities_restricted",
        (Since(22, restricted.capabilities), Since(25, linux_only(restricted.capabilities))),
        "capabilities_baseline",
    ),
    Row("procMount_restricted", (Since(35, baseline.proc_mount),), "procMount_baseline"),
    Row("restrictedVolumes", (Since(0, restricted.volumes),), "hostPathVolumes"),
    Row(
        "runAsNonRoot",
        (
            Since(0, restricted.run_as_non_root),
            Since(35, without_own_users(restricted.run_as_non_root)),
        ),
    ),
    Row(
        "runAsUser",
        (Since(23, restricted.run_as_user), Since(35, without_own_users(restricted.run_as_user))),
    ),
    Row(
        "seccompProfile_restricted",
        (Since(19, restricted.seccomp_profile), Since(25, linux_only(restricted.seccomp_profile))),
        "seccompProfile_baseline",
    ),
)


def violations(wanted: LevelVersion, about: Object, spec: Object) -> list[Violation]:
    """What a pod has, or lacks, against a level."""
    found = (check(about, spec) for check in _checks(wanted))
    return [one for one in found if one]


def _checks(wanted: LevelVersion) -> Iterator[Check]:
    if wanted.level == "privileged":
        return
    more = {} if wanted.level == "baseline" else _in_version(RESTRICTED, wanted)
    replaced = {row.instead_of for row in more}
    yield from (
        check for row, check in _in_version(BASELINE, wanted).items() if row.name not in replaced
    )
    yield from more.values()


def _in_version(rows: tuple[Row, ...], wanted: LevelVersion) -> dict[Row, Check]:
    found: dict[Row, Check] = {}
    for row in rows:
        for since in row.versions:
            if wanted.minor is None or since.minor <= wanted.minor:
                found[row] = since.check
    return found
