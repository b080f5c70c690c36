"""Makes failed assertions of the functions that are played twice as telling as a test's own."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.sandbox.both", "tests.sandbox.groups.both")
