"""OpDef: entries of the op table as messages, and signatures from messages as entries."""

from __future__ import annotations

from functools import cache
from typing import Any

from ..core.dtypes import DType
from ..core.opdef import ArgDef, AttrDef, OpDef, all_ops, find
from .attr_values import encode

_UNINITIALIZED = ("Assign", "IsVariableInitialized")  # they take a buffer that holds nothing yet


def op_def(definition: OpDef) -> Any:
    """The OpDef message of an entry of the op table."""
    from . import messages

    proto = messages.OpDef(
        name=definition.name,
        is_stateful=definition.stateful,
        allows_uninitialized_input=definition.name in _UNINITIALIZED,
    )
    proto.input_arg.extend(map(_arg, definition.inputs))
    proto.output_arg.extend(map(_arg, definition.outputs))
    proto.attr.extend(map(_attr, definition.attrs.values()))
    return proto


def _arg(arg: ArgDef) -> Any:
    from . import messages

    proto = messages.OpDef.ArgDef(name=arg.name, is_ref=arg.is_ref)
    if arg.number_attr:
        proto.number_attr = arg.number_attr
    if arg.is_type_list:
        proto.type_list_attr = arg.type_attr
    elif arg.type_attr:
        proto.type_attr = arg.type_attr
    elif arg.dtype is not None:
        proto.type = arg.dtype.as_datatype_enum
    return proto


def _attr(attr: AttrDef) -> Any:
    from . import messages

    proto = messages.OpDef.AttrDef(name=attr.name, type=attr.type)
    if attr.has_default:
        proto.default_value.CopyFrom(encode(attr.type, attr.default))
    if attr.minimum is not None:
        proto.has_minimum, proto.minimum = True, attr.minimum
    if attr.allowed is not None:
        kind = attr.type.removeprefix("list(").removesuffix(")")
        proto.allowed_values.CopyFrom(encode(f"list({kind})", sorted(attr.allowed, key=_rank)))
    return proto


def _rank(value: Any) -> Any:
    return value.as_datatype_enum if isinstance(value, DType) else value


def is_internal(name: str) -> bool:
    """Whether an op is the engine's own, which no other program knows."""
    return name.startswith("_")


_OF_LOWERING = ("_If", "_EffectIf", "_While", "_EffectWhile", "_SetValue", "_HasValue")


def is_readable(name: str) -> bool:
    """Whether nodes of messages may be of this op.

    Ops of the engine's own that gradients are made of may: graphs of training programs are read
    back. TensorFlow, which does not know them, names them when it refuses such a graph.
    """
    return not is_internal(name) or name not in ("_Arg", "_Retval", *_OF_LOWERING)


@cache
def op_def_of(name: str) -> Any:
    """The OpDef message of an op by its name, None for ops that are not in the table."""
    definition = find(name)
    return None if definition is None or is_internal(name) else op_def(definition)


def registered_ops() -> dict[str, Any]:
    """The OpDef messages of all ops that graphs may hold, by name."""
    return {name: op_def_of(name) for name in all_ops() if not is_internal(name)}


def summary(definition: OpDef) -> str:
    """An op's signature on one line, for errors."""

    def arg(a: ArgDef) -> str:
        kind = a.type_attr or (a.dtype.name if a.dtype else "?")
        kind = f"{a.number_attr}*{kind}" if a.number_attr else kind
        return f"{a.name}:{f'Ref({kind})' if a.is_ref else kind}"

    sides = [", ".join(map(arg, args)) for args in (definition.inputs, definition.outputs)]
    attrs = "; ".join(f"attr={a.name}:{a.type}" for a in definition.attrs.values())
    stateful = "; is_stateful=true" if definition.stateful else ""
    text = f"name={definition.name}; signature={' -> '.join(sides)}"
    return f"Op<{text}{'; ' + attrs if attrs else ''}{stateful}>"
