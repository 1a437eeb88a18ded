"""Writes `internal_names.tsv`, the generated part of the alias table.

    python tools/make_alias_data.py INTERNAL.tsv [OUT.tsv]

INTERNAL.tsv lists the names of TensorFlow 1.15's internal modules (columns: module, name, kind,
number of users, public symbol, ...). The result has a line a module: its names, each as `name` (no
public symbol), `name=` (public under the same name at the top) or `name=public.symbol`.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from pathlib import Path


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def internal_names(path: Path) -> dict[str, list[str]]:
    """Internal module -> its names with their public symbols."""
    table: dict[str, list[str]] = {}
    for row in _rows(path):
        public = row["public symbol"].removeprefix("tf.")
        same = "" if public == row["name"] else public
        entry = f"{row['name']}={same}" if public else row["name"]
        table.setdefault(row["module"], []).append(entry)
    return table


def write(path: Path, table: dict[str, list[str]]) -> None:
    """One line a key: the key, a tab, the names with blanks between them."""
    lines = [f"{key}\t{' '.join(sorted(names))}\n" for key, names in sorted(table.items())]
    path.write_text("".join(lines), encoding="utf-8")


def main(internal: str, out: str = "src/evergraph/compat/internal_names.tsv") -> None:
    """Reads the list and writes the table."""
    write(Path(out), internal_names(Path(internal)))


if __name__ == "__main__":
    main(*sys.argv[1:])
