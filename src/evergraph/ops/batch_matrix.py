"""The names that matrix ops had for batches, before all of them took batches.

Each is defined as the op of today, which also gives its shape rule and its gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core.emit import apply
from ..core.opdef import Attrs, GradRule, OpDef, Values, define, lookup
from ..core.shape import Shape
from ..core.tensor import Operation, Tensor
from . import decompositions, least_squares, linalg, matrix_parts, solvers
from .matrix_slices import rows

# The gradient rules below belong to ops of these modules.
NEEDED = (decompositions, least_squares, linalg, matrix_parts, solvers)

_REAL = "T:type{float64,float32}"
_ALL = "T:type"

# Name, today's name, signature, attributes.
_ROWS = (
    ("BatchCholesky", "Cholesky", "input:T -> output:T", _REAL),
    ("BatchCholeskyGrad", "CholeskyGrad", "l:T grad:T -> output:T", "T:type{float32,float64}"),
    ("BatchMatrixBandPart", "MatrixBandPart",
     "input:T num_lower:int64 num_upper:int64 -> band:T", _ALL),
    ("BatchMatrixDeterminant", "MatrixDeterminant", "input:T -> output:T",
     "T:type{float32,float64,complex64,complex128}"),
    ("BatchMatrixDiag", "MatrixDiag", "diagonal:T -> output:T", _ALL),
    ("BatchMatrixDiagPart", "MatrixDiagPart", "input:T -> diagonal:T", _ALL),
    ("BatchMatrixInverse", "MatrixInverse", "input:T -> output:T", f"adjoint:bool=false; {_REAL}"),
    ("BatchMatrixSetDiag", "MatrixSetDiag", "input:T diagonal:T -> output:T", _ALL),
    ("BatchMatrixSolve", "MatrixSolve", "matrix:T rhs:T -> output:T",
     f"adjoint:bool=false; {_REAL}"),
    ("BatchMatrixSolveLs", "MatrixSolveLs", "matrix:T rhs:T l2_regularizer:float64 -> output:T",
     f"{_REAL}; fast:bool=true"),
    ("BatchMatrixTriangularSolve", "MatrixTriangularSolve", "matrix:T rhs:T -> output:T",
     f"lower:bool=true; adjoint:bool=false; {_REAL}"),
    ("BatchSelfAdjointEigV2", "SelfAdjointEigV2", "input:T -> e:T v:T",
     f"compute_v:bool=true; {_REAL}"),
    ("BatchSvd", "Svd", "input:T -> s:T u:T v:T",
     "compute_uv:bool=true; full_matrices:bool=false; "
     "T:type{float64,float32,complex64,complex128}"),
)  # fmt: skip


def _same_as(now: str) -> Callable[..., Any]:
    def definition(*inputs: Any, **attrs: Any) -> Any:
        return apply(now, *inputs, **attrs)

    return definition


class _Renamed:
    """An operation as the gradient rule of its new name sees it."""

    def __init__(self, op: Operation, now: str) -> None:
        self.type = now
        self.inputs, self.outputs, self.attrs = op.inputs, op.outputs, op.attrs


def _grad_of(now: OpDef) -> Any:
    rule = now.grad
    if not callable(rule):
        return rule

    def grad(op: Operation, *dys: Tensor) -> Any:
        return rule(_Renamed(op, now.name), *dys)

    return grad


for _name, _now, _signature, _attrs in _ROWS:
    define(
        _name,
        _signature,
        _attrs,
        shape=lookup(_now).shape,
        definition=_same_as(_now),
        grad=_grad_of(lookup(_now)),
    )

# -- eigenvalues and eigenvectors in one matrix ------------------------------------------------


def _one_matrix_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    """The eigenvalues are a first row above the eigenvectors."""
    shape = solvers.square(shapes[0])
    if shape is None:
        return [None]
    n = shape[-1]
    return [(*shape[:-2], None if n is None else n + 1, n)]


def _one_matrix(x: Tensor) -> Tensor:
    values, vectors = apply("SelfAdjointEigV2", x, compute_v=True)
    first = apply("ExpandDims", values, -2)
    return apply("ConcatV2", [first, vectors], -2)  # type: ignore[no-any-return]


class _Split:
    """The operation with eigenvalues and eigenvectors apart."""

    def __init__(self, op: Operation) -> None:
        y = op.outputs[0]
        self.inputs, self.attrs = op.inputs, {"compute_v": True}
        self.outputs = _apart(y)


def _apart(y: Any) -> list[Any]:
    return [apply("Squeeze", rows(y, None, 1), squeeze_dims=(-2,)), rows(y, 1, None)]


def _one_matrix_grad() -> GradRule:
    rule: Any = lookup("SelfAdjointEigV2").grad

    def grad(op: Operation, dy: Tensor) -> Any:
        return rule(_Split(op), *_apart(dy))

    return grad


for _name, _types in (("SelfAdjointEig", "float64,float32,float16"),
                      ("BatchSelfAdjointEig", "float64,float32")):  # fmt: skip
    define(
        _name,
        "input:T -> output:T",
        f"T:type{{{_types}}}",
        shape=_one_matrix_shape,
        definition=_one_matrix,
        grad=_one_matrix_grad(),
    )
