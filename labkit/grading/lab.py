"""What a check may look at, and what a maker of states may use.

A lab gives the learner's values, the learner's work folder, and snapshots of the machine, taken at
first use and kept until :meth:`Lab.refresh`. Whatever is started through it ends with it. Knows
nothing about verdicts and storage; the machine itself is looked at by the parts below, which are
imported when first needed.
"""

from __future__ import annotations

import html
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from labkit.core.errors import Blocked, NotFound, SystemFault
from labkit.grading.ending import end_group

if TYPE_CHECKING:
    from labkit.grading.variants import Value
    from labkit.image import ImageStore
    from labkit.sandbox import Contained, HostProcess, Running, Sandbox

T = TypeVar("T")
Stream = int | IO[Any] | None


def missing_here(requires: Sequence[str]) -> list[str]:
    """What this machine lacks of the capabilities named, one reason each.

    Raises:
        NotFound: there is no capability of that name.
    """
    from labkit.host import missing

    return missing(requires)


class Lab:
    """One learner's place in one topic.

    Args:
        topic: the topic's id.
        folder: the learner's work folder for that topic; made when first used.
        values: this learner's values (:meth:`Variant.values`).
        missing: says what the machine lacks of some capabilities; asks ``labkit.host`` when not
            given.
    """

    def __init__(
        self,
        topic: str,
        folder: Path,
        values: Mapping[str, Value],
        *,
        missing: Callable[[Sequence[str]], list[str]] = missing_here,
    ) -> None:
        self.topic, self.values, self.missing = topic, dict(values), missing
        self._folder = Path(folder).absolute()
        self._seen: dict[str, Any] = {}
        self._on_close: list[Callable[[], object]] = []

    def __getitem__(self, name: str) -> Value:
        if name not in self.values:
            raise NotFound("value", name, self.values, hint="See VARIANT in the topic's checks.py")
        return self.values[name]

    @property
    def folder(self) -> Path:
        """The learner's work folder for this topic.

        Raises:
            Blocked: it cannot be made.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Blocked(
                f"there can be no work folder {self._folder}",
                why=error.strerror or str(error),
                hint="Work in a folder that you can write",
            ) from error
        return self._folder

    def refresh(self) -> None:
        """Forgets what was seen, so that the next look is at the machine as it is then."""
        self._seen.clear()

    def processes(self) -> list[HostProcess]:
        """Every process of this machine that its /proc shows."""
        from labkit.sandbox import processes

        return self._once("processes", processes)

    def containers(self) -> list[Contained]:
        """Every process that is the first of its PID namespace, whoever made it."""
        from labkit.sandbox import containers

        return self._once("containers", containers)

    def running(self) -> list[Running]:
        """The sandboxes of this user that run, from any session."""
        from labkit.sandbox import running

        return self._once("running", running)

    @property
    def images(self) -> ImageStore:
        """This user's image store."""
        from labkit.image import ImageStore

        return self._once("images", ImageStore)

    def sandbox(self, **settings: Any) -> Sandbox:
        """A sandbox that is stopped with this lab. Takes what ``Sandbox(…)`` takes."""
        from labkit.sandbox import Sandbox

        box = Sandbox(**settings)
        self.defer(box.stop)
        return box

    def spawn(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: Stream = subprocess.DEVNULL,
        stdout: Stream = subprocess.DEVNULL,
        stderr: Stream = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Starts a program that is ended with this lab, and with it what it starts.

        Args:
            argv: the program and its arguments.
            cwd: its working folder; the learner's work folder when not given.
            env: its environment; this process's when not given.
            stdin: as for :class:`subprocess.Popen`, and likewise the next two; nothing by default.
            stdout: where its output goes.
            stderr: where its errors go.

        Raises:
            NotFound: there is no such program.
            SystemFault: it cannot be started.
        """
        try:
            process = subprocess.Popen(
                argv,
                cwd=cwd or self.folder,
                env=env,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,  # a process group of its own, to be ended as one
            )
        except FileNotFoundError as error:
            raise NotFound("program", argv[0]) from error
        except OSError as error:
            raise SystemFault(f"start {argv[0]}", errno=error.errno or 0) from error
        self.defer(lambda: end_group(process))
        return process

    def defer(self, action: Callable[[], object]) -> None:
        """Calls ``action`` when the lab is closed, last deferred first."""
        self._on_close.append(action)

    def close(self) -> None:
        """Ends what was started through this lab. Safe to call twice.

        Every action is tried; the first error is raised after the last of them.
        """
        errors: list[Exception] = []
        while self._on_close:
            try:
                self._on_close.pop()()
            except Exception as error:
                errors.append(error)
        self.refresh()
        if errors:
            raise errors[0]

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        lines = ["Your values", *(f"  {name}  {value}" for name, value in self._padded())]
        return "\n".join([*(lines if self.values else []), f"Your folder  {self._near()}"])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        rows = "".join(
            f'<tr><th scope="row">{html.escape(name)}</th>'
            f"<td><code>{html.escape(str(value))}</code></td></tr>"
            for name, value in self.values.items()
        )
        table = f"<table><caption>Your values</caption>{rows}</table>" if rows else ""
        folder = f"<p>Your folder: <code>{html.escape(self._near())}</code></p>"
        return {"text/html": table + folder, "text/plain": repr(self)}

    def _near(self) -> str:
        """The folder by its last two names: those before are the same for all of a course."""
        return "/".join(["…", *self._folder.parts[-2:]])

    def _padded(self) -> list[tuple[str, Value]]:
        width = max(map(len, self.values), default=0)
        return [(name.ljust(width), value) for name, value in self.values.items()]

    def _once(self, name: str, look: Callable[[], T]) -> T:
        if name not in self._seen:
            self._seen[name] = look()
        seen: T = self._seen[name]
        return seen
