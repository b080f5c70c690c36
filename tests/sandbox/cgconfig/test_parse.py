"""Reading and writing: what is written is read as it was, and errors name their place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from labkit.core.errors import BadInput
from labkit.sandbox.cgconfig import (
    CannotRead,
    Config,
    Controller,
    Group,
    Mount,
    Owner,
    Permissions,
    Place,
    Setting,
    parse,
    write,
)
from tests.sandbox.cgconfig.configs import configs

DAEMONS = """\
# Two controllers, one hierarchy.
mount {
    cpu = /sys/fs/cgroup/cpu;
    cpuacct = /sys/fs/cgroup/cpu;
}

group daemons/www {
    perm {
        task { uid = root; gid = webmaster; fperm = 770; }
        admin { uid = root; gid = root; dperm = 775; fperm = 744; }
    }
    cpu { cpu.shares = "1000"; }
    "name=noctrl" { }
}
"""


@given(configs)
@settings(max_examples=300, deadline=None)
def test_what_is_written_says_the_same_when_it_is_read(config: Config) -> None:
    assert parse(write(config)) == config


def test_the_parts_of_a_file() -> None:
    permissions = Permissions(
        Owner("root", "webmaster", fperm="770"), Owner("root", "root", "775", "744")
    )
    cpu = Controller("cpu", (Setting("cpu.shares", "1000"),))
    www = Group("daemons/www", (cpu, Controller("name=noctrl")), permissions)
    place = "/sys/fs/cgroup/cpu"
    assert parse(DAEMONS) == Config((Mount("cpu", place), Mount("cpuacct", place)), (www,))


def test_everything_knows_its_place() -> None:
    (group,) = parse(DAEMONS).groups
    assert group.place == Place(7, 1)
    assert [one.place for one in group.controllers] == [Place(12, 5), Place(13, 5)]
    assert group.controllers[0].settings[0].place == Place(12, 11)


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        ("group a {\n  cpu {\n    cpu.shares = 1\n  }\n}\n", "4, column 3", "a ';' is missing"),
        ("group a {\n  cpu { } # all of it\n}\n", "2, column 11", "a comment has a line to itself"),
        ("group a { blkio { x = 8:0; } }", "1, column 24", "':' cannot stand here"),
        ('group a { cpu { x = "1; } }', "1, column 21", "this quotation has no end"),
        ("group task { cpu { } }", "1, column 7", "'task' is a word of the language"),
        ("group a { }", "1, column 11", "a controller, such as memory is missing before '}'"),
        ("group a { cpu { }", "1, column 18", "before the end of the file"),
        ("groop a { cpu { } }", "1, column 1", "'groop' begins no section"),
        ("mount { }", "1, column 9", "there must be a controller and its path"),
        ("group a { cpu { } perm { } }", "1, column 19", "perm comes before the controllers"),
        ("default { perm { task { uid = a; } } }", "1, column 36", "perm needs admin here"),
        (
            "group a { perm { task { dperm = 1; } admin { uid = a; } } cpu { } }",
            "1, column 25",
            "task has no 'dperm'",
        ),
        ("\ngroup a { cpu { } };", "2, column 20", "';' begins no section"),
    ],
)
def test_an_error_names_its_line_and_column(text: str, place: str, why: str) -> None:
    with pytest.raises(CannotRead) as caught:
        parse(text, "cgconfig.conf")
    assert str(caught.value).startswith(f"cgconfig.conf cannot be read at line {place}: ")
    assert why in caught.value.why


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (Config(groups=(Group("a"),)), "no controller"),
        (Config(mounts=(Mount('c"', "/"),)), "no word with"),
        (Config(default=Permissions()), "it says nothing"),
    ],
)
def test_what_the_language_has_no_words_for_is_not_written(config: Config, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        write(config)
