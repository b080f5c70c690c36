"""The outputs of a notebook that is built again without being played."""

from __future__ import annotations

import copy
from collections import defaultdict

from labkit.course.notebook import Notebook


def keep_outputs(notebook: Notebook, old: Notebook) -> None:
    """Gives each code cell the outputs that the same code has in an older notebook.

    The cell of the same id comes first, then the next one of the same code.

    Args:
        notebook: gets the outputs.
        old: has them.
    """
    by_id = {cell.get("id"): cell for cell in old.cells if cell.cell_type == "code"}
    by_code = defaultdict(list)
    for cell in old.cells:
        if cell.cell_type == "code":
            by_code[cell.source].append(cell)
    rest = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        same = by_id.get(cell.id)
        if same is not None and same.source == cell.source:
            _take(cell, same)
            by_code[cell.source].remove(same)
        else:
            rest.append(cell)
    for cell in rest:
        if by_code[cell.source]:
            _take(cell, by_code[cell.source].pop(0))


def _take(cell: Notebook, other: Notebook) -> None:
    cell.outputs = copy.deepcopy(other.outputs)
    cell.execution_count = other.execution_count


def without_outputs(notebook: Notebook) -> Notebook:
    """The notebook as its source alone makes it."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook
