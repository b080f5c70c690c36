"""Jobs and cron jobs: work that ends.

A job's selector and the labels that go with it need its uid: `own_labels` sets them, once there is
one. Sources: Kubernetes `pkg/apis/batch/v1/defaults.go`, `pkg/apis/batch/validation/validation.go`,
`pkg/registry/batch/*/strategy.go`.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from . import faults as f
from .cron import schedule_fault
from .job_policies import failure_defaults, failure_policy, success_policy
from .kind import Kind
from .label_selectors import label_selector, labels, matches
from .names import dns1123_label, dns1123_subdomain
from .networking import domain_prefixed_path
from .pod.spec import pod_template, template_defaults
from .rules import (
    IMMUTABLE,
    Faults,
    Object,
    child,
    fill,
    fill_absent,
    immutable,
    not_negative,
    one_of,
    part,
    required,
    same,
    shown_pointer,
    struct,
)

_FIXED_ONLY_WHEN_RUNNING = ("nodeSelector", "tolerations", "affinity", "schedulingGates")


def _job_defaults(new: Object) -> None:
    _job_spec_defaults(child(new, "spec"))
    _labels_of_template(new)


def _labels_of_template(new: Object) -> None:
    """A job without labels has those of its pods."""
    given = part(new, "spec.template.metadata.labels")
    if given and not new["metadata"].get("labels"):
        new["metadata"]["labels"] = dict(given)


def _job_spec_defaults(spec: Object) -> None:
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    fill_absent(spec, {"parallelism": 1, "completionMode": "NonIndexed", "suspend": False})
    by_index = spec.get("backoffLimitPerIndex") is not None
    fill_absent(spec, {"backoffLimit": 2**31 - 1 if by_index else 6})
    has_failure_policy = spec.get("podFailurePolicy") is not None
    replaced = "Failed" if has_failure_policy else "TerminatingOrFailed"
    fill_absent(spec, {"podReplacementPolicy": replaced})
    failure_defaults(spec)
    template_defaults(child(spec, "template"))


def own_labels(job: Object) -> None:
    """In place: the selector and the labels by which a job knows its pods; needs name and uid."""
    spec, meta = job["spec"], job["metadata"]
    if spec.get("manualSelector"):
        return
    given = child(child(child(spec, "template"), "metadata"), "labels")
    for prefix in ("", "batch.kubernetes.io/"):
        given.setdefault(f"{prefix}controller-uid", meta.get("uid") or "")
        given.setdefault(f"{prefix}job-name", meta.get("name") or "")
    selected = child(child(spec, "selector"), "matchLabels")
    selected.setdefault("batch.kubernetes.io/controller-uid", meta.get("uid") or "")
    _labels_of_template(job)


def _knows_own(job: Any, path: str, faults: Faults) -> None:
    """The labels that `own_labels` sets are as it sets them, and the selector is for no others."""
    spec, meta = job.get("spec") or {}, job["metadata"]
    selector, given = spec.get("selector"), part(spec, "template.metadata.labels") or {}
    if spec.get("manualSelector") or selector is None:
        return
    expected = {}
    for prefix in ("batch.kubernetes.io/", ""):
        expected[f"{prefix}controller-uid"] = meta.get("uid") or ""
        expected[f"{prefix}job-name"] = meta.get("name") or ""
    for key, value in expected.items():
        own_path, message = f"spec.template.metadata.labels[{key}]", f"must be '{value}'"
        if key not in given:
            faults.append(f.required(own_path, message))
        elif given[key] != value:
            faults.append(f.invalid(own_path, given, message))
    wrong: Faults = []
    label_selector(selector, "", wrong)
    if not wrong and not matches(selector, expected):
        faults.append(f.invalid("spec.selector", selector, "`selector` not auto-generated"))


_COUNTS = struct(
    {
        "parallelism": not_negative,
        "completions": not_negative,
        "activeDeadlineSeconds": not_negative,
        "backoffLimit": not_negative,
        "ttlSecondsAfterFinished": not_negative,
        "backoffLimitPerIndex": not_negative,
        "maxFailedIndexes": not_negative,
    }
)
_MOST_AT_ONCE = _MOST_FAILED = _MANY = 100_000
_MOST_OF_MANY = 10_000
_LONGEST_MANAGER = 63


def _by_index(spec: Any, path: str, faults: Faults) -> None:
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        message = "when maxFailedIndexes is specified"
        faults.append(f.required(f"{path}.backoffLimitPerIndex", message))
    manager = spec.get("managedBy")
    if manager is not None:
        required(domain_prefixed_path)(manager, f"{path}.managedBy", faults)
        if len(manager) > _LONGEST_MANAGER:
            faults.append(f.too_long(f"{path}.managedBy", _LONGEST_MANAGER))
    mode = spec.get("completionMode")
    one_of("NonIndexed", "Indexed")(mode, f"{path}.completionMode", faults)
    if mode == "Indexed":
        _indexed(spec, path, faults)
    elif mode in (None, "NonIndexed"):
        for name in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if spec.get(name) is not None:
                message = "requires indexed completion mode"
                faults.append(f.invalid(f"{path}.{name}", spec[name], message))


def _indexed(spec: Any, path: str, faults: Faults) -> None:
    completions, at_once = spec.get("completions"), spec.get("parallelism") or 0
    failed, at_failed = spec.get("maxFailedIndexes"), f"{path}.maxFailedIndexes"
    most = "must be less than or equal to"
    if completions is None:
        message = "when completion mode is Indexed"
        faults.append(f.required(f"{path}.completions", message))
    if at_once > _MOST_AT_ONCE:
        message = f"{most} {_MOST_AT_ONCE} when completion mode is Indexed"
        faults.append(f.invalid(f"{path}.parallelism", at_once, message))
    if failed is not None and completions is not None and failed > completions:
        faults.append(f.invalid(at_failed, failed, f"{most} completions"))
    if failed is not None and failed > _MOST_FAILED:
        faults.append(f.invalid(at_failed, failed, f"{most} {_MOST_FAILED}"))
    if (completions or 0) <= _MANY or spec.get("backoffLimitPerIndex") is None:
        return
    if failed is None:
        message = f"must be specified when completions is above {_MANY}"
        faults.append(f.required(at_failed, message))
    when = f"when completions are above {_MANY} and used with backoff limit per index"
    for own_path, value in ((f"{path}.parallelism", at_once), (at_failed, failed or 0)):
        if value > _MOST_OF_MANY:
            faults.append(f.invalid(own_path, value, f"{most} {_MOST_OF_MANY} {when}"))


def _replacement(spec: Any, path: str, faults: Faults) -> None:
    has_policy = spec.get("podFailurePolicy") is not None
    supported = ("Failed",) if has_policy else ("Failed", "TerminatingOrFailed")
    policy = spec.get("podReplacementPolicy")
    one_of(*supported)(policy, f"{path}.podReplacementPolicy", faults)


def _ends(spec: Any, path: str, faults: Faults) -> None:
    template = spec.get("template") or {}
    pod_template(template, f"{path}.template", faults)
    policy, own_path = part(template, "spec.restartPolicy") or "", f"{path}.template.spec"
    if policy == "Always":
        message = 'valid values: "OnFailure", "Never"'
        faults.append(f.required(f"{own_path}.restartPolicy", message))
    elif policy not in ("OnFailure", "Never"):
        supported = ("OnFailure", "Never")
        faults.append(f.not_supported(f"{own_path}.restartPolicy", policy, supported))
    elif spec.get("podFailurePolicy") is not None and policy != "Never":
        message = 'only "Never" is supported when podFailurePolicy is specified'
        faults.append(f.invalid(f"{own_path}.restartPolicy", policy, message))


_JOB_SPEC = struct({}, _COUNTS, _by_index, failure_policy, success_policy, _replacement, _ends)


def _selects_own(spec: Any, path: str, faults: Faults) -> None:
    selector = spec.get("selector")
    if selector is None:
        faults.append(f.required(f"{path}.selector"))
    before = len(faults)
    label_selector(selector, f"{path}.selector", faults)
    given = part(spec, "template.metadata.labels")
    if selector is None or (len(faults) == before and not matches(selector, given)):
        message = "`selector` does not match template `labels`"
        faults.append(f.invalid(f"{path}.template.metadata.labels", given, message))


def _template_stays(new: Object, old: Object, faults: Faults) -> None:
    now, was = new["spec"], old["spec"]
    template = now.get("template")
    if was.get("suspend") and part(old, "status.startTime") is None:
        template = _without_placement(template, was.get("template"))
    if not same(template, was.get("template")):
        faults.append(f.invalid("spec.template", now.get("template"), IMMUTABLE))


def _completions_stay(new: Object, old: Object, faults: Faults) -> None:
    now, was = new["spec"], old["spec"]
    if same(now.get("completions"), was.get("completions")):
        return
    is_elastic = (
        was.get("completionMode") == "Indexed"
        and now.get("completions") == now.get("parallelism")
        and was.get("completions") == was.get("parallelism")
    )
    if not is_elastic:
        faults.append(
            f.invalid("spec.completions", shown_pointer(now.get("completions")), IMMUTABLE)
        )


def _without_placement(template: Any, before: Any) -> Object:
    """A job that waits and never ran may still be sent elsewhere."""
    spec = dict((template or {}).get("spec") or {})
    for name in _FIXED_ONLY_WHEN_RUNNING:
        spec[name] = ((before or {}).get("spec") or {}).get(name)
    return {**(template or {}), "metadata": (before or {}).get("metadata"), "spec": spec}


def _pods_have_names(new: Any, path: str, faults: Faults) -> None:
    """Each pod of an indexed job is called by its index on the network."""
    spec, name = new.get("spec") or {}, new["metadata"].get("name") or ""
    last = (spec.get("completions") or 0) - 1
    if spec.get("completionMode") != "Indexed" or last < 0:
        return
    hostname = f"{name}-{last}"
    if dns1123_label(hostname):
        message = f"will not able to create pod with invalid DNS label: {hostname}"
        faults.append(f.invalid("metadata.name", name, message))


JOB = Kind(
    defaults=(_job_defaults,),
    rules=(_knows_own, struct({"spec": struct({}, _JOB_SPEC, _selects_own)})),
    create_rules=(_pods_have_names,),
    update_rules=(
        _completions_stay,
        immutable("spec.selector"),
        _template_stays,
        immutable(
            "spec.completionMode",
            "spec.podFailurePolicy",
            "spec.backoffLimitPerIndex",
            "spec.managedBy",
            "spec.successPolicy",
        ),
    ),
    rules_first=True,
    status={},
    generation_of=("spec",),
    on_create=(own_labels,),
)


# Cron jobs


def _cron_job_defaults(new: Object) -> None:
    spec = child(new, "spec")
    fill(spec, {"concurrencyPolicy": "Allow"})
    fill_absent(
        spec, {"suspend": False, "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1}
    )
    template = child(spec, "jobTemplate")
    child(template, "metadata")
    spec = child(template, "spec")  # whose own defaults come with each job that is made of it
    failure_defaults(spec)
    template_defaults(child(spec, "template"))


def _schedule(value: Any, path: str, faults: Faults) -> None:
    if fault := schedule_fault(value):
        faults.append(f.invalid(path, value, fault))
    if "TZ" in value:
        message = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        faults.append(f.invalid(path, value, message))


def _time_zone(value: Any, path: str, faults: Faults) -> None:
    if value is None:
        return
    if not value:
        faults.append(f.invalid(path, value, "timeZone must be nil or non-empty string"))
    elif value.lower() == "local":
        message = (
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        )
        faults.append(f.invalid(path, value, message))
    elif value not in available_timezones():
        faults.append(f.invalid(path, value, f"unknown time zone {value}"))


def _job_template(value: Any, path: str, faults: Faults) -> None:
    value = value or {}
    labels((value.get("metadata") or {}).get("labels"), f"{path}.labels", faults)
    spec = value.get("spec") or {}
    _JOB_SPEC(spec, f"{path}.spec", faults)
    if spec.get("selector") is not None:
        message = "`selector` will be auto-generated"
        faults.append(f.invalid(f"{path}.spec.selector", spec["selector"], message))
    if spec.get("manualSelector"):
        faults.append(f.not_supported(f"{path}.spec.manualSelector", True, ("nil", "false")))


def _cron_job_name(value: str) -> list[str]:
    """Eleven characters follow in the name of each job."""
    return [*dns1123_subdomain(value), *["must be no more than 52 characters"] * (len(value) > 52)]


CRON_JOB = Kind(
    name=_cron_job_name,
    defaults=(_cron_job_defaults,),
    rules=(
        struct(
            {
                "spec": struct(
                    {
                        "schedule": required(_schedule),
                        "timeZone": _time_zone,
                        "startingDeadlineSeconds": not_negative,
                        "concurrencyPolicy": required(one_of("Allow", "Forbid", "Replace")),
                        "jobTemplate": _job_template,
                        "successfulJobsHistoryLimit": not_negative,
                        "failedJobsHistoryLimit": not_negative,
                    }
                )
            }
        ),
    ),
    status={},
    generation_of=("spec",),
)
