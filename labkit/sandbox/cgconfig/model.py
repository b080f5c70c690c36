"""A configuration of control groups, in words: what ``/etc/cgconfig.conf`` says.

Two of them are equal when they say the same, wherever it stands in a file. Knows nothing about how
the file is written and what a kernel makes of it. Source: cgconfig.conf(5).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, order=True)
class Place:
    """Where something stands in a file: line and column, both from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


NOWHERE = Place(0, 0)
"""Of what was not read from a file."""


@dataclass(frozen=True)
class Setting:
    """A file of a group, and what is written into it: ``cpu.shares = 1000;``."""

    name: str
    value: str
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Controller:
    """What one controller does for a group; without settings it only counts.

    Attributes:
        name: such as ``memory``, or ``name=mine`` for a hierarchy without a controller.
        settings: in the order in which they are written.
    """

    name: str
    settings: tuple[Setting, ...] = ()
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Owner:
    """Whose some files of a group are; empty for what is left as it is.

    Attributes:
        uid, gid: a name or a number.
        dperm, fperm: modes of folder and files, octal.
    """

    uid: str = ""
    gid: str = ""
    dperm: str = ""
    fperm: str = ""
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Permissions:
    """Who may move processes in (``task``), and who may change the group (``admin``)."""

    task: Owner = Owner()
    admin: Owner = Owner()


@dataclass(frozen=True)
class Group:
    """A control group.

    Attributes:
        name: its path below each hierarchy: ``daemons/www``; ``.`` is the root.
        controllers: the hierarchies it is made in.
        permissions: its own; None for the default ones.
    """

    name: str
    controllers: tuple[Controller, ...] = ()
    permissions: Permissions | None = None
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Mount:
    """Where a controller's hierarchy is mounted."""

    controller: str
    path: str
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Config:
    """The whole file.

    Attributes:
        mounts: controllers and their places; those with the same place share a hierarchy.
        groups: in the order in which they are made.
        templates: groups that are made when a rule of cgrules.conf(5) names them.
        namespaces: the folder in which a controller's groups are made.
        default: permissions of the groups without their own.
    """

    mounts: tuple[Mount, ...] = ()
    groups: tuple[Group, ...] = ()
    templates: tuple[Group, ...] = ()
    namespaces: tuple[Mount, ...] = ()
    default: Permissions | None = None
