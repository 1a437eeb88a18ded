"""What the operators share: checks of their arguments, and solving with batches that broadcast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from ...core.dtypes import as_dtype, int32
from ...core.shape import Shape, broadcast_all, is_known, show
from ...core.tensor import Operation, Tensor
from .. import array_ops, check_ops, control_flow_ops, math_ops, matrix_ops
from ..framework import convert_to_tensor, name_scope
from ..module import Module
from ..variables import Variable

# -- arguments -------------------------------------------------------------------------------


def is_ref(x: Any) -> bool:
    """Whether `x` may change between runs: a variable, or a module that stands for a tensor."""
    stands_for_tensor = hasattr(x, "dtype") and hasattr(x, "shape")
    return isinstance(x, Variable) or (isinstance(x, Module) and stands_for_tensor)


def convert_nonref_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: Any = None
) -> Any:
    """`value` as a tensor; None and variables stay, so that a module finds its variables.

    Raises TypeError for a variable of another dtype.
    """
    if value is None:
        return None
    if not is_ref(value):
        return convert_to_tensor(value, dtype=dtype, dtype_hint=dtype_hint, name=name)
    if dtype is not None and base_dtype(dtype) != base_dtype(value.dtype):
        raise TypeError(
            f'Mutable type must be of dtype "{dtype_name(dtype)}" but is '
            f'"{dtype_name(value.dtype)}".'
        )
    return value


def base_dtype(dtype: Any) -> Any:
    """The dtype, of values rather than of references."""
    return as_dtype(dtype).base_dtype


def dtype_name(dtype: Any) -> str:
    """The name of a dtype."""
    return as_dtype(dtype).name


def assert_not_ref_type(x: Any, arg_name: str) -> None:
    """TypeError for a variable."""
    if is_ref(x):
        raise TypeError(f"Argument {arg_name} cannot be reference type. Found: {type(x)}.")


def at_least_rank(x: Any, rank: int, argument: str) -> None:
    """ValueError if the rank of `x` is known and lower."""
    found = x.get_shape().ndims
    if found is not None and found < rank:
        plural = "s" if rank > 1 else ""
        raise ValueError(
            f"Argument {argument} must have at least {rank} dimension{plural}. Found: {x}"
        )


def shape_tensor(shape: Any, name: Any = None) -> Tensor:
    """A shape or an extent as a tensor; an empty list is one of int32."""
    empty = isinstance(shape, (tuple, list)) and not shape
    return convert_to_tensor(shape, dtype=int32 if empty else None, name=name)


# -- assertions ------------------------------------------------------------------------------


def assert_no_entries_with_modulus_zero(
    x: Any, message: Any = None, name: Any = "assert_no_entries_with_modulus_zero"
) -> Operation:
    """An operation that fails if an element is zero."""
    with name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        size = math_ops.abs(x)
        zero = convert_to_tensor(0, dtype=x.dtype.real_dtype)
        return check_ops.assert_less(zero, size, message=message)


def assert_zero_imag_part(
    x: Any, message: Any = None, name: Any = "assert_zero_imag_part"
) -> Operation:
    """An operation that fails if an element has an imaginary part."""
    with name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        if x.dtype.is_floating:
            return control_flow_ops.no_op()
        zero = convert_to_tensor(0, dtype=x.dtype.real_dtype)
        return check_ops.assert_equal(zero, math_ops.imag(x), message=message)


def assert_compatible_matrix_dimensions(operator: Any, x: Any) -> Operation:
    """An operation that fails unless `x` has as many rows as the operator has columns."""
    rows: Any = array_ops.shape(x)[-2]
    message = "Dimensions are not compatible: shape[-2] of the argument must equal shape[-1] of "
    return check_ops.assert_equal(
        rows, operator.domain_dimension_tensor(), message=f"{message}{operator.name}."
    )


def with_compatible_rows(operator: Any, x: Tensor) -> Any:
    """`x`, once it is sure to have as many rows as the operator has columns."""
    check = assert_compatible_matrix_dimensions(operator, x)
    return control_flow_ops.with_dependencies([check], x)


def assert_is_batch_matrix(tensor: Any) -> None:
    """ValueError for what is known to be no matrix nor batch of them."""
    rank = tensor.get_shape().ndims
    if rank is not None and rank < 2:
        raise ValueError(
            f"Expected [batch] matrix to have at least two dimensions. Found: {tensor}"
        )


# -- batches ---------------------------------------------------------------------------------


def broadcast_matrix_batch_dims(batch_matrices: Any, name: Any = None) -> list[Tensor]:
    """The matrices repeated to batches of one shape.

    Raises ValueError for what is no matrix, and where the batches are known not to broadcast.
    """
    with name_scope(name or "broadcast_matrix_batch_dims", values=batch_matrices):
        check_ops.assert_proper_iterable(batch_matrices)
        matrices = [convert_to_tensor(m) for m in batch_matrices]
        for m in matrices:
            assert_is_batch_matrix(m)
        if len(matrices) < 2:
            return matrices
        batches = [_batch(m.static_shape) for m in matrices]
        common = _common_batch(batches)
        if is_known(common):
            return [
                m if batch == common else _in_batch(m, list(common or ()))
                for m, batch in zip(matrices, batches, strict=True)
            ]
        sizes: list[Any] = [array_ops.shape(m) for m in matrices]
        batch = sizes[0][:-2]
        for s in sizes[1:]:
            batch = array_ops.broadcast_dynamic_shape(batch, s[:-2])
        return [_in_batch(m, batch) for m in matrices]


def _batch(shape: Shape) -> Shape:
    return None if shape is None else shape[:-2]


def _common_batch(batches: Sequence[Shape]) -> Shape:
    try:
        return broadcast_all(batches)
    except ValueError:
        shapes = " and ".join(show(b) for b in batches)
        raise ValueError(f"Incompatible shapes for broadcasting: {shapes}") from None


def _in_batch(matrix: Tensor, batch: Any) -> Tensor:
    last = None if matrix.static_shape is None else matrix.static_shape[-2:]
    if isinstance(batch, list) and is_known(last):
        return array_ops.broadcast_to(matrix, [*batch, *(last or ())])
    sizes: Any = array_ops.shape(matrix)
    return array_ops.broadcast_to(matrix, array_ops.concat([batch, sizes[-2:]], axis=0))


def with_unit_axes(batch_shape: Any) -> Any:
    """The shape of one number a matrix: a batch's, and two axes of extent 1."""
    if isinstance(batch_shape, Tensor):
        return array_ops.concat((batch_shape, [1, 1]), 0)
    return [*batch_shape, 1, 1]


# -- solving ---------------------------------------------------------------------------------


def cholesky_solve_with_broadcast(chol: Any, rhs: Any, name: Any = None) -> Tensor:
    """Solves A X = rhs by the Cholesky factors of A; batches broadcast."""
    with name_scope(name, "CholeskySolveWithBroadcast", [chol, rhs]):
        chol, rhs = broadcast_matrix_batch_dims([chol, rhs])
        return matrix_ops.cholesky_solve(chol, rhs)


def matrix_solve_with_broadcast(
    matrix: Any, rhs: Any, adjoint: bool = False, name: Any = None
) -> Tensor:
    """Solves A X = rhs, or Aᴴ X = rhs; batches broadcast."""
    with name_scope(name, "MatrixSolveWithBroadcast", [matrix, rhs]):
        return _solved(matrix, rhs, lambda a, b: matrix_ops.matrix_solve(a, b, adjoint=adjoint))


def matrix_triangular_solve_with_broadcast(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: Any = None
) -> Tensor:
    """Solves A X = rhs, or Aᴴ X = rhs, for triangular A; batches broadcast."""
    with name_scope(name, "MatrixTriangularSolve", [matrix, rhs]):
        options = {"lower": lower, "adjoint": adjoint}
        return _solved(
            matrix, rhs, lambda a, b: matrix_ops.matrix_triangular_solve(a, b, **options)
        )


def _solved(matrix: Any, rhs: Any, solve: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    matrix = convert_to_tensor(matrix, name="matrix")
    rhs = convert_to_tensor(rhs, name="rhs", dtype=matrix.dtype.base_dtype)
    extra = _extra_axes(matrix.static_shape, rhs.static_shape)
    if not extra:
        return solve(*broadcast_matrix_batch_dims([matrix, rhs]))
    columns, unfold = _fold(rhs, extra)
    return unfold(solve(*broadcast_matrix_batch_dims([matrix, columns])))


def _extra_axes(matrix: Shape, rhs: Shape) -> int:
    """How many leading axes of `rhs` repeat the systems: its batch has them beyond `matrix`'s."""
    if matrix is None or rhs is None or len(matrix) < 2 or len(rhs) <= len(matrix):
        return 0
    extra = len(rhs) - len(matrix)
    leading = rhs[:extra]
    return 0 if is_known(leading) and prod(d or 0 for d in leading) < 2 else extra


def _fold(rhs: Tensor, extra: int) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """`rhs` with its first axes among the columns, and what undoes that for the solution.

    So each matrix is factored once, instead of once for each repetition.
    """
    rank = len(rhs.static_shape or ())
    to_end = [*range(extra, rank), *range(extra)]
    turned = array_ops.transpose(rhs, to_end)
    sizes = turned.static_shape
    tail: Any
    if is_known(sizes):
        head, tail = list(sizes or ())[: rank - extra - 1], list(sizes or ())[rank - extra - 1 :]
        folded = array_ops.reshape(turned, [*head, prod(tail)])
    else:
        dims: Any = array_ops.shape(turned)
        tail = dims[rank - extra - 1 :]
        folded = array_ops.reshape(
            turned, array_ops.concat((dims[: rank - extra - 1], [math_ops.reduce_prod(tail)]), 0)
        )

    def unfold(y: Tensor) -> Tensor:
        if is_known(y.static_shape) and isinstance(tail, list):
            to: Any = [*(y.static_shape or ())[:-1], *tail]
        else:
            lead: Any = array_ops.shape(y)
            to = array_ops.concat((lead[:-1], tail), 0)
        back = [*range(rank - extra, rank), *range(rank - extra)]
        return array_ops.transpose(array_ops.reshape(y, to), back)

    return folded, unfold


# -- hints -----------------------------------------------------------------------------------


def use_operator_or_provided_hint_unless_contradicting(
    operator: Any, hint_attr_name: str, provided_hint_value: Any, message: str
) -> Any:
    """What an operator's hint and a given one say together; ValueError if they contradict."""
    hint = getattr(operator, hint_attr_name)
    said = [h for h in (hint, provided_hint_value) if h is not None]
    if not said:
        return None
    if any(said) and not all(said):
        raise ValueError(message)
    return all(said)
