"""Diagonals and bands of matrices."""

from __future__ import annotations

from typing import Any

from ..core.emit import apply
from ..core.tensor import Tensor
from .dispatch import dispatched
from .framework import convert_to_tensor


def diag(diagonal: Any, name: Any = None) -> Tensor:
    """A tensor of twice the rank with this diagonal."""
    return apply("Diag", diagonal, name=name)  # type: ignore[no-any-return]


def diag_part(input: Any, name: Any = None) -> Tensor:
    """The diagonal of a tensor of even rank: half its rank."""
    return apply("DiagPart", input, name=name)  # type: ignore[no-any-return]


def _is_main(k: Any) -> bool:
    return isinstance(k, int) and k == 0


def _padding(value: Any, like: Any) -> Any:
    """The value around diagonals: a bool for bools, since 0 is none."""
    return bool(value) if like.dtype.base_dtype == "bool" else value


def matrix_diag(
    diagonal: Any,
    name: Any = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
) -> Tensor:
    """Matrices with these diagonals, `padding_value` elsewhere.

    `k` is the place of one diagonal (0 for the main one, more above it), or the lowest and the
    highest of a band, which `diagonal` holds in rows, the highest first. By default matrices are
    square.
    """
    rest = ((num_rows, -1), (num_cols, -1), (padding_value, 0))
    if _is_main(k) and all(isinstance(r, int) and r == d for r, d in rest):
        return apply("MatrixDiag", diagonal, name=name)  # type: ignore[no-any-return]
    diagonal = convert_to_tensor(diagonal, name="diagonal")
    padding = _padding(padding_value, diagonal)
    return apply("MatrixDiagV2", diagonal, k, num_rows, num_cols, padding, name=name)  # type: ignore[no-any-return]


@dispatched
def matrix_diag_part(
    input: Any, name: Any = "diag_part", k: Any = 0, padding_value: Any = 0
) -> Tensor:
    """The diagonals of matrices: one, or a band of them (see `matrix_diag`).

    Shorter diagonals of a band get `padding_value` behind.
    """
    if _is_main(k):
        return apply("MatrixDiagPart", input, name=name)  # type: ignore[no-any-return]
    input = convert_to_tensor(input, name="input")
    padding = _padding(padding_value, input)
    return apply("MatrixDiagPartV2", input, k, padding, name=name)  # type: ignore[no-any-return]


def matrix_set_diag(input: Any, diagonal: Any, name: Any = "set_diag", k: Any = 0) -> Tensor:
    """Matrices with diagonals replaced: one, or a band of them (see `matrix_diag`)."""
    if _is_main(k):
        return apply("MatrixSetDiag", input, diagonal, name=name)  # type: ignore[no-any-return]
    return apply("MatrixSetDiagV2", input, diagonal, k, name=name)  # type: ignore[no-any-return]


def matrix_band_part(input: Any, num_lower: Any, num_upper: Any, name: Any = None) -> Tensor:
    """Matrices with zeros outside a band around the diagonal (a negative width: all of it)."""
    return apply("MatrixBandPart", input, num_lower, num_upper, name=name)  # type: ignore[no-any-return]
