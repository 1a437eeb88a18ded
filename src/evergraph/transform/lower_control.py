"""Lowering of branches, loops and calls: each becomes one operation with functions of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.emit import apply
from ..core.function import Function
from ..core.graph import Graph
from ..core.opdef import lookup
from ..core.shape import Shape
from ..core.shape import merge as merged_shape
from ..core.tensor import Literal, Operand, Operation, Tensor
from ..ops.control import MERGES, SWITCHES, common_shape
from .conditions import Conditions
from .needed import members_of_frames, needed_with_sources
from .plan import Branches, Loop, Node, has_control_flow, plan
from .regions import CALLS, Ancestors, Captures, Code, Region


def members_of(nodes: Iterable[Node]) -> Iterable[Operation]:
    """All operations of some nodes."""
    for node in nodes:
        if isinstance(node, Operation):
            yield node
        elif isinstance(node, Branches):
            yield from members_of(node.on)
            yield from members_of(node.off)
        else:
            yield from node.members


def branches(region: Region, node: Branches) -> None:
    """Lowers operations that run on one side of a predicate."""
    members = list(members_of([node]))
    base = region.before_all(members)
    captures = Captures()
    sides = [Region(region.code, Graph(), region, captures, base) for _ in range(2)]
    for side, nodes in zip(sides, (node.on, node.off), strict=True):
        side.run(nodes)
    merges = _ready_merges(region, node)
    pairs: list[tuple[Tensor, Operand, Operand]] = []
    for op, on, off in merges:
        chosen = (_given(sides[0], op.operands[on]), _given(sides[1], op.operands[off]))
        pairs.append((op.outputs[0], *chosen))
        places = (Literal(np.asarray(on, np.int32)), Literal(np.asarray(off, np.int32)))
        pairs.append((op.outputs[1], *places))
    for index, nodes in enumerate((node.on, node.off)):
        for x in _exported(region, nodes, set(members), {m[0] for m in merges}):
            alive, dead = _given(sides[index], x), _nothing(x.dtype)
            pairs.append((x, alive, dead) if index == 0 else (x, dead, alive))
    pred = region.value(node.pred, base)
    after = _conditional(region, pred, sides, pairs, base, members[0] if members else None)
    for op in (*members, *(m[0] for m in merges)):
        if after:
            region.seen[op] = after


def _given(side: Region, x: Operand) -> Operand:
    """What a region gives for one of its results, after what that comes after."""
    return side.value(x, side.seen.get(x.op, {}) if isinstance(x, Tensor) else {})


def _ready_merges(region: Region, node: Branches) -> list[tuple[Operation, int, int]]:
    """The merges that end these branches: with the number of the input of each side."""
    inside = [set(members_of(node.on)), set(members_of(node.off))]
    read = {
        r: None
        for side in inside
        for op in side
        for x in op.outputs
        for r in region.code.readers.get(x, ())
        if r.type in MERGES and r in region.code.conditions.merged_on
    }
    found = []
    for op in read:
        pred, sides = region.code.conditions.merged_on[op]
        if pred is not node.pred or len(op.operands) != 2:
            continue
        on = sides.index(True)
        if all(_available(region, op.operands[i], inside[0 if i == on else 1]) for i in (0, 1)):
            found.append((op, on, 1 - on))
    return found


def _available(region: Region, x: Operand, inside: set[Operation]) -> bool:
    """Whether a merge's input comes from inside a side, or straight from what is there already."""
    while isinstance(x, Tensor):
        if x.op in inside or x in region.values:
            return True
        if x.op.type not in SWITCHES:
            return False
        x = x.op.operands[0]
    return True


def _exported(
    region: Region, nodes: Sequence[Node], inside: set[Operation], done: set[Operation]
) -> list[Tensor]:
    """The tensors of a side that something outside the branches reads."""
    found = []
    for op in members_of(nodes):
        for x in op.outputs:
            readers = region.code.readers.get(x, ())
            outside = any(r not in inside and r not in done for r in readers)
            if (outside or x in region.code.wanted) and not _is_variables(region, x):
                found.append(x)
    return found


def _is_variables(region: Region, x: Tensor) -> bool:
    is_handle = x.dtype._is_ref_dtype or x.dtype is dtypes.resource
    return is_handle and region.variable_behind(x) is not None


def _nothing(dtype: Any) -> Literal:
    """Stands for the value of what did not run: nobody reads it."""
    kind = dtype.base_dtype.np_dtype
    return Literal(np.zeros((), kind if kind is not None else object))


def merge(region: Region, op: Operation, ancestors: Ancestors) -> None:
    """Lowers a merge that no branches have taken with them: it picks one of two values."""
    known = region.code.conditions.merged_on.get(op)
    if known is None:
        region.bind(op.outputs[:1], [region.value(op.operands[0], ancestors)])
        region.bind(op.outputs[1:], [Literal(np.asarray(0, np.int32))])
        return
    pred, sides = known
    on = sides.index(True)
    captures = Captures()
    kids = [Region(region.code, Graph(), region, captures, ancestors) for _ in range(2)]
    order = (on, 1 - on)
    values = [_given(k, op.operands[i]) for k, i in zip(kids, order, strict=True)]
    index = [Literal(np.asarray(i, np.int32)) for i in order]
    pairs = [(op.outputs[0], *values), (op.outputs[1], *index)]
    _conditional(region, region.value(pred, ancestors), kids, pairs, ancestors, op)  # type: ignore[arg-type]


def _conditional(
    region: Region,
    pred: Operand,
    sides: Sequence[Region],
    pairs: Sequence[tuple[Tensor, Operand, Operand]],
    base: Ancestors,
    source: Operation | None,
) -> Ancestors:
    """Adds an `_If` of two lowered sides to a region; gives what comes after it."""
    updated = dict.fromkeys([*sides[0].versions, *sides[1].versions])
    outputs = [[p[1] for p in pairs], [p[2] for p in pairs]]
    for variable in updated:
        for side, outs in zip(sides, outputs, strict=True):
            outs.append(side.latest(variable))
    if not outputs[0] and not any(_acts(side.graph) for side in sides):
        return base
    order = range(len(sides[0].captures.kinds))  # type: ignore[union-attr]
    functions = [s.function(order, outs) for s, outs in zip(sides, outputs, strict=True)]
    operands = [pred, *_captured_operands(region, sides[0].captures, updated, base)]
    attrs = {"then": functions[0], "else": functions[1]}
    op = _add(region, "_If", operands, attrs, _kinds(outputs), source)
    for (x, _, _), out in zip(pairs, op.outputs, strict=False):
        out.static_shape = None if region.doubtful else _known_better(out.static_shape, x)
        region.bind([x], [out])
    new = op.outputs[len(pairs) :]
    region.unset.update(
        x for x, v in zip(new, updated, strict=True) if any(s.may_lack_value(v) for s in sides)
    )
    return _after(region, updated, new, base)


def _known_better(shape: Shape, x: Tensor) -> Shape:
    if shape is not None and x.static_shape is not None and len(shape) == len(x.static_shape):
        return merged_shape(shape, x.static_shape)
    return x.static_shape


def _after(
    region: Region, updated: Iterable[Operation], new: Sequence[Operand], base: Ancestors
) -> Ancestors:
    """Notes the new values of variables; what comes after a node sees them."""
    after = dict(base)
    for variable, value in zip(updated, new, strict=True):
        region.add_version(variable, value, after)
    return after


def _captured_operands(
    region: Region, captures: Captures | None, updated: Iterable[Operation], base: Ancestors
) -> list[Operand]:
    """What the inputs of inner functions are in the region around."""
    assert captures is not None
    changing = set(updated)
    found: list[Operand] = []
    for key in captures.index:
        if isinstance(key, tuple):
            variable = key[0]
            if variable in changing:
                found.append(region.latest(variable))
            else:
                found.append(region.version(variable, base))
        else:
            found.append(key)
    return found


def _kinds(outputs: Sequence[Sequence[Operand]]) -> list[tuple[Any, Shape]]:
    return [
        (a.dtype.base_dtype if not _is_dead(a) else b.dtype.base_dtype, _shape(a, b))
        for a, b in zip(*outputs, strict=True)
    ]


def _is_dead(x: Operand) -> bool:
    return isinstance(x, Literal) and x.value.dtype == object


def _shape(a: Operand, b: Operand) -> Shape:
    return common_shape([a.static_shape, b.static_shape])


def _acts(graph: Graph) -> bool:
    """Whether a function's operations act on the world."""
    return any(op.definition.effect for op in graph.operations)


def _add(
    region: Region,
    kind: str,
    operands: Sequence[Operand],
    attrs: dict[str, Any],
    kinds: Sequence[tuple[Any, Shape]],
    source: Operation | None,
) -> Operation:
    """Adds an operation with functions to a region's function."""
    inner = [f for f in attrs.values() if isinstance(f, Function)]
    if any(_acts(f.graph) for f in inner):
        kind = kind.replace("_", "_Effect")
    attrs = {
        **attrs,
        "Tin": tuple(x.dtype for x in operands),
        "Tout": tuple(d for d, _ in kinds),
    }
    name = source.name if source is not None else kind
    op = Operation(region.graph, name, lookup(kind), operands, attrs)
    op.extra = source
    if source is not None:
        op.site, op.device = source.site, source.device
    op.outputs = [Tensor(op, i, d, s) for i, (d, s) in enumerate(kinds)]
    region.graph.adopt(op)
    return op


# -- loops -----------------------------------------------------------------------------------------


def loop(region: Region, node: Loop) -> None:
    """Lowers a frame."""
    base = region.before_all(node.members)
    captures = Captures()
    starts: list[Operand] = []
    test, body = (Region(region.code, Graph(), region, captures, base) for _ in range(2))
    for k, m in enumerate(node.merges):
        starts.append(region.value(m.operands[0].op.operands[0], base))  # type: ignore[union-attr]
        shape = None if region.doubtful else m.outputs[0].static_shape
        captures.place(("loop", k), m.outputs[0].dtype.base_dtype, shape)
        test.values[m.outputs[0]], body.values[m.outputs[0]] = test.arg(k), body.arg(k)
    test.run(node.condition)
    body.run(node.body)
    assert node.loop_cond is not None
    going_on = _given(test, node.loop_cond.operands[0])
    following = [_given(body, _coming_round(m)) for m in node.merges]
    results, after = _repeat(
        region, (test, body), going_on, following, starts, base, node.merges[0]
    )
    places = {m: k for k, m in enumerate(node.merges)}
    for op in node.exits:
        switch = op.operands[0]
        assert isinstance(switch, Tensor) and isinstance(switch.op.operands[0], Tensor)
        region.bind(op.outputs, [results[places[switch.op.operands[0].op]]])
    for op in node.members:
        if after:
            region.seen[op] = after


def _coming_round(m: Operation) -> Tensor:
    """The value that a loop variable takes in the next iteration."""
    x = m.operands[1]
    assert isinstance(x, Tensor) and isinstance(x.op.operands[0], Tensor)
    return x.op.operands[0]


def _repeat(
    region: Region,
    parts: tuple[Region, Region],
    going_on: Operand,
    following: list[Operand],
    starts: Sequence[Operand],
    base: Ancestors,
    source: Operation,
) -> tuple[list[Operand], Ancestors]:
    """Adds a `_While`; gives the final values of the loop variables and what comes after."""
    test, body = parts
    captures = body.captures
    assert captures is not None
    if test.versions:
        raise ValueError(f"The condition of the loop of {source.name!r} must not update variables.")
    updated = list(body.versions)
    places = [captures.place((v, "value"), v.attrs["dtype"], region.shape_of(v)) for v in updated]
    round_trip = [k for k, x in enumerate(following) if x is not body.arg(k)]
    moving = [*round_trip, *places]
    order = [*moving, *(i for i in range(len(captures.kinds)) if i not in set(moving))]
    new = [*(following[k] for k in round_trip), *(body.latest(v) for v in updated)]
    kinds = [captures.kinds[i] for i in moving]
    outside = [*starts, *_captured_operands(region, _without_loop(captures), updated, base)]
    attrs = {"cond": test.function(order, [going_on]), "body": body.function(order, new)}
    results: list[Operand] = list(starts)
    unset = [region.may_lack_value(v) or body.may_lack_value(v) for v in updated]
    op = _add(region, "_While", [outside[i] for i in order], attrs, kinds, source)
    for k, out in zip(round_trip, op.outputs, strict=False):
        results[k] = out
    changed = op.outputs[len(round_trip) :]
    region.unset.update(x for x, may_be in zip(changed, unset, strict=True) if may_be)
    return results, _after(region, updated, changed, base)


def _without_loop(captures: Captures) -> Captures:
    """The captures but for the loop variables, which come first."""
    rest = {k: i for k, i in captures.index.items() if not (type(k) is tuple and k[0] == "loop")}
    return Captures(rest, captures.kinds)


# -- functions as attributes -----------------------------------------------------------------------


def functional(region: Region, op: Operation, ancestors: Ancestors) -> Ancestors:
    """Lowers an operation whose attributes are functions."""
    if op.type in CALLS or op.definition.function is not None:
        return _call(region, op, ancestors)
    if op.type == "Case":
        return _case(region, op, ancestors)
    if op.type.endswith("If"):
        functions = [op.attrs["then_branch"], op.attrs["else_branch"]]
        return _if(region, op, functions, ancestors)
    return _while(region, op, ancestors)


def _nodes_of(function: Function) -> tuple[Sequence[Node], Code]:
    """What a function's graph runs: what its outputs need, and what acts."""
    ops = function.graph.operations
    roots = [x.op for x in function.outputs if isinstance(x, Tensor)]
    acting = [op for op in ops if op.definition.effect or op.definition.updates]
    operations, sources = needed_with_sources(function.graph, [*roots, *acting], ())
    if acting and sources.replaced:
        # What a loop with gradients does is done by the operation that stands for it.
        done = members_of_frames(sources.replaced)
        roots += [op for op in acting if op not in done]
        operations, sources = needed_with_sources(function.graph, roots, ())
    operations = [op for op in operations if op.type != "_Arg"]
    wanted = [x for x in function.outputs if isinstance(x, Tensor)]
    nodes: Sequence[Node] = operations
    conditions = Conditions(sources)
    if has_control_flow(operations):
        nodes, conditions = plan(operations, sources)
    return nodes, Code.of(operations, sources, conditions, wanted)


def _inner(
    region: Region,
    function: Any,
    operands: Sequence[Operand],
    captures: Captures | None,
    base: Ancestors,
) -> tuple[Region, list[Operand]]:
    """A function lowered in a region: that inner region, and the values of its outputs."""
    if not isinstance(function, Function):
        raise ValueError(f"{function!r} is not a function of this graph's library.")
    nodes, code = _nodes_of(function)
    graph = region.graph if captures is None else Graph()
    inner = Region(code, graph, region, captures, base)
    inner.outer = dict(zip(function.inputs, operands, strict=True))
    inner.run(nodes)
    return inner, [_given(inner, x) for x in function.outputs]


def _called(op: Operation) -> Any:
    return op.definition.function if op.type not in CALLS else op.attrs["f"]


def _call(region: Region, op: Operation, ancestors: Ancestors) -> Ancestors:
    inner, values = _inner(region, _called(op), op.operands, None, ancestors)
    region.bind(op.outputs, values)
    after = dict(ancestors)
    for variable, chain in inner.versions.items():
        region.add_version(variable, chain[-1], after)
    return after


def _truth(region: Region, x: Operand) -> Operand:
    """A condition of any dtype as a bool."""
    if x.dtype is dtypes.bool_ and x.static_shape == ():
        return x
    with region.graph.as_default():
        if x.static_shape is not None and x.static_shape != ():
            return apply("Greater", apply("Size", x), Literal(np.asarray(0, np.int32)))  # type: ignore[no-any-return]
        if x.dtype is dtypes.string:
            length = apply("StringLength", x)
            return apply("Greater", length, Literal(np.asarray(0, np.int32)))  # type: ignore[no-any-return]
        return x if x.dtype is dtypes.bool_ else apply("Cast", x, DstT=dtypes.bool_)


def _if(region: Region, op: Operation, functions: Sequence[Any], ancestors: Ancestors) -> Ancestors:
    pred = _truth(region, region.value(op.operands[0], ancestors))
    captures = Captures()
    built = [_inner(region, f, op.operands[1:], captures, ancestors) for f in functions]
    sides = [side for side, _ in built]
    pairs = list(zip(op.outputs, built[0][1], built[1][1], strict=True))
    return _conditional(region, pred, sides, pairs, ancestors, op)


def _case(region: Region, op: Operation, ancestors: Ancestors) -> Ancestors:
    """A `Case` is a chain of conditionals; an index that no branch has takes the last one."""
    index = region.value(op.operands[0], ancestors)
    functions = op.attrs["branches"]
    values = _rest_of_case(region, op, index, functions, 0, ancestors)
    region.bind(op.outputs, values)
    return region.seen.pop(op, ancestors)


def _rest_of_case(
    region: Region,
    op: Operation,
    index: Operand,
    functions: Sequence[Any],
    at: int,
    ancestors: Ancestors,
) -> list[Operand]:
    """The values that the branches from `at` on give, in a region."""
    if at == len(functions) - 1:
        inner, values = _inner(region, functions[at], op.operands[1:], None, ancestors)
        _adopt_versions(region, inner, op, ancestors)
        return values
    captures = Captures()
    sides = [Region(region.code, Graph(), region, captures, ancestors) for _ in range(2)]
    inner, on = _inner(sides[0], functions[at], op.operands[1:], None, {})
    _adopt_versions(sides[0], inner, op, {})
    if isinstance(index, Literal):
        seen_inside: Operand = index
    else:
        seen_inside = sides[1].argument(index, index.dtype, index.static_shape)
    off = _rest_of_case(sides[1], op, seen_inside, functions, at + 1, {})
    with region.graph.as_default():
        pred = apply("Equal", index, Literal(np.asarray(at, np.int32)))
    pairs = list(zip(op.outputs, on, off, strict=True))
    after = _conditional(region, pred, sides, pairs, ancestors, op)
    region.seen[op] = after
    return [region.values[x] for x in op.outputs]


def _adopt_versions(region: Region, inner: Region, op: Operation, base: Ancestors) -> None:
    """What an inlined function did to variables, its region did."""
    after = dict(base)
    for variable, chain in inner.versions.items():
        region.add_version(variable, chain[-1], after)
    region.seen[op] = after


def _while(region: Region, op: Operation, ancestors: Ancestors) -> Ancestors:
    test_function, body_function = op.attrs["cond"], op.attrs["body"]
    captures = Captures()
    starts = [region.value(x, ancestors) for x in op.operands if not _is_variable(region, x)]
    moving = [k for k, x in enumerate(op.operands) if not _is_variable(region, x)]
    parts = []
    values = []
    for n, k in enumerate(moving):
        out = op.outputs[k]
        shape = None if region.doubtful else out.static_shape
        captures.place(("loop", n), out.dtype.base_dtype, shape)
    for function in (test_function, body_function):
        nodes, code = _nodes_of(function)
        part = Region(code, Graph(), region, captures, ancestors)
        part.outer = dict(zip(function.inputs, op.operands, strict=True))
        for n, k in enumerate(moving):
            part.values[function.inputs[k]] = part.arg(n)
        part.run(nodes)
        parts.append(part)
        outputs = (
            function.outputs if function is test_function else [function.outputs[k] for k in moving]
        )
        values.append([_given(part, x) for x in outputs])
    going_on = _truth(parts[0], values[0][0])
    results, after = _repeat(
        region, (parts[0], parts[1]), going_on, values[1], starts, ancestors, op
    )
    region.bind([op.outputs[k] for k in moving], results)
    for k, x in enumerate(op.operands):
        if k not in moving:
            region.outer[op.outputs[k]] = x
    return after


def _is_variable(region: Region, x: Operand) -> bool:
    return isinstance(x, Tensor) and _is_variables(region, x)


Region.lower_branches = branches  # type: ignore[assignment]
Region.lower_loop = loop  # type: ignore[assignment]
Region.lower_merge = merge  # type: ignore[assignment]
Region.lower_functional = functional  # type: ignore[assignment]
