"""What was acknowledged is there after a SIGKILL."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from labkit.cluster.embedded.store import Key, Store

WRITER = """
import itertools, sys
from labkit.cluster.embedded.store import Cause, Key, Store

store = Store(sys.argv[1], forgetful=["leases"], max_history_bytes=200_000)
cause = Cause("writer")
for turn in itertools.count(int(sys.argv[2])):
    for resource in ("pods", "leases"):
        key = Key(resource, "default", f"{turn % 50}")
        source = {"metadata": {"name": key.name}, "turn": turn, "padding": "x" * (turn % 3000)}
        if store.get(key) is None:
            record = store.create(key, source, cause)
        elif turn % 7:
            record = store.update(key, source, cause)
        else:
            record = store.delete(key, cause)
        is_there = store.get(key) is not None
        print(record.revision, resource, key.name, turn, is_there, flush=True)
"""


@dataclass(frozen=True)
class Acknowledged:
    """A line that the writer has said."""

    revision: int
    key: Key
    turn: int
    is_there: bool

    @classmethod
    def read(cls, line: str) -> Acknowledged:
        revision, resource, name, turn, is_there = line.split()
        return cls(int(revision), Key(resource, "default", name), int(turn), is_there == "True")

    def next_key(self) -> Key:
        """What the writer writes next, which it may have done without saying so any more."""
        if self.key.resource == "pods":
            return self.key._replace(resource="leases")
        return Key("pods", "default", f"{(self.turn + 1) % 50}")


def write_until_killed(folder: Path, turn: int, writes: int) -> list[Acknowledged]:
    """Lets a process write, and kills it some time after so many writes."""
    command = [sys.executable, "-c", WRITER, str(folder), str(turn)]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            lines.append(line)
            if len(lines) == writes:
                process.kill()
    assert process.returncode == -signal.SIGKILL
    return [
        Acknowledged.read(line) for line in lines if line.endswith("\n")
    ]  # the last may be torn


def expect_there(store: Store, acknowledged: list[Acknowledged]) -> None:
    """All of it is there, and at most one write more."""
    last = acknowledged[-1]
    assert last.revision <= store.revision <= last.revision + 1
    for said in {each.key: each for each in acknowledged}.values():
        record = store.get(said.key)
        if said.key == last.next_key() and store.revision > last.revision:
            continue
        if not said.is_there:
            assert record is None
        else:
            assert record
            assert (record.revision, record.object["turn"]) == (said.revision, said.turn)
    since = store.compacted
    pods = [each.revision for each in acknowledged if each.key.resource == "pods"]
    kept = [revision for revision in pods if revision > since]
    changes = store.changes("pods", since=since, until=last.revision)
    assert [change.revision for change in changes][-len(kept) :] == kept


def test_a_sigkill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(1)
    turn = 1
    for _ in range(10):
        acknowledged = write_until_killed(tmp_path / "store", turn, chance.randrange(1, 1500))
        turn = acknowledged[-1].turn + 2
        with Store(tmp_path / "store", forgetful=["leases"]) as store:
            expect_there(store, acknowledged)
