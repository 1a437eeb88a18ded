"""`tf.gfile`: files of this machine, with TensorFlow's exceptions.

A file is opened by its first read or write, so a missing one raises NotFoundError there.
"""

from __future__ import annotations

import errno
import glob as _glob
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from ..errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    OpError,
    PermissionDeniedError,
    ResourceExhaustedError,
    UnknownError,
)
from .compat import as_bytes, as_str_any

__all__ = [
    "Copy",
    "DeleteRecursively",
    "Exists",
    "FastGFile",
    "GFile",
    "Glob",
    "IsDirectory",
    "ListDirectory",
    "MakeDirs",
    "MkDir",
    "Open",
    "Remove",
    "Rename",
    "Stat",
    "Walk",
]

_KINDS: dict[int | None, type[OpError]] = {
    errno.ENOENT: NotFoundError,
    errno.EEXIST: AlreadyExistsError,
    errno.EACCES: PermissionDeniedError,
    errno.EPERM: PermissionDeniedError,
    errno.EROFS: PermissionDeniedError,
    errno.EISDIR: FailedPreconditionError,
    errno.ENOTDIR: FailedPreconditionError,
    errno.ENOTEMPTY: FailedPreconditionError,
    errno.EINVAL: InvalidArgumentError,
    errno.ENOSPC: ResourceExhaustedError,
    errno.EDQUOT: ResourceExhaustedError,
}
_MODES = ("r", "w", "a", "r+", "w+", "a+")


def _path(name: Any) -> str:
    return as_str_any(os.fspath(name))


@contextmanager
def _translated(path: str) -> Iterator[None]:
    """Errors of the operating system as those of `tf.errors`."""
    try:
        yield
    except OSError as error:
        kind = _KINDS.get(error.errno, UnknownError)
        raise kind(None, None, f"{path}; {error.strerror or error}") from error


class _FileIO:
    """A file, open for reading, writing or both; in a `with` block it is closed at the end.

    Text modes read str, modes with `b` bytes; either may be written. Raises InvalidArgumentError
    for an unknown mode, PermissionDeniedError for what the mode does not allow.
    """

    def __init__(self, name: Any, mode: Any) -> None:
        if mode.replace("b", "") not in _MODES:
            known = ", ".join(_MODES)
            raise InvalidArgumentError(
                None, None, f"The mode {mode!r} is not one of {known}, with or without b."
            )
        self._name = name
        self._mode = mode
        self._reader: IO[bytes] | None = None
        self._writer: IO[bytes] | None = None

    @property
    def name(self) -> Any:
        """The file's name."""
        return self._name

    @property
    def mode(self) -> str:
        """The mode it was opened with."""
        return str(self._mode)

    def _open(self, mode: str) -> IO[bytes]:
        path = _path(self._name)
        with _translated(path):
            return open(path, mode)

    def _reading(self) -> IO[bytes]:
        if not ("r" in self._mode or "+" in self._mode):
            raise PermissionDeniedError(None, None, "File isn't open for reading")
        self.flush()
        if self._reader is None:
            self._reader = self._open("rb")
        return self._reader

    def _writing(self) -> IO[bytes]:
        if self._mode.replace("b", "") == "r":
            raise PermissionDeniedError(None, None, "File isn't open for writing")
        if self._writer is None:
            self._writer = self._open("ab" if "a" in self._mode else "wb")
        return self._writer

    def _value(self, data: bytes) -> Any:
        return data if "b" in self._mode else data.decode("utf-8")

    def size(self) -> int:
        """The length of the file in bytes."""
        self.flush()
        return Stat(self._name).length

    def write(self, file_content: Any) -> None:
        """Appends text or bytes."""
        self._writing().write(as_bytes(file_content))

    def read(self, n: Any = -1) -> Any:
        """The next `n` bytes, or all that is left."""
        with _translated(_path(self._name)):
            return self._value(self._reading().read(n))

    def seek(self, offset: Any = None, whence: Any = 0, position: Any = None) -> None:
        """Moves where reading goes on: from the start, from here (1) or from the end (2).

        `position` is an old name of `offset`. TypeError without either or with both.
        """
        if (offset is None) == (position is None):
            raise TypeError("seek() takes either offset or position.")
        if whence not in (0, 1, 2):
            raise InvalidArgumentError(
                None, None, f"Invalid whence argument: {whence}. Valid values are 0, 1, or 2."
            )
        target = position if offset is None else offset
        with _translated(_path(self._name)):
            self._reading().seek(target, whence)

    def tell(self) -> int:
        """Where reading goes on; in a file open for writing alone, where writing does."""
        readable = "r" in self._mode or "+" in self._mode
        return (self._reading() if readable else self._writing()).tell()

    def readline(self) -> Any:
        """The next line with its line feed, without carriage returns; empty at the end."""
        with _translated(_path(self._name)):
            return self._value(self._reading().readline().replace(b"\r", b""))

    def readlines(self) -> list[Any]:
        """All lines that are left."""
        return list(self)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    next = __next__

    def __enter__(self) -> _FileIO:
        return self

    def __exit__(self, unused_type: Any, unused_value: Any, unused_traceback: Any) -> None:
        self.close()

    def flush(self) -> None:
        """Hands what was written to the operating system."""
        if self._writer is not None:
            with _translated(_path(self._name)):
                self._writer.flush()

    def close(self) -> None:
        """Closes the file; what was written is there afterwards."""
        for handle in (self._reader, self._writer):
            if handle is not None:
                with _translated(_path(self._name)):
                    handle.close()
        self._reader = self._writer = None

    def seekable(self) -> bool:
        """Whether `seek` works: always."""
        return True


class GFile(_FileIO):
    """A file by name: `GFile(name, mode)` with mode r, w, a, r+, w+ or a+, and b for bytes."""

    def __init__(self, name: Any, mode: Any = "r") -> None:
        super().__init__(name, mode)


class FastGFile(_FileIO):
    """The same as GFile, by an older name."""

    def __init__(self, name: Any, mode: Any = "r") -> None:
        super().__init__(name, mode)


Open = GFile


@dataclass(frozen=True)
class FileStatistics:
    """What `Stat` tells of a file."""

    length: int
    mtime_nsec: int
    is_directory: bool


def Exists(filename: Any) -> bool:
    """Whether there is a file or a folder of that name."""
    return os.path.exists(_path(filename))


def IsDirectory(dirname: Any) -> bool:
    """Whether there is a folder of that name."""
    return os.path.isdir(_path(dirname))


def Stat(filename: Any) -> FileStatistics:
    """Length in bytes, time of the last change and kind of a file. NotFoundError if missing."""
    path = _path(filename)
    with _translated(path):
        found = os.stat(path)
    return FileStatistics(found.st_size, found.st_mtime_ns, os.path.isdir(path))


def Glob(filename: Any) -> list[str]:
    """The files that fit a pattern (`*`, `?`, `[...]`), or any of several, each sorted."""
    patterns: Iterable[Any] = filename
    if isinstance(filename, (str, bytes, os.PathLike)):
        patterns = [filename]
    return [
        found
        for pattern in patterns
        for found in sorted(_glob.glob(_path(pattern), include_hidden=True))
    ]


def ListDirectory(dirname: Any) -> list[str]:
    """The names in a folder, sorted. NotFoundError if there is no such folder."""
    path = _path(dirname)
    if not IsDirectory(path):
        raise NotFoundError(None, None, f"Could not find directory {path}")
    with _translated(path):
        return sorted(os.listdir(path))


def Walk(top: Any, in_order: Any = True) -> Iterator[tuple[str, list[str], list[str]]]:
    """Each folder from `top` on as (path, names of folders, names of files).

    A folder comes before those in it, or after them if `in_order` is false. Folders that cannot
    be listed are left out.
    """
    return walk_folders(_path(top), bool(in_order), None)


def walk_folders(
    top: str, topdown: bool, onerror: Any
) -> Iterator[tuple[str, list[str], list[str]]]:
    """`Walk`, with a function that gets the error of a folder that cannot be listed."""
    try:
        names = ListDirectory(top)
    except OpError as error:
        if onerror:
            onerror(error)
        return
    folders = [name for name in names if IsDirectory(os.path.join(top, name))]
    here = (top, folders, [name for name in names if name not in folders])
    if topdown:
        yield here
    for name in folders:
        yield from walk_folders(os.path.join(top, name), topdown, onerror)
    if not topdown:
        yield here


def MkDir(dirname: Any) -> None:
    """Makes a folder. AlreadyExistsError if it is there, NotFoundError if its parent is not."""
    path = _path(dirname)
    with _translated(path):
        os.mkdir(path)


def MakeDirs(dirname: Any) -> None:
    """Makes a folder and those above it, where they are not there yet."""
    path = _path(dirname)
    with _translated(path):
        os.makedirs(path, exist_ok=True)


def Remove(filename: Any) -> None:
    """Deletes a file. NotFoundError if there is none."""
    path = _path(filename)
    with _translated(path):
        os.remove(path)


def DeleteRecursively(dirname: Any) -> None:
    """Deletes a folder with all that is in it, or a file. NotFoundError if there is none."""
    path = _path(dirname)
    with _translated(path):
        if IsDirectory(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.remove(path)


def _check_free(path: str, overwrite: Any) -> None:
    if Exists(path) and not overwrite:
        raise AlreadyExistsError(None, None, f"{path} is there already; overwrite=True replaces it")


def Copy(oldpath: Any, newpath: Any, overwrite: Any = False) -> None:
    """Copies a file. AlreadyExistsError if the new one is there and may not be overwritten."""
    old, new = _path(oldpath), _path(newpath)
    _check_free(new, overwrite)
    with _translated(old):
        shutil.copyfile(old, new)


def Rename(oldname: Any, newname: Any, overwrite: Any = False) -> None:
    """Renames a file or folder. AlreadyExistsError as for `Copy`."""
    old, new = _path(oldname), _path(newname)
    _check_free(new, overwrite)
    with _translated(old):
        os.replace(old, new)
