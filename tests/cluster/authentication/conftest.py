"""A signing key, and a small cluster that tokens can be bound to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.authentication import certificates
from labkit.cluster.embedded.apiserver.authentication.service_accounts import ServiceAccountTokens

NOW = 1_800_000_000


@dataclass
class SmallCluster:
    """What is there, by (resource, namespace, name) -> uid; and what time it is."""

    tokens: ServiceAccountTokens = field(init=False)
    now: float = NOW
    there: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def uid_of(self, resource: str, namespace: str, name: str) -> str | None:
        return self.there.get((resource, namespace, name))

    def get(self, resource: str, namespace: str, name: str) -> dict[str, Any] | None:
        uid = self.uid_of(resource, namespace, name)
        if uid is None:
            return None
        spec = {"serviceAccountName": "builder", "nodeName": "node-1"}
        return {"metadata": {"name": name, "namespace": namespace, "uid": uid}, "spec": spec}


@pytest.fixture(scope="session")
def key() -> Any:
    """A key of the curve P-256."""
    found = certificates.read_key(certificates.new_key_pem())
    assert found
    return found


@pytest.fixture
def cluster(key: Any) -> SmallCluster:
    """A service account, a pod, a secret and a node; the time stands still until it is changed."""
    made = SmallCluster(
        there={
            ("serviceaccounts", "default", "builder"): "sa-1",
            ("pods", "default", "web"): "pod-1",
            ("secrets", "default", "seal"): "secret-1",
            ("nodes", "", "node-1"): "n-1",
        }
    )
    made.tokens = ServiceAccountTokens(lambda: key, made.uid_of, clock=lambda: made.now)
    return made


@pytest.fixture
def refused() -> Callable[[Any], str]:
    """Runs a call that is to be refused, and gives what was said."""

    def says(call: Callable[[], object]) -> str:
        from labkit.cluster.embedded.apiserver.authentication.service_accounts import Refused

        with pytest.raises(Refused) as caught:
            call()
        return str(caught.value)

    return says
