"""Task 2: a crate found in a container, and a copy of it brought out."""

from __future__ import annotations

import random
import secrets
import shutil
import subprocess
from pathlib import Path

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox import Sandbox

from .shared import ENTER, container_of, place_of, root_of, sh, text_of

CARGOES = ("amber", "cinnamon", "copper", "indigo", "saffron")


@check(
    "look-inside",
    title="Look inside, and bring something out",
    points=2,
    requires=("sandbox",),
    hints=(
        "`ls` shows what is in a folder and `cat` shows what is in a file. Where do they have to "
        "run, to see the container's?",
        "What a command inside prints comes back to you as `.stdout`. From there to a file on this "
        "machine it is one line of Python.",
    ),
)
def look_inside(lab: Lab) -> Verdict:
    """Compares found.txt in the work folder with the crates in the container `hold`."""
    cargo, file = str(lab["cargo"]), lab.folder / "found.txt"
    box = container_of(lab, "hold")
    if box is None:
        return not_yet("gone", Evidence("container hold", "runs", "there is none"))
    crates = {path.name: text_of(path) for path in sorted((root_of(box) / "hold").glob("crate-*"))}
    wanted = next((name for name, text in crates.items() if f"cargo: {cargo}" in text), "")
    if not wanted:
        return not_yet(OTHER, Evidence(f"a crate with {cargo}", "in the hold", "there is none"))
    found = text_of(file)
    what = Evidence("found.txt is", "a copy of the crate", _what_is(found, wanted, crates))
    if found == crates[wanted]:
        return passed(f"A copy of the crate with {cargo} is out here.", what)
    if found in crates.values():
        return not_yet("another-crate", what, Evidence("its cargo", cargo, _cargo(found)))
    if not file.exists():
        if place := place_of(box, "found.txt"):
            rows = Evidence("found.txt", "in your folder", f"{place} in the container")
            return not_yet("still-inside", rows)
        return not_yet("nothing", Evidence("found.txt in your folder", "there", "not there"))
    if found in (wanted, f"/hold/{wanted}", cargo, f"cargo: {cargo}"):
        return not_yet("only-its-name", what)
    return not_yet(OTHER, what)


def _what_is(found: str, wanted: str, crates: dict[str, str]) -> str:
    for name, text in crates.items():
        if text == found:
            return "a copy of the crate" if name == wanted else f"a copy of {name}"
    return repr(found[:60]) if found else "empty or not there"


def _cargo(text: str) -> str:
    return text.partition("cargo: ")[2].partition("\n")[0]


@look_inside.wrong(
    "gone",
    says="The container `hold` does not run, so nobody can look into it.",
    hints=("The cell above yours starts it.",),
)
def _(lab: Lab) -> None:
    _hold(lab).stop()


@look_inside.wrong("nothing", says="There is no `found.txt` in your folder yet.")
def _(lab: Lab) -> None:
    _hold(lab)


@look_inside.wrong(
    "still-inside",
    says="There is a `found.txt`, but in the container: it will be gone when the container is.",
    hints=("The copy was made inside. Let what it holds come out before it is written to a file.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    box = _hold(lab)
    sh(box, f"cp $(grep -l {lab['cargo']} /hold/*) /root/found.txt")


@look_inside.wrong(
    "another-crate",
    says="You brought a crate out, but it holds another cargo.",
    hints=("Mind your own `cargo`. `grep -l WORD FILES` names the files that hold a word.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    box = _hold(lab)
    text = sh(box, f"cat $(grep -L {lab['cargo']} /hold/* | head -n 1)")
    (lab.folder / "found.txt").write_text(text)


@look_inside.wrong(
    "only-its-name",
    says="Your file says which crate it is, but not what is in it.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    box = _hold(lab)
    (lab.folder / "found.txt").write_text(sh(box, f"grep -l {lab['cargo']} /hold/*"))


@look_inside.unlisted("half of the crate")
def _(lab: Lab) -> None:
    text = sh(_hold(lab), f"cat $(grep -l {lab['cargo']} /hold/*)")
    (lab.folder / "found.txt").write_text(text.splitlines()[-1])


@look_inside.unlisted("the crate was thrown overboard")
def _(lab: Lab) -> None:
    sh(_hold(lab), f"rm $(grep -l {lab['cargo']} /hold/*)")


@look_inside.right("from a shell, with nsenter")
def _(lab: Lab) -> None:
    inside = f"cat \\$(grep -l {lab['cargo']} /hold/*)"
    script = f'nsenter {ENTER} -m -t {_hold(lab).pid} sh -c "{inside}" > found.txt'
    subprocess.run(["sh", "-c", script], check=True, cwd=lab.folder)


@look_inside.right("a copy through /proc/PID/root")
def _(lab: Lab) -> None:
    root = Path(f"/proc/{_hold(lab).pid}/root")
    crate = next(p for p in (root / "hold").iterdir() if str(lab["cargo"]) in p.read_text())
    shutil.copy(crate, lab.folder / "found.txt")


def _hold(lab: Lab) -> Sandbox:
    box = lab.sandbox(name="hold").start(["sleep", "3600"])
    cargoes = random.sample(CARGOES, len(CARGOES))
    for number, cargo in enumerate(cargoes, 1):
        label = f"cargo: {cargo}\\nseal: {secrets.token_hex(4)}\\n"
        sh(box, f"mkdir -p /hold; printf '{label}' > /hold/crate-{number}")
    return box
