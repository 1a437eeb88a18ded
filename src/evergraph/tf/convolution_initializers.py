"""Initializers of convolution kernels that keep the norm of their input.

Source: L. Xiao, Y. Bahri, J. Sohl-Dickstein, S. Schoenholz, J. Pennington, Dynamical isometry and
a mean field theory of CNNs, ICML 2018, algorithms 1 and 2.
"""

from __future__ import annotations

from functools import reduce
from itertools import product
from typing import Any

from ..core.dtypes import float32
from ..core.emit import apply
from ..core.tensor import Tensor
from . import array_ops, math_ops, random_ops
from .init_ops import Initializer, _floating

__all__ = [
    "ConvolutionDeltaOrthogonal",
    "ConvolutionOrthogonal",
    "ConvolutionOrthogonal1D",
    "ConvolutionOrthogonal2D",
    "ConvolutionOrthogonal3D",
]

# A kernel as matrices [n, n] by their place.
Kernel = dict[tuple[int, ...], Any]

_RANKS = {1: "three", 2: "four", 3: "five"}


def _random_rotation(n: int, dtype: Any, seed: int | None, **how: Any) -> Tensor:
    """A random orthogonal matrix [n, n], uniformly distributed."""
    normal = random_ops.random_normal([n, n], dtype=dtype, seed=seed)
    q, r = apply("Qr", normal, **how)
    return q * math_ops.sign(apply("DiagPart", r))  # type: ignore[no-any-return]


def _check_filters(shape: list[int]) -> None:
    if shape[-2] > shape[-1]:
        raise ValueError("In_filters cannot be greater than out_filters.")


class _OfGain(Initializer):
    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = float32) -> None:
        self.gain, self.seed = gain, seed
        self.dtype = _floating(dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"gain": self.gain, "seed": self.seed, "dtype": self.dtype.name}


class ConvolutionDeltaOrthogonal(_OfGain):
    """An orthogonal matrix times `gain` in the middle of the kernel, zeros around it.

    Shape [..., inputs, outputs] with one to three spatial axes and no more inputs than outputs;
    ValueError for others.
    """

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """The kernel of this shape."""
        dtype = self.dtype if dtype is None else dtype
        if not 3 <= len(shape) <= 5:
            raise ValueError(
                "The tensor to initialize must be at least three-dimensional and at most "
                "five-dimensional"
            )
        dims = [int(d) for d in shape]
        _check_filters(dims)
        q: Any = _random_rotation(dims[-1], dtype, self.seed, full_matrices=False)
        q = q[: dims[-2], :] * math_ops.cast(self.gain, dtype)
        middle = [[(d - 1) // 2 for d in dims[:-2]]]
        return array_ops.scatter_nd(middle, array_ops.expand_dims(q, 0), dims)


class ConvolutionOrthogonal(_OfGain):
    """Base of the orthogonal kernels: a convolution with circular padding keeps the norm.

    A kernel of size k is the product of k - 1 kernels of size two, which random projections make.
    """

    spatial = 0

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Tensor:
        """The kernel of this shape; ValueError where the axes do not fit."""
        if not self.spatial:
            raise NotImplementedError
        if len(shape) != self.spatial + 2:
            rank = _RANKS[self.spatial]
            raise ValueError(f"The tensor to initialize must be {rank}-dimensional")
        dims = [int(d) for d in shape]
        _check_filters(dims)
        if len(set(dims[:-2])) > 1:
            raise ValueError("Kernel sizes must be equal.")
        kernel: Any = self._orthogonal_kernel(dims[0], dims[-2], dims[-1])
        return kernel * math_ops.cast(self.gain, self.dtype if dtype is None else dtype)  # type: ignore[no-any-return]

    def _next_seed(self) -> int | None:
        """The seed of this drawing; the next one gets another."""
        seed = self.seed
        if seed:
            self.seed = seed + 1
        return seed

    def _orthogonal_matrix(self, n: int) -> Tensor:
        """A random orthogonal matrix [n, n]."""
        return _random_rotation(n, self.dtype, self._next_seed())

    def _symmetric_projection(self, n: int) -> Tensor:
        """A random matrix [n, n] that is symmetric and its own square."""
        q: Any = self._orthogonal_matrix(n)
        kept: Any = random_ops.random_normal([n], seed=self._next_seed())
        part = q * math_ops.cast(kept > 0, self.dtype)
        return math_ops.matmul(part, array_ops.matrix_transpose(part))

    def _block_orth(self, *projections: Any) -> Kernel:
        """The orthogonal kernel of size two along every axis that projections give."""
        raise NotImplementedError

    def _small_kernel(self, n: int) -> Kernel:
        return self._block_orth(*[self._symmetric_projection(n) for _ in range(self.spatial)])

    def _matrix_conv(self, m1: Kernel, m2: Kernel) -> Kernel:
        """The convolution of two kernels of matrices [n, n]; ValueError if these differ in n."""
        first, second = (next(iter(m.values())) for m in (m1, m2))
        if first.shape.as_list() != second.shape.as_list():
            raise ValueError("The entries in matrices m1 and m2 must have the same dimensions!")
        size = max(m1)[0] + max(m2)[0] + 1
        places = product(range(size), repeat=self.spatial)
        return {place: self._at(place, m1, m2, first) for place in places}

    def _at(self, place: tuple[int, ...], m1: Kernel, m2: Kernel, like: Any) -> Any:
        total: Any = array_ops.zeros(like.shape.as_list(), self.dtype)
        for p, matrix in m1.items():
            rest = tuple(a - b for a, b in zip(place, p, strict=True))
            if rest in m2:
                total += math_ops.matmul(matrix, m2[rest])
        return total

    def _orthogonal_kernel(self, ksize: int, cin: int, cout: int) -> Any:
        """A kernel [ksize, ..., cin, cout]."""
        if cin > cout:
            raise ValueError(
                "The number of input channels cannot exceed the number of output channels."
            )
        whole: Any = self._orthogonal_matrix(cout)
        rows = whole[0:cin, :]
        if ksize == 1:
            return reduce(lambda x, _: array_ops.expand_dims(x, 0), range(self.spatial), rows)
        kernel = self._small_kernel(cout)
        for _ in range(ksize - 2):
            kernel = self._matrix_conv(kernel, self._small_kernel(cout))
        kernel = {place: math_ops.matmul(rows, m) for place, m in kernel.items()}
        return self._dict_to_tensor(kernel, *[ksize] * self.spatial)

    def _dict_to_tensor(self, x: Kernel, *sizes: int, at: tuple[int, ...] = ()) -> Any:
        """The matrices in one tensor [*sizes, rows, columns]."""
        if not sizes:
            return x[at]
        return array_ops.stack(
            [self._dict_to_tensor(x, *sizes[1:], at=(*at, i)) for i in range(sizes[0])]
        )

    def _identity(self, *projections: Any) -> Any:
        """The identity of the projections' size; ValueError if they differ in size."""
        shapes = [p.shape.as_list() for p in projections]
        if any(s != shapes[0] for s in shapes):
            raise ValueError("The dimension of the matrices must be the same.")
        return array_ops.eye(shapes[0][0], dtype=self.dtype)


class ConvolutionOrthogonal1D(ConvolutionOrthogonal):
    """An orthogonal kernel [width, inputs, outputs]."""

    spatial = 1

    def _block_orth(self, *projections: Any) -> Kernel:
        (p,) = projections
        return {(0,): p, (1,): self._identity(p) - p}


class ConvolutionOrthogonal2D(ConvolutionOrthogonal):
    """An orthogonal kernel [size, size, inputs, outputs]."""

    spatial = 2

    def _block_orth(self, *projections: Any) -> Kernel:
        p1, p2 = projections
        eye = self._identity(p1, p2)
        return {
            (0, 0): math_ops.matmul(p1, p2),
            (0, 1): math_ops.matmul(p1, eye - p2),
            (1, 0): math_ops.matmul(eye - p1, p2),
            (1, 1): math_ops.matmul(eye - p1, eye - p2),
        }


class ConvolutionOrthogonal3D(ConvolutionOrthogonal):
    """An orthogonal kernel [size, size, size, inputs, outputs]."""

    spatial = 3

    def _block_orth(self, *projections: Any) -> Kernel:
        eye = self._identity(*projections)

        def side(i: int, p: Any) -> Any:
            return i * p + (1 - i) * (eye - p)

        def block(place: tuple[int, ...]) -> Any:
            sides = [side(i, p) for i, p in zip(place, projections, strict=True)]
            return reduce(math_ops.matmul, sides)

        return {place: block(place) for place in product((0, 1), repeat=3)}


convolutional_delta_orthogonal = ConvolutionDeltaOrthogonal
convolutional_orthogonal_1d = ConvolutionOrthogonal1D
convolutional_orthogonal_2d = ConvolutionOrthogonal2D
convolutional_orthogonal_3d = ConvolutionOrthogonal3D
