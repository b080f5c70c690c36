"""Waiting for something outside, with a deadline. Knows nothing about what is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(
    look: Callable[[], T], *, timeout_s: float = 30.0, every_s: float = 0.02, what: str = ""
) -> T:
    """Calls ``look`` until it returns something true.

    Args:
        look: what to ask; an exception of it is not caught.
        timeout_s: how long to go on, in seconds.
        every_s: pause between two looks, in seconds.
        what: what is waited for, for the error's text.

    Returns:
        The first true answer.

    Raises:
        TimeoutError: the time was up; the text has the last answer.
    """
    deadline = time.monotonic() + timeout_s
    while not (seen := look()):
        if time.monotonic() > deadline:
            subject = what or getattr(look, "__qualname__", "it")
            raise TimeoutError(f"{subject}: not within {timeout_s:g} s, last seen {seen!r}")
        time.sleep(every_s)
    return seen
