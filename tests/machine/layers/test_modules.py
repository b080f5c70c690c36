from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import SystemFault
from labkit.machine.layers.modules import (
    PATTERNS,
    Modules,
    copy_wanted,
    name_of,
    parse_dependencies,
    parse_soft,
    patterns,
)

RING, VIRTIO = "kernel/drivers/virtio/virtio_ring.ko", "kernel/drivers/virtio/virtio.ko"
DEP = f"""\
kernel/drivers/block/virtio_blk.ko: {RING} {VIRTIO}
kernel/drivers/virtio/virtio_ring.ko: kernel/drivers/virtio/virtio.ko
kernel/drivers/virtio/virtio.ko:
kernel/net/a/virtio-net.ko.xz: kernel/drivers/virtio/virtio.ko
kernel/net/deep/er/x.ko:
"""


@st.composite
def trees(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """A modules.dep as depmod writes it: all that is needed, what is loaded first at the end."""
    count = draw(st.integers(1, 12))
    needs: list[list[int]] = [
        sorted(draw(st.sets(st.integers(0, n - 1), max_size=3))) if n else [] for n in range(count)
    ]
    found = {}
    for n in range(count):
        below: dict[int, None] = {}

        def add(one: int, below: dict[int, None] = below) -> None:
            for needed in needs[one]:
                add(needed)
                below.setdefault(needed)

        add(n)
        found[f"kernel/m{n}.ko"] = tuple(f"kernel/m{d}.ko" for d in reversed(below))
    return found


@given(trees(), st.data())
def test_each_module_is_loaded_once_and_after_all_it_needs(
    tree: dict[str, tuple[str, ...]], data: st.DataObject
) -> None:
    names = data.draw(st.lists(st.sampled_from([name_of(path) for path in tree])))
    order = Modules(tree, frozenset(), {}).load_order(names)
    assert len(set(order)) == len(order)
    assert {name_of(path) for path in order} >= set(names)
    for place, path in enumerate(order):
        assert set(tree[path]) <= set(order[:place])


def test_builtin_and_soft_dependencies_are_minded() -> None:
    soft = parse_soft("softdep virtio-net pre: virtio_blk post: x\n# softdep a pre: b\n")
    modules = Modules(parse_dependencies(DEP), frozenset({"overlay"}), soft)
    assert modules.load_order(["overlay", "virtio-net"]) == [
        "kernel/drivers/virtio/virtio.ko",
        "kernel/drivers/virtio/virtio_ring.ko",
        "kernel/drivers/block/virtio_blk.ko",
        "kernel/net/a/virtio-net.ko.xz",
    ]


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(SystemFault, match="vhost_vsock"):
        Modules(parse_dependencies(DEP), frozenset(), {}).load_order(["vhost-vsock"])


def test_patterns_choose_modules_and_what_these_need(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for path in (*parse_dependencies(DEP), "modules.builtin", "modules.order"):
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(path)
    (source / "modules.builtin.modinfo").touch()
    (source / "modules.dep").write_text(DEP)
    wanted = ["kernel/drivers/block/", "kernel/net/*"]
    assert copy_wanted(source, target, wanted) == 3
    found = {path.name for path in target.rglob("*.ko*")}
    assert found == {"virtio_blk.ko", "virtio_ring.ko", "virtio.ko"}


def test_each_pattern_has_a_reason() -> None:
    lines = [line for line in PATTERNS.read_text().splitlines() if not line.startswith("#")]
    assert all(line.partition("#")[2].strip() for line in lines)
    assert len(set(patterns())) == len(lines)
