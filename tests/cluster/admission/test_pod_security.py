"""Pod Security Admission: each check in its words, the three modes, labels, and workloads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.admission.podsecurity.checks import violations
from labkit.cluster.embedded.apiserver.admission.podsecurity.policy import LevelVersion, read
from tests.cluster.admission.asking import MERGE, container, pod, warnings
from tests.cluster.apiserver.plane import Plane, with_plane

LABEL = "pod-security.kubernetes.io/"
SPACES = "/api/v1/namespaces"
PODS = f"{SPACES}/strict/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/strict/deployments"
RESTRICTED = (
    'allowPrivilegeEscalation != false (container "main" must set '
    "securityContext.allowPrivilegeEscalation=false), unrestricted capabilities "
    '(container "main" must set securityContext.capabilities.drop=["ALL"]), '
    'runAsNonRoot != true (pod or container "main" must set securityContext.runAsNonRoot=true), '
    'seccompProfile (pod or container "main" must set securityContext.seccompProfile.type to '
    '"RuntimeDefault" or "Localhost")'
)
GOOD = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def labels(**modes: str) -> dict[str, str]:
    return {LABEL + mode.replace("_", "-"): level for mode, level in modes.items()}


async def namespace(plane: Plane, **modes: str) -> None:
    about = {"name": "strict", "labels": labels(**modes)}
    await plane.call("POST", SPACES, {"metadata": about})
    account = f"{SPACES}/strict/serviceaccounts"
    await plane.until(lambda: bool(plane.store.list("serviceaccounts", "strict")))
    assert (await plane.call("GET", account))["items"]


def good(**more: Any) -> dict[str, Any]:
    return {**container(), "securityContext": {**GOOD, **more}}


def found(level: str, spec: dict[str, Any], minor: int | None = None, **about: Any) -> str:
    return ", ".join(map(str, violations(LevelVersion(level, minor), about, spec)))


def only(**security: Any) -> dict[str, Any]:
    return {"containers": [{**container(), "securityContext": security}]}


def test_a_plain_pod_is_refused_where_restricted_is_enforced(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await namespace(plane, enforce="restricted")
        error = await plane.refused("POST", PODS, pod("p"))
        assert (error.code, error.reason) == (403, "Forbidden")
        words = 'pods "p" is forbidden: violates PodSecurity "restricted:latest": '
        assert error.message == words + RESTRICTED
        made = await plane.call("POST", PODS, pod("p", good()))
        assert made["spec"]["containers"][0]["securityContext"] == GOOD

    with_plane(tmp_path, run)


def test_a_workload_is_stored_and_warned_of(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await namespace(plane, enforce="baseline", warn="restricted", warn_version="v1.30")
        template = {"metadata": {"labels": {"a": "b"}}, "spec": pod("")["spec"]}
        spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
        said = await warnings(plane, "POST", DEPLOYMENTS, {"metadata": {"name": "d"}, "spec": spec})
        assert said == [f'would violate PodSecurity "restricted:v1.30": {RESTRICTED}']
        said = await warnings(plane, "POST", PODS, pod("p"))
        assert said == [f'would violate PodSecurity "restricted:v1.30": {RESTRICTED}']

    with_plane(tmp_path, run)


def test_a_change_is_judged_when_it_brings_another_image(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await namespace(plane)
        await plane.call("POST", PODS, pod("p"))
        path = f"{SPACES}/strict"
        body = {"metadata": {"labels": labels(enforce="restricted")}}
        await plane.call("PATCH", path, body, content_type=MERGE)
        body = {"metadata": {"labels": {"a": "b"}}}
        await plane.call("PATCH", f"{PODS}/p", body, content_type=MERGE)
        other: dict[str, Any] = {"name": "main", "image": "busybox:1.37"}
        new = {"spec": {"containers": [other]}}
        kind = "application/strategic-merge-patch+json"
        error = await plane.refused("PATCH", f"{PODS}/p", new, content_type=kind)
        assert "violates PodSecurity" in error.message

    with_plane(tmp_path, run)


def test_a_stricter_namespace_says_which_pods_it_would_refuse(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await namespace(plane)
        for name in ("b", "a", "c"):
            await plane.call("POST", PODS, pod(name))
        await plane.call("POST", PODS, pod("host", hostNetwork=True))
        body = {"metadata": {"labels": labels(enforce="restricted")}}
        said = await warnings(plane, "PATCH", f"{SPACES}/strict", body, content_type=MERGE)
        why = "allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true"
        assert said == [
            'existing pods in namespace "strict" violate the new PodSecurity enforce level '
            '"restricted:latest"',
            f"a (and 2 other pods): {why}, seccompProfile",
            f"host: host namespaces, {why}, seccompProfile",
        ]
        body = {"metadata": {"labels": labels(enforce="baseline")}}
        assert await warnings(plane, "PATCH", f"{SPACES}/strict", body, content_type=MERGE) == []

    with_plane(tmp_path, run)


def test_a_label_that_is_no_level_is_refused(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        about = {"name": "strict", "labels": labels(enforce="strong", warn_version="1.30")}
        error = await plane.refused("POST", SPACES, {"metadata": about})
        assert (error.code, error.reason) == (422, "Invalid")
        assert error.message == (
            'Namespace "strict" is invalid: '
            f'[metadata.labels[{LABEL}enforce]: Invalid value: "strong": '
            "must be one of privileged, baseline, restricted, "
            f'metadata.labels[{LABEL}warn-version]: Invalid value: "1.30": '
            'must be "latest" or "v1.x"]'
        )

    with_plane(tmp_path, run)


def test_a_namespace_without_labels_allows_everything() -> None:
    policy, faults = read({"metadata": {"name": "n"}})
    assert not faults
    assert {one.level for one in policy} == {"privileged"}
    assert found("privileged", only(privileged=True)) == ""


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            only(privileged=True),
            'privileged (container "main" must not set securityContext.privileged=true)',
        ),
        (
            only(capabilities={"add": ["SYS_ADMIN", "NET_ADMIN", "CHOWN"]}),
            'non-default capabilities (container "main" must not include "NET_ADMIN", "SYS_ADMIN" '
            "in securityContext.capabilities.add)",
        ),
        (
            {"hostNetwork": True, "hostIPC": True, "containers": []},
            "host namespaces (hostNetwork=true, hostIPC=true)",
        ),
        (
            {"containers": [], "volumes": [{"name": "v", "hostPath": {"path": "/"}}]},
            'hostPath volumes (volume "v")',
        ),
        (
            {"containers": [{**container(n), "ports": [{"hostPort": 80}]} for n in "ab"]},
            'hostPort (containers "a", "b" use hostPort 80)',
        ),
        (
            {"containers": [{**container(), "livenessProbe": {"httpGet": {"host": "h"}}}]},
            'probe or lifecycle host (container "main" uses probe or lifecycle host "h")',
        ),
        (
            only(procMount="Unmasked"),
            'procMount (container "main" must not set securityContext.procMount to "Unmasked")',
        ),
        (
            only(seLinuxOptions={"type": "spc_t", "user": "root"}),
            'seLinuxOptions (container "main" set forbidden securityContext.seLinuxOptions: '
            'type "spc_t"; user may not be set)',
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Unconfined"}}, "containers": []},
            'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
        ),
        (
            {"securityContext": {"sysctls": [{"name": "kernel.msgmax"}]}, "containers": []},
            "forbidden sysctls (kernel.msgmax)",
        ),
        (
            only(windowsOptions={"hostProcess": True}),
            'hostProcess (container "main" must not set '
            "securityContext.windowsOptions.hostProcess=true)",
        ),
        (
            only(appArmorProfile={"type": "Unconfined"}),
            'forbidden AppArmor profile (container "main" must not set AppArmor profile type to '
            '"Unconfined")',
        ),
    ],
)
def test_what_baseline_forbids(spec: dict[str, Any], words: str) -> None:
    assert found("baseline", spec) == words


@pytest.mark.parametrize(
    ("container", "more", "words"),
    [
        (
            good(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE", "CHOWN"]}),
            {},
            'unrestricted capabilities (container "main" must not include "CHOWN" in '
            "securityContext.capabilities.add)",
        ),
        (
            good(runAsUser=0),
            {"securityContext": {"runAsUser": 0}},
            'runAsUser=0 (pod and container "main" must not set runAsUser=0)',
        ),
        (
            good(runAsNonRoot=False),
            {},
            'runAsNonRoot != true (container "main" must not set '
            "securityContext.runAsNonRoot=false)",
        ),
        (
            good(),
            {"volumes": [{"name": "v", "hostPath": {}}, {"name": "w", "nfs": {}}]},
            'restricted volume types (volumes "v", "w" use restricted volume types "hostPath", '
            '"nfs")',
        ),
        (good(procMount="Unmasked"), {"hostUsers": False},
         'procMount (container "main" must not set securityContext.procMount to "Unmasked")'),
        (good(runAsUser=0, runAsNonRoot=None), {"hostUsers": False}, ""),
    ],
)  # fmt: skip
def test_what_restricted_forbids(container: Any, more: dict[str, Any], words: str) -> None:
    assert found("restricted", {"containers": [container], **more}) == words


def test_a_version_is_what_was_known_then() -> None:
    probe = {"containers": [{**container(), "livenessProbe": {"httpGet": {"host": "h"}}}]}
    assert found("baseline", probe, 33) == ""
    plain = pod("")["spec"]
    assert "unrestricted capabilities" not in found("restricted", plain, 21)
    setting = {"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem"}]}, "containers": []}
    assert found("baseline", setting, 31) and not found("baseline", setting, 32)
    assert found("baseline", setting, 99) == ""
    annotations = {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}
    said = found("baseline", {"containers": []}, 18, annotations=annotations)
    assert said == (
        "seccompProfile (forbidden annotation "
        'seccomp.security.alpha.kubernetes.io/pod="unconfined")'
    )
