"""The tables of who may do what: bindings, certificates, admission, and the API's own services."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from .table import AGE, NAME, WIDE, Cell, Column, Object, Row, Table, age_of, name_of
from .text import NONE, UNSET, condition, format_labels, spec_and_status
from .times import human_duration


def _binding(object: Object, now: datetime) -> list[Cell]:
    role = object.get("roleRef") or {}
    return [
        name_of(object),
        f"{role.get('kind') or ''}/{role.get('name') or ''}",
        age_of(object, now),
        *_subjects(object.get("subjects") or ()),
    ]


def _subjects(subjects: Iterable[Object]) -> list[str]:
    """Three cells: the users, the groups and the service accounts."""
    names: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for each in subjects:
        kind, name = each.get("kind") or "", each.get("name") or ""
        full = f"{each.get('namespace') or ''}/{name}" if kind == "ServiceAccount" else name
        names.get(kind, []).append(full)
    return [", ".join(each) for each in names.values()]


def _signing_request(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    lasts = spec.get("expirationSeconds")
    return [
        name_of(object),
        age_of(object, now),
        spec.get("signerName") or NONE,
        spec.get("username") or "",
        NONE if lasts is None else human_duration(lasts),
        _signing_status(status),
    ]


def _signing_status(status: Object) -> str:
    types = {each.get("type") for each in status.get("conditions") or ()}
    # A denial holds against an approval.
    words = ["Denied" if "Denied" in types else "Approved" if "Approved" in types else "Pending"]
    words += ["Failed"] if "Failed" in types else []
    return ",".join([*words, "Issued"] if status.get("certificate") else words)


def _trust_bundle(object: Object, _: datetime) -> list[Cell]:
    return [name_of(object), (object.get("spec") or {}).get("signerName") or NONE]


def _pod_certificate(object: Object, _: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    ends = ("Issued", "Denied", "Failed")
    types = [each.get("type") for each in status.get("conditions") or ()]
    state = next((each for each in reversed(types) if each in ends), "Pending")
    parts = ("podName", "serviceAccountName", "nodeName", "signerName")
    annotations = format_labels(spec.get("unverifiedUserAnnotations"))
    return [name_of(object), *(spec.get(part) or "" for part in parts), state or "", annotations]


def _webhooks(object: Object, now: datetime) -> list[Cell]:
    return [name_of(object), len(object.get("webhooks") or ()), age_of(object, now)]


def _policy(rules: str) -> Row:
    def row(object: Object, now: datetime) -> list[Cell]:
        spec, _ = spec_and_status(object)
        kind = spec.get("paramKind")
        shown = f"{kind.get('apiVersion') or ''}/{kind.get('kind') or ''}" if kind else UNSET
        return [name_of(object), len(spec.get(rules) or ()), shown, age_of(object, now)]

    return row


def _policy_binding(object: Object, now: datetime) -> list[Cell]:
    spec, _ = spec_and_status(object)
    parameters = _parameters(spec.get("paramRef") or {})
    return [name_of(object), spec.get("policyName") or "", parameters, age_of(object, now)]


def _parameters(reference: Object) -> str:
    if name := reference.get("name"):
        # Parameters without a namespace may be of any: the binding does not say.
        return f"{reference.get('namespace') or '*'}/{name}"
    selector = reference.get("selector")
    return UNSET if selector is None else _as_go_prints_it(selector)


def _as_go_prints_it(selector: Object) -> str:
    """A ``metav1.LabelSelector`` as its generated ``String()`` has it: that is what is shown."""
    labels = sorted((selector.get("matchLabels") or {}).items())
    needs = "".join(
        f"LabelSelectorRequirement{{Key:{each.get('key') or ''},Operator:{each.get('operator')},"
        f"Values:[{' '.join(each.get('values') or ())}],}},"
        for each in selector.get("matchExpressions") or ()
    )
    pairs = "".join(f"{key}: {value}," for key, value in labels)
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{pairs}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{needs}}},}}"
    )


def _api_service(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    service = spec.get("service")
    available = condition(status.get("conditions"), "Available") or {"status": "Unknown"}
    word, reason = available.get("status") or "", available.get("reason")
    return [
        name_of(object),
        f"{service.get('namespace')}/{service.get('name')}" if service else "Local",
        f"{word} ({reason})" if reason and word != "True" else word,
        age_of(object, now),
    ]


def _binding_columns(kind: str) -> tuple[Column, ...]:
    return (
        NAME,
        Column("Role", field=f"rbac.v1.{kind}.roleRef"),
        AGE,
        Column("Users", description="The users that it binds.", priority=WIDE),
        Column("Groups", description="The groups that it binds.", priority=WIDE),
        Column("ServiceAccounts", description="The accounts that it binds.", priority=WIDE),
    )


def _policy_table(rules: str) -> Table:
    return Table(
        (
            NAME,
            Column(rules.capitalize(), "integer", description=f"How many {rules} it has."),
            Column("ParamKind", description="The kind of its parameters."),
            AGE,
        ),
        _policy(rules),
    )


_WEBHOOKS = Table(
    (NAME, Column("Webhooks", "integer", description="How many webhooks it registers."), AGE),
    _webhooks,
)
_POLICY_BINDING = Table(
    (
        NAME,
        Column("PolicyName", description="The policy that it binds."),
        Column("ParamRef", description="The parameters that it binds the policy to."),
        AGE,
    ),
    _policy_binding,
)
_CSR = "certificates.v1.CertificateSigningRequest"
_PCR = "certificates.v1beta1.PodCertificateRequestSpec"
_ADMISSION = "admissionregistration.k8s.io"

TABLES = {
    "rolebindings.rbac.authorization.k8s.io": Table(_binding_columns("RoleBinding"), _binding),
    "clusterrolebindings.rbac.authorization.k8s.io": Table(
        _binding_columns("ClusterRoleBinding"), _binding
    ),
    "certificatesigningrequests.certificates.k8s.io": Table(
        (
            NAME,
            AGE,
            Column("SignerName", field=f"{_CSR}Spec.signerName"),
            Column("Requestor", field=f"{_CSR}Spec.request"),
            Column("RequestedDuration", field=f"{_CSR}Spec.expirationSeconds"),
            Column("Condition", field=f"{_CSR}Status.conditions"),
        ),
        _signing_request,
    ),
    "clustertrustbundles.certificates.k8s.io": Table(
        (
            NAME,
            Column("SignerName", field="certificates.v1beta1.ClusterTrustBundleSpec.signerName"),
        ),
        _trust_bundle,
    ),
    "podcertificaterequests.certificates.k8s.io": Table(
        (
            NAME,
            Column("PodName", field=f"{_PCR}.podName"),
            Column("ServiceAccountName", field=f"{_PCR}.serviceAccountName"),
            Column("NodeName", field=f"{_PCR}.nodeName"),
            Column("SignerName", field=f"{_PCR}.signerName"),
            Column("State", description="Pending, Issued, Denied, or Failed."),
            Column("UnverifiedUserAnnotations", field=f"{_PCR}.unverifiedUserAnnotations"),
        ),
        _pod_certificate,
    ),
    f"mutatingwebhookconfigurations.{_ADMISSION}": _WEBHOOKS,
    f"validatingwebhookconfigurations.{_ADMISSION}": _WEBHOOKS,
    f"validatingadmissionpolicies.{_ADMISSION}": _policy_table("validations"),
    f"mutatingadmissionpolicies.{_ADMISSION}": _policy_table("mutations"),
    f"validatingadmissionpolicybindings.{_ADMISSION}": _POLICY_BINDING,
    f"mutatingadmissionpolicybindings.{_ADMISSION}": _POLICY_BINDING,
    "apiservices.apiregistration.k8s.io": Table(
        (
            NAME,
            Column("Service", description="The service that serves it, or Local."),
            Column("Available", description="Whether it is served."),
            AGE,
        ),
        _api_service,
    ),
}
