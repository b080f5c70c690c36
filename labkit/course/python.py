"""Says whether the code of a cell is valid Python, IPython's magics allowed.

Knows nothing about cells. Source: IPython, "Input transformation".
"""

from __future__ import annotations

import ast
import warnings
from typing import Any


def find_fault(code: str) -> tuple[str, int] | None:
    """What Python finds wrong with some code, without running it.

    Returns:
        What is wrong, and in which line, from 0; None when nothing is.
    """
    fault = _compile_fault(code)
    if fault is None:
        return None
    from IPython.core.inputtransformer2 import TransformerManager

    manager: Any = TransformerManager
    try:
        return _compile_fault(manager().transform_cell(code))
    except SyntaxError:
        return fault


def _compile_fault(code: str) -> tuple[str, int] | None:
    with warnings.catch_warnings():
        # An invalid escape such as "\d" is only a warning, of a kind that changes with the version.
        for kind in (SyntaxWarning, DeprecationWarning):
            warnings.simplefilter("error", kind)
        try:
            compile(code, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except SyntaxError as error:
            return error.msg, (error.lineno or 1) - 1
        except ValueError as error:  # a null byte, before Python 3.12
            return str(error), 0
    return None
