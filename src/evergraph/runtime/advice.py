"""What a warning of NaN or infinity says: where it began, from what, and what helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.provenance import describe
from ..core.tensor import Operation, Tensor

_LOGARITHM = (
    "The logarithm of zero is infinite, that of a negative number is NaN. Of a softmax or a "
    "sigmoid, let tf.nn.softmax_cross_entropy_with_logits or "
    "tf.nn.sigmoid_cross_entropy_with_logits take the logits instead; elsewhere keep the argument "
    "above zero, e.g. tf.log(x + 1e-8)."
)
_DIVISION = (
    "It divides by zero. Keep the divisor away from zero, e.g. x / (y + 1e-8), or take "
    "tf.div_no_nan(x, y), which gives 0 there."
)
_ROOT = (
    "The root of a negative number is NaN, and the slope of the root at zero is infinite. Keep the "
    "argument above zero, e.g. tf.sqrt(x + 1e-8)."
)
_POWER = (
    "A negative number to a fractional power is NaN, zero to a negative power is infinite; the "
    "same holds for the powers in the gradient. Keep the base above zero."
)
_EXPONENTIAL = (
    "The exponential of a large number overflows. Shift the argument (tf.nn.softmax, "
    "tf.reduce_logsumexp and tf.nn.softplus do so themselves) or clip it by tf.clip_by_value."
)
_DOMAIN = "The argument is outside of where the function is defined: clip it by tf.clip_by_value."
_MATRIX = "The matrix is singular or nearly so: add a small multiple of tf.eye to it."
_EMPTY = "It reduces no elements at all: look at the shape of what it is given."
_OVERFLOW = (
    "The values outgrow their type. In training that is mostly too large a learning rate: take a "
    "smaller one, scale the inputs, or clip the gradients by tf.clip_by_global_norm."
)
_OTHER = "tf.check_numerics(x, message) stops a run at the tensor x in such a case."
_OUTSIDE = (
    "It acts on the world, so the run cannot be repeated to see more: look at what it gives, e.g. "
    "by tf.check_numerics."
)

_ADVICE = {
    _LOGARITHM: "Log Log1p Xlogy Xlog1py",
    _DIVISION: "RealDiv Div FloorDiv Reciprocal Inv TruncateDiv Mod FloorMod ReciprocalGrad "
    "InvGrad Xdivy",
    _ROOT: "Sqrt Rsqrt SqrtGrad RsqrtGrad",
    _POWER: "Pow",
    _EXPONENTIAL: "Exp Expm1 Sinh Cosh",
    _DOMAIN: "Acos Asin Acosh Atanh Erfinv Ndtri Lgamma Digamma Zeta Polygamma Tan",
    _MATRIX: "MatrixInverse MatrixSolve Cholesky CholeskyGrad LogMatrixDeterminant MatrixLogarithm",
    _OVERFLOW: "Square Mul Add AddV2 AddN Sub SquaredDifference MatMul BatchMatMul BatchMatMulV2 "
    "Sum Prod Cumsum Cumprod Conv1D Conv2D Conv3D L2Loss Cast BiasAdd Einsum",
}
_BY_TYPE = {name: text for text, names in _ADVICE.items() for name in names.split()}
_UPDATES = ("Apply", "ResourceApply", "SparseApply", "Assign", "Scatter", "ResourceScatter")
_REDUCTIONS = ("Mean", "Max", "Min", "MaxPool", "AvgPool")


@dataclass(eq=False)
class Beginning:
    """Where a value that is not finite began.

    `kind` is "op" (an operation made it of finite values), "input" (a feed or a variable's old
    value), "constant" (it stands in the program) or "unknown" (`source` could not be repeated).
    """

    kind: str
    source: Operation | Tensor
    example: str = ""
    empty: bool = False

    @property
    def op(self) -> Operation:
        """The operation to look at."""
        return self.source.op if isinstance(self.source, Tensor) else self.source

    @property
    def is_variable(self) -> bool:
        """Whether it is a variable's value from before the run."""
        return self.kind == "input" and isinstance(self.source, Operation)

    def show(self, op: Operation, operands: Sequence[Any], result: Any) -> None:
        """Keeps an element of the result with those it was computed from."""
        array = np.asarray(result)
        self.empty = any(np.size(x) == 0 for x in operands)
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        place = f" at {list(index)}" if index else ""
        given = ""
        if op.definition.expr is not None:
            given = f" of {' and '.join(_number(_at(x, array.shape, index)) for x in operands)}"
        self.example = f"{_number(array[index])}{given}{place}"


def _at(x: Any, shape: tuple[int, ...], index: tuple[int, ...]) -> Any:
    return np.broadcast_to(x, shape)[index]


def _number(x: Any) -> str:
    return f"{x:.6g}" if np.asarray(x).dtype.kind in "fc" else str(x)


def message(tensors: Sequence[Tensor], runs: int, origin: Beginning) -> str:
    """The text of the warning for these fetches, after so many runs in which they were finite."""
    names = ", ".join(t.name for t in tensors)
    verb = "is" if len(tensors) == 1 else "are"
    count = "1 run" if runs == 1 else f"{runs} runs"
    before = f", after {count} in which it was finite" if runs and len(tensors) == 1 else ""
    return f"{names} {verb} NaN or infinite{before}. {_where(origin)}"


def _where(origin: Beginning) -> str:
    op = origin.op
    if origin.kind == "op":
        return (
            f"That begins at {op.name!r} ({op.type}), which makes {origin.example} while its "
            f"inputs are finite. {_gradient_of(op)}{_advice(op, origin.empty)}"
        )
    if origin.kind == "unknown":
        return f"It hangs on {op.name!r} ({op.type}). {_OUTSIDE}"
    if origin.is_variable:
        return (
            f"The variable {op.name!r} was so before this run: an update has made it so. "
            f"{_OVERFLOW} Fetching the loss in every run of the update shows where it begins."
        )
    return f"The value that is fed to {origin.source.name!r} is so: look at the data."


def _gradient_of(op: Operation) -> str:
    source = op._original_op
    if source is None:
        return ""
    where = describe(source.site)
    return f"It is a part of the gradient of {source.name!r} ({source.type}), made at {where}. "


def _advice(op: Operation, empty: bool) -> str:
    if empty and op.type in _REDUCTIONS:
        return _EMPTY
    source = op._original_op
    known = _BY_TYPE.get(source.type) if source is not None else None
    if known is None or known is _OVERFLOW:
        known = _BY_TYPE.get(op.type)
    if known is None and op.type.startswith(_UPDATES):
        known = _OVERFLOW
    return known or _OTHER
