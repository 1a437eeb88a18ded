"""`LinearOperator`: a batch of matrices known by what they do, not by their elements."""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.dtypes import as_dtype, int32
from ...core.shape import Shape
from ...core.tensor import Tensor
from ...core.tensor_shape import Dimension, TensorShape, as_shape
from .. import array_ops, check_ops, logging, math_ops, matrix_ops, reduction_ops
from ..dtype_ops import cast
from ..framework import convert_to_tensor, is_tensor, name_scope
from ..module import Module
from . import algebra, util


def _slow(what: str, how: str) -> None:
    logging.warn("%s takes the default way, which may be slow: %s.", what, how)


_DENSE = "the operator becomes a dense matrix"
_CUBIC = _DENSE + " of N rows, for O(N^3) operations"


class LinearOperator(Module, metaclass=abc.ABCMeta):
    """A batch of matrices of shape `[B1, ..., Bb, M, N]` that act on tensors.

    A subclass gives `_shape` (a TensorShape), `_shape_tensor` and `_matmul`; everything else
    follows from the dense matrix, until the subclass gives something better: `_solve`,
    `_determinant`, `_log_abs_determinant`, `_diag_part`, `_trace`, `_to_dense`, `_add_to_tensor`,
    `_matvec`, `_solvevec` and the `_assert_...` methods. Batches broadcast.

    The hints `is_non_singular`, `is_self_adjoint`, `is_positive_definite` and `is_square` are
    promises: True and False choose methods and refuse what cannot be, None promises nothing.

    Args:
        dtype: of the matrices, and of what they act on.
        graph_parents: the tensors that the operator is made of.
        is_non_singular: whether there is an inverse.
        is_self_adjoint: whether it equals its conjugate transpose.
        is_positive_definite: whether xᴴ A x has a positive real part for all x but 0; A itself
            need not be self-adjoint.
        is_square: whether M equals N.
        name: of the scopes in which methods make operations.

    Raises:
        ValueError: for hints that contradict each other, for parents that are no tensors.
    """

    _TF_MODULE_IGNORED_PROPERTIES = frozenset({"_graph_parents"})
    _known_shape: TensorShape | None = None

    def __init__(
        self,
        dtype: Any,
        graph_parents: Any = None,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = None,
        name: Any = None,
    ) -> None:
        if is_positive_definite:
            if is_non_singular is False:
                raise ValueError("A positive definite matrix is always non-singular.")
            is_non_singular = True
        for hint, kind in ((is_non_singular, "non-singular"), (is_self_adjoint, "self-adjoint")):
            if hint:
                if is_square is False:
                    raise ValueError(f"A {kind} matrix is always square.")
                is_square = True
        parents = [] if graph_parents is None else graph_parents
        for i, parent in enumerate(parents):
            if parent is None or not (is_tensor(parent) or util.is_ref(parent)):
                raise ValueError(f"Graph parent item {i} is not a Tensor; {parent}.")
        self._dtype = as_dtype(dtype).base_dtype if dtype else dtype
        self._graph_parents = parents
        self._is_non_singular = is_non_singular
        self._is_self_adjoint = is_self_adjoint
        self._is_positive_definite = is_positive_definite
        self._is_square_set_or_implied_by_hints = is_square
        self._name = name or type(self).__name__

    def _name_scope(self, name: Any = None) -> Any:
        return name_scope(self.name if name is None else f"{self.name}/{name}")

    # -- what it is --------------------------------------------------------------------------

    @property
    def dtype(self) -> Any:
        """The dtype of the matrices."""
        return self._dtype

    @property
    def name(self) -> str:
        """The name, of which scopes are made."""
        return str(self._name)

    @property
    def graph_parents(self) -> Any:
        """The tensors that the operator is made of."""
        return self._graph_parents

    @property
    def is_non_singular(self) -> Any:
        """Whether it has an inverse: True, False or None, as promised."""
        return self._is_non_singular

    @property
    def is_self_adjoint(self) -> Any:
        """Whether it is its own adjoint: True, False or None, as promised."""
        return self._is_self_adjoint

    @property
    def is_positive_definite(self) -> Any:
        """Whether it is positive definite: True, False or None, as promised."""
        return self._is_positive_definite

    @property
    def is_square(self) -> Any:
        """Whether rows and columns are as many; None if nobody knows.

        Raises ValueError if it was promised not to be, and is.
        """
        hint = self._is_square_set_or_implied_by_hints
        if hint:
            return hint
        seen = self.domain_dimension == self.range_dimension
        if hint is False and seen:
            raise ValueError("The is_square hint is False, but the operator was square.")
        return seen if hint is None else hint

    # -- its shape ---------------------------------------------------------------------------

    @abc.abstractmethod
    def _shape(self) -> Any:
        """The shape, as far as it is known."""

    @abc.abstractmethod
    def _shape_tensor(self) -> Any:
        """The shape, as the run knows it."""

    @property
    def shape(self) -> TensorShape:
        """`[B1, ..., Bb, M, N]`, as far as it is known."""
        if self._known_shape is not None:
            return self._known_shape
        shape = as_shape(self._shape())
        if shape.is_fully_defined():
            self._known_shape = shape
        return shape

    def shape_tensor(self, name: Any = "shape_tensor") -> Any:
        """`[B1, ..., Bb, M, N]` as a vector; a constant where it is known."""
        with self._name_scope(name):
            shape = self.shape
            if shape.is_fully_defined():
                return util.shape_tensor(shape.as_list())
            return self._shape_tensor()

    @property
    def batch_shape(self) -> TensorShape:
        """`[B1, ..., Bb]`, as far as it is known."""
        dims = self.shape._dims
        return TensorShape(None if dims is None else dims[:-2])

    def batch_shape_tensor(self, name: Any = "batch_shape_tensor") -> Any:
        """`[B1, ..., Bb]` as a vector; a constant where it is known."""
        with self._name_scope(name):
            batch = self.batch_shape
            if batch.is_fully_defined():
                return util.shape_tensor(batch.as_list(), name="batch_shape")
            return self.shape_tensor()[:-2]

    def _batch_for_filling(self) -> Any:
        """`[B1, ..., Bb]` as a list where it is known, else as a tensor."""
        batch = self.batch_shape
        return batch.as_list() if batch.is_fully_defined() else self.batch_shape_tensor()

    @property
    def tensor_rank(self) -> int | None:
        """b + 2, or None."""
        return self.shape.ndims

    def tensor_rank_tensor(self, name: Any = "tensor_rank_tensor") -> Tensor:
        """b + 2 as a tensor."""
        with self._name_scope(name):
            rank = self.tensor_rank
            if rank is not None:
                return convert_to_tensor(rank)
            return array_ops.size(self.shape_tensor())

    def _dimension(self, at: int) -> Dimension:
        dims = self.shape._dims
        return Dimension(dims[at] if dims else None)

    def _dimension_tensor(self, at: int) -> Any:
        known = self._dimension(at).value
        return self.shape_tensor()[at] if known is None else convert_to_tensor(known, int32)

    @property
    def domain_dimension(self) -> Dimension:
        """N: the length of the vectors it acts on."""
        return self._dimension(-1)

    def domain_dimension_tensor(self, name: Any = "domain_dimension_tensor") -> Any:
        """N as a tensor."""
        with self._name_scope(name):
            return self._dimension_tensor(-1)

    @property
    def range_dimension(self) -> Dimension:
        """M: the length of the vectors it gives."""
        return self._dimension(-2)

    def range_dimension_tensor(self, name: Any = "range_dimension_tensor") -> Any:
        """M as a tensor."""
        with self._name_scope(name):
            return self._dimension_tensor(-2)

    # -- assertions --------------------------------------------------------------------------

    def _assert_non_singular(self) -> Any:
        _slow("assert_non_singular", _CUBIC)
        if self._can_use_cholesky():
            return self.assert_positive_definite()
        values = matrix_ops.svd(self.to_dense(), compute_uv=False)
        greatest: Any = reduction_ops.reduce_max(values, axis=-1)
        condition = greatest / reduction_ops.reduce_min(values, axis=-1)
        return check_ops.assert_less(
            condition,
            self._max_condition_number_to_be_non_singular(),
            message="Singular matrix up to precision epsilon.",
        )

    def _max_condition_number_to_be_non_singular(self) -> Any:
        """Where rounding, of max(100, M, N) times the dtype's epsilon, hides singularity."""
        with name_scope("max_nonsingular_condition_number"):
            kind = self.dtype
            epsilon = float(np.finfo(kind.as_numpy_dtype).eps)
            sizes = [self.range_dimension_tensor(), self.domain_dimension_tensor()]
            sizes = [cast(s, kind.real_dtype) for s in sizes]
            greatest: Any = reduction_ops.reduce_max([100.0, *sizes])
            return cast(1.0 / (greatest * epsilon), kind)

    def assert_non_singular(self, name: Any = "assert_non_singular") -> Any:
        """An operation that fails unless the condition number stays below 1 / rounding."""
        with self._name_scope(name):
            return self._assert_non_singular()

    def _assert_positive_definite(self) -> Any:
        if not self.is_self_adjoint:
            raise NotImplementedError(
                "assert_positive_definite is there for operators that are promised to be "
                "self-adjoint: pass is_self_adjoint=True."
            )
        _slow("assert_positive_definite", _CUBIC)
        diagonal = array_ops.matrix_diag_part(matrix_ops.cholesky(self.to_dense()))
        return check_ops.assert_positive(
            math_ops.real(diagonal), message="Matrix was not positive definite."
        )

    def assert_positive_definite(self, name: Any = "assert_positive_definite") -> Any:
        """An operation that fails unless xᴴ A x has a positive real part for all x but 0."""
        with self._name_scope(name):
            return self._assert_positive_definite()

    def _assert_self_adjoint(self) -> Any:
        _slow("assert_self_adjoint", _DENSE)
        dense = self.to_dense()
        return check_ops.assert_equal(
            dense, matrix_ops.adjoint(dense), message="Matrix was not equal to its adjoint."
        )

    def assert_self_adjoint(self, name: Any = "assert_self_adjoint") -> Any:
        """An operation that fails unless the operator equals its adjoint."""
        with self._name_scope(name):
            return self._assert_self_adjoint()

    # -- products ----------------------------------------------------------------------------

    def _check_input_dtype(self, arg: Any) -> None:
        if arg.dtype.base_dtype != self.dtype:
            raise TypeError(
                f"Expected argument to have dtype {self.dtype}. Found: {arg.dtype} in tensor {arg}"
            )

    def _argument(self, x: Any, name: str, mine: int, its: int) -> Tensor:
        """`x` as a tensor, of the operator's dtype and with an axis that fits."""
        tensor = convert_to_tensor(x, name=name)
        self._check_input_dtype(tensor)
        shape: Shape = tensor.static_shape
        if shape is not None:
            if len(shape) < -its:
                raise ValueError(
                    f"Argument {name} must have at least {-its} dimensions. Found: {tensor}"
                )
            self._dimension(mine).assert_is_compatible_with(shape[its])
        return tensor

    def _with_operator(
        self, rule: Callable[..., Any], other: Any, adjoint: bool, adjoint_arg: bool, names: Any
    ) -> Any:
        """What a rule of the algebra makes of both, each turned if asked for."""
        left = self.adjoint() if adjoint else self
        right = other.adjoint() if adjoint_arg else other
        if right.range_dimension != left.domain_dimension:  # None, unless both are known
            argument, wanted = names[0], left.domain_dimension
            raise ValueError(
                f"Operators are incompatible. Expected `{argument}` to have dimension {wanted} "
                f"but got {right.range_dimension}."
            )
        with self._name_scope(names[1]):
            return rule(left, right)

    @abc.abstractmethod
    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        """A X, with A or X turned."""

    def matmul(
        self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: Any = "matmul"
    ) -> Any:
        """A X; Aᴴ for A with `adjoint`, Xᴴ for X with `adjoint_arg`.

        `x` is a tensor `[..., N, R]`, or an operator; then the result is an operator. Raises
        ValueError for shapes that do not fit, TypeError for another dtype.
        """
        if isinstance(x, LinearOperator):
            return self._with_operator(algebra.matmul, x, adjoint, adjoint_arg, ("x", name))
        with self._name_scope(name):
            x = self._argument(x, "x", -2 if adjoint else -1, -1 if adjoint_arg else -2)
            return self._matmul(x, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _matvec(self, x: Any, adjoint: bool = False) -> Any:
        product = self.matmul(array_ops.expand_dims(x, axis=-1), adjoint=adjoint)
        return array_ops.squeeze(product, axis=-1)

    def matvec(self, x: Any, adjoint: bool = False, name: Any = "matvec") -> Any:
        """A x for vectors `[..., N]`; Aᴴ x with `adjoint`."""
        with self._name_scope(name):
            x = self._argument(x, "x", -2 if adjoint else -1, -1)
            return self._matvec(x, adjoint=adjoint)

    # -- determinants ------------------------------------------------------------------------

    def _must_be_square(self) -> None:
        if self.is_square is False:
            raise NotImplementedError(
                "Determinant not implemented for an operator that is expected to not be square."
            )

    def _determinant(self) -> Any:
        _slow("determinant", _CUBIC)
        if self._can_use_cholesky():
            return math_ops.exp(self.log_abs_determinant())
        return matrix_ops.matrix_determinant(self.to_dense())

    def determinant(self, name: Any = "det") -> Any:
        """The determinant of each matrix; NotImplementedError if they are not square."""
        self._must_be_square()
        with self._name_scope(name):
            return self._determinant()

    def _log_abs_determinant(self) -> Any:
        _slow("log_abs_determinant", _CUBIC)
        if self._can_use_cholesky():
            diagonal = array_ops.matrix_diag_part(matrix_ops.cholesky(self.to_dense()))
            total: Any = reduction_ops.reduce_sum(math_ops.log(diagonal), axis=[-1])
            return 2 * total
        return matrix_ops.slogdet(self.to_dense())[1]

    def log_abs_determinant(self, name: Any = "log_abs_det") -> Any:
        """The logarithm of each determinant's modulus; its dtype may be real or the operator's."""
        self._must_be_square()
        with self._name_scope(name):
            return self._log_abs_determinant()

    # -- solving -----------------------------------------------------------------------------

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        if self.is_square is False:
            raise NotImplementedError("Solve is not yet implemented for non-square operators.")
        _slow("solve", _CUBIC)
        rhs = matrix_ops.adjoint(rhs) if adjoint_arg else rhs
        if self._can_use_cholesky():
            factor = matrix_ops.cholesky(self.to_dense())
            return util.cholesky_solve_with_broadcast(factor, rhs)
        return util.matrix_solve_with_broadcast(self.to_dense(), rhs, adjoint=adjoint)

    def solve(
        self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: Any = "solve"
    ) -> Any:
        """X with A X = rhs; Aᴴ for A with `adjoint`, rhsᴴ for rhs with `adjoint_arg`.

        `rhs` is a tensor `[..., M, R]`, or an operator; then the result is an operator. Raises
        NotImplementedError if the matrices are singular or not square, else as `matmul`.
        """
        for hint, kind in ((self.is_non_singular, "singular"), (self.is_square, "not square")):
            if hint is False:
                raise NotImplementedError(
                    f"Exact solve not implemented for an operator that is expected to be {kind}."
                )
        if isinstance(rhs, LinearOperator):
            return self._with_operator(algebra.solve, rhs, adjoint, adjoint_arg, ("rhs", name))
        with self._name_scope(name):
            rhs = self._argument(rhs, "rhs", -1 if adjoint else -2, -1 if adjoint_arg else -2)
            return self._solve(rhs, adjoint=adjoint, adjoint_arg=adjoint_arg)

    def _solvevec(self, rhs: Any, adjoint: bool = False) -> Any:
        solution = self.solve(array_ops.expand_dims(rhs, axis=-1), adjoint=adjoint)
        return array_ops.squeeze(solution, axis=-1)

    def solvevec(self, rhs: Any, adjoint: bool = False, name: Any = "solve") -> Any:
        """x with A x = rhs for vectors `[..., M]`; Aᴴ for A with `adjoint`."""
        with self._name_scope(name):
            rhs = self._argument(rhs, "rhs", -1 if adjoint else -2, -1)
            return self._solvevec(rhs, adjoint=adjoint)

    # -- operators made of it ----------------------------------------------------------------

    def adjoint(self, name: Any = "adjoint") -> Any:
        """The operator Aᴴ; this one if it is promised to be self-adjoint."""
        if self.is_self_adjoint is True:
            return self
        with self._name_scope(name):
            return algebra.adjoint(self)

    H = property(adjoint, doc="The operator Aᴴ.")

    def inverse(self, name: Any = "inverse") -> Any:
        """The operator A⁻¹; ValueError if there is none, by the hints."""
        for hint, kind in ((self.is_square, "non square"), (self.is_non_singular, "singular")):
            if hint is False:
                raise ValueError(
                    f"Cannot take the Inverse: This operator represents a {kind} matrix."
                )
        with self._name_scope(name):
            return algebra.inverse(self)

    def cholesky(self, name: Any = "cholesky") -> Any:
        """The lower triangular operator L with L Lᴴ = A.

        Raises ValueError unless A is promised to be self-adjoint and positive definite.
        """
        if not self._can_use_cholesky():
            raise ValueError(
                "Cannot take the Cholesky decomposition: Not a positive definite self adjoint "
                "matrix. If it is one, pass is_positive_definite=True and is_self_adjoint=True."
            )
        with self._name_scope(name):
            return algebra.cholesky(self)

    # -- elements ----------------------------------------------------------------------------

    def _to_dense(self) -> Any:
        known = self.domain_dimension.value
        columns = self.domain_dimension_tensor() if known is None else known
        identity = array_ops.eye(columns, batch_shape=self._batch_for_filling(), dtype=self.dtype)
        return self.matmul(identity)

    def to_dense(self, name: Any = "to_dense") -> Any:
        """The matrices, element by element."""
        with self._name_scope(name):
            return self._to_dense()

    def _diag_part(self) -> Any:
        return array_ops.matrix_diag_part(self.to_dense())

    def diag_part(self, name: Any = "diag_part") -> Any:
        """The main diagonals, `[B1, ..., Bb, min(M, N)]`."""
        with self._name_scope(name):
            return self._diag_part()

    def _trace(self) -> Any:
        return reduction_ops.reduce_sum(self.diag_part(), axis=-1)

    def trace(self, name: Any = "trace") -> Any:
        """The sum of each diagonal."""
        with self._name_scope(name):
            return self._trace()

    def _add_to_tensor(self, x: Any) -> Any:
        return self.to_dense() + x

    def add_to_tensor(self, x: Any, name: Any = "add_to_tensor") -> Any:
        """A + x, as a tensor."""
        with self._name_scope(name):
            x = convert_to_tensor(x, name="x")
            self._check_input_dtype(x)
            return self._add_to_tensor(x)

    def _can_use_cholesky(self) -> Any:
        return self.is_self_adjoint and self.is_positive_definite
