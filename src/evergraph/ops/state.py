"""Variables: their buffers and handles, reading, assigning and updating them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, merge, show
from ..core.tensor import Operand, Operation, Tensor
from ..core.values import OperandValues
from ..errors import FailedPreconditionError, NotFoundError, OutOfRangeError
from .indexed_slices import IndexedSlices
from .operands import as_ints, np_dtype
from .scattering import elements_shape, rows_shape, scatter_elements, scatter_rows
from .selection import gather_nd_kernel, gather_nd_shape, gather_rows, gather_shape
from .slicing import MASK_ATTRS, strided_update

# -- variables -------------------------------------------------------------------------------
for _name in ("VariableV2", "Variable"):
    define(
        _name,
        "-> ref:ref(dtype)",
        "shape:shape; dtype:type; container:string=''; shared_name:string=''",
        shape=lambda shapes, attrs, values: [attrs["shape"]],
        stateful=True,
        is_variable=True,
        grad=NO_GRADIENT,
    )
define(
    "VarHandleOp",
    "-> resource:resource",
    "container:string=''; shared_name:string=''; dtype:type; shape:shape",
    shape=lambda shapes, attrs, values: [()],
    stateful=True,
    is_variable=True,
    grad=NO_GRADIENT,
)


def _start_of_temporary(attrs: Attrs) -> Array:
    shape = attrs["shape"]
    if shape is None or None in shape:
        raise ValueError(f"A temporary variable needs a known shape, not {show(shape)}.")
    return np.zeros(shape, attrs["dtype"].np_dtype)


define(
    "TemporaryVariable",
    "-> ref:ref(dtype)",
    "shape:shape; dtype:type; var_name:string=''",
    shape=lambda shapes, attrs, values: [attrs["shape"]],
    stateful=True,
    is_variable=True,
    starts=_start_of_temporary,
)


def _destroyed(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Any, Array]:
    value = inputs[0]
    if value is None:
        raise NotFoundError(None, None, f"Temporary variable {attrs['var_name']!r} is not there.")
    return None, value


define(
    "DestroyTemporaryVariable",
    "ref:ref(T) -> value:T",
    "T:type; var_name:string",
    shape=lambda shapes, attrs, values: [shapes[0]],
    kernel=_destroyed,
    updates=(0,),
    may_be_unset=(0,),
)


def handle_shape(handle: Operand) -> Shape:
    """The shape of the variable behind a handle, as far as the handle tells."""
    while isinstance(handle, Tensor) and handle.op.type == "Identity":
        handle = handle.op.operands[0]
    shape: Shape = handle.op.attrs.get("shape") if isinstance(handle, Tensor) else None
    return shape


def read_variable(handle: Tensor, dtype: Any, name: str | None = None) -> Tensor:
    """The value of the variable behind a handle, with the static shape that the handle has."""
    value: Tensor = apply("ReadVariableOp", handle, dtype=dtype, name=name)
    value.set_shape(handle_shape(handle))
    return value


def _shapes_behind(shapes: Sequence[Shape], values: Values) -> list[Shape]:
    """The operands' shapes, of the first, a handle, that of its value.

    In a run the value itself stands where the handle does.
    """
    known = values.behind(0)[0] if isinstance(values, OperandValues) else shapes[0]
    return [known, *shapes[1:]]


define(
    "ReadVariableOp",
    "resource:resource -> value:dtype",
    "dtype:type",
    shape=lambda shapes, attrs, values: _shapes_behind(shapes, values),
    stateful=True,
    reads=0,
    grad=lambda op, dy: [dy],
)
define(
    "IsVariableInitialized",
    "ref:ref(dtype) -> is_initialized:bool",
    "dtype:type",
    shape=lambda shapes, attrs, values: [()],
    grad=NO_GRADIENT,
)
define(
    "VarIsInitializedOp",
    "resource:resource -> is_initialized:bool",
    shape=lambda shapes, attrs, values: [()],
    stateful=True,
    grad=NO_GRADIENT,
)


def _value_or(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    value, initial = inputs
    return initial if value is None else value


# An op of the engine's own. TensorFlow builds a tf.cond on IsVariableInitialized instead.
for _name, _handle in (("_InitializedValue", "ref(dtype)"), ("_InitializedResource", "resource")):
    define(
        _name,
        f"variable:{_handle} initial:dtype -> value:dtype",
        "dtype:type",
        shape=lambda shapes, attrs, values: [shapes[1]],
        kernel=_value_or,
        stateful=True,
        may_be_unset=(0,),
        grad=lambda op, dy: [dy, None],
    )


def uninitialized(name: str, is_resource: bool, place: str = "") -> str:
    """The message of an error: a variable is read before it has a value."""
    # TensorFlow's words for resource variables, which programs look for.
    missing = f" Resource localhost/{name}/ does not exist." if is_resource else ""
    return (
        f"Attempting to use uninitialized value {name}: the variable{place} has no value in this "
        "session. Run its initializer first, e.g. sess.run(tf.global_variables_initializer()), "
        f"after all variables are made.{missing}"
    )


def _set_value(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    value = inputs[0]
    if value is None:
        raise FailedPreconditionError(
            None, None, uninitialized(attrs["variable_name"], attrs["is_resource"])
        )
    return value


# What branches and loops read is looked at where it is read: the other branch may not need it.
define(
    "_SetValue",
    "variable:T -> value:T",
    "T:type; variable_name:string; is_resource:bool",
    shape=lambda shapes, attrs, values: [shapes[0]],
    kernel=_set_value,
    may_be_unset=(0,),
)
define(
    "_HasValue",
    "variable:T -> is_set:bool",
    "T:type",
    shape=lambda shapes, attrs, values: [()],
    kernel=lambda xp, inputs, attrs: np.bool_(inputs[0] is not None),
    may_be_unset=(0,),
)


def _variable_shape_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    known = _shapes_behind(shapes, values)[0]
    return [(None,) if known is None else (len(known),)]


# The kernels of the three ops below see the variable's value in the place of its handle.
define(
    "VariableShape",
    "input:resource -> output:out_type",
    "out_type:type{index}=int32",
    shape=_variable_shape_shape,
    kernel=lambda xp, inputs, attrs: np.asarray(inputs[0].shape, np_dtype(attrs, "out_type")),
    partial_value=lambda op: OperandValues(op.operands).behind(0)[0],
    stateful=True,
    grad=NO_GRADIENT,
)


def _shape_behind(handle: Operand) -> Any:
    shape = handle_shape(handle)
    if shape is None or None in shape:
        return apply("VariableShape", handle)
    return apply("Const", value=np.asarray(shape, np.int32), dtype=as_ints(shape).dtype)


def _resource_gather_grad(op: Operation, dy: Any) -> list[Any]:
    handle, indices = op.inputs
    shape = handle_shape(handle)
    flat = apply("Reshape", indices, as_ints([-1]))
    dense = _shape_behind(handle)
    if shape is not None and None not in shape:
        row: Any = as_ints([-1, *shape[1:]])
    else:
        tail = apply("Slice", dense, as_ints([1]), as_ints([-1]))
        row = apply("ConcatV2", [as_ints([-1]), tail], as_ints(0))
    return [IndexedSlices(apply("Reshape", dy, row), flat, dense), None]


def _resource_gather_shape(
    shapes: Sequence[Shape], attrs: Attrs, values: Values
) -> Sequence[Shape]:
    batch_dims = attrs["batch_dims"]
    return gather_shape(_shapes_behind(shapes, values), batch_dims, batch_dims)


def _resource_gather(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    batch_dims = attrs["batch_dims"]
    return gather_rows(xp, inputs[0], inputs[1], batch_dims, batch_dims)


define(
    "ResourceGather",
    "resource:resource indices:Tindices -> output:dtype",
    "batch_dims:int=0; validate_indices:bool=true; dtype:type; Tindices:type{index}",
    shape=_resource_gather_shape,
    kernel=_resource_gather,
    stateful=True,
    grad=_resource_gather_grad,
)


def _resource_gather_nd_shape(
    shapes: Sequence[Shape], attrs: Attrs, values: Values
) -> Sequence[Shape]:
    return gather_nd_shape(_shapes_behind(shapes, values), attrs, values)


define(
    "ResourceGatherNd",
    "resource:resource indices:Tindices -> output:dtype",
    "dtype:type; Tindices:type{index}",
    shape=_resource_gather_nd_shape,
    kernel=gather_nd_kernel,
    stateful=True,
    grad=lambda op, dy: [
        apply("ScatterNd", op.inputs[1], dy, _as_index(op, _shape_behind(op.inputs[0]))),
        None,
    ],
)


def _as_index(op: Operation, shape: Tensor) -> Tensor:
    dtype = op.attrs["Tindices"]
    return shape if shape.dtype is dtype else apply("Cast", shape, DstT=dtype)


# -- assigning -------------------------------------------------------------------------------
def _assigned_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    ref, value = shapes
    if not attrs["validate_shape"]:
        return [value]
    return [merge(ref, value)]


def _assign(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array]:
    return (xp.asarray(inputs[1]),)


define(
    "Assign",
    "ref:ref(T) value:T -> output_ref:ref(T)",
    "T:type; validate_shape:bool=true; use_locking:bool=true",
    shape=_assigned_shape,
    kernel=_assign,
    updates=(0,),
    overwrites=True,
    grad=NO_GRADIENT,
)


def _check_assigned(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    """Refuses a value that the variable behind a handle cannot hold."""
    if isinstance(values, OperandValues):
        shape, dtype = values.behind(0)
        if dtype is not None and dtype.base_dtype is not attrs["dtype"]:
            raise ValueError(
                f"Trying to assign a value of dtype {attrs['dtype'].name} to a variable of "
                f"{dtype.name}"
            )
        merge(shape, shapes[1])
    return []


define(
    "AssignVariableOp",
    "resource:resource value:dtype ->",
    "dtype:type",
    shape=_check_assigned,
    kernel=_assign,
    stateful=True,
    updates=(0,),
    overwrites=True,
    grad=NO_GRADIENT,
)


def _merged(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [merge(shapes[0], shapes[1])]


def _stepped(sign: int) -> Callable[..., tuple[Array]]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array]:
        ref, value = inputs
        if ref.shape != value.shape:
            raise ValueError(
                f"Shapes must be equal: the variable has {show(ref.shape)}, what is "
                f"{'added' if sign > 0 else 'subtracted'} {show(value.shape)}."
            )
        return (ref + value if sign > 0 else ref - value,)

    return kernel


for _word, _sign in (("Add", 1), ("Sub", -1)):
    define(
        f"Assign{_word}",
        "ref:ref(T) value:T -> output_ref:ref(T)",
        "T:type{number}; use_locking:bool=false",
        shape=_merged,
        kernel=_stepped(_sign),
        updates=(0,),
        grad=NO_GRADIENT,
    )
    define(
        f"Assign{_word}VariableOp",
        "resource:resource value:dtype ->",
        "dtype:type",
        kernel=_stepped(_sign),
        stateful=True,
        updates=(0,),
        grad=NO_GRADIENT,
    )


# -- scattering ------------------------------------------------------------------------------
def _scattered_shape(check: Callable[[Shape, Shape, Shape], None]) -> Callable[..., list[Shape]]:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        check(*shapes)
        return [shapes[0]]

    return rule


def _checked_behind(check: Callable[[Shape, Shape, Shape], None]) -> Callable[..., list[Shape]]:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        check(*_shapes_behind(shapes, values))
        return []

    return rule


def _on_variable(run: Callable[..., Array]) -> Callable[..., tuple[Array]]:
    return lambda xp, inputs, attrs: (run(xp, *inputs),)


_NARROW = "float16,bfloat16,float32,float64,int32,int64"
for _how in ("Update", "Add", "Sub", "Mul", "Div", "Min", "Max"):
    _kinds = {"Update": "type", "Min": f"type{{{_NARROW}}}", "Max": f"type{{{_NARROW}}}"}
    _lock = "true" if _how == "Update" else "false"
    define(
        f"Scatter{_how}",
        "ref:ref(T) indices:Tindices updates:T -> output_ref:ref(T)",
        f"T:{_kinds.get(_how, 'type{number}')}; Tindices:type{{index}}; use_locking:bool={_lock}",
        shape=_scattered_shape(rows_shape),
        kernel=_on_variable(scatter_rows(_how)),
        updates=(0,),
        grad=NO_GRADIENT,
    )
    define(
        f"ResourceScatter{_how}",
        "resource:resource indices:Tindices updates:dtype ->",
        f"dtype:{'type' if _how == 'Update' else 'type{number}'}; Tindices:type{{index}}",
        shape=_checked_behind(rows_shape),
        kernel=_on_variable(scatter_rows(_how)),
        stateful=True,
        updates=(0,),
        grad=NO_GRADIENT,
    )
for _how in ("Update", "Add", "Sub"):
    _kind, _lock = ("type", "true") if _how == "Update" else ("type{number}", "false")
    define(
        f"ScatterNd{_how}",
        "ref:ref(T) indices:Tindices updates:T -> output_ref:ref(T)",
        f"T:{_kind}; Tindices:type{{index}}; use_locking:bool={_lock}",
        shape=_scattered_shape(elements_shape),
        kernel=_on_variable(scatter_elements(_how)),
        updates=(0,),
        grad=NO_GRADIENT,
    )
    define(
        f"ResourceScatterNd{_how}",
        "ref:resource indices:Tindices updates:T ->",
        "T:type; Tindices:type{index}; use_locking:bool=true",
        shape=_checked_behind(elements_shape),
        kernel=_on_variable(scatter_elements(_how)),
        stateful=True,
        updates=(0,),
        grad=NO_GRADIENT,
    )


def _assign_slice(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array]:
    return (strided_update(xp, inputs, attrs),)


define(
    "StridedSliceAssign",
    "ref:ref(T) begin:Index end:Index strides:Index value:T -> output_ref:ref(T)",
    f"T:type; Index:type{{index}}; {MASK_ATTRS}",
    shape=lambda shapes, attrs, values: [shapes[0]],
    kernel=_assign_slice,
    updates=(0,),
    grad=NO_GRADIENT,
)
define(
    "ResourceStridedSliceAssign",
    "ref:resource begin:Index end:Index strides:Index value:T ->",
    f"T:type; Index:type{{index}}; {MASK_ATTRS}",
    kernel=_assign_slice,
    stateful=True,
    updates=(0,),
    grad=NO_GRADIENT,
)


# -- counting --------------------------------------------------------------------------------
def _count_up_to(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    value, limit = inputs[0], attrs["limit"]
    if value >= limit:
        raise OutOfRangeError(None, None, f"Reached limit of {limit}")
    return xp.asarray(value + 1, value.dtype), value


define(
    "CountUpTo",
    "ref:ref(T) -> output:T",
    "limit:int; T:type{index}",
    shape=lambda shapes, attrs, values: [()],
    kernel=_count_up_to,
    updates=(0,),
    grad=NO_GRADIENT,
)
define(
    "ResourceCountUpTo",
    "resource:resource -> output:T",
    "limit:int; T:type{index}",
    shape=lambda shapes, attrs, values: [()],
    kernel=_count_up_to,
    stateful=True,
    updates=(0,),
    grad=NO_GRADIENT,
)
