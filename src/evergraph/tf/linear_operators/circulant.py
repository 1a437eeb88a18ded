"""Circulant operators, which the discrete Fourier transform makes diagonal."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ...core.dtypes import as_dtype, complex64, complex128, float64
from ...core.shape import is_known
from ...core.tensor import Tensor
from .. import array_ops, check_ops, math_ops, matrix_ops, reduction_ops
from ..dtype_ops import cast
from ..emitting import emit_tensor
from ..framework import convert_to_tensor, name_scope
from . import util
from .base import LinearOperator


class BlockCirculant(LinearOperator):
    """Circulant matrices, nested `block_depth` times: convolution on a torus of so many axes.

    A = F⁻¹ S F with the discrete Fourier transform F over those axes and the spectrum S, the
    transform of the convolution's kernel. Products and solutions take O(N log N) operations.
    """

    def __init__(
        self,
        spectrum: Any,
        block_depth: int,
        input_output_dtype: Any = complex64,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = True,
        name: Any = "LinearOperatorCirculant",
    ) -> None:
        if block_depth not in (1, 2, 3):
            raise ValueError(f"Expected block_depth to be in [1, 2, 3]. Found: {block_depth}.")
        self._block_depth = block_depth
        with name_scope(name, values=[spectrum]):
            self._spectrum = convert_to_tensor(spectrum, name="spectrum")
            util.at_least_rank(self._spectrum, block_depth, "spectrum")
            if not self._spectrum.dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError(
                        "A real spectrum always corresponds to a self-adjoint operator."
                    )
                is_self_adjoint = True
            if is_square is False:
                raise ValueError("A [[nested] block] circulant operator is always square.")
            super().__init__(
                dtype=as_dtype(input_output_dtype),
                graph_parents=[self._spectrum],
                is_non_singular=is_non_singular,
                is_self_adjoint=is_self_adjoint,
                is_positive_definite=is_positive_definite,
                is_square=True,
                name=name,
            )

    @property
    def block_depth(self) -> int:
        """How often circulant blocks are nested: the number of the spectrum's last axes."""
        return self._block_depth

    @property
    def spectrum(self) -> Any:
        """The eigenvalues, `[B1, ..., Bb, N1, ..., Nd]`."""
        return self._spectrum

    @property
    def block_shape(self) -> Any:
        """`[N1, ..., Nd]`, as far as it is known."""
        return self._spectrum.get_shape()[-self._block_depth :]

    def block_shape_tensor(self) -> Any:
        """`[N1, ..., Nd]` as a vector."""
        shape: Any = array_ops.shape(self._spectrum)
        return shape[-self._block_depth :]

    def _block_axes(self) -> list[int]:
        return list(range(-self._block_depth, 0))

    def _shape(self) -> Any:
        dims, depth = self._spectrum.static_shape, self._block_depth
        if dims is None:
            return None
        size = None if None in dims[-depth:] else prod(d or 0 for d in dims[-depth:])
        return (*dims[:-depth], size, size)

    def _shape_tensor(self) -> Any:
        shape: Any = array_ops.shape(self._spectrum)
        size = reduction_ops.reduce_prod(shape[-self._block_depth :])
        return array_ops.concat((shape[: -self._block_depth], [size, size]), 0)

    # -- Fourier transforms ------------------------------------------------------------------

    def _transform(self, x: Any, inverse: bool) -> Any:
        axes = ("", "2D", "3D")[self._block_depth - 1]
        return emit_tensor(("IFFT" if inverse else "FFT") + axes, to_complex(x))

    def convolution_kernel(self, name: Any = "convolution_kernel") -> Any:
        """The kernel h of the convolution: the spectrum transformed back."""
        with self._name_scope(name):
            return cast(self._transform(self._spectrum, inverse=True), self.dtype)

    def _convolved(self, x: Any, adjoint: bool, adjoint_arg: bool, divide: bool) -> Any:
        """`x` times the operator or, if `divide`, its inverse."""
        x = matrix_ops.adjoint(x) if adjoint_arg else x
        spectrum = to_complex(self._spectrum)
        if adjoint:
            spectrum = math_ops.conj(spectrum)
        # The columns stand before the blocks, for the spectrum to broadcast over them.
        spectrum = array_ops.expand_dims(spectrum, -self._block_depth - 1)
        blocks = self._as_blocks(array_ops.matrix_transpose(cast(x, spectrum.dtype)))
        there: Any = self._transform(blocks, inverse=False)
        there = there / spectrum if divide else there * spectrum
        rows = self._as_rows(self._transform(there, inverse=True))
        return cast(array_ops.matrix_transpose(rows), self.dtype)

    def _as_blocks(self, x: Tensor) -> Tensor:
        """`[..., R, N]` as `[..., R, N1, ..., Nd]`."""
        if self._block_depth == 1:
            return x
        dims, blocks = x.static_shape, self.block_shape
        if is_known(dims) and blocks.is_fully_defined():
            return array_ops.reshape(x, [*(dims or ())[:-1], *blocks.as_list()])
        shape: Any = array_ops.shape(x)
        return array_ops.reshape(x, array_ops.concat((shape[:-1], self.block_shape_tensor()), 0))

    def _as_rows(self, x: Tensor) -> Tensor:
        """`[..., R, N1, ..., Nd]` as `[..., R, N]`."""
        depth, dims = self._block_depth, x.static_shape
        if depth == 1:
            return x
        if is_known(dims):
            *leading, _ = range(len(dims or ()) - depth + 1)
            sizes = [(dims or ())[i] for i in leading]
            last = prod(d or 0 for d in (dims or ())[-depth:])
            return array_ops.reshape(x, [*sizes, last])
        shape: Any = array_ops.shape(x)
        size = reduction_ops.reduce_prod(shape[-depth:])
        return array_ops.reshape(x, array_ops.concat((shape[:-depth], [size]), 0))

    def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._convolved(x, adjoint, adjoint_arg, divide=False)

    def _solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
        return self._convolved(rhs, adjoint, adjoint_arg, divide=True)

    # -- assertions --------------------------------------------------------------------------

    def assert_hermitian_spectrum(self, name: Any = "assert_hermitian_spectrum") -> Any:
        """An operation that fails unless the convolution's kernel is real."""
        with self._name_scope(name):
            kernel = self._transform(self._spectrum, inverse=True)
            size = cast(self.domain_dimension_tensor(), kernel.dtype.real_dtype)
            limit = size * float(np.finfo(self.dtype.real_dtype.as_numpy_dtype).eps)
            return check_ops.assert_less(
                math_ops.abs(math_ops.imag(kernel)), limit, message="Spectrum was not Hermitian."
            )

    def _assert_non_singular(self) -> Any:
        return util.assert_no_entries_with_modulus_zero(
            self._spectrum, message="Singular operator: the spectrum contained zero values."
        )

    def _assert_positive_definite(self) -> Any:
        return check_ops.assert_positive(
            math_ops.real(self._spectrum),
            message="Not positive definite: the real part of the spectrum was not all positive.",
        )

    def _assert_self_adjoint(self) -> Any:
        return util.assert_zero_imag_part(
            self._spectrum,
            message="Not self-adjoint: the spectrum contained non-zero imaginary part.",
        )

    # -- numbers and elements ----------------------------------------------------------------

    def _determinant(self) -> Any:
        product = reduction_ops.reduce_prod(self._spectrum, axis=self._block_axes())
        return cast(product, self.dtype)

    def _log_abs_determinant(self) -> Any:
        sizes = math_ops.log(math_ops.abs(self._spectrum))
        return cast(reduction_ops.reduce_sum(sizes, axis=self._block_axes()), self.dtype)

    def _trace(self) -> Any:
        return cast(reduction_ops.reduce_sum(self._spectrum, axis=self._block_axes()), self.dtype)

    def _diag_part(self) -> Any:
        known = self.shape.is_fully_defined()
        shape = self.shape.as_list()[:-1] if known else self.shape_tensor()[:-1]
        value = self.trace() / cast(self.domain_dimension_tensor(), self.dtype)
        ones: Any = array_ops.ones(shape, dtype=self.dtype)
        return array_ops.expand_dims(value, -1) * ones


def to_complex(x: Any) -> Any:
    """`x` as complex numbers of its precision."""
    if x.dtype.is_complex:
        return x
    return cast(x, complex128 if x.dtype.base_dtype == float64 else complex64)


_ARGUMENTS = """
    Hints: see `LinearOperator`; a real spectrum makes the operator self-adjoint.

    Args:
        spectrum: the eigenvalues, real or complex: the Fourier transform of the kernel.
        input_output_dtype: the dtype that the operator acts on; of a real one, imaginary parts
            of the result are dropped.

    Raises:
        ValueError: for a `spectrum` with too few axes, for hints that cannot hold.
"""


class LinearOperatorCirculant(BlockCirculant):
    """Circulant matrices: A[i, j] = h[(i - j) mod N]. `spectrum` is `[B1, ..., Bb, N]`."""

    def __init__(
        self,
        spectrum: Any,
        input_output_dtype: Any = complex64,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = True,
        name: Any = "LinearOperatorCirculant",
    ) -> None:
        hints = (is_non_singular, is_self_adjoint, is_positive_definite, is_square)
        super().__init__(spectrum, 1, input_output_dtype, *hints, name=name)


class LinearOperatorCirculant2D(BlockCirculant):
    """Circulant matrices of circulant blocks. `spectrum` is `[B1, ..., Bb, N1, N2]`."""

    def __init__(
        self,
        spectrum: Any,
        input_output_dtype: Any = complex64,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = True,
        name: Any = "LinearOperatorCirculant2D",
    ) -> None:
        hints = (is_non_singular, is_self_adjoint, is_positive_definite, is_square)
        super().__init__(spectrum, 2, input_output_dtype, *hints, name=name)


class LinearOperatorCirculant3D(BlockCirculant):
    """Circulant matrices, nested three times. `spectrum` is `[B1, ..., Bb, N1, N2, N3]`."""

    def __init__(
        self,
        spectrum: Any,
        input_output_dtype: Any = complex64,
        is_non_singular: Any = None,
        is_self_adjoint: Any = None,
        is_positive_definite: Any = None,
        is_square: Any = True,
        name: Any = "LinearOperatorCirculant3D",
    ) -> None:
        hints = (is_non_singular, is_self_adjoint, is_positive_definite, is_square)
        super().__init__(spectrum, 3, input_output_dtype, *hints, name=name)


for _class in (LinearOperatorCirculant, LinearOperatorCirculant2D, LinearOperatorCirculant3D):
    _class.__doc__ = (_class.__doc__ or "") + "\n" + _ARGUMENTS
