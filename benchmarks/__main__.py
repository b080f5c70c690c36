"""``python -m benchmarks [NAME…] [--json]``: exit 0 when every target is reached, else 1."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from importlib import import_module

from benchmarks.report import Table, show

NAMES = (
    "sandbox",
    "network",
    "imports",
    "images",
    "leftovers",
    "verdict",
    "relay",
    "files",
    "machine",
    "pictures",
    "groups",
    "namespaces",
    "bombs",
    "cluster",
    "store",
)


def main() -> int:
    """Runs the benchmarks asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}")
    parser.add_argument("--json", action="store_true", help="one object a table, on a line")
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs")
    wanted = parser.parse_args()
    if unknown := set(wanted.names) - set(NAMES):
        parser.error(f"there is no benchmark {', '.join(unknown)}: {', '.join(NAMES)}")
    tables: list[Table] = []
    for name in wanted.names or NAMES:
        for table in import_module(f"benchmarks.{name}").measure(is_quick=wanted.quick):
            tables.append(table)
            print(json.dumps(dataclasses.asdict(table)) if wanted.json else show(table), flush=True)
    return 0 if all(row.is_reached is not False for table in tables for row in table.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
