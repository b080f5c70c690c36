"""Kubeconfigs: which clusters there are, who one is there, and which of them is meant now.

Read as kubectl reads them: `$KUBECONFIG` may name several files, whose entries are put together
(the first file that has a name wins), and paths in a file are relative to its folder. Knows nothing
about who serves. Files are written in `kubeconfig_file`.

Source: Kubernetes documentation, "Organizing Cluster Access Using kubeconfig Files"; client-go
(`tools/clientcmd`), and kubectl itself, which the tests compare with.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from labkit.core.errors import BadInput, NotFound

Entry = Mapping[str, Any]

SECTIONS = {"clusters": "cluster", "contexts": "context", "users": "user"}
"""The lists of a kubeconfig, and what an entry has beside its name."""

_PATHS = {
    "clusters": ("certificate-authority",),
    "contexts": (),
    "users": ("client-certificate", "client-key", "tokenFile"),
}


def _nothing() -> Mapping[str, Entry]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Context:
    """A cluster, and who one is there.

    Attributes:
        name: of the context.
        cluster, user: names of entries.
        namespace: where commands work that name none.
    """

    name: str
    cluster: str
    user: str
    namespace: str = "default"


@dataclass(frozen=True)
class Access:
    """What a client needs to reach a cluster.

    Attributes:
        server: its address, ``https://127.0.0.1:6443``.
        namespace: where commands work that name none.
        authority: the certificates to trust, in PEM; None: the system's.
        certificate, key: the client's, in PEM; None: it has none.
        token: shown as `Authorization: Bearer`; "" if there is none.
        is_checked: whether the server's certificate is looked at.
    """

    server: str
    namespace: str = "default"
    authority: bytes | None = None
    certificate: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)
    token: str = field(default="", repr=False)
    is_checked: bool = True


@dataclass(frozen=True)
class Kubeconfig:
    """What kubeconfigs say. Entries are as they stand there, by name; paths in them are absolute.

    Attributes:
        clusters, users, contexts: by name, in the order in which they were found.
        current_context: the context that is meant when none is named; "" if none is.
    """

    clusters: Mapping[str, Entry] = field(default_factory=_nothing)
    users: Mapping[str, Entry] = field(default_factory=_nothing, repr=False)
    contexts: Mapping[str, Entry] = field(default_factory=_nothing)
    current_context: str = ""

    def context(self, name: str | None = None) -> Context:
        """A context; the current one unless one is named.

        Raises:
            NotFound: there is none of that name, or none is current.
        """
        wanted = name if name is not None else self.current_context
        if wanted not in self.contexts:
            hint = "`kubectl config use-context NAME` chooses one" if not wanted else ""
            raise NotFound("context of a cluster", wanted, self.contexts, hint=hint)
        entry = self.contexts[wanted]
        cluster, user = (str(entry.get(part) or "") for part in ("cluster", "user"))
        return Context(wanted, cluster, user, str(entry.get("namespace") or "default"))

    def access(self, name: str | None = None) -> Access:
        """What a client needs for a context; the current one unless one is named.

        Certificates and tokens that are files are read. Programs that give out credentials
        (`exec`) and basic authentication are left to clients that know them.

        Raises:
            NotFound: there is no such context, or its cluster is not there.
            BadInput: a file it names cannot be read, or data in it are no base64.
        """
        context = self.context(name)
        if context.cluster not in self.clusters:
            raise NotFound("cluster in the kubeconfig", context.cluster, self.clusters)
        cluster, user = self.clusters[context.cluster], self.users.get(context.user, {})
        token_file = None if user.get("token") else _content(user, "tokenFile")
        return Access(
            str(cluster.get("server") or ""),
            context.namespace,
            _content(cluster, "certificate-authority"),
            _content(user, "client-certificate"),
            _content(user, "client-key"),
            (token_file or b"").decode().strip() or str(user.get("token") or ""),
            not cluster.get("insecure-skip-tls-verify"),
        )

    def as_document(self) -> dict[str, Any]:
        """The kubeconfig as a file has it."""
        lists = {
            section: [
                {"name": name, what: dict(entry)} for name, entry in getattr(self, section).items()
            ]
            for section, what in SECTIONS.items()
        }
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": self.current_context,
            **lists,
        }


def kubeconfig_for(
    name: str,
    server: str,
    *,
    authority: bytes,
    certificate: bytes | None = None,
    key: bytes | None = None,
    token: str = "",
    namespace: str = "",
) -> Kubeconfig:
    """A kubeconfig with one context, whose cluster and user bear its name, too.

    Args:
        name: of all three.
        server: the address, ``https://127.0.0.1:6443``.
        authority: the certificate that the server's is signed by, in PEM.
        certificate, key: the client's, in PEM; or
        token: a token instead.
        namespace: where commands work that name none; "default" if empty.
    """
    user: dict[str, Any] = {}
    if certificate and key:
        user |= {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)}
    if token:
        user["token"] = token
    context = {"cluster": name, "user": name} | ({"namespace": namespace} if namespace else {})
    cluster = {"certificate-authority-data": _base64(authority), "server": server}
    return Kubeconfig({name: cluster}, {name: user}, {name: context}, name)


def kubeconfig_paths(environ: Mapping[str, str] | None = None) -> list[Path]:
    """The files that kubectl reads: those of `$KUBECONFIG`, else ``~/.kube/config``."""
    environ = os.environ if environ is None else environ
    named = [part for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    if named:
        return [Path(part) for part in dict.fromkeys(named)]
    home = environ.get("HOME")
    return [(Path(home) if home else Path.home()) / ".kube" / "config"]


def read_kubeconfig(*paths: Path) -> Kubeconfig:
    """What kubeconfigs say, put together.

    Args:
        paths: the files; without any, those that kubectl reads. One that is not there says nothing.

    Raises:
        BadInput: one cannot be read, or is not a kubeconfig; says which and why.
    """
    found = [_read_one(path) for path in paths or kubeconfig_paths()]
    merged: dict[str, dict[str, Entry]] = {section: {} for section in SECTIONS}
    for config in found:
        for section, entries in merged.items():
            for name, entry in getattr(config, section).items():
                entries.setdefault(name, entry)
    current = next((config.current_context for config in found if config.current_context), "")
    return Kubeconfig(**merged, current_context=current)


def _read_one(path: Path) -> Kubeconfig:
    """One file's kubeconfig, with its paths made absolute; an empty one if it is not there."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Kubeconfig()
    except OSError as error:
        raise unusable(path, error.strerror or str(error)) from error
    document = _parse(content, path)
    sections = {section: _entries(document, section, path) for section in SECTIONS}
    current = document.get("current-context") or ""
    return Kubeconfig(**sections, current_context=_text(current, "current-context", path))


def _parse(content: bytes, path: Path) -> Mapping[str, Any]:
    yaml = yaml_library()
    try:
        document = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError) as error:
        raise unusable(path, f"it is not YAML ({' '.join(str(error).split())[:200]})") from error
    if document is not None and not isinstance(document, dict):
        raise unusable(path, "it is not a mapping")
    return document or {}


def _entries(document: Mapping[str, Any], section: str, path: Path) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    items = document.get(section) or []
    if not isinstance(items, list):
        raise unusable(path, f"{section} is not a list")
    for place, item in enumerate(items):
        where = f"{section}[{place}]"
        entry = (item.get(SECTIONS[section]) or {}) if isinstance(item, dict) else None
        if not isinstance(entry, dict):
            raise unusable(path, f"{where} is not a mapping")
        name = _text(item.get("name", ""), f"{where}.name", path)
        if name in found:
            raise unusable(path, f"{section} has the name {name!r} twice")
        found[name] = _absolute(entry, section, path)
    return found


def _absolute(entry: Entry, section: str, path: Path) -> Entry:
    folder = path.absolute().parent
    paths = {part: str(folder / entry[part]) for part in _PATHS[section] if entry.get(part)}
    found = {**entry, **paths}
    program = found.get("exec")
    if isinstance(program, dict) and "/" in str(program.get("command", "")):
        found["exec"] = {**program, "command": str(folder / program["command"])}
    return found


def _text(value: Any, where: str, path: Path) -> str:
    if not isinstance(value, str):
        raise unusable(path, f"{where} is not text")
    return value


def _content(entry: Entry, name: str) -> bytes | None:
    """What an entry has as data, or in the file that it names; data go first."""
    if data := entry.get(f"{name}-data"):
        try:
            return base64.b64decode(data, validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            what = f"{name}-data in the kubeconfig is not base64"
            raise BadInput(what, why=str(error)) from error
    if not entry.get(name):
        return None
    path = Path(str(entry[name]))
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read {path}, the kubeconfig's {name}", why=str(error)) from error


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def yaml_library() -> Any:
    """PyYAML, which has no types. Imported when a file is at hand: that takes 15 ms."""
    import yaml

    return yaml


def unusable(path: Path, why: str) -> BadInput:
    """The error for a kubeconfig that cannot be read."""
    return BadInput(
        f"the kubeconfig {path} cannot be used",
        why=why,
        hint="Mend it, or name another with KUBECONFIG; `kubectl config view` reads it, too",
    )
