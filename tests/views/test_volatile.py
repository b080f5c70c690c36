"""Two runs on two machines give, but for what is marked, the same picture to the letter."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.sandbox.facts import Anatomy, BothSides, FamilyTree, NamespaceRow, ProcessLine
from labkit.views import anatomy_view, tree_view, xray_view
from tests.views import samples
from tests.views.pictures import sanitised

PID = st.integers(2, 4194304)
INODE = st.integers(4026531835, 4026599999)
NAME = st.text("abc-_/.<&", min_size=1, max_size=70)
AMOUNT = st.integers(0, 10**12)

SOME = settings(max_examples=40, deadline=None)


def other_numbers(rows: tuple[NamespaceRow, ...], base: int) -> tuple[NamespaceRow, ...]:
    return tuple(
        NamespaceRow(row.kind, base + i if row.is_own else base - i - 1, base - i - 1)
        for i, row in enumerate(rows)
    )


def elsewhere(both: BothSides, pid: int, base: int, name: str, count: int) -> BothSides:
    outside = replace(
        both.outside, pid=pid, ppid=pid - 1, uid=count % 70000, user=name, hostname=name[::-1],
        root=("x",) * (count % 40), root_filesystem=name[:5], process_count=count,
        interfaces=(name, "lo") * (count % 3), mount_count=count, cgroup=f"/{name}",
        processes=tuple(ProcessLine(pid + i, i, name) for i in range(4 + count % 9)),
    )  # fmt: skip
    return replace(both, outside=outside, namespaces=other_numbers(both.namespaces, base))


@given(PID, INODE, NAME, AMOUNT)
@SOME
def test_xray(pid: int, base: int, name: str, count: int) -> None:
    both = samples.both_sides()
    there = elsewhere(both, pid, base, name, count)
    assert sanitised(xray_view(there)) == sanitised(xray_view(both))


@given(PID, INODE, NAME, AMOUNT)
@SOME
def test_xray_of_a_process_that_shares_everything(
    pid: int, base: int, name: str, count: int
) -> None:
    both = samples.both_sides(*samples.KINDS)
    there = elsewhere(both, pid, base, name, count)
    inside = replace(there.outside, processes=there.outside.processes[:4])
    here = replace(both, inside=replace(both.outside, processes=both.outside.processes[:4]))
    assert sanitised(xray_view(replace(there, inside=inside))) == sanitised(xray_view(here))


@given(PID, INODE, NAME, AMOUNT, st.integers(0, 16**32 - 1))
@SOME
def test_anatomy(pid: int, base: int, name: str, amount: int, digest: int) -> None:
    anatomy = samples.anatomy()
    there: Anatomy = replace(
        anatomy,
        pid=pid,
        is_rootless=bool(pid % 2),
        namespaces=other_numbers(anatomy.namespaces, base),
        layers=tuple(f"{digest:032x}" for _ in anatomy.layers),
        volumes=tuple(replace(volume, source=name) for volume in anatomy.volumes),
        limits=tuple(replace(limit, used=amount, file=name) for limit in anatomy.limits),
    )
    assert sanitised(anatomy_view(there)) == sanitised(anatomy_view(anatomy))


@given(st.lists(PID, min_size=6, max_size=6, unique=True), NAME, st.integers(2, 6))
@SOME
def test_tree_however_long_the_line_of_descent(pids: list[int], name: str, above: int) -> None:
    family = samples.family()
    host, inside = family.members[:5], family.members[5:]
    helper = max(pids) + 100
    ancestors = [
        replace(host[0], pid=1000 + i, ppid=999 + i, command=name, inner_pid=1000 + i)
        for i in range(1 + above)
    ]
    you = replace(host[3], pid=helper - 1, ppid=ancestors[-1].pid, command=name)
    line = [*ancestors, replace(you, inner_pid=you.pid),
            replace(host[4], pid=helper, ppid=you.pid, inner_pid=helper, command=name)]  # fmt: skip
    new = {old.pid: helper + 1 + i for i, old in enumerate(inside)} | {host[4].pid: helper}
    boxed = [replace(old, pid=new[old.pid], ppid=new[old.ppid]) for old in inside]
    there = FamilyTree((*line, *boxed))
    assert sanitised(tree_view(there)) == sanitised(tree_view(family))


def test_a_name_that_labkit_made_up_is_marked() -> None:
    one, other = (
        replace(both, name=name, inside=replace(both.inside, hostname=name))
        for both in [samples.both_sides()]
        for name in ("box-1a2b3c", "box-ffffff")
    )
    assert sanitised(xray_view(one)) == sanitised(xray_view(other))
    assert sanitised(xray_view(one)) != sanitised(xray_view(samples.both_sides()))
