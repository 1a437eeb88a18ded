"""Compiled kernels on disk: one file each, checked when read, written whole or not at all.

A file holds a digest of its contents and the object code. What does not match its digest, or
belongs to another user, is not run. The newest files stay within a limit of bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path

from ...settings import settings

_MAGIC = b"evergraph kernel 1\n"
_LIMIT = 256 << 20
_DIGEST = 32


def default_folder() -> Path:
    """Where kernels are kept: EVERGRAPH_CACHE, or below the user's cache directory."""
    if settings.cache:
        return Path(settings.cache)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "evergraph" / "kernels"


class ObjectStore:
    """Object code by key, in a folder that only this user may write to."""

    def __init__(self, folder: Path | None = None, limit: int = _LIMIT) -> None:
        self.folder = folder or default_folder()
        self.limit = limit
        self.written = 0
        self.usable = self._prepare()

    def _prepare(self) -> bool:
        """Makes the folder; False where it cannot be ours alone."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return _is_ours(self.folder.stat())
        except OSError:
            return False

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.o"

    def get(self, key: str) -> bytes | None:
        """The object code kept under a key, None if there is none or it is damaged."""
        if not self.usable:
            return None
        try:
            with self._path(key).open("rb") as file:
                if not _is_ours(os.fstat(file.fileno())):
                    return None
                content = file.read()
        except OSError:
            return None
        head = len(_MAGIC) + _DIGEST
        digest, code = content[len(_MAGIC) : head], content[head:]
        if not content.startswith(_MAGIC) or _digest(key, code) != digest:
            return None
        return code

    def put(self, key: str, code: bytes) -> None:
        """Keeps object code; a full disk or a lost folder only costs compiling again."""
        if not self.usable:
            return
        temporary = None
        try:
            handle, temporary = tempfile.mkstemp(dir=self.folder, suffix=".tmp")
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC + _digest(key, code) + code)
            os.replace(temporary, self._path(key))
        except OSError:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
            return
        self.written += len(code)
        if self.written > self.limit // 8:
            self.written = 0
            self.trim()

    def trim(self) -> None:
        """Deletes the files longest unused until the rest fit the limit."""
        found = []
        for path in self.folder.glob("*.[ot]*"):
            with contextlib.suppress(OSError):  # another process may be deleting it too
                info = path.stat()
                found.append((max(info.st_atime, info.st_mtime), info.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self.limit:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                total -= size


def _digest(key: str, code: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\0" + code).digest()


def _is_ours(info: os.stat_result) -> bool:
    """Whether nobody else could have written it."""
    if not hasattr(os, "getuid"):
        return True
    return info.st_uid == os.getuid() and not info.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
