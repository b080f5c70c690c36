"""The tables of work that ends: jobs, and what starts them by the clock."""

from __future__ import annotations

from datetime import datetime

from .table import AGE, NAME, Cell, Column, Object, Table, age_of, name_of
from .text import (
    CONTAINERS,
    IMAGES,
    NONE,
    UNSET,
    format_label_selector,
    is_going,
    is_true,
    names_and_images,
    selector_column,
    spec_and_status,
)
from .times import human_duration, time_since, translate_timestamp


def _job(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    return [
        name_of(object),
        _job_status(object, status),
        _completions(spec, status),
        _job_duration(status, now),
        age_of(object, now),
        *names_and_images(spec.get("template")),
        format_label_selector(spec.get("selector")),
    ]


def _job_status(object: Object, status: Object) -> str:
    conditions = status.get("conditions")
    for type_ in ("Complete", "Failed"):
        if is_true(conditions, type_):
            return type_
    if is_going(object):
        return "Terminating"
    unfinished = ("Suspended", "FailureTarget", "SuccessCriteriaMet")
    return next((type_ for type_ in unfinished if is_true(conditions, type_)), "Running")


def _completions(spec: Object, status: Object) -> str:
    succeeded = status.get("succeeded") or 0
    if (completions := spec.get("completions")) is not None:
        return f"{succeeded}/{completions}"
    parallelism = spec.get("parallelism") or 0
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _job_duration(status: Object, now: datetime) -> str:
    start, end = status.get("startTime"), status.get("completionTime")
    if not start:
        return ""
    took = time_since(start, now) - (time_since(end, now) if end else now - now)
    return human_duration(took.total_seconds())


def _cron_job(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    job = (spec.get("jobTemplate") or {}).get("spec") or {}
    last = status.get("lastScheduleTime")
    suspend = spec.get("suspend")
    return [
        name_of(object),
        spec.get("schedule") or "",
        NONE if spec.get("timeZone") is None else spec["timeZone"],
        UNSET if suspend is None else str(bool(suspend)),
        len(status.get("active") or ()),
        translate_timestamp(last, now) if last else NONE,
        age_of(object, now),
        *names_and_images(job.get("template")),
        format_label_selector(job.get("selector")),
    ]


TABLES = {
    "jobs.batch": Table(
        (
            NAME,
            Column("Status", description="How the job stands, in one word."),
            Column("Completions", field="batch.v1.JobStatus.succeeded"),
            Column("Duration", description="How long the job took, or has been taking."),
            AGE,
            CONTAINERS,
            IMAGES,
            selector_column("batch.v1.JobSpec.selector"),
        ),
        _job,
    ),
    "cronjobs.batch": Table(
        (
            NAME,
            Column("Schedule", field="batch.v1.CronJobSpec.schedule"),
            Column("Timezone", field="batch.v1.CronJobSpec.timeZone"),
            Column("Suspend", "boolean", field="batch.v1.CronJobSpec.suspend"),
            Column("Active", "integer", field="batch.v1.CronJobStatus.active"),
            Column("Last Schedule", field="batch.v1.CronJobStatus.lastScheduleTime"),
            AGE,
            CONTAINERS,
            IMAGES,
            selector_column("batch.v1.JobSpec.selector"),
        ),
        _cron_job,
    ),
}
