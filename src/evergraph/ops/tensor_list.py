"""TensorFlow's list ops, whose lists are values of dtype variant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Attrs, Values, define
from ..core.shape import Shape, compatible, show_brackets
from ..core.tensor import Operation
from .element_list import ElementList, ListInfo, as_list, is_list, no_rows, unwritten

_ELEMENT = "element_dtype:type"
_SHAPED = "element_dtype:type; shape_type:type{int32,int64}"


def _scalar(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [()]


def as_shape(x: Any) -> Shape:
    """A shape from its operand: -1 for the whole, or for single extents, is unknown."""
    value = np.asarray(x)
    if value.ndim == 0:
        if value != -1:
            raise ValueError(
                f"The only valid scalar shape tensor is the fully unknown shape -1, not {value}."
            )
        return None
    return tuple(None if d < 0 else int(d) for d in value)


def _static(values: Values, index: int) -> Shape:
    known = values[index]
    return values.as_shape(index) if known is None else as_shape(known)


def checked_list(x: Any, dtype: Any = None) -> ElementList:
    """A list operand; ValueError if it is none, or of another dtype."""
    if not is_list(x):
        raise ValueError("Input handle is not a list. Saw: " + type(x).__name__)
    if dtype is not None and x.info.dtype is not None and x.info.dtype != dtype.np_dtype:
        have = dtypes.as_dtype(x.info.dtype).name
        raise ValueError(f"Invalid data types; op elements {dtype.name}, but list elements {have}")
    return x  # type: ignore[no-any-return]


def _info(attrs: Attrs, shape: Shape) -> ListInfo:
    return ListInfo(attrs["element_dtype"].np_dtype, shape, name="TensorList")


def _empty(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    return ElementList(_info(attrs, as_shape(inputs[0])))


def _reserve(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    count = int(inputs[1])
    if count < 0:
        raise ValueError(
            f"The num_elements to reserve must be a non negative number, but got {count}"
        )
    return ElementList(_info(attrs, as_shape(inputs[0])), count)


def _checked(items: ElementList, value: Any) -> Any:
    shape = items.info.element_shape
    if not compatible(shape, np.shape(value)):
        raise ValueError(
            "Tried to append a tensor with incompatible shape to a list. Op element shape: "
            f"{show_brackets(np.shape(value))} list shape: {shape}"
        )
    return value


def _push(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    items = checked_list(inputs[0], attrs["element_dtype"])
    return items.with_item(items.size, _checked(items, inputs[1]))


def _push_grad(op: Operation, dy: Any) -> list[Any]:
    index = apply("TensorListLength", op.inputs[0])
    return [apply("_ListDrop", dy, index), apply("_ListAt", dy, index, op.inputs[1])]


def _pop(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    items = checked_list(inputs[0], attrs["element_dtype"])
    if not items.size:
        raise ValueError("Trying to pop from an empty list.")
    value = items.get(items.size - 1)
    if value is None:
        value = unwritten(items, items.size - 1, as_shape(inputs[1]))
    return items.resized(items.size - 1), value


def _pop_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [(), _static(values, 1)]


def _pop_grad(op: Operation, dlist: Any, dy: Any) -> list[Any]:
    if dy is None:  # what is missing in a list of gradients is zero
        return [dlist, None]
    index = apply("TensorListLength", op.outputs[0])
    dlist = apply("_ListZero", op.inputs[0]) if dlist is None else dlist
    return [apply("_ListAdd", dlist, index, dy), None]


def _get(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    items, index = checked_list(inputs[0], attrs["element_dtype"]), int(inputs[1])
    _check_index(items, index)
    value = items.get(index)
    return unwritten(items, index, as_shape(inputs[2])) if value is None else value


def _check_index(items: ElementList, index: int) -> None:
    if not 0 <= index < items.size:
        raise ValueError(f"Trying to access element {index} in a list with {items.size} elements.")


def _get_grad(op: Operation, dy: Any) -> list[Any]:
    return [apply("_ListAdd", apply("_ListZero", op.inputs[0]), op.inputs[1], dy), None, None]


def _set(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    items, index = checked_list(inputs[0], attrs["element_dtype"]), int(inputs[1])
    if not 0 <= index < items.size:
        raise ValueError(f"Trying to modify element {index} in a list with {items.size} elements.")
    return items.with_item(index, _checked(items, inputs[2]))


def _set_grad(op: Operation, dy: Any) -> list[Any]:
    index = op.inputs[1]
    return [apply("_ListDrop", dy, index), None, apply("_ListAt", dy, index, op.inputs[2])]


def _rows(items: ElementList, indices: Any, shape: Shape) -> Any:
    if not len(indices):
        known = items.info.element_shape if items.info.element_shape is not None else shape
        if known is None or any(d is None for d in known):
            raise ValueError(
                "Tried to stack elements of an empty list with non-fully-defined element_shape."
            )
        return no_rows(known, items.info.dtype)
    rows = []
    known = next((np.shape(x) for x in items.items.values()), shape)
    for i in indices:
        _check_index(items, int(i))
        value = items.get(int(i))
        rows.append(unwritten(items, int(i), known) if value is None else value)
    if len({np.shape(r) for r in rows}) > 1:
        raise ValueError("Tried to stack elements with different shapes.")
    return np.stack(rows)


def _stack(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    items = checked_list(inputs[0], attrs["element_dtype"])
    wanted = attrs["num_elements"]
    if wanted != -1 and wanted != items.size:
        raise ValueError(
            f"Operation expected a list with {wanted} elements but got a list with {items.size} "
            "elements."
        )
    return _rows(items, range(items.size), as_shape(inputs[1]))


def _stack_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    element = _static(values, 1)
    count = attrs["num_elements"]
    return [None if element is None else (None if count < 0 else count, *element)]


def _positions(x: Any) -> Any:
    from ..core.tensor import Literal

    return apply("Range", Literal(np.int32(0)), apply("TensorListLength", x), Literal(np.int32(1)))


def _stack_grad(op: Operation, dy: Any) -> list[Any]:
    zero = apply("_ListZero", op.inputs[0])
    return [apply("_ListScatterAdd", zero, _positions(op.inputs[0]), dy), None]


def _gather(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    items = checked_list(inputs[0], attrs["element_dtype"])
    return _rows(items, np.ravel(inputs[1]), as_shape(inputs[2]))


def _gather_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    element = _static(values, 2)
    rows = None if shapes[1] is None else shapes[1][0]
    return [None if element is None else (rows, *element)]


def _gather_grad(op: Operation, dy: Any) -> list[Any]:
    zero = apply("_ListZero", op.inputs[0])
    return [apply("_ListScatterAdd", zero, op.inputs[1], dy), None, None]


def _from_tensor(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    value = inputs[0]
    if not np.ndim(value):
        raise ValueError("Tensor must be at least a vector, but saw shape: []")
    shape = as_shape(inputs[1])
    if not compatible(shape, np.shape(value)[1:]):
        raise ValueError(
            "Specified a list with shape "
            f"{shape} from a tensor with shape {show_brackets(np.shape(value)[1:])}"
        )
    items = dict(enumerate(value))
    return ElementList(_info(attrs, shape), len(value), items)


def _from_tensor_grad(op: Operation, dy: Any) -> list[Any]:
    x = op.inputs[0]
    return [apply("_ListGather", dy, _positions(op.outputs[0]), x), None]


def _scatter(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    value, indices = inputs[0], [int(i) for i in np.ravel(inputs[1])]
    size = max(indices, default=-1) + 1
    if len(inputs) > 3 and int(inputs[3]) != -1:
        size = int(inputs[3])
    if len(indices) != len(value):
        raise ValueError(f"Specified {len(indices)} indices for a tensor of {len(value)} rows.")
    if size > 1 << 26 or any(i < 0 or i >= size for i in indices):
        raise ValueError("Indices in TensorListScatter must all be non-negative and in the list.")
    return ElementList(
        _info(attrs, as_shape(inputs[2])), size, dict(zip(indices, value, strict=True))
    )


def _scatter_grad(op: Operation, dy: Any) -> list[Any]:
    rest: list[Any] = [None] * (len(op.inputs) - 1)
    return [apply("_ListGather", dy, op.inputs[1], op.inputs[0]), *rest]


def _scatter_into(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    items = checked_list(inputs[0], attrs["element_dtype"])
    for row, index in zip(inputs[1], np.ravel(inputs[2]), strict=True):
        if index < 0:
            raise ValueError("Indices in TensorListScatter must all be non-negative.")
        items = items.with_item(int(index), _checked(items, row))
    return items


def _scatter_into_grad(op: Operation, dy: Any) -> list[Any]:
    # What was overwritten has no part in the result; a row's gradient is taken from its place.
    return [dy, apply("_ListGather", dy, op.inputs[2], op.inputs[1]), None]


def _resize(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    size = int(inputs[1])
    if size < 0:
        raise ValueError(f"TensorListSlice expects size to be non-negative. Got: {size}")
    return checked_list(inputs[0]).resized(size)


def _concat(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    items = checked_list(inputs[0], attrs["element_dtype"])
    rows = []
    for i in range(items.size):
        row = items.get(i)
        if row is None:
            row = unwritten(items, i, as_shape(inputs[1]) if len(inputs) > 1 else None)
        if not np.ndim(row):
            raise ValueError(
                f"Concat saw a scalar shape at index {i} but requires at least vectors."
            )
        rows.append(row)
    lengths = np.asarray([len(r) for r in rows], np.int64)
    if not rows:
        shape = items.info.element_shape or ()
        if not shape or any(d is None for d in shape[1:]):
            raise ValueError(
                "All except the first dimension must be fully defined when concating an empty "
                "tensor list."
            )
        return no_rows(shape[1:], items.info.dtype), lengths
    if len({np.shape(r)[1:] for r in rows}) > 1:
        raise ValueError("Tried to concat tensors with unequal shapes.")
    return np.concatenate(rows), lengths


def _concat_grad(op: Operation, dy: Any, dlengths: Any) -> list[Any]:
    zero = apply("_ListZero", op.inputs[0])
    rest: list[Any] = [None] * (len(op.inputs) - 1)
    return [apply("_ListSplit", zero, dy, op.outputs[1]), *rest]


def _split(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    value, lengths = inputs[0], np.ravel(inputs[2])
    if not np.ndim(value):
        raise ValueError("Tensor must be at least a vector, but saw shape: []")
    if np.any(lengths < 0) or lengths.sum() != len(value):
        raise ValueError(
            "Invalid values in lengths: their sum must be the first extent of the tensor."
        )
    ends = np.cumsum(lengths)
    pieces = [value[e - n : e] for e, n in zip(ends, lengths, strict=True)]
    return ElementList(_info(attrs, as_shape(inputs[1])), len(pieces), dict(enumerate(pieces)))


def _split_grad(op: Operation, dy: Any) -> list[Any]:
    return [apply("_ListJoin", dy, op.inputs[2], op.inputs[0]), None, None]


def _concat_lists(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    a, b = (checked_list(x, attrs["element_dtype"]) for x in inputs)
    items = {**a.items, **{a.size + i: x for i, x in b.items.items()}}
    return ElementList(a.info, a.size + b.size, items)


def _element_shape(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    kind = attrs["shape_type"].np_dtype
    shape = checked_list(inputs[0]).info.element_shape
    if shape is None:
        return np.asarray(-1, kind)
    return np.asarray([-1 if d is None else d for d in shape], kind)


define("EmptyTensorList", "element_shape:shape_type max_num_elements:int32 -> handle:variant",
       _SHAPED, shape=_scalar, kernel=_empty, grad=NO_GRADIENT, stateful=False)  # fmt: skip
define("TensorListReserve", "element_shape:shape_type num_elements:int32 -> handle:variant",
       _SHAPED, shape=_scalar, kernel=_reserve, grad=NO_GRADIENT)  # fmt: skip
define("TensorListPushBack", "input_handle:variant tensor:element_dtype -> output_handle:variant",
       _ELEMENT, shape=_scalar, kernel=_push, grad=_push_grad)  # fmt: skip
define("TensorListPopBack",
       "input_handle:variant element_shape:int32 -> output_handle:variant tensor:element_dtype",
       _ELEMENT, shape=_pop_shape, kernel=_pop, grad=_pop_grad)  # fmt: skip
define("TensorListLength", "input_handle:variant -> length:int32", shape=_scalar,
       kernel=lambda xp, inputs, attrs: np.asarray(as_list(inputs[0]).size, np.int32),
       grad=NO_GRADIENT)  # fmt: skip
define("TensorListElementShape", "input_handle:variant -> element_shape:shape_type",
       "shape_type:type{int32,int64}", shape=lambda s, a, v: [None], kernel=_element_shape,
       grad=NO_GRADIENT)  # fmt: skip
define("TensorListGetItem",
       "input_handle:variant index:int32 element_shape:int32 -> item:element_dtype", _ELEMENT,
       shape=lambda s, a, v: [_static(v, 2)], kernel=_get, grad=_get_grad)  # fmt: skip
define("TensorListSetItem",
       "input_handle:variant index:int32 item:element_dtype -> output_handle:variant", _ELEMENT,
       shape=_scalar, kernel=_set, grad=_set_grad)  # fmt: skip
define("TensorListStack", "input_handle:variant element_shape:int32 -> tensor:element_dtype",
       f"{_ELEMENT}; num_elements:int=-1", shape=_stack_shape, kernel=_stack,
       grad=_stack_grad)  # fmt: skip
define("TensorListGather",
       "input_handle:variant indices:int32 element_shape:int32 -> values:element_dtype", _ELEMENT,
       shape=_gather_shape, kernel=_gather, grad=_gather_grad)  # fmt: skip
define("TensorListFromTensor",
       "tensor:element_dtype element_shape:shape_type -> output_handle:variant", _SHAPED,
       shape=_scalar, kernel=_from_tensor, grad=_from_tensor_grad)  # fmt: skip
define("TensorListScatter",
       "tensor:element_dtype indices:int32 element_shape:shape_type -> output_handle:variant",
       _SHAPED, shape=_scalar, kernel=_scatter, grad=_scatter_grad)  # fmt: skip
define("TensorListScatterV2",
       "tensor:element_dtype indices:int32 element_shape:shape_type num_elements:int32 -> "
       "output_handle:variant",
       _SHAPED, shape=_scalar, kernel=_scatter, grad=_scatter_grad)  # fmt: skip
define("TensorListScatterIntoExistingList",
       "input_handle:variant tensor:element_dtype indices:int32 -> output_handle:variant", _ELEMENT,
       shape=_scalar, kernel=_scatter_into, grad=_scatter_into_grad)  # fmt: skip
define("TensorListResize", "input_handle:variant size:int32 -> output_handle:variant",
       shape=_scalar, kernel=_resize, grad=lambda op, dy: [dy, None], stateful=True)  # fmt: skip
define("TensorListConcat", "input_handle:variant -> tensor:element_dtype lengths:int64",
       f"{_ELEMENT}; element_shape:shape=unknown",
       shape=lambda s, a, v: [None, (None,)], kernel=_concat, grad=_concat_grad)  # fmt: skip
define("TensorListConcatV2",
       "input_handle:variant element_shape:shape_type leading_dims:int64 -> tensor:element_dtype "
       "lengths:int64",
       _SHAPED, shape=lambda s, a, v: [None, (None,)], kernel=_concat,
       grad=_concat_grad)  # fmt: skip
define("TensorListSplit",
       "tensor:element_dtype element_shape:shape_type lengths:int64 -> output_handle:variant",
       _SHAPED, shape=_scalar, kernel=_split, grad=_split_grad)  # fmt: skip
define("TensorListConcatLists", "input_a:variant input_b:variant -> output:variant", _ELEMENT,
       shape=_scalar, kernel=_concat_lists, grad=NO_GRADIENT)  # fmt: skip
