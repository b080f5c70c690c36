from __future__ import annotations

from typing import Any

import pytest

from .printing import ago, meta, printed, shown


def true(type_: str) -> dict[str, str]:
    return {"type": type_, "status": "True"}


@pytest.mark.parametrize(
    ("conditions", "word"),
    [
        ([], "Running"),
        ([true("Complete")], "Complete"),
        ([true("Failed")], "Failed"),
        ([true("FailureTarget"), true("Failed")], "Failed"),
        ([true("Suspended")], "Suspended"),
        ([true("FailureTarget")], "FailureTarget"),
        ([true("SuccessCriteriaMet")], "SuccessCriteriaMet"),
        ([{"type": "Complete", "status": "False"}], "Running"),
    ],
)
def test_a_job_says_how_it_stands(conditions: list[dict[str, str]], word: str) -> None:
    assert printed("jobs.batch", status={"conditions": conditions})["Status"] == word


def test_a_job_that_is_deleted_terminates_unless_it_has_ended() -> None:
    going = meta(deletionTimestamp=ago(seconds=1))
    assert printed("jobs.batch", metadata=going)["Status"] == "Terminating"
    done = {"conditions": [true("Complete")]}
    assert printed("jobs.batch", metadata=going, status=done)["Status"] == "Complete"


@pytest.mark.parametrize(
    ("spec", "completions"),
    [
        ({"completions": 5}, "2/5"),
        ({}, "2/1"),
        ({"parallelism": 1}, "2/1"),
        ({"parallelism": 3}, "2/1 of 3"),
        ({"completions": 1, "parallelism": 3}, "2/1"),
    ],
)
def test_a_job_counts_completions(spec: dict[str, int], completions: str) -> None:
    row = printed("jobs.batch", spec=spec, status={"succeeded": 2})
    assert row["Completions"] == completions


@pytest.mark.parametrize(
    ("status", "duration"),
    [
        ({}, ""),
        ({"startTime": ago(minutes=20)}, "20m"),
        ({"startTime": ago(minutes=20), "completionTime": ago(minutes=12, seconds=55)}, "7m5s"),
    ],
)
def test_a_job_says_how_long_it_took(status: dict[str, str], duration: str) -> None:
    assert printed("jobs.batch", status=status)["Duration"] == duration


def test_a_cron_job_says_when_it_last_ran() -> None:
    columns = ("Schedule", "Timezone", "Suspend", "Active", "Last Schedule", "Images")
    spec: dict[str, Any] = {"schedule": "*/5 * * * *"}
    assert shown("cronjobs.batch", *columns, spec=spec) == [
        *("*/5 * * * *", "<none>", "<unset>", 0, "<none>", "")
    ]
    spec |= {
        "suspend": False,
        "timeZone": "Europe/Berlin",
        "jobTemplate": {"spec": {"template": {"spec": {"containers": [{"image": "i"}]}}}},
    }
    status = {"active": [{"name": "x-1"}], "lastScheduleTime": ago(seconds=30)}
    assert shown("cronjobs.batch", *columns, spec=spec, status=status) == [
        *("*/5 * * * *", "Europe/Berlin", "False", 1, "30s", "i")
    ]
