"""Reads a topic's checks: a checks.py, or a folder ``checks`` with a module for each task.

They are executed in a module of their own, which is kept out of ``sys.modules``: two courses, or
two versions of one file, do not meet. Files that are as they were are not executed again. Knows
nothing about where courses lie.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path
from types import CodeType, ModuleType

from labkit.core.errors import AuthorError
from labkit.grading.checks import REGISTRY, Check, line_in, told
from labkit.grading.variants import Variant


class Checks(dict[str, Check]):
    """A topic's checks by id, in the author's order.

    Attributes:
        variant: what differs from learner to learner (``VARIANT`` in the file; may be empty).
    """

    def __init__(self) -> None:
        super().__init__()
        self.variant = Variant()


def load_checks(path: Path, *, topic: str = "") -> Checks:
    """A topic's checks and their ``VARIANT``; executed when they are new, or have been changed.

    Args:
        path: a checks.py; or a folder, a package whose ``__init__`` imports a module for each task
            and holds ``VARIANT``.
        topic: the id of the topic; the name of the folder without its number when not given.

    Raises:
        AuthorError: a file cannot be read or executed, two checks have one id, or ``VARIANT``
            is not a :class:`Variant`. Says file and line.
    """
    path = path.absolute()
    return _load(path, topic or path.parent.name.lstrip("0123456789").lstrip("-"), _state(path))


@lru_cache(maxsize=64)
def _load(path: Path, topic: str, state: tuple[object, ...]) -> Checks:
    """Executes the checks whose files are in a certain state, once."""
    main = path / "__init__.py" if path.is_dir() else path
    modules = _execute(_compiled(main), main, path)
    found = Checks()
    for check in (check for module in modules for check in getattr(module, REGISTRY, [])):
        if check.id in found:
            raise check.broken(f"there is another check of this id: {found[check.id].where}")
        check.topic = topic
        found[check.id] = check
    variant = getattr(modules[0], "VARIANT", found.variant)
    if not isinstance(variant, Variant):
        raise AuthorError(f"VARIANT is {variant!r} instead of Variant(…)", where=f"{main}:1")
    found.variant = variant
    return found


def _state(path: Path) -> tuple[object, ...]:
    """What tells that a file, or one of a package, has been changed."""
    try:
        entries = list(os.scandir(path)) if path.is_dir() else [path]
        found = [(entry.name, entry.stat()) for entry in entries if entry.name.endswith(".py")]
    except OSError:
        return ()
    return tuple(sorted((name, s.st_mtime_ns, s.st_size, s.st_ino) for name, s in found))


def _compiled(path: Path) -> CodeType:
    try:
        return compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except OSError as error:
        raise AuthorError(f"cannot be read: {error.strerror}", where=f"{path}:1") from error
    except SyntaxError as error:
        raise AuthorError(error.msg, where=f"{path}:{error.lineno or 1}") from error
    except ValueError as error:  # a null byte, before Python 3.12
        raise AuthorError(str(error), where=f"{path}:1") from error


def _execute(code: CodeType, main: Path, path: Path) -> list[ModuleType]:
    """The module of ``main``, and after it those that it imported from its own package."""
    module = ModuleType(f"labkit_checks_{path.absolute().parent.name}_{id(code):x}")
    module.__file__ = str(main)
    if path.is_dir():
        module.__path__, module.__package__ = [str(path)], module.__name__
    # Dataclasses look their own module up by name while they are made, and so do relative imports.
    sys.modules[module.__name__] = module
    wrote_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        exec(code, module.__dict__)
        parts = [name for name in sys.modules if name.startswith(f"{module.__name__}.")]
        return [module, *(sys.modules[name] for name in parts)]
    except AuthorError:
        raise
    except SyntaxError as error:
        raise AuthorError(error.msg, where=f"{error.filename}:{error.lineno or 1}") from error
    except (Exception, SystemExit) as error:
        raise AuthorError(told(error), where=_where(path, error) or f"{main}:1") from error
    finally:
        sys.dont_write_bytecode = wrote_bytecode
        for name in [name for name in sys.modules if name.partition(".")[0] == module.__name__]:
            del sys.modules[name]


def _where(path: Path, error: BaseException) -> str:
    files = sorted(path.glob("*.py")) if path.is_dir() else [path]
    return next((where for file in files if (where := line_in(str(file), error))), "")
