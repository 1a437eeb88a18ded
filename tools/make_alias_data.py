"""Writes the generated data of the alias table from lists of TensorFlow 1.15's names.

    python tools/make_alias_data.py API.tsv INTERNAL.tsv [OUTDIR]

API.tsv has the public symbols (columns: symbol, kind, ...), INTERNAL.tsv the names of internal
modules (columns: module, name, kind, number of users, public symbol, ...). The results are

- `public_names.tsv`: namespace, its names; a name that is itself a namespace ends in a dot;
- `internal_names.tsv`: internal module, its names, each as `name` (no public symbol), `name=`
  (public under the same name at the top) or `name=public.symbol`.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from pathlib import Path

MEMBERS = {"method", "property", "classmethod", "staticmethod"}
# Namespaces that the list of symbols implies without naming them.
IMPLIED = ("tf.compat", "tf.contrib", "tf.examples", "tf.python", "tf.core", "tf.tools")


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def public_names(path: Path) -> dict[str, list[str]]:
    """Namespace -> its public names, namespaces with a dot at their end."""
    kinds = {row["symbol"]: row["kind"] for row in _rows(path)}
    kinds.update(dict.fromkeys(IMPLIED, "module"))
    table: dict[str, list[str]] = {}
    for symbol, kind in sorted(kinds.items()):
        parent, _, name = symbol.rpartition(".")
        if kind in MEMBERS or kinds.get(parent, "module") != "module":
            continue
        table.setdefault(parent, []).append(name + "." * (kind == "module"))
    return table


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


def main(api: str, internal: str, folder: str = "src/evergraph/compat") -> None:
    """Reads the two lists and writes the two tables into `folder`."""
    write(Path(folder, "public_names.tsv"), public_names(Path(api)))
    write(Path(folder, "internal_names.tsv"), internal_names(Path(internal)))


if __name__ == "__main__":
    main(*sys.argv[1:])
