"""Task 5: a root of two layers that is written to, and leaves them as they are."""

from __future__ import annotations

from pathlib import Path

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox import processes, walls

from .shared import build, find, layers, nothing, rows, sleepers, wait_for

OVERLAY = (
    "mount -t tmpfs tmpfs /mnt; mkdir /mnt/upper /mnt/work /mnt/root; "
    "mount -t overlay -o lowerdir={layers},upperdir=/mnt/upper,workdir=/mnt/work,userxattr overlay "
    "/mnt/root; ROOT=/mnt/root"
)


@check(
    "image-stays",
    title="The image stays as it is",
    points=4,
    requires=("sandbox", "base-image"),
    hints=(
        "One folder over another, and a third one above for what is written: which file system does "
        "that?",
        "An overlay wants `lowerdir` (the topmost first), `upperdir` and `workdir`. The last two have "
        "to lie on a file system of the container's own: memory (`tmpfs`) will do.",
    ),
)
def image_stays(lab: Lab) -> Verdict:
    """Reads the files of both layers in the root, the diary there, and no diary in the layers."""
    process = find(lab, str(lab["fifth"]))
    if process is None:
        return not_yet("nothing", nothing(lab, str(lab["fifth"])))
    root, word = Path(f"/proc/{process.pid}/root"), str(lab["word"])
    places = [lab.folder / "layers" / name for name in ("hut", "base")]
    diaries = [place.name for place in places if (place / "root/diary").exists()]
    upper = _read(root / "etc/motd") == "a hut on a base"
    lower = (root / "bin/busybox").is_file()
    evidence = (
        *rows(walls(process.pid), "processes", "root", "files"),
        Evidence("/etc/motd, of the layer hut", "there", "there" if upper else "not there"),
        Evidence("/bin/busybox, of the layer base", "there", "there" if lower else "not there"),
        Evidence("/root/diary", word, _read(root / "root/diary") or "there is none"),
        Evidence("layers that have a diary now", "none", ", ".join(diaries) or "none"),
    )
    if diaries:
        return not_yet("written-through", *evidence)
    if upper != lower:
        return not_yet("one-layer", *evidence)
    if upper and not (root / "root/diary").exists():
        return not_yet("no-diary", *evidence)
    if all(row.agrees for row in evidence):
        return passed("Written in the container, and the image knows nothing of it.", *evidence)
    return not_yet(OTHER, *evidence)


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""


@image_stays.wrong("nothing", says="No container with that hostname runs that command.")
def _(lab: Lab) -> None:
    layers(lab)
    build(lab, "elsewhere")


@image_stays.wrong(
    "one-layer",
    says="The root has the files of one layer only.",
    hints=("Two folders, with a `:` between, are one value of `lowerdir`. A bind mount has one.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _build(lab, [layers(lab)[1]], diary=f"echo {lab['word']} > /root/diary;")


@image_stays.wrong(
    "written-through",
    says="What the container has written is in a layer: the next container from this image finds it.",
    hints=(
        "Take the diary out of the layer again (`rm`); the image shall be as it was. Then: where does "
        "a write go, and where should it?",
    ),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _, base = layers(lab)
    root = f'mount --bind "{base}" "$ROOT"'
    diary = f"echo {lab['word']} > /root/diary; exec /bin/sleep {lab['seconds']}"
    build(lab, lab["fifth"], root=root, command=diary)
    wait_for(lambda: (base / "root/diary").exists())


@image_stays.wrong(
    "no-diary",
    says="Both layers are in the root, and nobody has written a diary there.",
    hints=("A shell can do two things: write the file, then `exec` the command.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _build(lab, layers(lab))


@image_stays.unlisted("a diary with another word in it")
def _(lab: Lab) -> None:
    _build(lab, layers(lab), diary="echo anchovy > /root/diary;")


@image_stays.right("in a shell, with mount -t overlay")
def _(lab: Lab) -> None:
    _build(lab, layers(lab), diary=f"echo {lab['word']} > /root/diary;")


@image_stays.right("copied: both layers into a folder of memory, without an overlay")
def _(lab: Lab) -> None:
    hut, base = layers(lab)
    root = f'mount -t tmpfs tmpfs "$ROOT"; cp -a "{base}/." "{hut}/." "$ROOT"'
    command = f"echo {lab['word']} > /root/diary; exec /bin/sleep {lab['seconds']}"
    build(lab, lab["fifth"], root=root, command=command)


@image_stays.right("in Python: an image of the same two layers, and a sandbox of labkit's")
def _(lab: Lab) -> None:
    layers(lab)
    image = lab.images.build("hut:1", files={"/etc/motd": "a hut on a base\n"})
    lab.defer(lambda: lab.images.remove("hut:1"))
    box = lab.sandbox(rootfs=image, hostname=lab["fifth"])
    box.start(["sh", "-c", f"echo {lab['word']} > /root/diary; exec sleep {lab['seconds']}"])
    wait_for(lambda: bool(sleepers(lab, processes())))


def _build(lab: Lab, folders: object, diary: str = "") -> None:
    mount = OVERLAY.format(layers=":".join(map(str, folders)))
    build(lab, lab["fifth"], root=mount, command=f"{diary} exec /bin/sleep {lab['seconds']}")
