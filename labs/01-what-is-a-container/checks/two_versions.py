"""Task 3: two images, each with its own version of one library."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from labkit.core.errors import LabkitError, NotFound
from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox import Sandbox


_APPS = ("old-app", "new-app")


@check(
    "two-versions",
    title="Two versions of one library",
    points=3,
    requires=("sandbox", "base-image"),
    hints=(
        "An image is a stack of files. What has to be where in each of the two, so that its program "
        "finds its own version of the library?",
        "`ImageStore().build(reference, files={path in the image: file here})` adds files on top of "
        "the base image. Each image wants two files.",
    ),
)
def two_versions(lab: Lab) -> Verdict:
    """Runs /bin/app of both images and compares what they say."""
    wanted = {"old-app": f"hello, {lab['guest']}", "new-app": f"good day, {lab['guest']}"}
    said = {app: _what_it_says(lab, f"{app}:1") for app in _APPS}
    evidence = [Evidence(f"{app}:1 says", wanted[app], said[app]) for app in _APPS]
    missing = [app for app in _APPS if said[app] == _NO_IMAGE]
    if not missing and said == wanted:
        return passed("Both work, on one machine, each with its own version.", *evidence)
    if missing:
        return not_yet("no-images" if len(missing) == 2 else "one-image", *evidence)
    versions = [_digest_of(lab, f"{app}:1", "usr/lib/greet.sh") for app in _APPS]
    if not all(versions):
        return not_yet("no-library", *evidence)
    if versions[0] == versions[1]:
        return not_yet("same-version", *evidence)
    if said[_APPS[0]] != wanted[_APPS[0]] and said[_APPS[1]] != wanted[_APPS[1]]:
        return not_yet("swapped", *evidence)
    return not_yet(OTHER, *evidence)


_NO_IMAGE = "there is no such image"


def _what_it_says(lab: Lab, reference: str) -> str:
    try:
        image = lab.images.get(reference)
    except NotFound:
        return _NO_IMAGE
    try:
        result = Sandbox(image).run(["/bin/app"], timeout_s=5)
    except LabkitError as error:
        return error.what
    return (result.stdout + result.stderr).strip() or f"nothing; exit code {result.exit_code}"


def _digest_of(lab: Lab, reference: str, path: str) -> str:
    for layer in lab.images.get(reference).layers:
        if (layer / path).is_file():
            return (layer / path).read_text(errors="replace")
    return ""


@two_versions.wrong("no-images", says="There are no such images yet.")
def _(lab: Lab) -> None:
    _parts(lab)


@two_versions.wrong("one-image", says="One of the two images is there.", near_miss=True)
def _(lab: Lab) -> None:
    _build(lab, "old-app", "old-app", 1)


@two_versions.wrong(
    "no-library",
    says="Both images are there, but at least one of them has no library where the programs look "
    "for it.",
    hints=("The second line of each program says where it looks.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _build(lab, "old-app", "old-app", 1)
    _build(lab, "new-app", "new-app", 2, library="/lib/greet.sh")


@two_versions.wrong(
    "same-version",
    says="Both images carry the same version of the library, as one shared machine would.",
    hints=("Which version does each program need? Read how it calls `greet`.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _build(lab, "old-app", "old-app", 2)
    _build(lab, "new-app", "new-app", 2)


@two_versions.wrong(
    "swapped",
    says="Each image has a version of its own, and each has the wrong one for its program.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    _build(lab, "old-app", "old-app", 2)
    _build(lab, "new-app", "new-app", 1)


@two_versions.unlisted("a program that cannot be executed")
def _(lab: Lab) -> None:
    _build(lab, "old-app", "old-app", 1)
    _build(lab, "new-app", "new-app", 2, mode=0o644)


@two_versions.right("one image upon another: the library replaced in a further layer")
def _(lab: Lab) -> None:
    parts = _parts(lab)
    files = {"/usr/lib/greet.sh": parts / "greet-1.sh", "/bin/app": parts / "old-app"}
    first = lab.images.build("old-app:1", files=files)
    _forget_later(lab, "old-app:1", "new-app:1")
    files = {"/usr/lib/greet.sh": parts / "greet-2.sh", "/bin/app": parts / "new-app"}
    lab.images.build("new-app:1", base=first, files=files)


@two_versions.right("with tar on the command line, added as a layer")
def _(lab: Lab) -> None:
    for app, version in (("old-app", 1), ("new-app", 2)):
        tree = lab.folder / f"tree-{app}"
        (tree / "usr/lib").mkdir(parents=True)
        (tree / "bin").mkdir()
        shutil.copy(_parts(lab) / f"greet-{version}.sh", tree / "usr/lib/greet.sh")
        shutil.copy(_parts(lab) / app, tree / "bin/app")
        archive = lab.folder / f"{app}.tar"
        subprocess.run(["tar", "-C", tree, "-cf", archive, "usr", "bin"], check=True)
        lab.images.add_layer(f"{app}:1", archive)
    _forget_later(lab, "old-app:1", "new-app:1")


def _parts(lab: Lab) -> Path:
    parts = lab.folder / "parts"
    parts.mkdir(exist_ok=True)
    (parts / "greet-1.sh").write_text('greet() { echo "hello, $1"; }\n')
    (parts / "greet-2.sh").write_text(
        'greet() { [ "$1" = --name ] || { echo "greet: say --name" >&2; return 2; }; '
        'echo "good day, $2"; }\n'
    )
    for app, option in (("old-app", ""), ("new-app", "--name ")):
        (parts / app).write_text(f"#!/bin/sh\n. /usr/lib/greet.sh\ngreet {option}{lab['guest']}\n")
        (parts / app).chmod(0o755)
    return parts


def _build(
    lab: Lab,
    image: str,
    app: str,
    version: int,
    library: str = "/usr/lib/greet.sh",
    mode: int = 0o755,
) -> None:
    parts = _parts(lab)
    (parts / app).chmod(mode)
    files = {library: parts / f"greet-{version}.sh", "/bin/app": parts / app}
    lab.images.build(f"{image}:1", files=files)
    _forget_later(lab, f"{image}:1")


def _forget_later(lab: Lab, *references: str) -> None:
    for reference in references:
        lab.defer(lambda reference=reference: lab.images.remove(reference))
