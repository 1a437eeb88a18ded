"""Functions under the names and with the arguments that TensorFlow 2 gave them.

TensorFlow 1.15 has them in its internal modules, mostly with a name that ends in `_v2`. Here each
calls its equal of TensorFlow 1.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any


def _tf() -> Any:
    return importlib.import_module("evergraph.tf")


def _check(name: str) -> Callable[..., Any]:
    """An assertion of `tf.debugging` by name."""
    check: Callable[..., Any] = getattr(_tf().debugging, name)
    return check


def assert_equal_v2(
    x: Any, y: Any, message: Any = None, summarize: Any = None, name: Any = None
) -> Any:
    """Checks x == y element by element."""
    return _check("assert_equal")(x, y, None, summarize, message, name)


def assert_none_equal_v2(
    x: Any, y: Any, summarize: Any = None, message: Any = None, name: Any = None
) -> Any:
    """Checks x != y for every element."""
    return _check("assert_none_equal")(x, y, None, summarize, message, name)


def assert_less_v2(
    x: Any, y: Any, message: Any = None, summarize: Any = None, name: Any = None
) -> Any:
    """Checks x < y element by element."""
    return _check("assert_less")(x, y, None, summarize, message, name)


def assert_less_equal_v2(
    x: Any, y: Any, message: Any = None, summarize: Any = None, name: Any = None
) -> Any:
    """Checks x <= y element by element."""
    return _check("assert_less_equal")(x, y, None, summarize, message, name)


def assert_greater_v2(
    x: Any, y: Any, message: Any = None, summarize: Any = None, name: Any = None
) -> Any:
    """Checks x > y element by element."""
    return _check("assert_greater")(x, y, None, summarize, message, name)


def assert_greater_equal_v2(
    x: Any, y: Any, message: Any = None, summarize: Any = None, name: Any = None
) -> Any:
    """Checks x >= y element by element."""
    return _check("assert_greater_equal")(x, y, None, summarize, message, name)


def assert_near_v2(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    message: Any = None,
    summarize: Any = None,
    name: Any = None,
) -> Any:
    """Checks |x - y| < atol + rtol * |y|."""
    return _check("assert_near")(x, y, rtol, atol, None, summarize, message, name)


def assert_negative_v2(x: Any, message: Any = None, summarize: Any = None, name: Any = None) -> Any:
    """Checks x < 0 for every element."""
    return _check("assert_negative")(x, None, summarize, message, name)


def assert_positive_v2(x: Any, message: Any = None, summarize: Any = None, name: Any = None) -> Any:
    """Checks x > 0 for every element."""
    return _check("assert_positive")(x, None, summarize, message, name)


def assert_non_negative_v2(
    x: Any, message: Any = None, summarize: Any = None, name: Any = None
) -> Any:
    """Checks x >= 0 for every element."""
    return _check("assert_non_negative")(x, None, summarize, message, name)


def assert_non_positive_v2(
    x: Any, message: Any = None, summarize: Any = None, name: Any = None
) -> Any:
    """Checks x <= 0 for every element."""
    return _check("assert_non_positive")(x, None, summarize, message, name)


def assert_rank_v2(x: Any, rank: Any, message: Any = None, name: Any = None) -> Any:
    """Checks that `x` has this rank."""
    return _check("assert_rank")(x, rank, message=message, name=name)


def assert_rank_at_least_v2(x: Any, rank: Any, message: Any = None, name: Any = None) -> Any:
    """Checks that `x` has this rank or a higher one."""
    return _check("assert_rank_at_least")(x, rank, message=message, name=name)


def assert_rank_in_v2(x: Any, ranks: Any, message: Any = None, name: Any = None) -> Any:
    """Checks that `x` has one of these ranks."""
    return _check("assert_rank_in")(x, ranks, message=message, name=name)


def assert_integer_v2(x: Any, message: Any = None, name: Any = None) -> None:
    """Raises TypeError unless `x` is of an integer type."""
    _check("assert_integer")(x, message=message, name=name)


def assert_type_v2(tensor: Any, tf_type: Any, message: Any = None, name: Any = None) -> None:
    """Raises TypeError unless `tensor` is of this type."""
    _check("assert_type")(tensor, tf_type, message=message, name=name)


def assert_scalar_v2(tensor: Any, message: Any = None, name: Any = None) -> None:
    """Raises ValueError unless `tensor` is a scalar."""
    _check("assert_scalar")(tensor, name=name, message=message)


def batch_gather_nd(params: Any, indices: Any, batch_dims: Any, name: Any = None) -> Any:
    """`tf.gather_nd` where the first `batch_dims` axes go together."""
    return _tf().gather_nd(params, indices, name=name, batch_dims=batch_dims)


def expand_dims_v2(input: Any, axis: Any, name: Any = None) -> Any:
    """`input` with an axis of length 1 at `axis`."""
    return _tf().expand_dims(input, axis, name)


def squeeze_v2(input: Any, axis: Any = None, name: Any = None) -> Any:
    """`input` without these axes, or all axes, of length 1."""
    return _tf().squeeze(input, axis, name)


def size_v2(input: Any, out_type: Any = None, name: Any = None) -> Any:
    """The number of elements, int32 by default."""
    return _tf().size(input, name, _tf().int32 if out_type is None else out_type)


def size_internal(input: Any, name: Any = None, optimize: bool = True, out_type: Any = None) -> Any:
    """The number of elements; without `optimize` always of an operation `Size`."""
    kind = _tf().int32 if out_type is None else out_type
    if optimize:
        return _tf().size(input, name, kind)
    with _tf().name_scope(name, "Size", [input]) as scope:
        return _tf().raw_ops.Size(input=_tf().convert_to_tensor(input), out_type=kind, name=scope)


def rank_internal(input: Any, name: Any = None, optimize: bool = True) -> Any:
    """The number of axes; without `optimize` always of an operation `Rank`."""
    if optimize:
        return _tf().rank(input, name)
    with _tf().name_scope(name, "Rank", [input]) as scope:
        return _tf().raw_ops.Rank(input=_tf().convert_to_tensor(input), name=scope)


def softmax_v2(logits: Any, axis: Any = None, name: Any = None) -> Any:
    """exp(logits) / sum(exp(logits)) along an axis, the last by default."""
    return _tf().nn.softmax(logits, axis, name)


def log_softmax_v2(logits: Any, axis: Any = None, name: Any = None) -> Any:
    """The logarithm of the softmax along an axis, the last by default."""
    return _tf().nn.log_softmax(logits, axis, name)


def dropout_v2(
    x: Any, rate: Any, noise_shape: Any = None, seed: Any = None, name: Any = None
) -> Any:
    """`x` with a share `rate` of its elements zero and the others scaled up."""
    return _tf().nn.dropout(x, noise_shape=noise_shape, seed=seed, name=name, rate=rate)


def moments_v2(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: Any = None
) -> Any:
    """Mean and variance over axes; `shift` is not used."""
    return _tf().nn.moments(x, axes, shift, name, keepdims=keepdims)


def substr_v2(input: Any, pos: Any, len: Any, unit: str = "BYTE", name: Any = None) -> Any:
    """The part of `len` bytes (or characters, by `unit`) from `pos` on of every string."""
    return _tf().strings.substr(input, pos, len, name, unit)
