"""Means and variances, and normalisation by them."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import DType, float16, float32, int32, int64
from ..core.tensor import Tensor
from . import array_ops
from .conditionals import cond
from .dtype_ops import cast
from .emitting import emit_tensor
from .framework import convert_to_tensor, name_scope
from .reduction_ops import reduce_mean, reduce_prod, reduce_sum
from .renamed import renamed

Pair = tuple[Tensor, Tensor]


def _keeps(keepdims: Any, keep_dims: Any) -> bool:
    return bool(renamed("keepdims", keepdims, "keep_dims", keep_dims))


def moments(
    x: Any,
    axes: Any,
    shift: Any = None,
    name: Any = None,
    keep_dims: Any = None,
    keepdims: Any = None,
) -> Pair:
    """The mean and the variance over `axes`; of float16 computed in float32. `shift` is ignored."""
    keep = _keeps(keepdims, keep_dims)
    with name_scope(name, "moments", [x, axes]):
        half = x.dtype == float16
        y = cast(x, float32) if half else x
        mean = reduce_mean(y, axes, keepdims=True, name="mean")
        squares = emit_tensor("SquaredDifference", y, array_ops.stop_gradient(mean))
        variance = reduce_mean(squares, axes, keepdims=True, name="variance")
        if not keep:
            mean, variance = _squeezed(mean, variance, axes)
        return (cast(mean, float16), cast(variance, float16)) if half else (mean, variance)


def _squeezed(mean: Tensor, variance: Tensor, axes: Any) -> Pair:
    return array_ops.squeeze(mean, axes), array_ops.squeeze(variance, axes)


def weighted_moments(
    x: Any,
    axes: Any,
    frequency_weights: Any,
    name: Any = None,
    keep_dims: Any = None,
    keepdims: Any = None,
) -> Pair:
    """The mean and the variance over `axes`, each element counted with its weight."""
    keep = _keeps(keepdims, keep_dims)
    with name_scope(name, "weighted_moments", [x, frequency_weights, axes]):
        x = convert_to_tensor(x, name="x")
        weights: Any = convert_to_tensor(frequency_weights, name="frequency_weights")
        half = x.dtype.base_dtype is float16
        x = cast(x, float32) if half else x
        if weights.dtype.base_dtype is not x.dtype.base_dtype:
            weights = cast(weights, x.dtype)
        mean, variance = _weighted(x, axes, weights)
        if not keep:
            mean, variance = _squeezed(mean, variance, axes)
        return (cast(mean, float16), cast(variance, float16)) if half else (mean, variance)


def _weighted(x: Any, axes: Any, weights: Any) -> Pair:
    total = reduce_sum(weights * x, axes, name="weighted_input_sum", keepdims=True)
    spread = weights + array_ops.zeros_like(x)
    weight_sum = reduce_sum(spread, axes, name="sum_of_weights", keepdims=True)
    divisor = emit_tensor("Reciprocal", weight_sum, name="inv_weight_sum")
    mean = emit_tensor("Mul", total, divisor)
    squares = weights * emit_tensor("SquaredDifference", x, mean)
    distances = reduce_sum(squares, axes, name="weighted_distsq", keepdims=True)
    return mean, emit_tensor("Mul", distances, divisor)


def sufficient_statistics(
    x: Any,
    axes: Any,
    shift: Any = None,
    keep_dims: Any = None,
    name: Any = None,
    keepdims: Any = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """What mean and variance over `axes` follow from: the number of elements, their sum, their
    sum of squares (both after subtracting `shift`), and the shift."""
    axes = list(set(axes))
    keep = _keeps(keepdims, keep_dims)
    with name_scope(name, "sufficient_statistics", [x, shift]):
        x = convert_to_tensor(x, name="x")
        counts = _count(x, axes)
        if shift is not None:
            shift = convert_to_tensor(shift, name="shift")
            values = emit_tensor("Sub", x, shift)
            squares = emit_tensor("SquaredDifference", x, shift)
        else:
            values, squares = x, emit_tensor("Square", x)
        mean_ss = reduce_sum(values, axes, keepdims=keep, name="mean_ss")
        var_ss = reduce_sum(squares, axes, keepdims=keep, name="var_ss")
    return counts, mean_ss, var_ss, shift


def _count(x: Tensor, axes: list[int]) -> Tensor:
    shape = x.static_shape
    extents = [None] if shape is None else [shape[a] for a in axes]
    if None in extents:
        dims = array_ops.gather(cast(array_ops.shape(x), x.dtype), axes)
        return reduce_prod(dims, name="count")
    count = 1
    for d in extents:
        count *= d or 0
    return array_ops.constant(count, dtype=x.dtype.base_dtype)


def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: Any = None
) -> Pair:
    """The mean and the variance from what `sufficient_statistics` gives."""
    with name_scope(name, "normalize", [counts, mean_ss, variance_ss, shift]):
        divisor = emit_tensor("Reciprocal", counts, name="divisor")
        if shift is not None:
            shifted = emit_tensor("Mul", mean_ss, divisor, name="shifted_mean")
            mean = emit_tensor("Add", shifted, shift, name="mean")
        else:
            shifted = mean = emit_tensor("Mul", mean_ss, divisor, name="mean")
        squares = emit_tensor("Mul", variance_ss, divisor)
        variance = emit_tensor("Sub", squares, emit_tensor("Square", shifted), name="variance")
    return mean, variance


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: Any,
    name: Any = None,
) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset; scale and offset may be None.

    Ioffe and Szegedy, Batch Normalization (2015).
    """
    with name_scope(name, "batchnorm", [x, mean, variance, scale, offset]):
        inverse: Any = emit_tensor("Rsqrt", variance + variance_epsilon)
        if scale is not None:
            inverse = inverse * scale
        kind = x.dtype
        scaled = x * cast(inverse, kind)
        rest = offset - mean * inverse if offset is not None else -mean * inverse
        result: Tensor = scaled + cast(rest, kind)
        return result


def batch_norm_with_global_normalization(
    t: Any = None,
    m: Any = None,
    v: Any = None,
    beta: Any = None,
    gamma: Any = None,
    variance_epsilon: Any = None,
    scale_after_normalization: Any = None,
    name: Any = None,
    input: Any = None,
    mean: Any = None,
    variance: Any = None,
) -> Tensor:
    """The old form of `batch_normalization`."""
    t = renamed("input", input, "t", t)
    m = renamed("mean", mean, "m", m)
    v = renamed("variance", variance, "v", v)
    scale = gamma if scale_after_normalization else None
    return batch_normalization(t, m, v, beta, scale, variance_epsilon, name)


def l2_normalize(
    x: Any, axis: Any = None, epsilon: Any = 1e-12, name: Any = None, dim: Any = None
) -> Tensor:
    """`x` divided by its Euclidean norm along `axis`, or by sqrt(epsilon) if that is larger."""
    axis = renamed("axis", axis, "dim", dim)
    with name_scope(name, "l2_normalize", [x]) as scope:
        x = convert_to_tensor(x, name="x")
        total = reduce_sum(emit_tensor("Square", x), axis, keepdims=True)
        inverse = emit_tensor("Rsqrt", emit_tensor("Maximum", total, epsilon))
        return emit_tensor("Mul", x, inverse, name=scope)


def _count_nonzero(x: Tensor, dtype: DType) -> Tensor:
    with name_scope("count_nonzero", values=[x]):
        zero = array_ops.zeros([], dtype=x.dtype.base_dtype)
        ones = cast(emit_tensor("NotEqual", x, zero), dtype)
        return reduce_sum(ones, name="nonzero_count")


def zero_fraction(value: Any, name: Any = None) -> Tensor:
    """The share of zeros among the elements; NaN if there are none."""
    with name_scope(name, "zero_fraction", [value]):
        value = convert_to_tensor(value, name="value")
        size: Any = array_ops.size(value, out_type=int64)
        nonzero = cond(
            size <= int32.max,
            lambda: cast(_count_nonzero(value, int32), int64),
            lambda: _count_nonzero(value, int64),
        )
        with name_scope("counts_to_fraction"):
            zeros = cast(size - nonzero, float32)
            fraction = zeros / cast(size, float32)
        return array_ops.identity(fraction, "fraction")
