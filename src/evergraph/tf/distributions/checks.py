"""What distributions share: probabilities and their logits, checks, counts, seeds."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from ...core import dtypes
from ...core.dtypes import DType
from ...core.tensor import Tensor
from .. import array_ops, check_ops, math_ops, nn
from ..elementwise_ops import xlogy
from ..framework import convert_to_tensor, name_scope
from ..grouping import with_dependencies

__all__ = [
    "embed_check_categorical_event_shape",
    "embed_check_integer_casting_closed",
    "embed_check_nonnegative_integer_form",
    "gen_new_seed",
    "get_logits_and_probs",
    "log_combinations",
    "xlogy",
]

_INTEGERS_OF_FLOATS = {
    dtypes.float16: dtypes.int16,
    dtypes.float32: dtypes.int32,
    dtypes.float64: dtypes.int64,
}


def gen_new_seed(seed: int | None, salt: str) -> int | None:
    """A seed that hangs on `seed` and a word; None without a seed."""
    if seed is None:
        return None
    digest = hashlib.md5((str(seed) + salt).encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) & 0x7FFFFFFF


def log_combinations(n: Any, counts: Any, name: str = "log_combinations") -> Tensor:
    """The logarithm of n! over the product of the factorials of `counts` (last axis)."""
    with name_scope(name, values=[n, counts]):
        n, counts = convert_to_tensor(n, name="n"), convert_to_tensor(counts, name="counts")
        orders = math_ops.lgamma(n + 1)
        same = math_ops.reduce_sum(math_ops.lgamma(counts + 1), axis=[-1])
        return orders - same


# -- probabilities -------------------------------------------------------------------------------
def get_logits_and_probs(
    logits: Any = None,
    probs: Any = None,
    multidimensional: bool = False,
    validate_args: bool = False,
    name: str = "get_logits_and_probs",
    dtype: DType | None = None,
) -> tuple[Tensor, Tensor]:
    """Logits and probabilities of whichever is given.

    With `multidimensional` the last axis is that of the classes. Raises ValueError unless one is
    given, TypeError if that is not of a floating type.
    """
    with name_scope(name, values=[probs, logits]):
        if (probs is None) == (logits is None):
            raise ValueError("Must pass probs or logits, but not both.")
        if probs is None:
            logits = _floating(logits, "logits", dtype)
            if not multidimensional:
                return logits, math_ops.sigmoid(logits, name="probs")
            if validate_args:
                logits = embed_check_categorical_event_shape(logits)
            return logits, nn.softmax(logits, name="probs")
        probs = _floating(probs, "probs", dtype)
        if validate_args:
            probs = _checked_probs(probs, multidimensional)
        with name_scope("logits"):
            if multidimensional:
                return math_ops.log(probs), probs
            return math_ops.log(probs) - math_ops.log1p(-1.0 * probs), probs


def _floating(x: Any, name: str, dtype: DType | None) -> Tensor:
    x = convert_to_tensor(x, name=name, dtype=dtype)
    if not x.dtype.is_floating:
        raise TypeError(f"{name} must having floating type.")
    return x  # type: ignore[no-any-return]


def _checked_probs(probs: Tensor, multidimensional: bool) -> Tensor:
    with name_scope("validate_probs"):
        one = array_ops.constant(1.0, probs.dtype)
        checks = [check_ops.assert_non_negative(probs)]
        if multidimensional:
            probs = embed_check_categorical_event_shape(probs)
            total = math_ops.reduce_sum(probs, -1)
            message = "probs does not sum to 1."
            checks.append(check_ops.assert_near(total, one, message=message))
        else:
            message = "probs has components greater than 1."
            checks.append(check_ops.assert_less_equal(probs, one, message=message))
        return with_dependencies(checks, probs)  # type: ignore[no-any-return]


# -- checks --------------------------------------------------------------------------------------
def _assert_integer_form(x: Tensor, message: str, dtype: DType | None = None) -> Any:
    """An op that fails unless `x`, of a floating type, is unchanged by a cast to integers."""
    with name_scope("assert_integer_form", values=[x]):
        integer = dtype or _INTEGERS_OF_FLOATS.get(x.dtype.base_dtype)
        if integer is None:
            raise TypeError(f"Unrecognized type {x.dtype.name}")
        rounded = math_ops.cast(math_ops.cast(x, integer), x.dtype)
        return check_ops.assert_equal(x, rounded, message=message, name="assert_integer_form")


def embed_check_nonnegative_integer_form(
    x: Any, name: str = "embed_check_nonnegative_integer_form"
) -> Tensor:
    """`x`, checked in the run to hold integers from 0, of whatever type."""
    with name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        checks = [check_ops.assert_non_negative(x, message=f"'{x}' must be non-negative.")]
        if not x.dtype.is_integer:
            message = f"'{x}' cannot contain fractional components."
            checks.append(_assert_integer_form(x, message))
        return with_dependencies(checks, x)  # type: ignore[no-any-return]


def _largest(dtype: DType) -> int:
    """The largest integer that a type counts to without gaps."""
    if dtype.is_floating:
        return int(2 ** (np.finfo(dtype.as_numpy_dtype).nmant + 1))
    return 1 if dtype.base_dtype == dtypes.bool_ else int(np.iinfo(dtype.as_numpy_dtype).max)


def embed_check_categorical_event_shape(
    categorical_param: Any, name: str = "embed_check_categorical_event_shape"
) -> Tensor:
    """A parameter of classes, checked to have from two to as many as its type can count.

    Raises ValueError for what is known now, TypeError for a type that is not floating.
    """
    with name_scope(name, values=[categorical_param]):
        x = convert_to_tensor(categorical_param, name="categorical_param")
        if not x.dtype.is_floating:
            raise TypeError(f"Unable to validate size of unrecognized dtype ({x.dtype.name}).")
        if x.shape.ndims == 0:
            raise ValueError("A categorical-distribution parameter must have at least 1 dimension.")
        most = _largest(x.dtype)
        size = None if x.shape.ndims is None else x.shape.as_list()[-1]
        if size is None:
            return _event_shape_checked_in_run(x, most)
        if size < 2:
            raise ValueError("A categorical-distribution parameter must have at least 2 events.")
        if size > most:
            raise ValueError(
                f"Number of classes exceeds `dtype` precision, i.e., {x.dtype.name} implies shape "
                f"({size}) cannot exceed {most}."
            )
        return x


def _event_shape_checked_in_run(x: Tensor, most: int) -> Tensor:
    size = array_ops.shape(x, name="x_shape")[-1]
    what = "A categorical-distribution parameter must have at least"
    checks = [
        check_ops.assert_rank_at_least(x, 1, message=f"{what} 1 dimension."),
        check_ops.assert_greater_equal(array_ops.shape(x)[-1], 2, message=f"{what} 2 events."),
        check_ops.assert_less_equal(
            size, most, message=f"There are more classes than {x.dtype.name} counts: {most}."
        ),
    ]
    return with_dependencies(checks, x)  # type: ignore[no-any-return]


def embed_check_integer_casting_closed(
    x: Any, target_dtype: DType, name: str = "embed_check_casting_closed"
) -> Tensor:
    """`x`, checked in the run to hold integers from 0 that `target_dtype` can hold.

    Raises TypeError for what holds no numbers.
    """
    with name_scope(name, values=[x]):
        x = convert_to_tensor(x, name="x")
        if not (x.dtype.is_integer or x.dtype.is_floating or x.dtype.base_dtype == dtypes.bool_):
            raise TypeError(f"{x.dtype.name}.dtype must be floating- or integer-type.")
        checks = [check_ops.assert_non_negative(x, message="Elements must be non-negative.")]
        if x.dtype.is_floating:
            message = f"Elements must be {target_dtype.name}-equivalent."
            checks.append(_assert_integer_form(x, message, target_dtype))
        elif _largest(x.dtype) > (most := _largest(target_dtype)):
            message = f"Elements cannot exceed {most}."
            checks.append(check_ops.assert_less_equal(x, most, message=message))
        return with_dependencies(checks, x)  # type: ignore[no-any-return]
