"""An export comes back as it was, and a hostile one is refused with its reason and place."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labkit.core.errors import BadInput, SystemFault
from labkit.grading import Event, Progress, read_export
from labkit.grading.events import FORMS, clean, read_event
from labkit.grading.exports import EVENTS_LIMIT, SIZE_LIMIT_BYTES, write_export

names = st.from_regex(r"([a-z0-9][a-z0-9-]{0,63})?", fullmatch=True)
texts = st.text(max_size=500).map(clean)
digests = st.from_regex(r"[0-9a-f]{16}", fullmatch=True)
seeds = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
shares = st.floats(0, 1) | st.sampled_from([0, 1])
statuses = st.sampled_from(["passed", "not yet", "blocked"])
data: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "seed": st.fixed_dictionaries({"seed": seeds}),
    "opened": st.just({}),
    "verdict": st.fixed_dictionaries(
        {"status": statuses, "state": names, "verified": st.booleans()}
    ),
    "hint": st.fixed_dictionaries({"hint": digests, "share": shares}),
    "reveal": st.fixed_dictionaries({"share": shares}),
    "prediction": st.fixed_dictionaries(
        {"question": texts, "choices": st.lists(texts, max_size=20), "answer": texts}
    ),
    "import": st.fixed_dictionaries(
        {
            "digest": digests,
            "seed": seeds,
            "events": st.integers(0, 999_999),
            "verified": st.booleans(),
        }
    ),
}
times = st.datetimes().map(lambda at: at.isoformat(timespec="milliseconds") + "Z")
events = st.sampled_from(sorted(data)).flatmap(
    lambda kind: st.builds(
        Event,
        id=digests,
        at=times,
        kind=st.just(kind),
        topic=names,
        task=names,
        data=data[kind],
        is_foreign=st.just(True),
    )
)
histories = st.lists(events, max_size=12, unique_by=lambda event: event.id)


def written(content: bytes) -> Path:
    fd, name = tempfile.mkstemp()
    with os.fdopen(fd, "wb") as file:
        file.write(content)
    return Path(name)


def test_the_strategies_cover_every_kind() -> None:
    assert set(data) == set(FORMS)


@settings(deadline=None, database=None, max_examples=60)
@given(seeds, histories)
def test_what_is_exported_comes_back(seed: str, history: list[Event]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.json"
        write_export(path, seed, history)
        export = read_export(path)
        assert (export.seed, list(export.events)) == (seed, history)
        again = Path(folder) / "again.json"
        write_export(again, export.seed, export.events)
        assert again.read_bytes() == path.read_bytes()


@settings(deadline=None, database=None, max_examples=25)
@given(histories)
def test_what_is_stored_comes_back(history: list[Event]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Progress(Path(folder) / "progress.sqlite") as progress,
    ):
        progress.add(*history)
        progress.close()
        assert progress.events()[1:] == history


def test_an_export_is_pinned(tmp_path: Path) -> None:
    # Learners keep these files: what this version writes, each later one must read.
    form = {"status": "not yet", "state": "ended", "verified": False}
    event = Event("0123456789abcdef", "2026-11-22T21:19:51.042Z", "verdict", "t", "a-task", form)
    write_export(tmp_path / "export.json", "ada", [event])
    assert (tmp_path / "export.json").read_text() == (
        f'{{"format": "labkit-progress", "labkit": "{metadata.version("labkit")}", "schema": 1,'
        ' "seed": "ada", "events": [\n'
        '{"at": "2026-11-22T21:19:51.042Z", "data": {"state": "ended", "status": "not yet",'
        ' "verified": false}, "id": "0123456789abcdef", "kind": "verdict", "task": "a-task",'
        ' "topic": "t"}\n]}\n'
    )


def test_an_export_is_whole_or_absent_and_for_its_owner(tmp_path: Path, progress: Progress) -> None:
    path = tmp_path / "export.json"
    progress.export(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(SystemFault, match="No such file"):
        progress.export(tmp_path / "no" / "export.json")
    assert [found.name for found in tmp_path.glob("*export*")] == ["export.json"]


def test_more_than_can_be_imported_is_not_exported(tmp_path: Path) -> None:
    event = Event("0" * 16, "2026-11-22T21:19:51.042Z", "opened", "", "", {})
    with pytest.raises(BadInput, match="too much to export"):
        write_export(tmp_path / "export.json", "ada", [event] * (EVENTS_LIMIT + 1))
    assert list(tmp_path.iterdir()) == []


SOUND: dict[str, Any] = {
    "id": "0123456789abcdef",
    "at": "2026-11-22T21:19:51.042Z",
    "kind": "verdict",
    "topic": "t",
    "task": "a-task",
    "data": {"status": "passed", "state": "", "verified": False},
}


def whole(*events: object, **changes: object) -> bytes:
    head = {"format": "labkit-progress", "schema": 1, "labkit": "0.1.0", "seed": "ada"}
    return json.dumps({**head, "events": list(events), **changes}).encode()


def test_the_sound_example_is_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(whole(SOUND))
    assert read_export(tmp_path / "x").events == (read_event(SOUND, where="", is_foreign=True),)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not JSON: Expecting value at line 1, column 1"),
        (b"\x80\x04\x95pickle", "codec"),
        (b"[]", "does not say"),
        (b"null", "does not say"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (b"9" * 5000, "digit"),
        (whole(schema=2), "its schema is 2, and this labkit reads 1"),
        (whole(schema=True), "its schema is True"),
        (whole(schema="1" * 999), "its schema is '1111"),
        (whole(format="x"), "does not say"),
        (whole(seed="../../etc"), "its seed must be"),
        (whole(seed=["a"]), "its seed must be"),
        (whole(labkit="x" * 41), "its labkit must be a version"),
        (whole(path="/etc/passwd"), "missing or too many: ['path']"),
        (whole(events={}), "must be a list"),
        (whole(events=[0] * (EVENTS_LIMIT + 1)), "at most 50000"),
        (whole(SOUND, SOUND), "two of its events have one id"),
        (whole(SOUND, 7), r"events[1] is not as it should be"),
        (whole(SOUND)[:-2] + b', "seed": "b"}', "Expecting"),
        (whole(SOUND).replace(b'"seed": "ada"', b'"seed": "ada", "seed": "b"'), "stands twice"),
        (whole(SOUND).replace(b"false", b"NaN"), "NaN is no JSON"),
        (b" " * (SIZE_LIMIT_BYTES + 1), "larger than"),
    ],
)
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read_export(path)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 600


def data_of(kind: str, **data: object) -> dict[str, object]:
    return {"kind": kind, "data": data}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"id": "0" * 15}, "events[0]: id"),
        ({"id": 7}, "events[0]: id is 7"),
        ({"at": "yesterday"}, "events[0]: at"),
        ({"at": "2026-11-22T21:19:51.042Z\n"}, "events[0]: at"),
        ({"kind": "exec"}, "events[0]: kind is 'exec'; it should be one of seed"),
        ({"kind": ["seed"]}, "events[0]: kind"),
        ({"topic": "../.."}, "events[0]: topic"),
        ({"task": "x" * 65}, "events[0]: task"),
        ({"task": None}, "events[0]: task"),
        ({"extra": 1}, "events[0] is not as it should be"),
        ({"data": []}, "events[0]: data"),
        ({"data": {"status": "passed"}}, "events[0]: data"),
        (data_of("verdict", status="won", state="", verified=True), "data.status is 'won'"),
        (data_of("verdict", status=["x"], state="", verified=True), "data.status"),
        (data_of("verdict", status="passed", state="", verified=1), "data.verified is 1"),
        (data_of("hint", hint="0" * 16, share=1.01), "data.share is 1.01"),
        (data_of("hint", hint="0" * 16, share=-1), "data.share is -1"),
        (data_of("hint", hint="0" * 16, share=10**400), "data.share"),
        (data_of("hint", hint="0" * 16, share=True), "data.share is True"),
        (data_of("reveal", share="1"), "data.share is '1'"),
        (data_of("prediction", question="q" * 501, choices=[], answer=""), "data.question"),
        (data_of("prediction", question="\x1b[2J", choices=[], answer=""), "data.question"),
        (data_of("prediction", question="\ud800", choices=[], answer=""), "data.question"),
        (data_of("prediction", question="q", choices=["c"] * 21, answer=""), "data.choices"),
        (data_of("prediction", question="q", choices=[1], answer=""), "data.choices"),
        (data_of("prediction", question="q", choices=[[[]]], answer=""), "data.choices"),
        (data_of("seed", seed="a b"), "data.seed"),
        (data_of("opened", path="/etc/passwd"), "it should have nothing, and has ['path']"),
    ],
)
def test_an_event_that_is_none_is_refused_with_its_place(
    tmp_path: Path, changes: dict[str, object], says: str
) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(whole(SOUND | changes))
    with pytest.raises(BadInput) as caught:
        read_export(path)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 600
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.mkdir(), lambda path: None])
def test_what_is_no_regular_file_is_refused_at_once(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / "export.json")
    with pytest.raises(BadInput):
        read_export(tmp_path / "export.json")
    with pytest.raises(BadInput, match="regular"):
        read_export(Path("/dev/zero"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(
    deadline=None, database=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.data(), histories)
def test_an_export_changed_at_any_place_is_read_or_refused(
    data: st.DataObject, history: list[Event]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.json"
        write_export(path, "ada", history)
        raw = json.loads(path.read_text())
        place: Any = raw
        while isinstance(place, dict | list) and place:
            keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
            key = data.draw(st.sampled_from(keys))
            if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
                place[key] = data.draw(json_values)
                break
            place = place[key]
        path.write_text(json.dumps(raw))
        try:
            export = read_export(path)
        except BadInput as error:
            assert str(path) in str(error)
        else:
            write_export(path, export.seed, export.events)  # what was read has the right form
            assert read_export(path).events == export.events


@settings(deadline=None, database=None, max_examples=150)
@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_refused(content: bytes) -> None:
    path = written(content)
    try:
        with pytest.raises(BadInput):
            read_export(path)
    finally:
        path.unlink()
