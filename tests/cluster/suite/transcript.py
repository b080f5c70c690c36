"""Cases as text: what is typed, and what a Kubernetes answers. Knows nothing about running them.

A file has cases; what stands before its first case belongs to all of them::

    -- pod.yaml --                    an input file, up to the next of these lines
    apiVersion: v1
    …
    ## A pod that is not there        a case, and what it shows
    @embedded-only it has no nodes    a word about it (see `Case`)
    @since 1.27 columns were added    an older Kubernetes does not print this, and why
    $ kubectl get pod $NS             a command, then what it prints
    ! Error from server …             of standard error
    [1]                               its exit code, when that is not 0

`$NS` is the name of the namespace that the case runs in; kubectl works there by itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

_FILE = re.compile(r"-- (\S+) --")
_CODE = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True)
class Step:
    """A command, and what is expected of it."""

    command: str
    stdout: str = ""
    stderr: str = ""
    code: int = 0


@dataclass(frozen=True)
class Case:
    """What is typed, in one namespace, and what comes of it.

    Attributes:
        title: what it shows.
        words: `embedded-only` (true of a cluster without nodes and controllers), `all-versions`
            (kubectl of other versions prints the same), `not-yet` (what the embedded cluster does
            not do, and should), `finally` (commands that clean up), `since` (the version of
            Kubernetes from which on it is so, and what changed there).
    """

    title: str
    files: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    @property
    def since(self) -> tuple[int, int]:
        """The first version of Kubernetes that the case is true of; 0.0 is any."""
        major, _, minor = self.words.get("since", "0.0 ").partition(" ")[0].partition(".")
        return int(major), int(minor)


def read(path: Path) -> list[Case]:
    """The cases of a file.

    Raises:
        ValueError: a line cannot be understood; says which.
    """
    heading, *parts = re.split(r"^## ", path.read_text(), flags=re.MULTILINE)
    shared = _case("", heading, path).files
    cases = []
    for part in parts:
        title, _, body = part.partition("\n")
        case = _case(title.strip(), body, path)
        cases.append(replace(case, files={**shared, **case.files}))
    return cases


def _case(title: str, body: str, path: Path) -> Case:
    files: dict[str, list[str]] = {}
    words: dict[str, str] = {}
    steps: list[tuple[str, list[str]]] = []
    lines: list[str] | None = None
    for line in body.splitlines():
        if found := _FILE.fullmatch(line):
            lines = files.setdefault(found[1], [])
        elif line.startswith("$ "):
            lines = []
            steps.append((line[2:], lines))
        elif lines is not None:
            lines.append(line)
        elif line.startswith("@"):
            word, _, said = line[1:].partition(" ")
            words[word] = said
        elif line and not line.startswith("#"):
            raise ValueError(f"{path.name}: {title}: what is {line!r}?")
    texts = {name: "\n".join(found) + "\n" for name, found in files.items()}
    return Case(title, texts, words, tuple(_step(command, said) for command, said in steps))


def _step(command: str, said: list[str]) -> Step:
    while said and not said[-1].strip():
        said = said[:-1]
    code = 0
    if said and (found := _CODE.fullmatch(said[-1])):
        code, said = int(found[1]), said[:-1]
    stderr = [line[2:] for line in said if line.startswith("! ")]
    stdout = [line for line in said if not line.startswith("! ")]
    return Step(command, "\n".join(stdout), "\n".join(stderr), code)
