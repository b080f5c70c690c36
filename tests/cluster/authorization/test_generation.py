"""A number that changes with roles and bindings, and with nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from labkit.cluster.embedded.apiserver.authorization.generation import Generation
from labkit.cluster.embedded.apiserver.authorization.policy import RESOURCES


@dataclass
class Writes:
    """The writes of a store: the resource of each, and which can no longer be told."""

    resources: list[str] = field(default_factory=list)
    compacted: int = 0
    told: int = 0

    @property
    def revision(self) -> int:
        return len(self.resources)

    def changes(
        self, resource: str | None = None, namespace: str | None = None, since: int = 0
    ) -> Iterator[Any]:
        assert since >= self.compacted
        for name in self.resources[since:]:
            self.told += 1
            yield SimpleNamespace(record=SimpleNamespace(key=SimpleNamespace(resource=name)))


def test_pods_do_not_count_and_roles_do() -> None:
    writes = Writes()
    generation = Generation(writes)
    before = generation()
    writes.resources += ["pods", "leases.coordination.k8s.io", "roles.example.com"]
    assert generation() == before
    for resource in sorted(RESOURCES):
        writes.resources += ["pods", resource, "pods"]
        after = generation()
        assert after != before
        assert generation() == after
        before = after


def test_each_write_is_looked_at_once() -> None:
    writes = Writes()
    generation = Generation(writes)
    for _ in range(50):
        writes.resources.append("pods")
        generation()
        generation()
    assert writes.told == 50


def test_what_cannot_be_told_any_more_counts() -> None:
    writes = Writes()
    generation = Generation(writes)
    before = generation()
    writes.resources += ["pods"] * 10
    writes.compacted = 5
    assert generation() != before
