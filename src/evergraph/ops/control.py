"""Control flow: the ops of TensorFlow 1's dataflow frames, and the functional forms.

`Switch` passes a value on to one of two branches, `Merge` takes it from the branch that ran;
`Enter`, `NextIteration` and `Exit` carry values into, round and out of a loop. They have no
kernels: `transform.lower` turns what they say into `_If` and `_While`, whose branches and bodies
are functions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.function import Function
from ..core.opdef import NO_GRADIENT, Attrs, Values, define
from ..core.shape import Shape


def _same(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [shapes[0]]


def common_shape(shapes: Sequence[Shape]) -> Shape:
    """The shape that covers all of these: extents that differ are unknown."""
    first = shapes[0]
    for other in shapes[1:]:
        if first is None or other is None or len(first) != len(other):
            return None
        first = tuple(a if a == b else None for a, b in zip(first, other, strict=True))
    return first


def _merge_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [common_shape(shapes), ()]


def _switch_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    if shapes[1] is not None and len(shapes[1]) != 0:
        raise ValueError(f"Shape must be rank 0 but is rank {len(shapes[1])}")
    return [shapes[0], shapes[0]]


def _loop_cond_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    if shapes[0] is not None and len(shapes[0]) != 0:
        raise ValueError(f"Shape must be rank 0 but is rank {len(shapes[0])}")
    return [()]


_ENTER = "T:type; frame_name:string; is_constant:bool=false; parallel_iterations:int=10"

for _prefix, _kind in (("", "T"), ("Ref", "ref(T)")):
    define(
        f"{_prefix}Switch",
        f"data:{_kind} pred:bool -> output_false:{_kind} output_true:{_kind}",
        "T:type",
        shape=_switch_shape,
    )
    define(
        f"{_prefix}Merge",
        f"inputs:N*{_kind} -> output:{_kind} value_index:int32",
        "T:type; N:int>=1",
        shape=_merge_shape,
    )
    define(
        f"{_prefix}Enter",
        f"data:{_kind} -> output:{_kind}",
        _ENTER,
        shape=_same,
        grad=lambda op, dy: [dy],
    )
    for _name in ("Exit", "NextIteration"):
        define(f"{_prefix}{_name}", f"data:{_kind} -> output:{_kind}", "T:type", shape=_same)

define("LoopCond", "input:bool -> output:bool", shape=_loop_cond_shape, grad=NO_GRADIENT)


# -- functional forms ------------------------------------------------------------------------------


def _declared(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    given = attrs.get("output_shapes") or ()
    count = len(attrs["Tout"])
    return list(given) if len(given) == count else [None] * count


def _function_shapes(function: Any) -> list[Shape]:
    return [x.static_shape for x in function.outputs]


def _if_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    known = _declared(shapes, attrs, values)
    branches = [attrs["then_branch"], attrs["else_branch"]]
    if all(isinstance(b, Function) for b in branches):
        both = zip(*map(_function_shapes, branches), strict=True)
        return [k if k is not None else common_shape(s) for k, s in zip(known, both, strict=True)]
    return known


def _while_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    given = attrs.get("output_shapes") or ()
    if len(given) == len(shapes):
        return list(given)
    body = attrs["body"]
    if not isinstance(body, Function):
        return [None] * len(shapes)
    return [common_shape(s) for s in zip(shapes, _function_shapes(body), strict=True)]


def _call_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    f = attrs["f"]
    return _function_shapes(f) if isinstance(f, Function) else [None] * len(attrs["Tout"])


_LISTS = "Tin:list(type)>=0; Tout:list(type)>=0"
_IF = f"Tcond:type; {_LISTS}; then_branch:func; else_branch:func; output_shapes:list(shape)=[]"
_WHILE = (
    "T:list(type)>=0; cond:func; body:func; output_shapes:list(shape)=[]; "
    "parallel_iterations:int=10"
)
_CALL = f"{_LISTS}; f:func; config:string=''; config_proto:string=''; executor_type:string=''"

for _prefix, _stateful in (("", True), ("Stateless", False)):
    define(
        f"{_prefix}If",
        "cond:Tcond input:Tin -> output:Tout",
        _IF,
        shape=_if_shape,
        stateful=_stateful,
    )
    define(f"{_prefix}While", "input:T -> output:T", _WHILE, shape=_while_shape, stateful=_stateful)
for _prefix, _stateful in (("Stateful", True), ("", False)):
    define(
        f"{_prefix}PartitionedCall",
        "args:Tin -> output:Tout",
        _CALL,
        shape=_call_shape,
        stateful=_stateful,
    )
define(
    "Case",
    "branch_index:int32 input:Tin -> output:Tout",
    f"{_LISTS}; branches:list(func)>=1; output_shapes:list(shape)=[]",
    shape=_declared,
    stateful=True,
)

# -- what lowering makes of them -------------------------------------------------------------------


def _inner_if_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    both = zip(_function_shapes(attrs["then"]), _function_shapes(attrs["else"]), strict=True)
    return [common_shape(s) for s in both]


def _inner_while_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    new = _function_shapes(attrs["body"])
    return [common_shape(s) for s in zip(shapes[: len(new)], new, strict=True)]


for _effect, _name in ((False, "_If"), (True, "_EffectIf")):
    define(
        _name,
        "pred:bool input:Tin -> output:Tout",
        f"{_LISTS}; then:func; else:func",
        shape=_inner_if_shape,
        stateful=True,
        effect=_effect,
    )
for _effect, _name in ((False, "_While"), (True, "_EffectWhile")):
    # The first inputs, as many as there are outputs, go round; the others stay as they are.
    define(
        _name,
        "input:Tin -> output:Tout",
        f"{_LISTS}; cond:func; body:func",
        shape=_inner_while_shape,
        stateful=True,
        effect=_effect,
    )

CONDITIONALS = ("_If", "_EffectIf")
LOOPS = ("_While", "_EffectWhile")
SWITCHES = ("Switch", "RefSwitch")
MERGES = ("Merge", "RefMerge")
ENTERS = ("Enter", "RefEnter")
EXITS = ("Exit", "RefExit")
NEXT_ITERATIONS = ("NextIteration", "RefNextIteration")
