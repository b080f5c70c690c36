"""Task 7: a cgconfig.conf of cgroup v1 repaired, translated, and made true."""

from __future__ import annotations

from pathlib import Path

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox.cgconfig import CannotRead, Config, mistakes, parse, to_v2, write

from .shared import TOP, make, read, shell, start

OLD, NEW = "cgconfig.conf", "cgconfig-v2.conf"


def intended(lab: Lab) -> str:
    """What whoever wrote the old file meant."""
    return f"""\
mount {{
    cpu    = /cgroup/cpu;
    memory = /cgroup/memory;
}}

group lab/web {{
    cpu {{
        cpu.shares = {lab["shares"]};
    }}
    memory {{
        memory.limit_in_bytes = {lab["web_mib"]}M;
        memory.swappiness = 0;
    }}
}}

group lab/batch {{
    cpu {{
        cpu.cfs_quota_us = 50000;
        cpu.cfs_period_us = 100000;
    }}
    memory {{
        memory.limit_in_bytes = 64M;
    }}
}}
"""


def broken(lab: Lab) -> str:
    """The file as the learner finds it: a semicolon is gone, and a name is misspelt."""
    text = intended(lab).replace(f"cpu.shares = {lab['shares']};", f"cpu.shares = {lab['shares']}")
    return text.replace("limit_in_bytes = 64M", "limit_in_byte = 64M")


@check(
    "cgconfig",
    title="From cgroup v1 to v2",
    points=4,
    requires=("cgroup-v2",),
    hints=(
        "`parse` says line and column of what it cannot read, `mistakes(config, version=1)` what "
        "it can read and nobody could mean.",
        "`to_v2` gives the translation, and `.left_out` what has no equal, each with a reason. "
        "What the new file says has to become folders and files.",
    ),
)
def cgconfig(lab: Lab) -> Verdict:
    """Reads both files with the parser, then the groups' own files."""
    wanted = parse(intended(lab))
    old, why_old = _read(lab.folder / OLD, 1)
    repaired = Evidence(OLD, "can be read, no mistake", why_old or "can be read, no mistake")
    if why_old:
        return not_yet("mistaken" if old else "unreadable", repaired)
    if _settings(old) != _settings(wanted):
        return not_yet("changed", repaired, *_compared(OLD, wanted, old))
    target = to_v2(wanted).config
    new, why_new = _read(lab.folder / NEW, 2)
    translated = Evidence(NEW, "can be read, for v2", why_new or "can be read, for v2")
    if why_new:
        return not_yet("not-translated", repaired, translated)
    if rows := _compared(NEW, target, new):
        return not_yet(OTHER, repaired, translated, *rows)
    kernel = [_in_the_kernel(place, value) for place, value in _settings(target).items()]
    if all(row.agrees for row in kernel):
        return passed("The old file's will is done, in the new way.", repaired, translated, *kernel)
    if not any(row.agrees for row in kernel):
        return not_yet("not-applied", repaired, translated, *kernel)
    return not_yet(OTHER, repaired, translated, *kernel)


def _read(path: Path, version: int) -> tuple[Config | None, str]:
    """The file, and why it will not do."""
    try:
        config = parse(path.read_text())
    except OSError:
        return None, "not there"
    except CannotRead as error:
        return None, str(error.what)
    found = mistakes(config, version)
    return config, "; ".join(f"{one.place}: {one.what}" for one in found[:2])


def _settings(config: Config | None) -> dict[tuple[str, str], str]:
    return {
        (group.name, setting.name): setting.value
        for group in (config.groups if config else ())
        for controller in group.controllers
        for setting in controller.settings
    }


def _compared(file: str, wanted: Config, found: Config | None) -> list[Evidence]:
    there, right = _settings(found), _settings(wanted)
    rows = []
    for place in [*right, *(other for other in there if other not in right)]:
        what = f"{file}: {place[0]}, {place[1]}"
        rows.append(Evidence(what, right.get(place, "nothing"), there.get(place, "nothing")))
    return [row for row in rows if not row.agrees]


def _in_the_kernel(place: tuple[str, str], value: str) -> Evidence:
    name, file = place
    if value.endswith("M"):
        value = str(int(value[:-1]) << 20)
    return Evidence(f"{name}/{file}", value, read(TOP.parent / name, file) or "not there")


@cgconfig.wrong(
    "unreadable",
    says="The old file cannot be read: its grammar is broken somewhere.",
    hints=(
        "Each setting ends with the same character. The place that is named is where reading "
        "became impossible, which may be just after the fault.",
    ),
)
def _(lab: Lab) -> None:
    start(lab)
    (lab.folder / OLD).write_text(broken(lab))


@cgconfig.wrong(
    "mistaken",
    says="The old file can be read now, but it sets something that does not exist.",
    hints=("The kernel would say the same: there is no file of that name in any v1 group.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    start(lab)
    (lab.folder / OLD).write_text(intended(lab).replace("in_bytes = 64M", "in_byte = 64M"))


@cgconfig.wrong(
    "changed",
    says="The old file can be read, but it no longer says what it was meant to say.",
    hints=("To take out what is wrong repairs nothing.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    start(lab)
    lines = intended(lab).splitlines(keepends=True)
    (lab.folder / OLD).write_text("".join(line for line in lines if "64M" not in line))


@cgconfig.wrong(
    "not-translated",
    says="The old file is repaired; there is no new one yet that speaks the language of v2.",
    hints=("Copying is not enough: files have other names in v2, and some have other values.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    start(lab)
    for name in (OLD, NEW):
        (lab.folder / name).write_text(intended(lab))


@cgconfig.wrong(
    "not-applied",
    says="Both files are right. The kernel knows nothing of it yet.",
    hints=("A file in your folder limits nobody. Which folders does it speak of?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    start(lab)
    _write_both(lab)


@cgconfig.unlisted("one of the limits is another one in the kernel")
def _(lab: Lab) -> None:
    start(lab)
    _apply(_write_both(lab))
    (TOP / "web/memory.max").write_text("32M")


@cgconfig.right("Python: the translated file, group by group")
def _(lab: Lab) -> None:
    start(lab)
    _apply(_write_both(lab))


@cgconfig.right("a shell, and a new file written by hand")
def _(lab: Lab) -> None:
    start(lab)
    (lab.folder / OLD).write_text(intended(lab))
    weight = _settings(to_v2(parse(intended(lab))).config)["lab/web", "cpu.weight"]
    (lab.folder / NEW).write_text(f"""\
group lab/batch {{
    memory {{ memory.max = 64M; }}
    cpu {{ cpu.max = "50000 100000"; }}
}}
group lab/web {{
    memory {{ memory.max = {lab["web_mib"]}M; }}
    cpu {{ cpu.weight = {weight}; }}
}}
""")
    shell(
        f"mkdir web batch; echo {lab['web_mib']}M > web/memory.max; "
        f"echo {weight} > web/cpu.weight; echo 64M > batch/memory.max; "
        "echo 50000 > batch/cpu.max"
    )


def _write_both(lab: Lab) -> Config:
    (lab.folder / OLD).write_text(intended(lab))
    config = to_v2(parse(intended(lab))).config
    (lab.folder / NEW).write_text(write(config))
    return config


def _apply(config: Config) -> None:
    for (name, file), value in _settings(config).items():
        make(name.removeprefix("lab/"))
        (TOP.parent / name / file).write_text(value)
