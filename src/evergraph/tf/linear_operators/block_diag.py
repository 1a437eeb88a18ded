"""Block-diagonal operators."""

from __future__ import annotations

from functools import reduce
from operator import add, mul
from typing import Any

from .. import array_ops, control_flow_ops
from .hints import implied_by_all
from .of_several import OfSeveralOperators, checked_operators, over
from .util import broadcast_matrix_batch_dims


class LinearOperatorBlockDiag(OfSeveralOperators):
    """Square operators along the diagonal of a larger one, zero elsewhere (their direct sum).

    It has an inverse, is self-adjoint, is positive definite if all blocks are; hints: see
    `LinearOperator`.

    Args:
        operators: the blocks, square and of one dtype.

    Raises:
        TypeError: for operators of different dtypes.
        ValueError: for no operators, for blocks that are not square, for hints that cannot hold.
    """

    def __init__(
        self,
        operators: Any,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = True,
        name: Any = None,
    ) -> None:
        operators = checked_operators(operators, "non-empty list of")
        hints = {
            hint: implied_by_all(operators, hint, given, "direct sum")
            for hint, given in (
                ("is_non_singular", is_non_singular),
                ("is_self_adjoint", is_self_adjoint),
                ("is_positive_definite", is_positive_definite),
            )
        }
        if not (is_square and all(o.is_square for o in operators)):
            raise ValueError("Can only represent a block diagonal of square matrices.")
        super().__init__(operators, name, "_ds_", is_square=True, **hints)

    def _shape(self) -> Any:
        batch = self._common_batch_shape()
        sizes = [o.domain_dimension.value for o in self.operators]
        size = None if None in sizes else sum(sizes)
        return None if batch is None else (*batch, size, size)

    def _shape_tensor(self) -> Any:
        size = over("domain_dimension_tensor", self.operators, add)
        return array_ops.concat((self._common_batch_shape_tensor(), [size, size]), 0)

    def _block_sizes(self) -> list[Any]:
        known = [o.domain_dimension.value for o in self.operators]
        if None in known:
            return [o.domain_dimension_tensor() for o in self.operators]
        return known

    def _by_blocks(self, function: str, x: Any, adjoint: bool, adjoint_arg: bool) -> Any:
        """Each block's product or solution for its own rows of `x`."""
        parts = array_ops.split(x, self._block_sizes(), axis=-1 if adjoint_arg else -2)
        turned = {"adjoint": adjoint, "adjoint_arg": adjoint_arg}
        pairs = zip(self.operators, parts, strict=True)
        results = [getattr(o, function)(part, **turned) for o, part in pairs]
        return array_ops.concat(broadcast_matrix_batch_dims(results), axis=-2)

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._by_blocks("matmul", x, adjoint, adjoint_arg)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._by_blocks("solve", rhs, adjoint, adjoint_arg)

    def _determinant(self) -> Any:
        return over("determinant", self.operators, mul)

    def _log_abs_determinant(self) -> Any:
        return reduce(add, self._log_moduli())

    def _trace(self) -> Any:
        return over("trace", self.operators, add)

    def _diag_part(self) -> Any:
        columns = [array_ops.expand_dims(o.diag_part(), -1) for o in self.operators]
        joined = array_ops.concat(broadcast_matrix_batch_dims(columns), axis=-2)
        return array_ops.squeeze(joined, axis=-1)

    def _to_dense(self) -> Any:
        blocks = broadcast_matrix_batch_dims([o.to_dense() for o in self.operators])
        if len(blocks) == 1:
            return blocks[0]
        sizes = self._block_sizes()
        rows = [
            _padded(block, sum(sizes[:i]), sum(sizes[i + 1 :])) for i, block in enumerate(blocks)
        ]
        dense = array_ops.concat(rows, axis=-2)
        dense.set_shape(self.shape)
        return dense

    def _assert_all(self, assertion: str) -> Any:
        return control_flow_ops.group([getattr(o, assertion)() for o in self.operators])

    def _assert_non_singular(self) -> Any:
        return self._assert_all("assert_non_singular")

    def _assert_self_adjoint(self) -> Any:
        return self._assert_all("assert_self_adjoint")

    def _assert_positive_definite(self) -> Any:
        return self._assert_all("assert_positive_definite")


def _padded(block: Any, before: Any, after: Any) -> Any:
    """A block with columns of zeros on both sides."""
    if block.static_shape is not None:
        others = [[0, 0]] * (len(block.static_shape) - 1)
        return array_ops.pad(block, [*others, [before, after]])
    rank: Any = array_ops.rank(block)
    none = array_ops.zeros([rank - 1, 2], "int32")
    return array_ops.pad(block, array_ops.concat((none, [[before, after]]), 0))
