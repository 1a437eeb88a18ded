"""Ops on lists of gradients: what the gradients of list ops are made of.

A list of gradients has an element where one has arrived, and zero elsewhere; a number in its place
is the zero list. `like` gives an element the shape and dtype of the value it is the gradient of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import Attrs, Values, define
from ..core.shape import Shape
from ..core.tensor import Literal, Operation
from .element_list import ElementList, as_list

ZERO_FLOW = Literal(np.zeros((), np.float32))


def _like(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [shapes[2]]


def _list_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [()]


def _at(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    items, index, like = inputs
    found = as_list(items).get(int(index))
    return xp.zeros_like(like) if found is None else found


def _at_grad(op: Operation, dy: Any) -> list[Any]:
    return [apply("_ListAdd", zero(op), op.inputs[1], dy), None, None]


def _add(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    items, index, value = inputs
    known = as_list(items).get(int(index))
    return as_list(items).with_item(int(index), value if known is None else known + value)


def _add_grad(op: Operation, dy: Any) -> list[Any]:
    return [dy, None, apply("_ListAt", dy, op.inputs[1], op.inputs[2])]


def _drop(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    items = as_list(inputs[0])
    return items.without_item(int(inputs[1]))


def _drop_grad(op: Operation, dy: Any) -> list[Any]:
    return [apply("_ListDrop", dy, op.inputs[1]), None]


def _gather(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    items, indices, like = inputs
    found = as_list(items)
    out = xp.zeros_like(like)
    for row, index in enumerate(np.ravel(indices)):
        value = found.get(int(index))
        if value is not None:
            out[row] = value
    return out


def _gather_grad(op: Operation, dy: Any) -> list[Any]:
    return [apply("_ListScatterAdd", zero(op), op.inputs[1], dy), None, None]


def _scatter(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    items, indices, rows = inputs
    out = as_list(items)
    for row, index in enumerate(np.ravel(indices)):
        known = out.get(int(index))
        out = out.with_item(int(index), rows[row] if known is None else known + rows[row])
    return out


def _scatter_grad(op: Operation, dy: Any) -> list[Any]:
    return [dy, None, apply("_ListGather", dy, op.inputs[1], op.inputs[2])]


def _split(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    """Pieces of a tensor, of these lengths along its first axis, as a list of gradients."""
    items, value, lengths = inputs
    out, start = as_list(items), 0
    for index, length in enumerate(np.ravel(lengths)):
        piece = value[start : start + int(length)]
        known = out.get(index)
        out = out.with_item(index, piece if known is None else known + piece)
        start += int(length)
    return out


def _split_grad(op: Operation, dy: Any) -> list[Any]:
    return [dy, apply("_ListJoin", dy, op.inputs[2], op.inputs[1]), None]


def _join(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    """The elements of a list of gradients one after another."""
    items, lengths, like = inputs
    found, out, start = as_list(items), xp.zeros_like(like), 0
    for index, length in enumerate(np.ravel(lengths)):
        value = found.get(index)
        if value is not None:
            out[start : start + int(length)] = value
        start += int(length)
    return out


def _join_grad(op: Operation, dy: Any) -> list[Any]:
    return [apply("_ListSplit", zero(op), dy, op.inputs[1]), None, None]


def _zero(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    return ElementList(as_list(inputs[0]).info.__class__(accumulate=True))


def zero(op: Operation) -> Any:
    """The zero list, of the dtype of the operation's first operand."""
    if op.inputs[0].dtype.base_dtype.name == "variant":
        return apply("_ListZero", op.inputs[0])
    return ZERO_FLOW


_LIST = "L:type{float32,variant}"
define("_ListZero", "like:L -> list:L", _LIST, shape=_list_shape, kernel=_zero, stateful=True)
define(
    "_ListAt",
    "list:L index:int32 like:T -> value:T",
    f"{_LIST}; T:type",
    shape=_like,
    kernel=_at,
    grad=_at_grad,
    stateful=True,
)
define(
    "_ListAdd",
    "list:L index:int32 value:T -> out:L",
    f"{_LIST}; T:type",
    shape=_list_shape,
    kernel=_add,
    grad=_add_grad,
    stateful=True,
)
define(
    "_ListDrop",
    "list:L index:int32 -> out:L",
    _LIST,
    shape=_list_shape,
    kernel=_drop,
    grad=_drop_grad,
    stateful=True,
)
define(
    "_ListGather",
    "list:L indices:int32 like:T -> value:T",
    f"{_LIST}; T:type",
    shape=_like,
    kernel=_gather,
    grad=_gather_grad,
    stateful=True,
)
define(
    "_ListScatterAdd",
    "list:L indices:int32 value:T -> out:L",
    f"{_LIST}; T:type",
    shape=_list_shape,
    kernel=_scatter,
    grad=_scatter_grad,
    stateful=True,
)
define(
    "_ListSplit",
    "list:L value:T lengths:int64 -> out:L",
    f"{_LIST}; T:type",
    shape=_list_shape,
    kernel=_split,
    grad=_split_grad,
    stateful=True,
)
define(
    "_ListJoin",
    "list:L lengths:int64 like:T -> value:T",
    f"{_LIST}; T:type",
    shape=_like,
    kernel=_join,
    grad=_join_grad,
    stateful=True,
)
