"""Whatever is created and deleted: a quota is never exceeded, and its status comes to the truth."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.cluster.embedded.apiserver.kinds.quantity import parse
from labkit.cluster.embedded.apiserver.status import ApiError
from labkit.cluster.embedded.store import Key
from tests.cluster.admission.asking import PODS, QUOTAS, container, pod, quota
from tests.cluster.apiserver.plane import Plane, with_plane

MOST_PODS, MOST_CPU = 4, "1"

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("POST"), st.integers(0, 6), st.sampled_from(["100m", "300m", "700m"])),
        st.tuples(st.just("DELETE"), st.integers(0, 6), st.just("")),
    ),
    max_size=24,
)


async def step(plane: Plane, method: str, number: int, cpu: str) -> None:
    name = f"p{number}"
    path = PODS if method == "POST" else f"{PODS}/{name}"
    body = pod(name, container(requests={"cpu": cpu})) if method == "POST" else None
    try:
        await plane.call(method, path, body)
    except ApiError as error:
        assert error.reason in ("Forbidden", "AlreadyExists", "NotFound")


def truth(plane: Plane) -> dict[str, str]:
    pods = [one.object for one in plane.store.list("pods", "default")]
    cpu = sum(
        parse(one["spec"]["containers"][0]["resources"]["requests"]["cpu"]).milli for one in pods
    )
    return {"pods": str(parse(str(len(pods)))), "requests.cpu": str(parse(f"{cpu}m"))}


def is_kept(plane: Plane) -> bool:
    now = truth(plane)
    return int(now["pods"]) <= MOST_PODS and parse(now["requests.cpu"]) <= parse(MOST_CPU)


@settings(max_examples=8)
@given(steps=STEPS, at_once=st.integers(1, 8))
def test_a_quota_is_never_exceeded_and_its_status_comes_to_the_truth(
    steps: list[tuple[str, int, str]], at_once: int
) -> None:
    async def run(plane: Plane) -> None:
        hard = {"pods": str(MOST_PODS), "requests.cpu": MOST_CPU}
        await plane.call("POST", QUOTAS, quota("q", hard))
        plane.store.subscribe(lambda: exceeded.append(1) if not is_kept(plane) else None)
        for start in range(0, len(steps), at_once):
            burst = steps[start : start + at_once]
            await asyncio.gather(*(step(plane, *one) for one in burst))

        def status() -> dict[str, str]:
            record = plane.store.get(Key("resourcequotas", "default", "q"))
            assert record is not None
            found: dict[str, str] = record.object.get("status", {}).get("used", {})
            return found

        await plane.until(lambda: status() == truth(plane))
        assert not exceeded

    exceeded: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        with_plane(Path(folder), run)
