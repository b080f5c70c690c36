"""For the notebooks' lane (a pytest plugin): each notebook starts as a new learner's would.

nbval starts one kernel for a notebook, which inherits this process's environment.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.leaks import Place, Watch
from tests.support.session_ids import SessionIds

_CURRENT = pytest.StashKey[Path]()
