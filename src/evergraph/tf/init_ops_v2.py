"""Initializers as TensorFlow 2 has them: the dtype is that of the call, a seed alone decides.

TensorFlow 1.15 has them in an internal module. With a seed they draw stateless numbers: two calls
with one shape give the same values.
"""

from __future__ import annotations

import math
from typing import Any

from ..core.dtypes import DType, as_dtype, float32, string
from ..core.emit import apply
from ..core.tensor import Tensor
from . import array_ops, init_ops, math_ops, random_ops
from .init_ops import _TRUNCATED_STDDEV, _floating, compute_fans
from .random import stateless_normal, stateless_truncated_normal, stateless_uniform


class Initializer:
    """Base of these initializers: `__call__(shape, dtype)` gives a tensor."""

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """A tensor of this shape."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor, for `from_config`."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """The initializer that `get_config` describes; a dtype in it is not looked at."""
        return cls(**{key: value for key, value in config.items() if key != "dtype"})


class Zeros(Initializer):
    """All zeros (or False, or empty strings)."""

    def __call__(self, shape: Any, dtype: Any = float32) -> Tensor:
        """Zeros of this shape."""
        return array_ops.zeros(shape, as_dtype(dtype))


class Ones(Initializer):
    """All ones; ValueError for text and for what NumPy has no type for."""

    def __call__(self, shape: Any, dtype: Any = float32) -> Tensor:
        """Ones of this shape."""
        kind = as_dtype(dtype)
        if not kind.is_numpy_compatible or kind == string:
            raise ValueError(f"Expected numeric or boolean dtype, got {kind}.")
        return array_ops.ones(shape, kind)


class Constant(Initializer):
    """The elements of `value` in order: one, or as many as the shape has."""

    def __init__(self, value: Any = 0) -> None:
        self.value = init_ops.Constant(value).value

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """The value as a tensor of this shape; TypeError if it has another number of elements."""
        kind = None if dtype is None else as_dtype(dtype)
        tensor = array_ops.constant(self.value, kind)
        count = tensor.shape.num_elements()
        wanted = math.prod(int(d) for d in shape)
        if count not in (1, wanted):
            raise TypeError(
                f"A value of {count} elements is no constant of shape {list(shape)}, which has "
                f"{wanted}: give one element, or as many."
            )
        return array_ops.constant(self.value, kind, shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"value": self.value}


class _Random(Initializer):
    seed: int | None = None

    def _draw(self, stateful: Any, stateless: Any, *args: Any) -> Tensor:
        """Numbers that the seed decides, or other ones for each run without a seed."""
        shape, *limits, dtype = args
        if self.seed is None:
            return stateful(shape, *limits, dtype)  # type: ignore[no-any-return]
        return stateless(shape, [self.seed, 0], *limits, dtype)  # type: ignore[no-any-return]

    def _uniform(self, *args: Any) -> Tensor:
        return self._draw(random_ops.random_uniform, stateless_uniform, *args)

    def _normal(self, *args: Any) -> Tensor:
        return self._draw(random_ops.random_normal, stateless_normal, *args)

    def _truncated(self, *args: Any) -> Tensor:
        return self._draw(random_ops.truncated_normal, stateless_truncated_normal, *args)


class RandomUniform(_Random):
    """Uniform in [minval, maxval)."""

    def __init__(self, minval: Any = -0.05, maxval: Any = 0.05, seed: int | None = None) -> None:
        self.minval, self.maxval, self.seed = minval, maxval, seed

    def __call__(self, shape: Any, dtype: Any = float32) -> Tensor:
        """Uniform numbers of this shape, of a float or an integer type."""
        kind = as_dtype(dtype)
        if not kind.is_floating and not kind.is_integer:
            raise ValueError(f"Expected float or integer dtype, got {kind}.")
        return self._uniform(shape, self.minval, self.maxval, kind)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed}


class RandomNormal(_Random):
    """Normally distributed."""

    def __init__(self, mean: Any = 0.0, stddev: Any = 0.05, seed: int | None = None) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def __call__(self, shape: Any, dtype: Any = float32) -> Tensor:
        """Normal numbers of this shape."""
        return self._normal(shape, self.mean, self.stddev, _floating(dtype))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed}


class TruncatedNormal(RandomNormal):
    """Normally distributed; numbers beyond two standard deviations are drawn again."""

    def __call__(self, shape: Any, dtype: Any = float32) -> Tensor:
        """Truncated normal numbers of this shape."""
        return self._truncated(shape, self.mean, self.stddev, _floating(dtype))


class VarianceScaling(_Random):
    """Random with variance `scale / n`, n the number of inputs or outputs of a unit or their mean.

    Arguments and errors as those of `tf.variance_scaling_initializer`.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        checked = init_ops.VarianceScaling(scale, mode, distribution)
        self.scale, self.mode, self.seed = scale, mode, seed
        kind = checked.distribution
        self.distribution = "truncated_normal" if kind == "normal" else kind

    def __call__(self, shape: Any, dtype: Any = float32) -> Tensor:
        """Random numbers of this shape."""
        kind: DType = _floating(dtype)
        fan_in, fan_out = compute_fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return self._uniform(shape, -limit, limit, kind)
        stddev = math.sqrt(variance)
        if self.distribution == "untruncated_normal":
            return self._normal(shape, 0.0, stddev, kind)
        return self._truncated(shape, 0.0, stddev / _TRUNCATED_STDDEV, kind)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        kind = {"scale": self.scale, "mode": self.mode, "distribution": self.distribution}
        return {**kind, "seed": self.seed}


class _Glorot(VarianceScaling):
    kind = ""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", self.kind, seed)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"seed": self.seed}


class GlorotUniform(_Glorot):
    """Uniform in [-l, l), l = sqrt(6 / (inputs + outputs)); also called Xavier's."""

    kind = "uniform"


class GlorotNormal(_Glorot):
    """Truncated normal with variance 2 / (inputs + outputs); also called Xavier's."""

    kind = "truncated_normal"


class Orthogonal(_Random):
    """A random matrix with orthonormal rows or columns, whichever are fewer, times `gain`."""

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        self.gain, self.seed = gain, seed

    def __call__(self, shape: Any, dtype: Any = float32) -> Tensor:
        """An orthogonal tensor of this shape; ValueError for rank below 2."""
        kind = _floating(dtype)
        if len(shape) < 2:
            raise ValueError("The tensor to initialize must be at least two-dimensional")
        rows, columns = math.prod(int(d) for d in shape[:-1]), int(shape[-1])
        flat = (max(rows, columns), min(rows, columns))
        q, r = apply("Qr", self._normal(flat, 0.0, 1.0, kind), full_matrices=False)
        q = q * math_ops.sign(apply("DiagPart", r))
        if rows < columns:
            q = array_ops.matrix_transpose(q)
        return self.gain * array_ops.reshape(q, shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"gain": self.gain, "seed": self.seed}


class Identity(Initializer):
    """The identity matrix times `gain`; ValueError unless the rank is 2."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = float32) -> Tensor:
        """The identity of this shape."""
        kind = _floating(dtype)
        if len(shape) != 2:
            raise ValueError("Identity matrix initializer can only be used for 2D matrices.")
        rows, columns = shape
        return self.gain * array_ops.eye(rows, columns, dtype=kind)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"gain": self.gain}


def lecun_normal(seed: int | None = None) -> VarianceScaling:
    """Truncated normal with variance 1 / inputs."""
    return VarianceScaling(1.0, "fan_in", "truncated_normal", seed)


def lecun_uniform(seed: int | None = None) -> VarianceScaling:
    """Uniform with variance 1 / inputs."""
    return VarianceScaling(1.0, "fan_in", "uniform", seed)


def he_normal(seed: int | None = None) -> VarianceScaling:
    """Truncated normal with variance 2 / inputs."""
    return VarianceScaling(2.0, "fan_in", "truncated_normal", seed)


def he_uniform(seed: int | None = None) -> VarianceScaling:
    """Uniform with variance 2 / inputs."""
    return VarianceScaling(2.0, "fan_in", "uniform", seed)


_compute_fans = compute_fans
zeros_initializer = Zeros
ones_initializer = Ones
constant_initializer = Constant
random_uniform_initializer = RandomUniform
random_normal_initializer = RandomNormal
truncated_normal_initializer = TruncatedNormal
variance_scaling_initializer = VarianceScaling
glorot_uniform_initializer = GlorotUniform
glorot_normal_initializer = GlorotNormal
orthogonal_initializer = Orthogonal
identity_initializer = Identity
