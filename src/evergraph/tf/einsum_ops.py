"""`tf.einsum`: sums of products by Einstein's convention, as transposes and matrix products."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from math import prod
from typing import Any

from ..core.tensor import Tensor
from . import array_ops
from .emitting import emit_tensor
from .framework import convert_to_tensor, name_scope
from .matrix_ops import matmul, trace
from .reduction_ops import reduce_sum

_EQUATION = re.compile(r"^([a-zA-Z,.]+)(->[a-zA-Z.]*)?$")


def einsum(equation: Any, *inputs: Any, **kwargs: Any) -> Tensor:
    """The sum of products that an equation such as 'ij,jk->ik' names.

    An axis must not occur twice in one input. Without `->` the output has the axes that occur
    once, in alphabetical order.
    """
    name = kwargs.pop("name", None)
    if kwargs:
        raise TypeError(f"invalid keyword arguments for this function: {', '.join(sorted(kwargs))}")
    with name_scope(name, "einsum", [equation, *inputs]):
        tensors = [convert_to_tensor(x) for x in inputs]
        labels, output = _resolved(equation, tensors)
        if len(labels) == 1 and "->" not in equation and _is_mirrored(labels[0]):
            return trace(tensors[0])
        for axes in labels:
            if len(set(axes)) < len(axes):
                raise ValueError(f"Subscript not supported: an axis appears more than once: {axes}")
        many = [a for a in set("".join(labels)) - set(output) if sum(a in s for s in labels) > 2]
        if many:
            return _by_broadcasting(tensors, labels, output)
        return _pairwise(tensors, labels, output)


def _is_mirrored(axes: str) -> bool:
    """Whether axes read the same backwards, as 'ii' and 'ijji': TensorFlow takes the trace then."""
    return len(axes) > 1 and len(set(axes)) < len(axes) and axes == axes[::-1]


# -- the equation ------------------------------------------------------------------------------


def _resolved(equation: str, tensors: Sequence[Tensor]) -> tuple[list[str], str]:
    """The axes of each input and of the output, an ellipsis replaced by letters."""
    equation = equation.replace(" ", "")
    match = _EQUATION.match(equation)
    if match is None:
        raise ValueError(f"Indices have incorrect format: {equation}")
    labels = match[1].split(",")
    output = match[2][2:] if match[2] else None
    if len(labels) != len(tensors):
        raise ValueError(
            f'Got {len(tensors)} arguments for equation "{equation}", expecting {len(labels)}'
        )
    broadcast = ""
    if "..." in equation:
        labels, broadcast = _without_ellipsis(labels, tensors)
        output = None if output is None else output.replace("...", broadcast)
    if "." in "".join(labels) + (output or ""):
        raise ValueError('period "." found outside of ellipsis')
    if output is None:
        letters = "".join(labels)
        once = [a for a in set(letters) - set(broadcast) if letters.count(a) == 1]
        output = broadcast + "".join(sorted(once))
    return labels, output


def _without_ellipsis(labels: Sequence[str], tensors: Sequence[Tensor]) -> tuple[list[str], str]:
    used = "".join(labels)
    unused = "".join(c for c in string.ascii_letters if c not in used)
    out, longest = [], ""
    for axes, x in zip(labels, tensors, strict=True):
        replacement = ""
        if "..." in axes:
            replacement = _ellipsis_axes(axes, x, unused)
            longest = max(longest, replacement, key=len)
        out.append(axes.replace("...", replacement))
    return out, longest


def _ellipsis_axes(axes: str, x: Tensor, unused: str) -> str:
    parts = axes.split("...")
    if len(parts) != 2:
        raise ValueError("Unable to resolve ellipsis. Excess number found.")
    if x.static_shape is None:
        raise ValueError("Unable to statically infer ellipsis axes.")
    count = len(x.static_shape) - len("".join(parts))
    if count < 0:
        raise ValueError("Ellipses lengths do not match.")
    if len(unused) < count:
        raise ValueError("Unable to resolve ellipsis, too many distinct labels.")
    return unused[-count:] if count else ""


# -- products of two ---------------------------------------------------------------------------


def _pairwise(tensors: Sequence[Tensor], labels: Sequence[str], output: str) -> Tensor:
    result, axes = tensors[0], labels[0]
    for x, others in zip(tensors[1:], labels[1:], strict=True):
        summed = (set(axes) & set(others)) - set(output)
        result, axes = _product(result, axes, x, others, summed)
    missing = set(axes) - set(output)
    if missing:
        result = reduce_sum(result, axis=[i for i, a in enumerate(axes) if a in missing])
        axes = "".join(a for a in axes if a in output)
    if sorted(axes) != sorted(output):
        raise ValueError(f"Invalid equation: the output {output!r} has axes of no input.")
    return _transposed(result, [axes.index(a) for a in output])


def _checked_rank(x: Tensor, axes: str) -> None:
    rank = None if x.static_shape is None else len(x.static_shape)
    if rank != len(axes):
        raise ValueError(
            f"{x} of rank {rank} does not match einsum reduction of length {len(axes)}"
        )


def _product(
    a: Tensor, a_axes: str, b: Tensor, b_axes: str, summed: set[str]
) -> tuple[Tensor, str]:
    """The product of two tensors, summed over `summed`, and its axes."""
    _checked_rank(a, a_axes)
    _checked_rank(b, b_axes)
    kept = sorted((set(a_axes) & set(b_axes)) - summed)
    mine = sorted(set(a_axes) - set(kept) - summed)
    theirs = sorted(set(b_axes) - set(kept) - summed)
    inner = sorted(summed)
    # Both get the common axes first; the summed ones are last on the left, before on the right.
    a = _transposed(a, [a_axes.index(x) for x in kept + mine + inner])
    b = _transposed(b, [b_axes.index(x) for x in kept + inner + theirs])
    axes = "".join(kept + mine + theirs)
    if not summed:
        for _ in theirs:
            a = array_ops.expand_dims(a, -1)
        for _ in mine:
            b = array_ops.expand_dims(b, len(kept))
        return emit_tensor("Mul", a, b), axes
    return _summed(a, b, len(kept), len(mine), len(inner)), axes


def _summed(a: Tensor, b: Tensor, kept: int, mine: int, inner: int) -> Tensor:
    """The batched matrix product of (kept, mine, inner) and (kept, inner, theirs) axes."""
    a_shape = _extents(a)
    size = _size(a_shape[kept + mine :])
    a = _reshaped(a, [*a_shape[:kept], _size(a_shape[kept : kept + mine]), size])
    b_shape = _extents(b)
    b = _reshaped(b, [*b_shape[:kept], size, _size(b_shape[kept + inner :])])
    return _reshaped(matmul(a, b), a_shape[: kept + mine] + b_shape[kept + inner :])


def _transposed(x: Tensor, perm: list[int]) -> Tensor:
    return x if perm == list(range(len(perm))) else array_ops.transpose(x, perm=perm)


def _extents(x: Tensor) -> list[Any]:
    """The extents, as tensors where they are not known."""
    extents: list[Any] = list(x.static_shape or ())
    unknown = [i for i, d in enumerate(extents) if d is None]
    if unknown:
        shape: Any = array_ops.shape(x)
        for i in unknown:
            extents[i] = shape[i]
    return extents


def _size(extents: Sequence[Any]) -> Any:
    return prod(extents)


def _reshaped(x: Tensor, to: Sequence[Any]) -> Tensor:
    now = x.static_shape or ()
    if len(to) == len(now) and all(
        not isinstance(d, Tensor) and d == n for d, n in zip(to, now, strict=True)
    ):
        return x
    return array_ops.reshape(x, to)


# -- axes shared by more than two inputs -------------------------------------------------------


def _by_broadcasting(tensors: Sequence[Tensor], labels: Sequence[str], output: str) -> Tensor:
    """All inputs stretched over all axes, multiplied and summed: memory grows with each axis."""
    inner = sorted(set("".join(labels)) - set(output))
    order = inner + list(output)
    product: Any = 1
    for x, axes in zip(tensors, labels, strict=True):
        _checked_rank(x, axes)
        x = _transposed(x, [axes.index(a) for a in order if a in axes])
        extents = iter(_extents(x))
        product = product * array_ops.reshape(x, [next(extents) if a in axes else 1 for a in order])
    return reduce_sum(product, list(range(len(inner))))
