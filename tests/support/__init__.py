"""What tests share: waiting, an ordinary user to run things as, the hunt for leftovers."""

from __future__ import annotations

from tests.support.as_user import OrdinaryUser, ordinary_user
from tests.support.leaks import Watch
from tests.support.wait import wait_until

__all__ = ["OrdinaryUser", "Watch", "ordinary_user", "wait_until"]
