"""Each case prints what a real Kubernetes 1.36 prints; some with kubectl of other versions, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.suite import transcript
from tests.cluster.suite.playing import Target, play
from tests.cluster.suite.transcript import Case
from tests.support import clients

FILES = sorted((Path(__file__).parent / "cases").glob("*.txt"))

pytestmark = pytest.mark.requires("kubectl")


def cases(word: str = "") -> list[object]:
    return [
        pytest.param(case, id=f"{path.stem}: {case.title}")
        for path in FILES
        for case in transcript.read(path)
        if not word or word in case.words
    ]


@pytest.mark.parametrize("case", cases())
def test_kubectl_prints(
    case: Case, target: Target, kubectl: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    is_embedded = request.config.getoption("--kubeconfig", None) is None
    if "embedded-only" in case.words and not is_embedded:
        pytest.skip(f"is true of the embedded cluster only: {case.words['embedded-only']}")
    if "not-yet" in case.words and is_embedded:
        request.node.add_marker(pytest.mark.xfail(reason=case.words["not-yet"], strict=True))
    play(target, case, kubectl, tmp_path)


@pytest.mark.parametrize("version", [one for one in clients.VERSIONS if one != clients.MAIN])
@pytest.mark.parametrize("case", cases("all-versions"))
def test_kubectl_of_other_versions_prints(
    case: Case, version: str, target: Target, tmp_path: Path
) -> None:
    play(target, case, clients.kubectl(version), tmp_path)
