from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.image.tar_reader import BLOCK, MAX_META, Entry, MalformedTar, read_entries
from tests.image.support import entry, folder, hard_link, symlink, tar_of

LONG = "/".join(["a-folder-with-a-long-name"] * 6) + "/ä-" + "x" * 120
KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "symlink",
    tarfile.LNKTYPE: "hard link",
    tarfile.FIFOTYPE: "fifo",
    tarfile.CHRTYPE: "device",
    tarfile.BLKTYPE: "device",
}


def as_tarfile_reads(archive: BinaryIO) -> list[Entry]:
    archive.seek(0)
    with tarfile.open(fileobj=archive) as read:
        return [
            Entry(
                name=info.name,
                kind=KINDS[info.type],
                mode=info.mode,
                uid=info.uid,
                gid=info.gid,
                mtime_ns=int(info.mtime * 10**9),
                size=info.size if info.isreg() else 0,
                offset=info.offset_data,
                link=info.linkname,
            )
            for info in read
        ]


def as_labkit_reads(archive: BinaryIO) -> list[Entry]:
    archive.seek(0)
    found = list(read_entries(archive))
    return [Entry(e.name.rstrip("/"), *(getattr(e, f) for f in FIELDS)) for e in found]


FIELDS = ("kind", "mode", "uid", "gid", "mtime_ns", "size", "offset", "link")


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_form_of_tar_reads_as_tarfile_reads_it(form: int) -> None:
    long = [] if form == tarfile.USTAR_FORMAT else [entry(LONG, b"x" * 700), symlink("far", LONG)]
    archive = tar_of(
        folder("etc", 0o1777),
        entry("etc/motd", b"hi\n" * 200, mode=0o4755, uid=7, gid=8, mtime=1_700_000_000),
        entry("empty"),
        symlink("link", "/etc/motd"),
        hard_link("again", "etc/motd"),
        entry("pipe", type=tarfile.FIFOTYPE),
        entry("disk", type=tarfile.BLKTYPE, devmajor=8, devminor=1),
        *long,
        form=form,
    )
    assert as_labkit_reads(archive) == as_tarfile_reads(archive)


@pytest.mark.parametrize(
    ("form", "field", "value"),
    [
        (tarfile.GNU_FORMAT, "uid", 3_000_000),
        (tarfile.GNU_FORMAT, "mtime", -5),
        (tarfile.PAX_FORMAT, "gid", 4_000_000_000),
        (tarfile.PAX_FORMAT, "mtime", 1_700_000_000.25),
    ],
)
def test_numbers_too_large_for_octal_are_read(form: int, field: str, value: float) -> None:
    archive = tar_of(entry("x", **{field: value}), form=form)
    (found,) = as_labkit_reads(archive)
    shown = found.mtime_ns / 10**9 if field == "mtime" else getattr(found, field)
    assert shown == max(value, 0)  # a time before 1970 is 1970


@pytest.mark.parametrize("form", ["gnu", "pax", "ustar", "v7"])
@pytest.mark.requires("program:tar")
def test_what_gnu_tar_writes_is_read(tmp_path: Path, form: str) -> None:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "file").write_bytes(b"x" * 1000)
    (source / "sub" / "link").symlink_to("file")
    (source / "hard").hardlink_to(source / "sub" / "file")
    subprocess.run(
        ["tar", f"--format={form}", "-C", source, "-cf", tmp_path / "a.tar", "."], check=True
    )
    with (tmp_path / "a.tar").open("rb") as archive:
        found = {e.name: (e.kind, e.size) for e in read_entries(archive)}
    links = [name for name, (kind, _) in found.items() if kind == "hard link"]
    assert len(links) == 1
    del found[links[0]]
    assert set(found.values()) == {("folder", 0), ("file", 1000), ("symlink", 0)}


def test_an_empty_archive_has_no_entries_and_nothing_is_no_archive() -> None:
    assert list(read_entries(tar_of())) == []
    with pytest.raises(MalformedTar, match="ends within a header"):
        list(read_entries(io.BytesIO()))


@pytest.mark.parametrize("kept", [100, 512 + 100, 3 * 512 - 1])
def test_an_archive_that_was_cut_short_is_noticed(kept: int) -> None:
    archive = tar_of(entry("x", b"y" * 1024)).read()
    with pytest.raises(MalformedTar, match="ends within"):
        list(read_entries(io.BytesIO(archive[:kept])))


def test_what_is_not_a_tar_is_noticed() -> None:
    with pytest.raises(MalformedTar):
        list(read_entries(io.BytesIO(b"hello world\n" * 200)))


def rewritten(archive: BinaryIO, at: int, field: bytes) -> BinaryIO:
    """The archive with a field of its first header replaced, and the checksum made right."""
    raw = bytearray(archive.read())
    raw[at : at + len(field)] = field
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw[:BLOCK])
    return io.BytesIO(bytes(raw))


@pytest.mark.parametrize(
    ("field", "why"),
    [
        (b"\xff" * 12, "negative number"),
        (b"\x80" + b"\xff" * 11, "ends within the content"),
        (b"-1234567890\0", "where a header has a number"),
    ],
)
def test_a_size_that_leads_back_or_nowhere_is_refused(field: bytes, why: str) -> None:
    with pytest.raises(MalformedTar, match=why):
        list(read_entries(rewritten(tar_of(entry("x", b"data")), 124, field)))


@pytest.mark.parametrize(
    "record",
    [{"size": "-1"}, {"size": "x"}, {"uid": "-1"}, {"uid": "1" * 30}, {"mtime": "x"},
     {"mtime": "--1"}, {"mtime": "1.x"}, {"mtime": "1" * 30}, {"mtime": "nan"}],
)  # fmt: skip
def test_a_number_of_an_extended_header_that_is_none_is_refused(record: dict[str, str]) -> None:
    with pytest.raises(MalformedTar, match="an extended header says"):
        list(read_entries(tar_of(entry("x", pax_headers=record))))


@pytest.mark.parametrize(
    "content", [b"no length\n", b"99 a=b\n", b"0 a=b\n", b"4 a=b\n", b"5 ab\n"]
)
def test_an_extended_header_that_is_not_of_its_form_is_refused(content: bytes) -> None:
    header = tar_of(entry("h", content, type=tarfile.XHDTYPE)).read()[:BLOCK]
    archive = header + content.ljust(BLOCK, b"\0") + tar_of(entry("x")).read()
    size = b"%011o\0" % len(content)
    with pytest.raises(MalformedTar, match="not of pax's form"):
        list(read_entries(rewritten(io.BytesIO(archive), 124, size)))


def test_an_extended_header_cannot_fill_the_memory() -> None:
    archive = tar_of(entry("x" * (MAX_META + 1)), form=tarfile.GNU_FORMAT)
    with pytest.raises(MalformedTar, match=r"the extended header at byte 512 has \d+ bytes"):
        list(read_entries(archive))
    (read,) = read_entries(tar_of(entry("x" * (MAX_META - 1)), form=tarfile.GNU_FORMAT))
    assert len(read.name) == MAX_META - 1


@pytest.mark.parametrize("key", ["path", "linkpath", "size"])
def test_a_header_for_all_entries_cannot_rename_them(key: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", pax_headers={key: "1"}) as archive:
        archive.addfile(tarfile.TarInfo("x"))
    with pytest.raises(MalformedTar, match="all entries"):
        list(read_entries(buffer))


def test_many_extended_headers_in_a_row_do_not_exhaust_the_stack() -> None:
    meta = tar_of(entry("y" * 200), form=tarfile.GNU_FORMAT).read()[: 2 * BLOCK]
    archive = io.BytesIO(meta * 3000 + tar_of(entry("x")).read())
    assert [found.name for found in read_entries(archive)] == ["y" * 200]


SAMPLE = tar_of(
    folder("a"), entry("a/" + "n" * 150, b"z" * 600), symlink("l", "a"), hard_link("h", "a/b")
).read()[: 14 * BLOCK]


@given(
    st.lists(
        st.tuples(st.integers(0, len(SAMPLE) - 1), st.binary(min_size=1, max_size=12)),
        min_size=1,
        max_size=6,
    ),
    st.booleans(),
)
@settings(max_examples=300, deadline=None, database=None)
def test_whatever_the_bytes_the_reader_ends_with_entries_or_says_why(
    changes: list[tuple[int, bytes]], is_signed: bool
) -> None:
    raw = bytearray(SAMPLE)
    for at, content in changes:
        raw[at : at + len(content)] = content
    raw = raw[: len(SAMPLE)]
    if is_signed:  # so that the change is not noticed by the checksum alone
        for at in range(0, len(raw) - BLOCK, BLOCK):
            raw[at + 148 : at + 156] = b" " * 8
            raw[at + 148 : at + 156] = b"%06o\0 " % sum(raw[at : at + BLOCK])
    try:
        for found in read_entries(io.BytesIO(bytes(raw))):
            assert 0 <= found.offset <= found.offset + found.size <= len(raw)
            assert found.mtime_ns >= 0
    except MalformedTar:
        pass
