"""Compiles Kubernetes 1.20.2 from Debian 12's sources. Knows nothing about running it.

Debian 12 has the whole source of Kubernetes with everything that it needs, a Go that compiles it,
and an etcd that it runs on. They are downloaded with apt, from whichever mirror this machine uses,
and unpacked: nothing is installed.
It needs gcc, make and rsync, 6 GB of disk, and a quarter of an hour of two processors.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

SUITE = "bookworm"
VERSION = "1.20.2"
REFLECT2 = "github.com/modern-go/reflect2"
PACKAGES = (
    "golang-1.19-go",
    "golang-1.19-src",
    "etcd-server",
    "golang-github-modern-go-reflect2-dev",
)
"""The last takes the place of an older one in the source, which this Go makes crash."""
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kubectl")


class CannotBuild(Exception):
    """This machine lacks something, or a step failed; says what to do."""


def build(folder: Path) -> Path:
    """Downloads and compiles what is not in the folder yet.

    Args:
        folder: where everything is put; made if missing.

    Returns:
        The folder with the programs: etcd and `PROGRAMS`.

    Raises:
        CannotBuild: a program or a package is missing, or a step failed.
    """
    programs = folder / "bin"
    if all((programs / name).exists() for name in (*PROGRAMS, "etcd")):
        return programs
    if missing := [name for name in ("apt-get", "gcc", "make", "rsync") if not shutil.which(name)]:
        raise CannotBuild(f"to compile Kubernetes takes {', '.join(missing)}; install them first")
    downloads, root, source = folder / "downloads", folder / "root", folder / "source"
    if not source.exists():
        download(downloads)
        for package in downloads.glob("*.deb"):
            run(["dpkg", "-x", package, root])
        unpack(next(downloads.glob("kubernetes_*.orig.tar.*")), source, root)
    compile_all(source, go_root(root, folder / "go"))
    programs.mkdir(exist_ok=True)
    made = source / "_output" / "local" / "bin" / "linux"
    for name in PROGRAMS:
        shutil.copy2(next(made.glob(f"*/{name}")), programs)
    shutil.copy2(root / "usr" / "bin" / "etcd", programs)
    return programs


def download(folder: Path) -> None:
    """The packages, and the source of Kubernetes, into a folder."""
    for name in ("lists/partial", "archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    sources = folder / "sources.list"
    sources.write_text("".join(f"{kind} {mirror()} {SUITE} main\n" for kind in ("deb", "deb-src")))
    settings = {
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder,
        "APT::Sandbox::User": "",
    }
    apt = ["apt-get", "-q", *(f"-o{name}={value}" for name, value in settings.items())]
    run([*apt, "update"])
    run([*apt, "download", *PACKAGES], folder)
    run([*apt, "source", "--download-only", "kubernetes"], folder)


def mirror() -> str:
    """Where this machine gets Debian's packages from."""
    wanted = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]
    sites = [*output([*wanted, "Origin: Debian", "Component: main"]), *output(wanted)]
    if not sites:
        raise CannotBuild("apt on this machine has no sources of packages; it takes Debian's")
    return sites[0]


def unpack(archive: Path, source: Path, root: Path) -> None:
    """The source as it was published, but for one library; complete when it has its name."""
    new = source.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    run(["tar", "-xf", archive, "-C", new, "--strip-components=1"])
    old = new / "vendor" / REFLECT2
    shutil.rmtree(old)
    shutil.copytree(root / "usr" / "share" / "gocode" / "src" / REFLECT2, old)
    new.rename(source)


def go_root(root: Path, go: Path) -> Path:
    """Go as one tree: Debian has its parts in two places, with links between them."""
    if not go.exists():
        for part in ("share", "lib"):
            shutil.copytree(root / "usr" / part / "go-1.19", go, dirs_exist_ok=True, symlinks=False,
                            ignore_dangling_symlinks=True)  # fmt: skip
    return go


def compile_all(source: Path, go: Path) -> None:
    """Makes the programs; what is there already is not made again."""
    version = source / ".version"
    major, minor, _ = VERSION.split(".")
    version.write_text(
        f"KUBE_GIT_COMMIT={40 * '0'}\nKUBE_GIT_TREE_STATE=archive\nKUBE_GIT_VERSION=v{VERSION}\n"
        f"KUBE_GIT_MAJOR={major}\nKUBE_GIT_MINOR={minor}\n"
    )
    env = {
        "GOROOT": str(go),
        "PATH": f"{go / 'bin'}:{os.environ['PATH']}",
        "KUBE_GIT_VERSION_FILE": str(version),
    }
    run(["make", f"WHAT={' '.join(f'cmd/{name}' for name in PROGRAMS)}"], source, env)


def run(
    words: Sequence[str | Path], folder: Path | None = None, env: dict[str, str] | None = None
) -> None:
    """A command that prints for itself; it has to succeed."""
    code = subprocess.run(
        words, cwd=folder, env={**os.environ, **(env or {})}, check=False
    ).returncode
    if code:
        raise CannotBuild(f"{words[0]} failed with code {code}: the reason stands above")


def output(words: Sequence[str]) -> list[str]:
    """The lines that a command prints."""
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.splitlines()
