"""`emit`: the one door through which every operation enters a graph.

It turns Python values into constants, infers dtypes and shapes by the op table, applies scopes,
devices and control dependencies, and remembers the line of the user's program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import opdef
from .attributes import checked_attr
from .convert import convert_to_tensor, use_emit
from .dtypes import DType
from .graph import Graph, get_default_graph
from .opdef import ArgDef, OpDef
from .provenance import user_site
from .ranks import check_shapes
from .scopes import control_inputs_for, place
from .shape import show_brackets
from .tensor import Literal, Operand, Operation, Tensor
from .values import OperandValues


def emit(
    op_type: str,
    inputs: Sequence[Any] = (),
    attrs: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Operation:
    """Adds an operation to the graph and returns it.

    `inputs` has one entry an argument of the op's signature: a tensor, a Literal, a Python value
    (it becomes a `Const` named after the argument), or a sequence of such for a list. Dtype
    attributes are inferred; the others come by name in `attrs`, or from their defaults.

    Raises KeyError for an unknown op, TypeError and ValueError where dtypes or shapes do not fit,
    RuntimeError when the graph is finalized.
    """
    return emit_definition(opdef.lookup(op_type), inputs, attrs, name)


def emit_definition(
    definition: OpDef,
    inputs: Sequence[Any] = (),
    attrs: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Operation:
    """`emit` of an op that is known by its definition: a function of the graph, say."""
    default = get_default_graph()
    if default.building_function and default.captured_inputs is not None:
        graph, inputs = default, default.captured_inputs(inputs)
    else:
        graph = _graph_of(inputs)
    values = _given_attrs(definition, attrs) if attrs else {}
    simple = definition.simple_inputs and all(type(x) in (Tensor, Literal) for x in inputs)
    op_name = graph.op_name(name or definition.name)
    if simple:
        operands: Sequence[Operand] = inputs
        _check_simple(definition, inputs, values, op_name)
    else:
        operands = _convert_inputs(graph, definition, inputs, values, op_name)
        if graph.building_function and graph.captured_inputs is not None:
            # What stands for a tensor of outside, a variable say, is one only now.
            operands = graph.captured_inputs(operands)
    return add_operation(graph, definition, op_name, operands, values)


def _given_attrs(definition: OpDef, attrs: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that were given, checked; None stands for the default."""
    given: dict[str, Any] = {}
    for key, value in attrs.items():
        spec = definition.attrs.get(key)
        if spec is None:
            if not key.startswith("_"):
                raise TypeError(f"Op {definition.name} has no attribute {key!r}.")
            given[key] = value
        elif value is not None or spec.type == "shape":  # of a shape, None is a value
            given[key] = checked_attr(definition, spec, value)
    return given


def add_operation(
    graph: Graph,
    definition: OpDef,
    op_name: str,
    operands: Sequence[Operand],
    attrs: dict[str, Any],
) -> Operation:
    """Appends an operation whose operands are converted and whose input dtypes are known."""
    _complete_attrs(definition, attrs, op_name)
    op = Operation(graph, op_name, definition, operands, attrs)
    op.site = user_site(4)
    _infer_outputs(op)
    _apply_scopes(graph, op)
    graph.append(op)
    for x in operands:
        if isinstance(x, Tensor):
            x._consumers.append(op)
    for block in graph.control_stack:
        block.made.add(op)
    if graph.has_contexts:
        enter_context(graph, op)
    return op


def enter_context(graph: Graph, op: Operation) -> None:
    """Makes a new operation part of the branch or loop that is being built.

    Such a context of a face has `add_op(op)`, which gives the operation its operands as seen from
    inside, and `check_use(op, x)`, which refuses uses of its tensors from elsewhere.
    """
    context = graph.control_flow_context
    for x in op.operands:
        if isinstance(x, Tensor) and x.op.control_flow_context is not None:
            x.op.control_flow_context.check_use(op, x)
    if context is not None:
        op.control_flow_context = context
        with graph.as_default(), graph.name_scope(op.name + "/"):
            context.add_op(op)


def _graph_of(inputs: Iterable[Any]) -> Graph:
    """The graph of the tensors among the inputs, else the default graph."""
    found: Graph | None = None
    first: Any = None
    for x in inputs:
        for t in x if type(x) in (list, tuple) else (x,):
            graph = getattr(t, "graph", None) if not isinstance(t, Tensor) else t.op.graph
            if isinstance(graph, Graph):
                if found is None:
                    found, first = graph, t
                elif graph is not found:
                    raise ValueError(
                        f"{t} must be from the same graph as {first}: both were made in "
                        "different `tf.Graph`s."
                    )
    return get_default_graph() if found is None else found


def _check_simple(
    definition: OpDef, inputs: Sequence[Any], attrs: dict[str, Any], op_name: str
) -> None:
    if len(inputs) != len(definition.inputs):
        raise TypeError(
            f"Op {definition.name} takes {len(definition.inputs)} inputs, {len(inputs)} given."
        )
    for arg, x in zip(definition.inputs, inputs, strict=True):
        dtype = x.dtype
        dtype = dtype._base or dtype
        key = arg.type_attr
        if key is None:
            if dtype is not arg.dtype:
                raise _wrong_dtype(definition, arg, dtype, arg.dtype, None)
        elif key not in attrs:
            attrs[key] = dtype
        elif attrs[key] is not dtype:
            raise _wrong_dtype(definition, arg, dtype, attrs[key], key)


def _wrong_dtype(
    definition: OpDef, arg: ArgDef, got: DType, want: DType | None, attr: str | None
) -> TypeError:
    other = next((a.name for a in definition.inputs if attr and a.type_attr == attr), None)
    of = f" of argument {other!r}" if other and other != arg.name else ""
    assert want is not None
    return TypeError(
        f"Input {arg.name!r} of {definition.name!r} Op has type {got.name} that does not match "
        f"{'type' if of else 'expected type of'} {want.name}{of}. Convert one of them, e.g. with "
        f"tf.cast(x, tf.{want.name})."
    )


def _convert_inputs(
    graph: Graph, definition: OpDef, inputs: Sequence[Any], attrs: dict[str, Any], op_name: str
) -> list[Operand]:
    if len(inputs) != len(definition.inputs):
        raise TypeError(
            f"Op {definition.name} takes {len(definition.inputs)} inputs, {len(inputs)} given."
        )
    operands: list[Operand] = []
    with graph.as_default(), graph.name_scope(op_name + "/"):
        for arg, x in zip(definition.inputs, inputs, strict=True):
            if arg.is_list:
                operands += _convert_list(definition, arg, x, attrs)
            else:
                operands.append(_convert_one(definition, arg, x, attrs))
    return operands


def _convert_one(definition: OpDef, arg: ArgDef, x: Any, attrs: dict[str, Any]) -> Operand:
    dtype, preferred = arg.dtype, None
    if arg.type_attr is not None:
        dtype = attrs.get(arg.type_attr)
        preferred = definition.defaults.get(arg.type_attr)
    got = _converted(definition, arg, x, dtype, preferred, arg.name)
    base = got.dtype.base_dtype
    if dtype is not None and base is not dtype.base_dtype:
        raise _wrong_dtype(definition, arg, base, dtype.base_dtype, arg.type_attr)
    if arg.type_attr is not None:
        attrs.setdefault(arg.type_attr, base)
    if arg.is_ref and not got.dtype._is_ref_dtype:
        raise TypeError(
            f"{definition.name!r} Op requires that input {arg.name!r} be a mutable tensor "
            "(e.g.: a tf.Variable)"
        )
    return got


def _converted(
    definition: OpDef, arg: ArgDef, x: Any, dtype: DType | None, preferred: DType | None, name: str
) -> Operand:
    if isinstance(x, (Tensor, Literal)):
        return x
    try:
        return convert_to_tensor(x, dtype, name, arg.is_ref, preferred)
    except TypeError as error:
        if dtype is None:
            raise
        raise TypeError(
            f"Expected {dtype.base_dtype.name} passed to parameter {arg.name!r} of op "
            f"{definition.name!r}, got {str(x)[:200]} of type {type(x).__name__!r} instead. "
            f"Error: {error}"
        ) from None
    except ValueError as error:
        if x is None:
            raise ValueError(
                f"Tried to convert {arg.name!r} to a tensor and failed. Error: {error}"
            ) from None
        raise


def _convert_list(definition: OpDef, arg: ArgDef, xs: Any, attrs: dict[str, Any]) -> list[Operand]:
    if not isinstance(xs, (list, tuple)):
        raise TypeError(
            f"Expected list for {arg.name!r} argument to {definition.name!r} Op, not {xs}."
        )
    if arg.is_type_list:
        return _convert_typed_list(definition, arg, xs, attrs)
    dtype = arg.dtype or attrs.get(arg.type_attr or "")
    if dtype is None:
        dtype = next((x.dtype.base_dtype for x in xs if isinstance(x, (Tensor, Literal))), None)
    got = [_converted(definition, arg, x, dtype, None, f"{arg.name}_{i}") for i, x in enumerate(xs)]
    kinds = {x.dtype.base_dtype for x in got}
    if len(kinds) > 1 or (dtype is not None and kinds and kinds != {dtype.base_dtype}):
        names = [x.dtype.name for x in got]
        raise TypeError(
            f"Tensors in list passed to {arg.name!r} of {definition.name!r} Op have types "
            f"{names} that don't all match."
        )
    assert arg.number_attr is not None
    _set_count(definition, arg.number_attr, len(got), attrs)
    if arg.type_attr is not None and kinds:
        attrs.setdefault(arg.type_attr, kinds.pop())
    return got


def _set_count(definition: OpDef, attr: str, count: int, attrs: dict[str, Any]) -> None:
    minimum = definition.attrs[attr].minimum or 0
    if count < minimum:
        raise ValueError(
            f"List argument to {definition.name!r} Op with length {count} must be at least "
            f"length {minimum}."
        )
    if attrs.setdefault(attr, count) != count:
        raise ValueError(
            f"List argument to {definition.name!r} Op with length {count} must match length "
            f"{attrs[attr]} of another argument."
        )


def _convert_typed_list(
    definition: OpDef, arg: ArgDef, xs: Sequence[Any], attrs: dict[str, Any]
) -> list[Operand]:
    assert arg.type_attr is not None
    wanted = attrs.get(arg.type_attr) or [None] * len(xs)
    got = [
        _converted(definition, arg, x, t, None, f"{arg.name}_{i}")
        for i, (x, t) in enumerate(zip(xs, wanted, strict=True))
    ]
    attrs[arg.type_attr] = tuple(x.dtype.base_dtype for x in got)
    return got


def _complete_attrs(definition: OpDef, attrs: dict[str, Any], op_name: str) -> None:
    """Adds the defaults, and checks what was inferred from the operands."""
    for key, spec in definition.attrs.items():
        if key in attrs:
            if key in definition.inferred_attrs:
                attrs[key] = checked_attr(definition, spec, attrs[key])
        elif spec.has_default:
            attrs[key] = spec.default
        else:
            raise TypeError(f"Op {definition.name} ({op_name}) needs the attribute {key!r}.")


def output_dtypes(definition: OpDef, attrs: dict[str, Any]) -> list[DType]:
    """The dtypes of the outputs, as the attributes say."""
    out: list[DType] = []
    for arg in definition.outputs:
        if arg.is_type_list:
            out += attrs[arg.type_attr or ""]
            continue
        dtype = arg.dtype or attrs[arg.type_attr or ""]
        if arg.is_ref:
            dtype = dtype._as_ref
        out += [dtype] * (_count(definition, attrs, arg.number_attr) if arg.number_attr else 1)
    return out


_MOST_OUTPUTS = 1 << 20


def _count(definition: OpDef, attrs: dict[str, Any], key: str) -> int:
    count: int = attrs[key]
    if count > _MOST_OUTPUTS:
        raise ValueError(
            f"An operation has at most {_MOST_OUTPUTS} outputs: attribute {key!r} of Op "
            f"{definition.name} is {count}."
        )
    return count


def _infer_outputs(op: Operation) -> None:
    definition, attrs = op.definition, op.attrs
    kinds = output_dtypes(definition, attrs) if definition.outputs else []
    rule = definition.shape
    given = [x.static_shape for x in op.operands]
    shapes: Sequence[Any] = [None] * len(kinds)
    try:
        check_shapes(definition, attrs, given)
        if rule is not None:
            shapes = rule(given, attrs, OperandValues(op.operands))
    except ValueError as error:
        raise ValueError(f"{str(error).rstrip('.')}{_where(op)}") from None
    op.outputs = [Tensor(op, i, d, s) for i, (d, s) in enumerate(zip(kinds, shapes, strict=True))]


def _where(op: Operation) -> str:
    shapes = ", ".join(show_brackets(x.static_shape) for x in op.operands)
    return f" for {op.name!r} (op: {op.type!r}) with input shapes: {shapes}."


def _apply_scopes(graph: Graph, op: Operation) -> None:
    if graph.control_stack:
        sources = {x.op for x in op.operands if isinstance(x, Tensor)}
        op._control_inputs = control_inputs_for(graph.control_stack, sources)
    if graph.attr_scope:
        op.attrs.update(graph.attr_scope)
    if graph.original_op is not None:
        op._original_op = graph.original_op
    if graph.container_name and op.definition.stateful and op.attrs.get("container") == "":
        op.attrs["container"] = graph.container_name
    if graph.gradient_overrides:
        op.gradient_type = graph.gradient_overrides.get(op.type)
    if graph.device_stack:
        place(op, graph.device_stack)
    if graph.colocation_stack:
        groups = [g for o in graph.colocation_stack for g in (o.colocation or (o.name,))]
        op.colocation = tuple(sorted(set(groups)))
        op.device = next((o.device for o in graph.colocation_stack if o.device), op.device)
    if op.definition.takes_references:
        _stay_beside_references(op)


def _stay_beside_references(op: Operation) -> None:
    """What changes a variable's buffer stands where that is, whatever is around it."""
    args = op.definition.inputs
    flat = len(args) == len(op.operands)
    sources = [
        x.op
        for i, x in enumerate(op.operands)
        if isinstance(x, Tensor) and x.dtype._is_ref_dtype and (not flat or args[i].is_ref)
    ]
    groups = {g for source in sources for g in (source.colocation or (source.name,))}
    op.colocation = tuple(sorted({*(op.colocation or ()), *groups}))
    op.device = next((s.device for s in sources if s.device), op.device if not sources else "")


use_emit(emit)


def apply(op_type: str, *inputs: Any, name: str | None = None, **attrs: Any) -> Any:
    """Emits an operation and returns its output: one tensor, or a list if it has several."""
    op = emit(op_type, inputs, attrs, name)
    outputs = op.outputs
    if len(outputs) == 1 and not op.definition.outputs[0].is_list:
        return outputs[0]
    return outputs if outputs else op
