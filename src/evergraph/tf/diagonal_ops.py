"""Diagonals and bands of matrices."""

from __future__ import annotations

from typing import Any

from ..core.emit import apply
from ..core.tensor import Tensor
from ..errors import UnimplementedError
from .dispatch import dispatched


def diag(diagonal: Any, name: Any = None) -> Tensor:
    """A tensor of twice the rank with this diagonal."""
    return apply("Diag", diagonal, name=name)  # type: ignore[no-any-return]


def diag_part(input: Any, name: Any = None) -> Tensor:
    """The diagonal of a tensor of even rank: half its rank."""
    return apply("DiagPart", input, name=name)  # type: ignore[no-any-return]


def _only_main(k: Any, *rest: Any) -> None:
    if not (isinstance(k, int) and k == 0) or any(r != d for r, d in rest):
        raise UnimplementedError(
            "Diagonals other than the main one (k, num_rows, num_cols, padding_value) are not "
            "supported: use tf.pad on the result, or tf.matrix_band_part."
        )


def matrix_diag(
    diagonal: Any,
    name: Any = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
) -> Tensor:
    """Matrices with these main diagonals, zero elsewhere."""
    _only_main(k, (num_rows, -1), (num_cols, -1), (padding_value, 0))
    return apply("MatrixDiag", diagonal, name=name)  # type: ignore[no-any-return]


@dispatched
def matrix_diag_part(
    input: Any, name: Any = "diag_part", k: Any = 0, padding_value: Any = 0
) -> Tensor:
    """The main diagonals of matrices."""
    _only_main(k, (padding_value, 0))
    return apply("MatrixDiagPart", input, name=name)  # type: ignore[no-any-return]


def matrix_set_diag(input: Any, diagonal: Any, name: Any = "set_diag", k: Any = 0) -> Tensor:
    """Matrices with their main diagonals replaced."""
    _only_main(k)
    return apply("MatrixSetDiag", input, diagonal, name=name)  # type: ignore[no-any-return]


def matrix_band_part(input: Any, num_lower: Any, num_upper: Any, name: Any = None) -> Tensor:
    """Matrices with zeros outside a band around the diagonal (a negative width: all of it)."""
    return apply("MatrixBandPart", input, num_lower, num_upper, name=name)  # type: ignore[no-any-return]
