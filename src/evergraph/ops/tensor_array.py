"""The ops of `tf.TensorArray`: its flow is the list itself, its handle only a name for it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Attrs, Values, define
from ..core.shape import Shape, compatible, show_brackets
from ..core.tensor import Operation
from .element_list import ElementList, ListInfo, as_list, elements, no_rows, read, write
from .gradient_lists import ZERO_FLOW

_numbers = count()


class _Handle:
    """Names a list: what the resource of a TensorArray is in a run."""

    shape = ()
    ndim = 0

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<handle of TensorArray {self.name}>"


def _scalars(n: int) -> Any:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        return [()] * n

    return rule


def _need_scalar(shapes: Sequence[Shape], index: int) -> None:
    shape = shapes[index]
    if shape is not None and len(shape):
        raise ValueError(f"Shape must be rank 0 but is rank {len(shape)}")


def _need_vector(shape: Shape) -> None:
    if shape is not None and len(shape) != 1:
        raise ValueError(f"Shape must be rank 1 but is rank {len(shape)}")


def _flow_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [()]


def _new_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    _need_scalar(shapes, 0)
    return [(2,), ()]


def _new(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    size = np.asarray(inputs[0])
    if size.ndim:
        raise ValueError(
            f"TensorArray size must be scalar, but had shape: {show_brackets(size.shape)}"
        )
    if size < 0:
        raise ValueError("Size should be >= 0.")
    name = f"{attrs['tensor_array_name'] or 'TensorArray'}_{next(_numbers)}"
    info = ListInfo(
        attrs["dtype"].np_dtype,
        attrs["element_shape"],
        attrs["dynamic_size"],
        attrs["clear_after_read"],
        name=name,
        alike=attrs["identical_element_shapes"],
    )
    return _Handle(name), ElementList(info, int(size))


def _grad_list(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    forward = as_list(inputs[1])
    prepend = tuple(int(d) for d in np.ravel(inputs[2])) if len(inputs) > 2 else ()
    shape = forward.info.element_shape
    if prepend:
        shape = None if shape is None else (*prepend, *shape)
    name = f"{forward.info.name}@{attrs['source']}"
    info = ListInfo(forward.info.dtype, shape, False, False, True, name)
    known: list[Any] = list(forward.items.values())
    if shape is None and known and not prepend:
        # A gradient has the shape of what was written.
        info.element_shape = np.shape(known[0]) if _all_alike(known) else None
    return _Handle(name), ElementList(info, forward.size)


def _all_alike(values: Sequence[Any]) -> bool:
    return len({np.shape(v) for v in values}) == 1


define(
    "TensorArrayV3",
    "size:int32 -> handle:resource flow:float32",
    "dtype:type; element_shape:shape=unknown; dynamic_size:bool=false; "
    "clear_after_read:bool=true; identical_element_shapes:bool=false; tensor_array_name:string=''",
    shape=_new_shape,
    kernel=_new,
    grad=NO_GRADIENT,
    stateful=True,
)
define(
    "TensorArrayGradV3",
    "handle:resource flow_in:float32 -> grad_handle:resource flow_out:float32",
    "source:string",
    shape=lambda shapes, attrs, values: [(2,), ()],
    kernel=_grad_list,
    grad=NO_GRADIENT,
    stateful=True,
)
define(
    "TensorArrayGradWithShape",
    "handle:resource flow_in:float32 shape_to_prepend:int32 "
    "-> grad_handle:resource flow_out:float32",
    "source:string",
    shape=lambda shapes, attrs, values: [(2,), ()],
    kernel=_grad_list,
    grad=NO_GRADIENT,
    stateful=True,
)


def _check_dtype(flow: Any, dtype: Any, name: str = "dtype") -> None:
    info = as_list(flow).info
    if info.dtype is not None and dtype.np_dtype != info.dtype:
        have = dtypes.as_dtype(info.dtype)
        raise ValueError(f"TensorArray dtype is {_cpp(have)} but Op requested dtype {_cpp(dtype)}.")


def _cpp(dtype: Any) -> str:
    return {"float32": "float", "float64": "double"}.get(dtype.name, str(dtype.name))


def _index(x: Any) -> int:
    value = np.asarray(x)
    if value.ndim:
        raise ValueError(
            f"TensorArray index must be scalar, but had shape: {show_brackets(value.shape)}"
        )
    return int(value)


def _write(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    _, index, value, flow = inputs
    _check_dtype(flow, attrs["T"])
    return write(flow, _index(index), value)


def _write_grad(op: Operation, dy: Any) -> list[Any]:
    return [None, None, apply("_ListAt", dy, op.inputs[1], op.inputs[2]), dy]


def _write_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    _need_scalar(shapes, 1)
    return [()]


define(
    "TensorArrayWriteV3",
    "handle:resource index:int32 value:T flow_in:float32 -> flow_out:float32",
    "T:type",
    shape=_write_shape,
    kernel=_write,
    grad=_write_grad,
    stateful=True,
)


def _read(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    _, index, flow = inputs
    _check_dtype(flow, attrs["dtype"])
    return read(flow, _index(index))


def _read_grad(op: Operation, dy: Any) -> list[Any]:
    return [None, None, apply("_ListAdd", ZERO_FLOW, op.inputs[1], dy)]


def _read_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    _need_scalar(shapes, 1)
    return [None]


define(
    "TensorArrayReadV3",
    "handle:resource index:int32 flow_in:float32 -> value:dtype",
    "dtype:type",
    shape=_read_shape,
    kernel=_read,
    grad=_read_grad,
    stateful=True,
)


def _gather_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    _need_vector(shapes[1])
    element = attrs["element_shape"]
    if element is None:
        return [None]
    return [(None if shapes[1] is None else shapes[1][0], *element)]


def _stacked(info: ListInfo, rows: list[Any], element: Shape) -> Any:
    if not rows:
        shape = info.element_shape if info.element_shape is not None else element
        if shape is None or any(d is None for d in shape):
            raise ValueError(
                "TensorArray has size zero, but element shape "
                f"{'<unknown>' if shape is None else show_brackets(shape)} is not fully defined. "
                "Currently only static shapes are supported when packing zero-size TensorArrays."
            )
        return no_rows(shape, info.dtype)
    first = np.shape(rows[0])
    for i, row in enumerate(rows):
        if np.shape(row) != first:
            raise ValueError(
                f"TensorArray {info.name} has inconsistent shapes.  Index 0 has shape: "
                f"{show_brackets(first)} but index {i} has shape: {show_brackets(np.shape(row))}"
            )
    return np.stack(rows)


def _gather(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    _, indices, flow = inputs
    _check_dtype(flow, attrs["dtype"])
    if np.ndim(indices) != 1:
        raise ValueError(
            f"Expected indices to be a vector, but received shape: "
            f"{show_brackets(np.shape(indices))}"
        )
    items = as_list(flow)
    rows = elements(flow, list(indices), attrs["element_shape"])
    for row in rows:
        if not compatible(attrs["element_shape"], np.shape(row)):
            raise ValueError(
                f"TensorArray was passed element_shape {attrs['element_shape']} which does not "
                f"match an element's shape {show_brackets(np.shape(row))}."
            )
    return _stacked(items.info, rows, attrs["element_shape"])


def _gather_grad(op: Operation, dy: Any) -> list[Any]:
    return [None, None, apply("_ListScatterAdd", ZERO_FLOW, op.inputs[1], dy)]


define(
    "TensorArrayGatherV3",
    "handle:resource indices:int32 flow_in:float32 -> value:dtype",
    "dtype:type; element_shape:shape=unknown",
    shape=_gather_shape,
    kernel=_gather,
    grad=_gather_grad,
    stateful=True,
)


def _scatter_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    _need_vector(shapes[1])
    if shapes[2] is not None and not shapes[2]:
        raise ValueError("Shape must be at least rank 1 but is rank 0")
    return [()]


def _scatter(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    _, indices, value, flow = inputs
    _check_dtype(flow, attrs["T"])
    if np.ndim(indices) != 1 or np.ndim(value) < 1 or len(indices) != len(value):
        raise ValueError(
            "Expected len(indices) == values.shape[0], but saw: "
            f"{np.size(indices)} vs. {np.shape(value)[0] if np.ndim(value) else 'a scalar'}"
        )
    for index, row in zip(indices, value, strict=True):
        flow = write(flow, int(index), row)
    return as_list(flow)


def _scatter_grad(op: Operation, dy: Any) -> list[Any]:
    return [None, None, apply("_ListGather", dy, op.inputs[1], op.inputs[2]), dy]


define(
    "TensorArrayScatterV3",
    "handle:resource indices:int32 value:T flow_in:float32 -> flow_out:float32",
    "T:type",
    shape=_scatter_shape,
    kernel=_scatter,
    grad=_scatter_grad,
    stateful=True,
)


def _concat_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    rest = attrs["element_shape_except0"]
    return [None if rest is None else (None, *rest), (None,)]


def _concat(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    items = as_list(inputs[1])
    _check_dtype(items, attrs["dtype"])
    rows = elements(items, range(items.size))
    for i, row in enumerate(rows):
        if not np.ndim(row):
            raise ValueError(
                f"TensorArray {items.info.name}: Concat saw a scalar shape at index {i} but "
                "requires at least vectors.  Did you mean to call pack?"
            )
        if np.shape(row)[1:] != np.shape(rows[0])[1:]:
            raise ValueError(
                f"TensorArray {items.info.name} has inconsistent shapes.  Index 0 has "
                f"(excepting dimension 0) shape: {show_brackets(np.shape(rows[0])[1:])} but index "
                f"{i} has (excepting dimension 0) shape: {show_brackets(np.shape(row)[1:])}"
            )
    lengths = np.asarray([len(r) for r in rows], np.int64)
    if not rows:
        rest = attrs["element_shape_except0"]
        if rest is None or any(d is None for d in rest):
            raise ValueError(
                "TensorArray has size zero, but element_shape_except0 is not fully defined."
            )
        return np.zeros((0, *rest), attrs["dtype"].np_dtype), lengths
    return np.concatenate(rows), lengths


def _concat_grad(op: Operation, dy: Any, dlengths: Any) -> list[Any]:
    return [None, apply("_ListSplit", ZERO_FLOW, dy, op.outputs[1])]


define(
    "TensorArrayConcatV3",
    "handle:resource flow_in:float32 -> value:dtype lengths:int64",
    "dtype:type; element_shape_except0:shape=unknown",
    shape=_concat_shape,
    kernel=_concat,
    grad=_concat_grad,
    stateful=True,
)


def _split_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [()]


def _split(xp: Any, inputs: Any, attrs: Attrs) -> Any:
    _, value, lengths, flow = inputs
    items = as_list(flow)
    _check_dtype(flow, attrs["T"])
    if np.ndim(lengths) != 1:
        raise ValueError(
            f"Expected lengths to be a vector, received shape: {show_brackets(np.shape(lengths))}"
        )
    if np.ndim(value) < 1:
        raise ValueError(
            "Expected value to be at least a vector, but received shape: "
            f"{show_brackets(np.shape(value))}"
        )
    if np.sum(lengths) != len(value) or np.any(np.asarray(lengths) < 0):
        raise ValueError(
            "Expected sum of lengths to be equal to values.shape[0], but sum of lengths is "
            f"{int(np.sum(lengths))} and value's shape is: {show_brackets(np.shape(value))}"
        )
    if len(lengths) != items.size and not items.info.dynamic:
        raise ValueError(
            f"TensorArray's size is not equal to the size of lengths ({items.size} vs. "
            f"{len(lengths)}), and the TensorArray is not marked as dynamically resizeable"
        )
    start = 0
    for index, length in enumerate(lengths):
        items = write(items, index, value[start : start + int(length)])
        start += int(length)
    return items


def _split_grad(op: Operation, dy: Any) -> list[Any]:
    return [None, apply("_ListJoin", dy, op.inputs[2], op.inputs[1]), None, dy]


define(
    "TensorArraySplitV3",
    "handle:resource value:T lengths:int64 flow_in:float32 -> flow_out:float32",
    "T:type",
    shape=_split_shape,
    kernel=_split,
    grad=_split_grad,
    stateful=True,
)
define(
    "TensorArraySizeV3",
    "handle:resource flow_in:float32 -> size:int32",
    shape=_scalars(1),
    kernel=lambda xp, inputs, attrs: np.asarray(as_list(inputs[1]).size, np.int32),
    grad=NO_GRADIENT,
    stateful=True,
)
define(
    "TensorArrayCloseV3",
    "handle:resource ->",
    kernel=lambda xp, inputs, attrs: (),
    grad=NO_GRADIENT,
    stateful=True,
)
