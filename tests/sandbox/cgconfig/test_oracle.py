"""What is a configuration and what is none: libcgroup's own parser is asked.

Only templates and defaults are shown to it: they are read, and nothing is made of them. (Letters
beyond ASCII are not: where one begins a section, libcgroup takes it for the end of the file.)
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from labkit.sandbox.cgconfig import CannotRead, parse
from tests.sandbox.both.tools import program

pytestmark = pytest.mark.requires("program:cgconfigparser")

FILE = """\
  # what rules make
default {
    perm {
        task { uid = root; gid = root; fperm = 770; }
        admin { uid = root; gid = root; dperm = 775; fperm = 744; }
    }
}
template users/%u {
    perm {
        admin { uid = root; }
        task { gid = root; }
    }
    nosuch { x = 1; y.z = "8:0 1 # {"; }
    "other one" { }
}
template "task" { nosuch { } }
"""

_SPOTS = [match.start() for match in re.finditer(r"[^ ]", FILE)]
_BITS = st.sampled_from(
    [
        "",
        " ",
        "\n",
        "{",
        "}",
        "=",
        ";",
        "#",
        '"',
        "a",
        "task",
        "perm ",
        "perm",
        ":",
        '""',
        "\n#",
    ]
)
edits = st.tuples(st.sampled_from(_SPOTS), st.integers(0, 3), _BITS)


@given(st.lists(edits, min_size=1, max_size=3))
@settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@example([])
def test_libcgroup_reads_what_we_read(tmp_path: Path, changes: list[tuple[int, int, str]]) -> None:
    text = FILE
    for spot, length, bit in changes:
        text = text[:spot] + bit + text[spot + length :]
    if re.search(r"\b(group|mount|namespace)\b", text):
        return  # these would be made
    said, why = _libcgroup(text, tmp_path / "cgconfig.conf"), _why_not_read(text)
    if _HAS_NO_SENSE not in said and not _IS_NO_OWNER.search(why):
        assert bool(why) == ("syntax error" in said), said or why


_HAS_NO_SENSE = "parsing failed"
"""A user that there is not, a setting that is given twice: libcgroup's business."""

_IS_NO_OWNER = re.compile("(task|admin) has no|is given twice")
"""What libcgroup says nothing of, and leaves out."""


def _why_not_read(text: str) -> str:
    try:
        parse(text)
    except CannotRead as error:
        return error.why
    return ""


def _libcgroup(text: str, path: Path) -> str:
    path.write_text(text)
    command = [program("cgconfigparser"), "-l", path]
    done = subprocess.run(command, capture_output=True, check=False)
    return (done.stdout + done.stderr).decode(errors="replace")
