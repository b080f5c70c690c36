"""Reads a topic's checks.py.

The file is executed in a module of its own, which is kept out of ``sys.modules``: two courses, or
two versions of one file, do not meet. Knows nothing about where courses lie.
"""

from __future__ import annotations

import sys
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
    """Executes a checks.py and collects its checks and its ``VARIANT``.

    Args:
        path: the file.
        topic: the id of the topic; the name of the folder without its number when not given.

    Raises:
        AuthorError: the file cannot be read or executed, two checks have one id, or ``VARIANT``
            is not a :class:`Variant`. Says file and line.
    """
    module = _execute(_compiled(path), path)
    found = Checks()
    for check in getattr(module, REGISTRY, []):
        if check.id in found:
            raise check.broken(f"there is another check of this id: {found[check.id].where}")
        check.topic = topic or path.absolute().parent.name.lstrip("0123456789").lstrip("-")
        found[check.id] = check
    variant = getattr(module, "VARIANT", found.variant)
    if not isinstance(variant, Variant):
        raise AuthorError(f"VARIANT is {variant!r} instead of Variant(…)", where=f"{path}:1")
    found.variant = variant
    return found


def _compiled(path: Path) -> CodeType:
    try:
        return compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except OSError as error:
        raise AuthorError(f"cannot be read: {error.strerror}", where=f"{path}:1") from error
    except SyntaxError as error:
        raise AuthorError(error.msg, where=f"{path}:{error.lineno or 1}") from error
    except ValueError as error:  # a null byte, before Python 3.12
        raise AuthorError(str(error), where=f"{path}:1") from error


def _execute(code: CodeType, path: Path) -> ModuleType:
    module = ModuleType(f"labkit_checks_{path.absolute().parent.name}_{id(code):x}")
    module.__file__ = str(path)
    # Dataclasses look their own module up by name while they are made.
    sys.modules[module.__name__] = module
    try:
        exec(code, module.__dict__)
    except AuthorError:
        raise
    except (Exception, SystemExit) as error:
        where = line_in(str(path), error) or f"{path}:1"
        raise AuthorError(told(error), where=where) from error
    finally:
        del sys.modules[module.__name__]
    return module
