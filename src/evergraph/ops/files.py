"""Ops that read, write and list files."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, with_rank
from ..errors import NotFoundError, PermissionDeniedError, UnknownError
from .text_arrays import text_array, text_scalar, texts


def _path(x: Any, name: str) -> str:
    return text_scalar(x, name).decode(errors="surrogateescape").removeprefix("file://")


def _failure(error: OSError, path: str) -> Exception:
    for kind, status in (
        (FileNotFoundError, NotFoundError),
        (PermissionError, PermissionDeniedError),
    ):
        if isinstance(error, kind):
            return status(None, None, f"{path}; {error.strerror}")
    return UnknownError(None, None, f"{path}; {error.strerror or error}")


def _read_file(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    path = _path(inputs[0], "Input filename tensor")
    try:
        return np.array(Path(path).read_bytes(), dtype=object)
    except (OSError, ValueError) as error:
        raise _failure(
            error if isinstance(error, OSError) else OSError(str(error)), path
        ) from error


def _write_file(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[()]:
    path = Path(_path(inputs[0], "Input filename tensor"))
    contents = text_scalar(inputs[1], "Contents tensor")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents)
    except (OSError, ValueError) as error:
        failed = error if isinstance(error, OSError) else OSError(str(error))
        raise _failure(failed, str(path)) from error
    return ()


def _matching_files(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    patterns = texts(inputs[0])
    if patterns.ndim > 1:
        raise ValueError(
            f"Input patterns tensor must be scalar or vector, but had shape: {list(patterns.shape)}"
        )
    found: list[str] = []
    for pattern in patterns.ravel().tolist():
        found += glob.glob(pattern.decode(errors="surrogateescape").removeprefix("file://"))
    return text_array(name.encode(errors="surrogateescape") for name in sorted(found))


def _scalars(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    for shape in shapes:
        with_rank(shape, 0)
    return [()]


define(
    "ReadFile",
    "filename:string -> contents:string",
    shape=_scalars,
    kernel=_read_file,
    effect=True,
    grad=NO_GRADIENT,
)
define(
    "WriteFile",
    "filename:string contents:string ->",
    shape=lambda shapes, attrs, values: _scalars(shapes, attrs, values)[1:],
    kernel=_write_file,
    stateful=True,
    effect=True,
    grad=NO_GRADIENT,
)
define(
    "MatchingFiles",
    "pattern:string -> filenames:string",
    shape=lambda shapes, attrs, values: [(None,)],
    kernel=_matching_files,
    effect=True,
    data_dependent=True,
    grad=NO_GRADIENT,
)
