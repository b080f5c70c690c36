"""Many writers at once, and writers that are killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labkit.image import ImageStore
from tests.image.support import names, tree

BUILD = """
import sys
from labkit.image import ImageStore
store = ImageStore()
base = store.build("below", base=None, files={f"/data/{n}": b"x" * 20_000 for n in range(40)})
image = store.build("same", base=base, files={"/a": "a" * 300_000}, remove=["/data/7"])
own = store.build("own-" + sys.argv[1], base=image, files={"/own": sys.argv[1]})
print(image.digest, own.digest, len(list(own.layers[1].rglob("*"))))
"""


def start(name: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


def test_processes_that_build_the_same_image_do_not_clash(store: ImageStore) -> None:
    writers = [start(str(number)) for number in range(4)]
    made = [finish(writer).split() for writer in writers]
    assert len({digest for digest, _, _ in made}) == 1
    assert {count for _, _, count in made} == {"41"}
    assert store.references() == ["below", *(f"own-{number}" for number in range(4)), "same"]
    assert [store.get(f"own-{number}").digest for number in range(4)] == [own for _, own, _ in made]
    assert store.collect_garbage() == 0


def test_a_store_whose_writer_was_killed_is_whole_and_forgets_the_half(store: ImageStore) -> None:
    """Killed at ten moments of a build; each time what is there is right, and the rest is gone."""
    started = time.monotonic()
    right = finish(start("0"))
    lasts_s = time.monotonic() - started
    wanted = {path: tree(path) for path in store.get("own-0").layers}
    complete = names(store.folder)
    rng = random.Random(7)
    for moment in range(10):
        for reference in store.references():
            store.remove(reference)
        store.collect_garbage()
        writer = start("0")
        time.sleep(rng.uniform(0.3, 1) * lasts_s)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        seen = ImageStore(store.folder)
        for image in seen.list():
            for layer in image.layers:
                assert layer not in wanted or tree(layer) == wanted[layer], moment
    assert finish(start("0")) == right
    assert names(store.folder) == complete


def test_what_a_killed_writer_left_goes_with_the_next_one(store: ImageStore) -> None:
    store.build("x", base=None)
    half = store.folder / "tmp" / "half"
    (half / "sub").mkdir(parents=True)
    (half / "sub" / "file").write_text("x")
    (half / "sub").chmod(0o500)
    (store.folder / "tmp" / "blob").write_bytes(b"half")
    (store.folder / "oci-layout").write_text("")
    store.build("y", base=None)
    assert list((store.folder / "tmp").iterdir()) == []
    assert "1.0.0" in (store.folder / "oci-layout").read_text()


@pytest.mark.requires("root", "program:mount")
def test_a_full_disk_is_a_fault_and_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    code = """
import pathlib, subprocess, sys
from labkit.core.errors import SystemFault
from labkit.image import ImageStore
place = sys.argv[1]
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], check=True)
store = ImageStore(pathlib.Path(place) / "images")
store.build("small", base=None, files={"/x": "x"})
before = sorted(map(str, store.folder.rglob("*")))
try:
    store.build("large", base="small", files={"/y": bytes(3 << 20)})
except SystemFault as error:
    print(error.errno)
assert sorted(map(str, store.folder.rglob("*"))) == before
store.build("fits", base="small", files={"/y": "y"})
"""
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert (done.returncode, done.stdout) == (0, "28\n"), done.stderr  # ENOSPC
