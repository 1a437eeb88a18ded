"""The code of a program to run: a Python file, a Python 2 file, the code cells of a notebook."""

from __future__ import annotations

import ast
import json
import linecache
import re
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

import click

from evergraph.compat import python2
from evergraph.compat.notes import note

_MAGIC = re.compile(r"^\s*(%|!|\?)|\?\s*$")
# Cell magics whose cell is Python all the same.
_PYTHON_CELLS = ("%%time", "%%timeit", "%%capture", "%%prun")


class Part(NamedTuple):
    """Code to run, in the program's namespace, and its Python 3 text."""

    code: CodeType
    text: str


def parts(path: Path, py2: bool) -> Iterator[Part]:
    """What to run of a program file, one part after the other; a notebook has one a cell.

    Raises SyntaxError for a program that is Python 3 but for a mistake, and
    click.ClickException for a file that is no program.
    """
    if path.suffix == ".ipynb":
        for number, source in enumerate(cells(path), 1):
            name = f"<{path.name}, cell {number}>"
            linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
            yield _part(source, name, py2)
    else:
        yield _part(python2.read_source(str(path)), str(path.resolve()), py2)


def _part(source: str, filename: str, py2: bool) -> Part:
    if not py2 and python2.is_python3(source):
        return Part(compile(source, filename, "exec"), source)
    try:
        code = python2.compile_python2(source, filename)
    except python2.Python2Error as error:
        if not py2 and not _looks_like_python2(source):
            compile(source, filename, "exec")  # Raises the mistake as Python 3 sees it.
        raise click.ClickException(str(error)) from error
    return Part(code, "".join(linecache.getlines(filename)))


def _looks_like_python2(source: str) -> bool:
    return bool(re.search(r"^\s*(print\s+[^(\s=]|exec\s+[^(\s]|except\s.*,\s*\w+:)", source, re.M))


def cells(path: Path) -> list[str]:
    """The code cells of a notebook, without IPython's magics, which a note lists.

    Raises click.ClickException if the file is no notebook.
    """
    try:
        book = json.loads(path.read_text(encoding="utf-8"))
        sheets = book["cells"] if "cells" in book else book["worksheets"][0]["cells"]
        sources = [_source(cell) for cell in sheets if cell["cell_type"] == "code"]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise click.ClickException(f"{path} is no notebook: {error!r}") from error
    return [_without_magics(source, number) for number, source in enumerate(sources, 1)]


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"] if "source" in cell else cell["input"]
    return source if isinstance(source, str) else "".join(source)


def _without_magics(source: str, number: int) -> str:
    lines = source.splitlines()
    first = lines[0].strip() if lines else ""
    if first.startswith("%%") and not first.startswith(_PYTHON_CELLS):
        note(f"cell {number} is skipped: {first}")
        return ""
    if _parses(source):
        return source
    return "\n".join(_python_line(line, number) for line in lines) + "\n"


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def _python_line(line: str, number: int) -> str:
    if not _MAGIC.search(line) or line.lstrip().startswith("#"):
        return line
    note(f"cell {number}: skipped {line.strip()}")
    return line[: len(line) - len(line.lstrip())] + "pass"
