"""Pools of `tf.nn`: the average or the greatest of windows."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence, Sized
from typing import Any

import numpy as np

from ..core.dtypes import int64
from ..core.emit import apply
from ..core.tensor import Tensor
from ..ops.seeds import get_seed
from . import array_ops
from .emitting import emit_tensor
from .framework import convert_to_tensor, name_scope
from .renamed import renamed

MaxPoolWithArgmax = namedtuple("MaxPoolWithArgmax", ["output", "argmax"])
FractionalAvgPool = namedtuple(
    "FractionalAvgPool", ["output", "row_pooling_sequence", "col_pooling_sequence"]
)
FractionalMaxPool = namedtuple(
    "FractionalMaxPool", ["output", "row_pooling_sequence", "col_pooling_sequence"]
)


def per_axis(value: Any, n: int, channels: int, name: str) -> list[Any]:
    """One value, or one a spatial axis, as one for each axis (1 for batch and channels)."""
    if value is None:
        value = [1]
    elif not isinstance(value, Sized):
        value = [value]
    values = list(value)
    if len(values) == n + 2:
        return values
    if len(values) == 1:
        values *= n
    elif len(values) != n:
        raise ValueError(f"{name} should be of length 1, {n} or {n + 2} but was {len(values)}")
    return [1, 1, *values] if channels == 1 else [1, *values, 1]


def _is_first(data_format: str) -> bool:
    return data_format.startswith("NC")


def _pooled(
    op: str, x: Any, ksize: Any, strides: Any, padding: str, data_format: str, name: Any
) -> Tensor:
    """A pool over two or three axes of space."""
    n = 3 if op.endswith("3D") else 2
    channels = 1 if _is_first(data_format) else n + 1
    return emit_tensor(
        op,
        x,
        ksize=per_axis(ksize, n, channels, "ksize"),
        strides=per_axis(strides, n, channels, "strides"),
        padding=padding,
        data_format=data_format,
        name=name,
    )


def _refuse_zero(ksize: Any) -> None:
    sizes = ksize if isinstance(ksize, (list, tuple, np.ndarray)) else [ksize]
    if any(isinstance(k, (int, np.integer)) and k == 0 for k in sizes):
        raise ValueError("ksize cannot be zero.")


# -- in two dimensions -------------------------------------------------------------------------


def avg_pool(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    name: Any = None,
    input: Any = None,
) -> Tensor:
    """The mean of each window of images [batch, height, width, channels].

    `ksize` and `strides`: one size, one for height and width, or one an axis. `padding` 'VALID'
    takes windows inside the image, 'SAME' one for each stride: what lies outside does not count.
    """
    with name_scope(name, "AvgPool", [value]) as scope:
        value = renamed("input", input, "value", value)
        return _pooled("AvgPool", value, ksize, strides, padding, data_format or "NHWC", scope)


avg_pool2d = avg_pool


def max_pool(
    value: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    name: Any = None,
    input: Any = None,
) -> Tensor:
    """The greatest of each window of images [batch, height, width, channels]; see `avg_pool`."""
    value = renamed("input", input, "value", value)
    with name_scope(name, "MaxPool", [value]) as scope:
        _refuse_zero(ksize)
        return _pooled("MaxPool", value, ksize, strides, padding, data_format or "NHWC", scope)


def max_pool2d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    name: Any = None,
) -> Tensor:
    """The greatest of each window of images; see `max_pool`."""
    with name_scope(name, "MaxPool2d", [input]) as scope:
        return _pooled("MaxPool", input, ksize, strides, padding, data_format or "NHWC", scope)


def max_pool_with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NHWC",
    Targmax: Any = None,
    name: Any = None,
    output_dtype: Any = None,
    include_batch_in_index: Any = False,
) -> Any:
    """(the greatest of each window, its place in the image laid out flat).

    The place is (y * width + x) * channels + channel, of the whole batch laid out flat with
    `include_batch_in_index`.
    """
    if data_format != "NHWC":
        raise ValueError("Data formats other than 'NHWC' are not yet supported")
    kind = renamed("output_dtype", output_dtype, "Targmax", Targmax)
    return with_argmax(input, ksize, strides, padding, kind or int64, include_batch_in_index, name)


def with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    Targmax: Any = int64,
    include_batch_in_index: Any = False,
    name: Any = None,
) -> Any:
    """`max_pool_with_argmax` with the op's own arguments."""
    outputs = apply(
        "MaxPoolWithArgmax",
        input,
        ksize=per_axis(ksize, 2, 3, "ksize"),
        strides=per_axis(strides, 2, 3, "strides"),
        padding=padding,
        Targmax=Targmax,
        include_batch_in_index=include_batch_in_index,
        name=name,
    )
    return MaxPoolWithArgmax(*outputs)


# -- in one and three dimensions ---------------------------------------------------------------


def _pooled_1d(
    op: str, x: Any, ksize: Any, strides: Any, padding: Any, data_format: Any, scope: Any
) -> Tensor:
    layout = data_format or "NWC"
    channels = 1 if _is_first(layout) else 2
    axis = 1 if layout == "NWC" else 2
    x = array_ops.expand_dims(x, axis)
    result = emit_tensor(
        op,
        x,
        ksize=[1, *per_axis(ksize, 1, channels, "ksize")],
        strides=[1, *per_axis(strides, 1, channels, "strides")],
        padding=padding,
        data_format="NHWC" if layout == "NWC" else "NCHW",
        name=scope,
    )
    return array_ops.squeeze(result, axis)


def avg_pool1d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = "NWC", name: Any = None
) -> Tensor:
    """The mean of each window of sequences [batch, width, channels]; see `avg_pool`."""
    with name_scope(name, "AvgPool1D", [input]) as scope:
        return _pooled_1d("AvgPool", input, ksize, strides, padding, data_format, scope)


def max_pool1d(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = "NWC", name: Any = None
) -> Tensor:
    """The greatest of each window of sequences [batch, width, channels]; see `max_pool`."""
    with name_scope(name, "MaxPool1d", [input]) as scope:
        return _pooled_1d("MaxPool", input, ksize, strides, padding, data_format, scope)


def avg_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NDHWC",
    name: Any = None,
) -> Tensor:
    """The mean of each window of volumes [batch, depth, height, width, channels]."""
    with name_scope(name, "AvgPool3D", [input]) as scope:
        return _pooled("AvgPool3D", input, ksize, strides, padding, data_format or "NDHWC", scope)


def max_pool3d(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any = "NDHWC",
    name: Any = None,
) -> Tensor:
    """The greatest of each window of volumes [batch, depth, height, width, channels]."""
    with name_scope(name, "MaxPool3D", [input]) as scope:
        return _pooled("MaxPool3D", input, ksize, strides, padding, data_format or "NDHWC", scope)


def _of_rank(
    kind: str,
    one: Callable[..., Tensor],
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: Any,
    name: Any,
) -> Tensor:
    """A pool over as many axes of space as the input has."""
    if not hasattr(input, "shape"):
        input = convert_to_tensor(input, name="input")
    rank = input.shape.ndims if hasattr(input.shape, "ndims") else len(input.shape)
    if rank is None:
        if data_format is None:
            raise ValueError("The input must have a rank or a data format must be given.")
        rank = len(data_format)
    n = rank - 2
    if not 1 <= n <= 3:
        raise ValueError(f"Input tensor must be of rank 3, 4 or 5 but was {rank}.")
    if n == 1:
        return one(input, ksize, strides, padding, data_format, name)
    op, layout = (kind, "NHWC") if n == 2 else (f"{kind}3D", "NDHWC")
    return _pooled(op, input, ksize, strides, padding, data_format or layout, name)


def avg_pool_v2(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = None, name: Any = None
) -> Tensor:
    """The mean of each window over one, two or three axes, as the input's rank says."""
    return _of_rank("AvgPool", avg_pool1d, input, ksize, strides, padding, data_format, name)


def max_pool_v2(
    input: Any, ksize: Any, strides: Any, padding: Any, data_format: Any = None, name: Any = None
) -> Tensor:
    """The greatest of each window over one, two or three axes, as the input's rank says."""
    return _of_rank("MaxPool", max_pool1d, input, ksize, strides, padding, data_format, name)


# -- in any of them ----------------------------------------------------------------------------


def _checked_steps(n: int, values: Any, name: str) -> np.ndarray[Any, Any]:
    values = [1] * n if values is None else values
    if len(values) != n:
        raise ValueError(f"len({name})={len(values)} but should be {n}")
    steps = np.array(values, np.int32)
    if np.any(steps < 1):
        raise ValueError(f"all values of {name} must be positive")
    return steps


def _steps(n: int, strides: Any, dilations: Any) -> tuple[Any, Any]:
    rates = _checked_steps(n, dilations, "dilation_rate")
    steps = _checked_steps(n, strides, "strides")
    if np.any(steps > 1) and np.any(rates > 1):
        raise ValueError("strides > 1 not supported in conjunction with dilation_rate > 1")
    return steps, rates


_POOLS: dict[tuple[str, int], Callable[..., Any]] = {
    ("MAX", 1): max_pool,
    ("MAX", 2): max_pool,
    ("MAX", 3): max_pool3d,
    ("AVG", 1): avg_pool,
    ("AVG", 2): avg_pool,
    ("AVG", 3): avg_pool3d,
}


def pool(
    input: Any,
    window_shape: Sequence[int],
    pooling_type: str,
    padding: Any,
    dilation_rate: Any = None,
    strides: Any = None,
    name: Any = None,
    data_format: Any = None,
    dilations: Any = None,
) -> Any:
    """A pool ('MAX' or 'AVG') over one to three axes; `dilation_rate` spreads its windows.

    Raises ValueError for strides longer than the windows, and for dilated windows with strides or
    'SAME' padding.
    """
    from .namespaces import resolve

    dilation_rate = renamed("dilations", dilations, "dilation_rate", dilation_rate)
    with name_scope(name, f"{pooling_type.lower()}_pool", [input]) as scope:
        x = convert_to_tensor(input, name="input")
        n = len(window_shape)
        if not 1 <= n <= 3:
            raise ValueError("It is required that 1 <= num_spatial_dims <= 3.")
        x.shape.with_rank(n + 2)
        steps, rates = _steps(n, strides, dilation_rate)
        if padding == "SAME" and np.any(rates > 1):
            raise ValueError("pooling with SAME padding is not implemented for dilation_rate > 1")
        if np.any(steps > np.asarray(window_shape)):
            raise ValueError(
                "strides > window_shape not supported: there would be gaps between the windows"
            )
        if (pooling_type, n) not in _POOLS:
            raise ValueError(f"{n}-D {pooling_type} pooling is not supported.")
        return resolve("tf.nn", "with_space_to_batch")(
            input=x,
            dilation_rate=rates,
            padding=padding,
            op=_undilated(pooling_type, n, window_shape, steps, data_format, scope),
            spatial_dims=range(2, n + 2) if _first(data_format) else range(1, n + 1),
            filter_shape=window_shape,
        )


def _first(data_format: Any) -> bool:
    return data_format is not None and _is_first(data_format)


def _undilated(
    kind: str, n: int, window: Sequence[int], steps: Any, data_format: Any, scope: Any
) -> Callable[..., Any]:
    """The pool with windows that are not spread; over one axis as over two."""
    ones = [1, 1] if _first(data_format) else [1]
    tail = [] if _first(data_format) else [1]
    ksize, strides = [*ones, *window, *tail], [*ones, *map(int, steps), *tail]
    layout = data_format
    if n == 1:
        layout = {None: "NHWC", "NWC": "NHWC", "NCW": "NCHW"}.get(data_format)
        if layout is None:
            raise ValueError('data_format must be either "NWC" or "NCW".')
        ksize, strides = [1, *ksize], [1, *strides]
    axis = 2 if _first(data_format) else 1

    def op(x: Any, _: Any, padding: Any) -> Any:
        if n == 1:
            x = array_ops.expand_dims(x, axis)
        result = _POOLS[kind, n](x, ksize, strides, padding, data_format=layout, name=scope)
        return array_ops.squeeze(result, [axis]) if n == 1 else result

    return op


# -- by fractions ------------------------------------------------------------------------------


def _fractional(kind: Any, value: Any, **attrs: Any) -> Any:
    return kind(*apply(kind.__name__, value, **attrs))


def fractional_avg_pool(
    value: Any,
    pooling_ratio: Any,
    pseudo_random: Any = False,
    overlapping: Any = False,
    deterministic: Any = False,
    seed: Any = 0,
    seed2: Any = 0,
    name: Any = None,
) -> Any:
    """(means of cells whose sizes differ by one, their row bounds, their column bounds).

    The image shrinks by `pooling_ratio` (one an axis, that of batch and channels 1). Graham,
    Fractional Max-Pooling (2015).
    """
    given = {k: v for k, v in locals().items() if k != "value"}
    return _fractional(FractionalAvgPool, value, **given)


def fractional_max_pool(
    value: Any,
    pooling_ratio: Any,
    pseudo_random: Any = False,
    overlapping: Any = False,
    deterministic: Any = False,
    seed: Any = 0,
    seed2: Any = 0,
    name: Any = None,
) -> Any:
    """(the greatest of cells whose sizes differ by one, row bounds, column bounds)."""
    given = {k: v for k, v in locals().items() if k != "value"}
    return _fractional(FractionalMaxPool, value, **given)


def _fractional_v2(kind: Any, value: Any, ratio: Any, seed: int, **attrs: Any) -> Any:
    ratio = per_axis(ratio, 2, 3, "pooling_ratio")
    seeds = (0, 0) if seed == 0 else get_seed(seed)
    attrs.update(deterministic=seed != 0, seed=seeds[0], seed2=seeds[1])
    return _fractional(kind, value, pooling_ratio=ratio, **attrs)


def fractional_avg_pool_v2(
    value: Any,
    pooling_ratio: Any,
    pseudo_random: Any = False,
    overlapping: Any = False,
    seed: Any = 0,
    name: Any = None,
) -> Any:
    """`fractional_avg_pool` with one seed; 0 stands for other cells in each run."""
    attrs = {"pseudo_random": pseudo_random, "overlapping": overlapping, "name": name}
    return _fractional_v2(FractionalAvgPool, value, pooling_ratio, seed, **attrs)


def fractional_max_pool_v2(
    value: Any,
    pooling_ratio: Any,
    pseudo_random: Any = False,
    overlapping: Any = False,
    seed: Any = 0,
    name: Any = None,
) -> Any:
    """`fractional_max_pool` with one seed; 0 stands for other cells in each run."""
    attrs = {"pseudo_random": pseudo_random, "overlapping": overlapping, "name": name}
    return _fractional_v2(FractionalMaxPool, value, pooling_ratio, seed, **attrs)
