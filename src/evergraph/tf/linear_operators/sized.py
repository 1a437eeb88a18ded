"""What identities and zeros share: their shape is given, not that of a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.shape import is_known
from ...core.tensor import Tensor
from ...core.tensor_shape import TensorShape
from ...core.values import constant_value
from .. import array_ops, check_ops, reduction_ops
from ..control_flow_ops import with_dependencies
from ..matrix_ops import adjoint
from . import util
from .base import LinearOperator


class SizedOperator(LinearOperator):
    """An operator whose extents are arguments."""

    _assert_proper_shapes: Any = False
    _num_rows: Any
    _num_columns: Any
    _batch_shape_arg: Any = None
    _static_sizes: tuple[Any, Any]
    _static_batch: Any = ()

    def _set_sizes(self, num_rows: Any, num_columns: Any, batch_shape: Any) -> None:
        self._num_rows, rows = self._checked(num_rows, "num_rows", 0)
        self._num_columns, columns = self._num_rows, rows
        if num_columns is not None:
            self._num_columns, columns = self._checked(num_columns, "num_columns", 0)
        self._static_sizes = tuple(None if n is None else int(n) for n in (rows, columns))  # type: ignore[assignment]
        if batch_shape is not None:
            self._batch_shape_arg, batch = self._checked(batch_shape, "batch_shape", 1)
            self._static_batch = None if batch is None else tuple(int(d) for d in batch)

    def _checked(self, value: Any, argument: str, rank: int) -> tuple[Tensor, Any]:
        """An extent (rank 0) or a batch's shape (rank 1) as a tensor of integers, and its value.

        The value is None if only the run tells it. Raises TypeError for variables and other
        dtypes, ValueError for another rank and for what is known to be negative; with
        `assert_proper_shapes` the run checks both too.
        """
        util.assert_not_ref_type(value, argument)
        name = argument + "_arg" if rank else argument
        tensor = util.shape_tensor(value, name=name)
        known = constant_value(tensor)
        of_rank = f"Argument {argument} must be a {rank}-D Tensor."
        positive = f"Argument {argument} must be non-negative."
        if self._assert_proper_shapes:
            checks = [
                check_ops.assert_rank(tensor, rank, message=of_rank),
                check_ops.assert_non_negative(tensor, message=positive),
            ]
            tensor = with_dependencies(checks, tensor)
        if not tensor.dtype.is_integer:
            raise TypeError(f"Argument {argument} must be integer type. Found: {tensor}")
        if known is not None:
            if np.ndim(known) != rank:
                raise ValueError(f"{of_rank} Found: {known}")
            if np.any(np.less(known, 0)):
                raise ValueError(f"{positive} Found: {known}")
        return tensor, known

    def _shape(self) -> Any:
        batch = self._static_batch
        return None if batch is None else (*batch, *self._static_sizes)

    def _batch_tensor(self) -> Any:
        return self._batch_shape_arg

    def _shape_tensor(self) -> Any:
        matrix = array_ops.stack((self._num_rows, self._num_columns), axis=0)
        batch = self._batch_tensor()
        return matrix if batch is None else array_ops.concat((batch, matrix), 0)

    def _checked_argument(self, x: Any, adjoint_arg: bool) -> Any:
        """`x`, turned if asked for, and checked in the run with `assert_proper_shapes`."""
        x = adjoint(x) if adjoint_arg else x
        return util.with_compatible_rows(self, x) if self._assert_proper_shapes else x

    def _in_batch(self, x: Any) -> Any:
        """`x` repeated to the operator's batch."""
        if self._batch_shape_arg is None:
            return x
        batch = self._static_batch
        mine: Any = None if batch is None else (*batch, 1, 1)
        both = array_ops.broadcast_static_shape(x.get_shape(), TensorShape(mine))
        if is_known(mine) and is_known(x.static_shape) and both == x.get_shape():
            return x
        sizes = self._batch_for_filling()
        return x + array_ops.zeros(util.with_unit_axes(sizes), dtype=self.dtype)

    def _diagonal_shape(self) -> Any:
        """`[B1, ..., Bb, min(M, N)]`: a list where it is known, else a tensor."""
        shape = self.shape
        if shape.is_fully_defined():
            extents: Any = shape.as_list()
            return [*extents[:-2], min(extents[-2:])]
        return array_ops.concat([self.batch_shape_tensor(), [self._least_tensor()]], axis=0)

    def _least(self) -> Any:
        """min(M, N), None if it is not known."""
        sizes: Any = (self.domain_dimension.value, self.range_dimension.value)
        return None if None in sizes else min(sizes)

    def _least_tensor(self) -> Any:
        return reduction_ops.reduce_min(self.shape_tensor()[-2:])
