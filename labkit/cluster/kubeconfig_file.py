"""Writing kubeconfigs: one of our own, or a context in a file that belongs to somebody else.

A file of somebody else's is changed only by who calls this, in one step, and under the lock that
kubectl takes. It is changed as a tree of YAML: order, quotes, anchors, and what nobody understands
stay as they were; **comments are lost**, for no YAML library of this environment keeps them. Knows
nothing about what the entries mean. Source: client-go (`tools/clientcmd`: the lock).
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labkit.cluster.kubeconfig import (
    SECTIONS,
    Kubeconfig,
    read_kubeconfig,
    unusable,
    yaml_library,
)
from labkit.cluster.private_file import write_private
from labkit.core.errors import BadInput, NotFound, SystemFault, TimedOut

LOCK_WAIT_S = 5.0
"""kubectl holds the lock for as long as it takes to write one file."""
_LOOK_AGAIN_S = 0.05


def write_kubeconfig(path: Path, config: Kubeconfig) -> None:
    """Writes a kubeconfig of our own, whole or not at all. Only this user may read it.

    Raises:
        SystemFault: it cannot be written.
    """
    yaml = yaml_library()
    text = yaml.dump(config.as_document(), sort_keys=False, Dumper=_dumper())
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, text.encode())
    except OSError as error:
        raise SystemFault(f"write {path}", errno=error.errno or 0) from error


def add_context(
    path: Path, config: Kubeconfig, *, make_current: bool = False, replace: bool = False
) -> None:
    """Adds the entries of a kubeconfig to a file that may be somebody else's.

    Args:
        path: the file; made when it is not there.
        config: what is added.
        make_current: whether the file's current context becomes that of `config`.
        replace: whether entries of the same name are taken away first.

    Raises:
        BadInput: the file is not a kubeconfig, or has one of the names already.
        TimedOut: another program held the file's lock all the while.
        SystemFault: it cannot be written.
    """
    with _changing(path) as root:
        for section in SECTIONS:
            for name, entry in getattr(config, section).items():
                if not replace and _find(root, section, name) is not None:
                    raise BadInput(
                        f"{path} has {section[:-1]} {name!r} already",
                        hint="Choose another name, or say that it may be replaced",
                    )
                _remove(root, section, name)
                _append(root, section, {"name": name, SECTIONS[section]: dict(entry)})
        if make_current:
            _set(root, "current-context", config.current_context)


def remove_context(path: Path, name: str, *, then: str = "") -> None:
    """Takes a context out of a file, and what `add_context` put there with it.

    Its cluster and its user go, too, when they bear its name and no other context uses them.

    Args:
        path: the file.
        name: of the context.
        then: the context that becomes current where this one was; none if it is not there.

    Raises:
        NotFound: there is no such context.
        BadInput: the file is not a kubeconfig.
        TimedOut: another program held the file's lock all the while.
        SystemFault: it cannot be written.
    """
    before = read_kubeconfig(path)
    with _changing(path) as root:
        if _find(root, "contexts", name) is None:
            raise NotFound("context of a cluster", name, before.contexts)
        _remove(root, "contexts", name)
        others = [entry for other, entry in before.contexts.items() if other != name]
        for section, what in (("clusters", "cluster"), ("users", "user")):
            if all(entry.get(what) != name for entry in others):
                _remove(root, section, name)
        if before.current_context == name:
            others_there = then in before.contexts and then != name
            _set(root, "current-context", then if others_there else "")


@contextlib.contextmanager
def _changing(path: Path) -> Iterator[Any]:
    """The tree of a file; written back at the end, unless something was raised."""
    yaml = yaml_library()
    real = path.resolve()  # a link stays a link
    try:
        real.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(real):
            read_kubeconfig(real)  # says what is wrong with it
            like = real.stat() if real.exists() else None
            root = _compose(real)
            yield root
            text = yaml.serialize(root, Dumper=_dumper())
            write_private(real, text.encode(), like=like)
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = "Make room on that disk" if is_full else "Name a file that this user can write"
        raise SystemFault(f"change {path}", errno=error.errno or 0, hint=hint) from error


def _compose(path: Path) -> Any:
    yaml = yaml_library()
    text = path.read_bytes() if path.exists() else b""
    root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if root is None or not isinstance(root, yaml.MappingNode):
        root = yaml.compose("apiVersion: v1\nkind: Config\n")
    if not isinstance(root, yaml.MappingNode):
        raise unusable(path, "it is not a mapping")
    return root


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds the lock that kubectl takes: a file beside the kubeconfig, which only one can make."""
    lock = path.with_name(f"{path.name}.lock")
    ends = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            break
        except FileExistsError:
            if time.monotonic() > ends:
                raise TimedOut(
                    f"the lock of {path}",
                    after_s=LOCK_WAIT_S,
                    last_seen=f"{lock} is there",
                    hint=f"Remove {lock} if no kubectl runs: one that was killed left it",
                ) from None
            time.sleep(_LOOK_AGAIN_S)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _value(root: Any, key: str) -> Any:
    return next((value for name, value in root.value if name.value == key), None)


def _set(root: Any, key: str, text: str) -> None:
    node = _represent(text)
    for place, (name, _) in enumerate(root.value):
        if name.value == key:
            root.value[place] = (name, node)
            return
    root.value.append((_represent(key), node))


def _find(root: Any, section: str, name: str) -> Any:
    """The entry of a section that bears a name, or None."""
    items = getattr(_value(root, section), "value", None)
    for item in items if isinstance(items, list) else ():  # a null is text to a tree
        node = _value(item, "name")
        if node is not None and node.value == name:
            return item
    return None


def _remove(root: Any, section: str, name: str) -> None:
    if (item := _find(root, section, name)) is not None:
        _value(root, section).value.remove(item)


def _append(root: Any, section: str, entry: dict[str, Any]) -> None:
    yaml = yaml_library()
    items = _value(root, section)
    if not isinstance(items, yaml.SequenceNode):  # missing, or null
        items = yaml.SequenceNode("tag:yaml.org,2002:seq", [], flow_style=False)
        root.value = [pair for pair in root.value if pair[0].value != section]
        root.value.append((_represent(section), items))
    items.flow_style = False
    items.value.append(_represent(entry))


def _represent(value: Any) -> Any:
    return yaml_library().SafeDumper("").represent_data(value)


def _dumper() -> Any:
    yaml = yaml_library()
    return getattr(yaml, "CSafeDumper", yaml.SafeDumper)
