"""`tf.io.gfile`: `tf.gfile` under the names of Python's own functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..compat import as_str_any
from ..gfile import (
    Copy,
    DeleteRecursively,
    Exists,
    FileStatistics,
    GFile,
    Glob,
    IsDirectory,
    ListDirectory,
    MakeDirs,
    MkDir,
    Remove,
    Rename,
    Stat,
    walk_folders,
)

__all__ = [
    "GFile",
    "copy",
    "exists",
    "glob",
    "isdir",
    "listdir",
    "makedirs",
    "mkdir",
    "remove",
    "rename",
    "rmtree",
    "stat",
    "walk",
]


def copy(src: Any, dst: Any, overwrite: Any = False) -> None:
    """Copies a file. AlreadyExistsError if `dst` is there and may not be overwritten."""
    Copy(src, dst, overwrite)


def exists(path: Any) -> bool:
    """Whether there is a file or a folder of that name."""
    return Exists(path)


def glob(pattern: Any) -> list[str]:
    """The files that fit a pattern, or any of several."""
    return Glob(pattern)


def isdir(path: Any) -> bool:
    """Whether there is a folder of that name."""
    return IsDirectory(path)


def listdir(path: Any) -> list[str]:
    """The names in a folder. NotFoundError if there is no such folder."""
    return ListDirectory(path)


def makedirs(path: Any) -> None:
    """Makes a folder and those above it, where they are not there yet."""
    MakeDirs(path)


def mkdir(path: Any) -> None:
    """Makes a folder. AlreadyExistsError if it is there."""
    MkDir(path)


def remove(path: Any) -> None:
    """Deletes a file. NotFoundError if there is none."""
    Remove(path)


def rename(src: Any, dst: Any, overwrite: Any = False) -> None:
    """Renames a file or folder. AlreadyExistsError if `dst` is there and may not be overwritten."""
    Rename(src, dst, overwrite)


def rmtree(path: Any) -> None:
    """Deletes a folder with all that is in it."""
    DeleteRecursively(path)


def stat(path: Any) -> FileStatistics:
    """Length in bytes, time of the last change and kind of a file."""
    return Stat(path)


def walk(
    top: Any, topdown: Any = True, onerror: Any = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Each folder from `top` on as (path, names of folders, names of files).

    `onerror` is a function of the error when a folder cannot be listed.
    """
    return walk_folders(as_str_any(top), bool(topdown), onerror)
