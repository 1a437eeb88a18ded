"""The face's functions on RaggedTensors: which of them answer, and how."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ...core.dtypes import int32
from .. import array_ops, check_ops, clip_ops, math_ops, parsing_ops, string_ops, strings
from ..dispatch import dispatch_for_types
from ..ragged_text import reduce_join
from . import array_ops as ragged_array_ops
from . import concat, dims, gather, squeeze, where
from . import math_ops as ragged_math_ops
from .functional import map_flat_values
from .shape import RaggedTensorDynamicShape, broadcast_dynamic_shape, broadcast_to
from .tensor import (
    RaggedTensor,
    convert_to_tensor_or_ragged_tensor,
    is_ragged,
    match_row_splits_dtypes,
)
from .value import RaggedTensorValue

Function = Callable[..., Any]


def _register(function: Function, handler: Function) -> None:
    dispatch_for_types(function, RaggedTensor, RaggedTensorValue)(handler)


def _elementwise(function: Function) -> Function:
    """What a function of one tensor (or of a list) does for RaggedTensors: the same inside."""
    return lambda *args, **kwargs: map_flat_values(function, *args, **kwargs)


def broadcast_operands(x: Any, y: Any) -> tuple[Any, Any]:
    """Both operands in one ragged form; inner dimensions are left as they are."""
    x_like, y_like = (v.dtype if is_ragged(v) else None for v in (x, y))
    x = convert_to_tensor_or_ragged_tensor(x, preferred_dtype=y_like)
    y = convert_to_tensor_or_ragged_tensor(y, preferred_dtype=x_like)
    x, y = match_row_splits_dtypes(x, y)
    if not _needs_broadcast(x, y):
        return x, y
    kind = (x if is_ragged(x) else y).row_splits.dtype
    shapes = [RaggedTensorDynamicShape.from_tensor(v).with_dim_size_dtype(kind) for v in (x, y)]
    shape = broadcast_dynamic_shape(*shapes)
    return tuple(broadcast_to(v, shape, broadcast_inner_dimensions=False) for v in (x, y))


def _needs_broadcast(x: Any, y: Any) -> bool:
    if is_ragged(x) and is_ragged(y):
        return True
    ragged, dense = (x, y) if is_ragged(x) else (y, x)
    inner, rank = ragged.flat_values.shape.ndims, dense.shape.ndims
    if rank == 0:
        return False
    return bool(inner is None or rank is None or inner <= rank)


def binary(function: Function, x: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
    """An elementwise function of two operands of which one at least is ragged."""
    x, y = broadcast_operands(x, y)
    flat = [v.flat_values if is_ragged(v) else v for v in (x, y)]
    values = function(*flat, *args, **kwargs)
    return (x if is_ragged(x) else y).with_flat_values(values)


def _binary(function: Function) -> Function:
    names = list(inspect.signature(function).parameters)[:2]

    def handler(*args: Any, **kwargs: Any) -> Any:
        operands = list(args[:2]) + [kwargs.pop(n) for n in names[len(args[:2]) :]]
        return binary(function, *operands, *args[2:], **kwargs)

    return handler


_UNARY = {
    array_ops: "identity ones_like zeros_like",
    check_ops: "check_numerics",
    clip_ops: "clip_by_value",
    math_ops: "abs acos acosh angle asin asinh atan atanh cast ceil conj cos cosh digamma erf erfc "
    "exp expm1 floor imag is_finite is_inf is_nan lgamma log log1p log_sigmoid logical_not "
    "negative real reciprocal rint round rsqrt saturate_cast sign sin sinh sqrt square tan tanh "
    "sigmoid add_n",
    string_ops: "as_string decode_base64 encode_base64 regex_replace string_join string_strip "
    "string_to_hash_bucket string_to_hash_bucket_fast string_to_hash_bucket_strong "
    "string_to_number substr",
    parsing_ops: "decode_compressed",
    strings: "length regex_full_match substr unicode_script lower upper",
}
_BINARY = {
    math_ops: "add atan2 complex div_no_nan divide equal floordiv floormod greater greater_equal "
    "less less_equal logical_and logical_or logical_xor maximum minimum multiply not_equal pow "
    "realdiv squared_difference subtract truediv truncatediv truncatemod div",
}


def _gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    name: Any = None,
    axis: Any = None,
    batch_dims: Any = 0,
) -> Any:
    return gather.gather(params, indices, validate_indices, axis or 0, batch_dims, name)


def _gather_nd(params: Any, indices: Any, name: Any = None, batch_dims: Any = 0) -> Any:
    return gather.gather_nd(params, indices, batch_dims, name)


def _expand_dims(input: Any, axis: Any = None, name: Any = None, dim: Any = None) -> Any:
    return dims.expand_dims(input, axis if dim is None else dim, name)


def _size(input: Any, name: Any = None, out_type: Any = int32) -> Any:
    return dims.size(input, out_type, name)


def _squeeze(input: Any, axis: Any = None, name: Any = None, squeeze_dims: Any = None) -> Any:
    return squeeze.squeeze(input, axis if squeeze_dims is None else squeeze_dims, name)


def _concat(values: Any, axis: Any, name: Any = "concat") -> Any:
    return concat.concat(values, axis, name)


def _stack(values: Any, axis: Any = 0, name: Any = "stack") -> Any:
    return concat.stack(values, axis, name)


def _dynamic_partition(
    data: Any, partitions: Any, num_partitions: Any, name: Any = None
) -> list[Any]:
    if not isinstance(num_partitions, int) or num_partitions < 0:
        raise TypeError("num_partitions must be a non-negative integer")
    rows = ragged_array_ops.stack_dynamic_partitions(data, partitions, num_partitions, name)
    return [rows[i] for i in range(num_partitions)]


def _reduction(handler: Function) -> Function:
    """A reduction with TensorFlow 1's arguments."""

    def reduce(
        input_tensor: Any,
        axis: Any = None,
        keepdims: Any = None,
        name: Any = None,
        reduction_indices: Any = None,
        keep_dims: Any = None,
    ) -> Any:
        axis = axis if reduction_indices is None else reduction_indices
        return handler(input_tensor, axis, keepdims if keep_dims is None else keep_dims, name)

    return reduce


def _reduce_join_v1(
    inputs: Any,
    axis: Any = None,
    keep_dims: Any = None,
    separator: str = "",
    name: Any = None,
    reduction_indices: Any = None,
    keepdims: Any = None,
) -> Any:
    axis = axis if reduction_indices is None else reduction_indices
    return reduce_join(inputs, axis, keepdims if keep_dims is None else keep_dims, separator, name)


def _special() -> list[tuple[Function, Function]]:
    m = ragged_math_ops
    pairs: list[tuple[Function, Function]] = [
        (array_ops.batch_gather, gather.batch_gather),
        (array_ops.concat, _concat),
        (array_ops.expand_dims, _expand_dims),
        (array_ops.gather, _gather),
        (array_ops.gather_nd, _gather_nd),
        (array_ops.rank, dims.rank),
        (array_ops.size, _size),
        (array_ops.squeeze, _squeeze),
        (array_ops.stack, _stack),
        (array_ops.tile, dims.tile),
        (array_ops.where, where.where),
        (array_ops.dynamic_partition, _dynamic_partition),
        (string_ops.reduce_join, _reduce_join_v1),
        (string_ops.reduce_join_v2, reduce_join),
    ]
    for kind in ("sum", "prod", "min", "max", "mean", "sqrt_n"):
        dense = getattr(array_ops, f"unsorted_segment_{kind}")
        pairs.append((dense, getattr(m, f"segment_{kind}")))
    for kind in ("sum", "prod", "min", "max", "mean", "any", "all"):
        dense = getattr(math_ops, f"reduce_{kind}")
        pairs.append((dense, _reduction(getattr(m, f"reduce_{kind}"))))
    return pairs


def register() -> None:
    """Opens the face's functions to RaggedTensors, and gives those their operators."""
    for table, handler in ((_UNARY, _elementwise), (_BINARY, _binary)):
        for module, names in table.items():
            for name in names.split():
                function = getattr(module, name)
                _register(function, handler(function))
    for function, answer in _special():
        _register(function, answer)
    _add_operators()


# -- operators ---------------------------------------------------------------------------------
_OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "div",
    "truediv": "truediv",
    "floordiv": "floordiv",
    "mod": "floormod",
    "pow": "pow",
    "and": "logical_and",
    "or": "logical_or",
    "xor": "logical_xor",
}
_COMPARISONS = {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}


def _forward(function: Function) -> Function:
    return lambda x, y: binary(function, x, y)


def _backward(function: Function) -> Function:
    return lambda y, x: binary(function, x, y)


def _add_operators() -> None:
    for name, symbol in (_OPERATORS | _COMPARISONS).items():
        setattr(RaggedTensor, f"__{name}__", _forward(getattr(math_ops, symbol)))
    for name, symbol in _OPERATORS.items():
        setattr(RaggedTensor, f"__r{name}__", _backward(getattr(math_ops, symbol)))
    for name, symbol in (("neg", "negative"), ("abs", "abs"), ("invert", "logical_not")):
        setattr(RaggedTensor, f"__{name}__", _elementwise(getattr(math_ops, symbol)))
