"""`tf.while_loop`: a body that runs as long as a condition holds, as a frame of the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core.convert import constant, convert_to_tensor
from ..core.emit import apply
from ..core.shape import is_known, show
from ..core.tensor import Tensor
from ..core.tensor_shape import TensorShape
from ..ops.indexed_slices import IndexedSlices
from . import nest
from .conditionals import merge
from .control_flow_context import WhileContext, switch_on
from .flows import tensor_arrays_for, with_flows
from .framework import name_scope
from .graph_keys import GraphKeys

__all__ = ["while_loop"]


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
    maximum_iterations: Any = None,
    return_same_structure: bool = False,
) -> Any:
    """The loop variables after `body` was applied to them while `cond` of them was true.

    Both functions take the loop variables (tensors, TensorArrays, or nests of these) and are
    called once, now. A variable keeps its dtype, and its static shape unless `shape_invariants`
    gives a looser one. A list of one result is unpacked unless `return_same_structure`. Raises
    TypeError if the functions are not callable, ValueError for results that do not match.
    """
    if not callable(cond):
        raise TypeError("cond must be callable.")
    if not callable(body):
        raise TypeError("body must be callable.")
    if parallel_iterations < 1:
        raise TypeError("parallel_iterations must be a positive integer.")
    with name_scope(name, "while", loop_vars):
        if not loop_vars:
            raise ValueError("No loop variables provided")
        if maximum_iterations is not None:
            maximum_iterations = _scalar(maximum_iterations)
            cond, body, loop_vars = _counted(
                cond, body, loop_vars, maximum_iterations, return_same_structure
            )
        if shape_invariants is not None:
            if maximum_iterations is not None:
                shape_invariants = (TensorShape([]), shape_invariants)
            nest.assert_same_structure(loop_vars, shape_invariants)
        context = WhileContext(maximum_iterations, parallel_iterations, back_prop, swap_memory)
        if context.outer_context is None:
            context.graph.add_to_collection(GraphKeys.WHILE_CONTEXT, context)
        result = _Loop(context, cond, body, loop_vars).build(
            shape_invariants, return_same_structure
        )
        return result[1] if maximum_iterations is not None else result


def while_loop_v2(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: Any = None,
    name: str | None = None,
) -> Any:
    """`while_loop` that always gives the structure of the loop variables, as in TensorFlow 2."""
    return while_loop(
        cond=cond,
        body=body,
        loop_vars=loop_vars,
        shape_invariants=shape_invariants,
        parallel_iterations=parallel_iterations,
        back_prop=back_prop,
        swap_memory=swap_memory,
        name=name,
        maximum_iterations=maximum_iterations,
        return_same_structure=True,
    )


def _scalar(maximum_iterations: Any) -> Tensor:
    limit: Any = convert_to_tensor(maximum_iterations, name="maximum_iterations")
    if limit.shape.ndims != 0:
        raise ValueError(f"maximum_iterations must be a scalar, saw shape: {limit.shape}")
    return limit  # type: ignore[no-any-return]


def _counted(
    cond: Any, body: Any, loop_vars: Any, limit: Tensor, return_same_structure: bool
) -> tuple[Any, Any, Any]:
    """The loop with a counter before its variables, which ends it at `limit`."""
    counter = constant(0, limit.dtype, "iteration_counter")
    if len(loop_vars) == 1 and not return_same_structure:
        one = loop_vars[0]
        return (
            lambda i, x: apply("LogicalAnd", i < limit, cond(x)),
            lambda i, x: (i + 1, body(x)),
            (counter, one),
        )
    return (
        lambda i, xs: apply("LogicalAnd", i < limit, cond(*xs)),
        lambda i, xs: (i + 1, body(*xs)),
        (counter, loop_vars),
    )


def _converted(x: Any, name: str | None = None) -> Any:
    if hasattr(x, "_to_components") and not isinstance(x, Tensor):
        return x
    return convert_to_tensor(x, name=name)


class _Loop:
    """The construction of one loop."""

    def __init__(self, context: WhileContext, cond: Any, body: Any, loop_vars: Any) -> None:
        self.context = context
        self.cond, self.body = cond, body
        self.structure = loop_vars
        self.graph = context.graph

    def build(self, shape_invariants: Any, return_same_structure: bool) -> Any:
        """The results, in the structure that the body gives."""
        packed = [_converted(with_flows(x)) for x in nest.flatten(self.structure)]
        starts = nest.flatten(packed, expand_composites=True)
        with self.context.building():
            original, exits = self.frame(starts, shape_invariants)
        flat = nest.flatten(original, expand_composites=True)
        results = tensor_arrays_for(flat, exits)
        result = nest.pack_sequence_as(original, results, expand_composites=True)
        if return_same_structure or len(exits) != 1:
            return result
        return result[0]

    def frame(self, starts: list[Tensor], shape_invariants: Any) -> tuple[Any, list[Tensor]]:
        """The frame's operations, in TensorFlow's order."""
        context = self.context
        enters = self.enters(starts, shape_invariants)
        merges = [merge([x, x])[0] for x in enters]
        context._pivot_for_pred = merges[0]
        going_on = convert_to_tensor(self.cond(*self.packed(merges)))
        context._pivot = apply("LoopCond", going_on, name="LoopCond")
        switches = [switch_on(x, context._pivot) for x in merges]
        insides = [_identity(s[1]) for s in switches]
        context._pivot_for_body = insides[0]
        original = self.body_result(insides)
        flat = nest.flatten(original, expand_composites=True)
        nexts = [_converted(with_flows(x)) for x in flat]
        if len(nexts) != len(merges):
            raise ValueError(
                "Number of inputs and outputs of body must match loop_vars: "
                f"{len(merges)}, {len(nexts)}"
            )
        for m, x in zip(merges, nexts, strict=True):
            self.back_edge(m, x)
        exits = [apply("Exit", s[0]) for s in switches]
        context._loop_exits = exits
        context.ExitResult(exits)
        return original, exits

    def enters(self, starts: list[Tensor], shape_invariants: Any) -> list[Tensor]:
        context = self.context
        for x in starts:
            context.inside[x] = x
        outer = context.outer_context
        if outer is not None:
            starts = [outer.value_inside(x) for x in starts]
        enters = [context.enter(x, is_constant=False) for x in starts]
        if outer is not None:
            self._wait_for_outer(enters)
        if shape_invariants is not None:
            _set_invariants(starts, enters, _flat_invariants(self.structure, shape_invariants))
        else:
            _forget_sparse_rows(self.structure, enters)
        context.adopt_enters(enters)
        context.inside = {x: x for x in enters}
        context._loop_enters = enters
        return enters

    def _wait_for_outer(self, enters: list[Tensor]) -> None:
        """Inside another loop, enters of its invariants wait for its iteration."""
        outer = self.context.outer_context
        pivot = None
        for context in outer.enclosing() if outer is not None else ():
            pivot = context.GetControlPivot()
            if pivot is not None:
                break
        if pivot is None:
            return
        for x in enters:
            source = x.op.operands[0]
            if isinstance(source, Tensor) and source.op.attrs.get("is_constant"):
                x.op._control_inputs = [*x.op._control_inputs, pivot.op]

    def packed(self, tensors: list[Tensor]) -> list[Any]:
        """Tensors in the structure of the loop variables."""
        templates = nest.flatten(self.structure, expand_composites=True)
        flat = tensor_arrays_for(templates, tensors)
        return nest.pack_sequence_as(self.structure, flat, expand_composites=True)  # type: ignore[no-any-return]

    def body_result(self, insides: list[Tensor]) -> Any:
        graph, packed = self.graph, self.packed(insides)
        before = len(graph.get_collection(GraphKeys._SUMMARY_COLLECTION))
        result = self.body(*packed)
        if not nest.is_sequence(result) and not hasattr(result, "_to_components"):
            result = [result]
        summaries = graph.get_collection_ref(GraphKeys._SUMMARY_COLLECTION)
        if len(summaries) > before:
            new = summaries[before:]
            del summaries[before:]
            with graph.control_dependencies(new):
                result = nest.map_structure(_waited, result, expand_composites=True)
        if not nest.is_sequence(result):
            result = [result]
        nest.assert_same_structure(list(packed), list(result), expand_composites=True)
        return result

    def back_edge(self, m: Tensor, x: Tensor) -> None:
        following = apply("NextIteration", x)
        if not _fits(following.static_shape, m.static_shape):
            enter = m.op.operands[0]
            assert isinstance(enter, Tensor)
            start = enter.op.operands[0]
            assert isinstance(start, Tensor)
            raise ValueError(
                f"Input tensor {start.name!r} enters the loop with shape {show(m.static_shape)}, "
                f"but has shape {show(following.static_shape)} after one iteration. To allow the "
                "shape to vary across iterations, use the `shape_invariants` argument of "
                "tf.while_loop to specify a less-specific shape."
            )
        if m.dtype.base_dtype != following.dtype.base_dtype:
            raise TypeError(
                f"Loop variable {m.name!r} is {m.dtype.base_dtype.name} but the body gives it "
                f"{following.dtype.base_dtype.name}: cast it back with tf.cast."
            )
        m.op.rewire(1, following)


def _identity(x: Tensor) -> Tensor:
    kind = "RefIdentity" if x.dtype._is_ref_dtype else "Identity"
    return apply(kind, x)  # type: ignore[no-any-return]


def _waited(x: Any) -> Any:
    from .tensor_array_ops import TensorArray

    return x if isinstance(x, TensorArray) else apply("Identity", convert_to_tensor(x))


def _fits(shape: Any, bound: Any) -> bool:
    """Whether every shape that `shape` allows is allowed by `bound`."""
    if bound is None or (is_known(shape) and shape == bound):
        return True
    if shape is None or len(shape) != len(bound):
        return False
    return all(b is None or a == b for a, b in zip(shape, bound, strict=True))


def _flat_invariants(structure: Any, invariants: Any) -> list[TensorShape]:
    """A shape for each tensor among the loop variables."""
    flat: list[TensorShape] = []
    pairs = zip(nest.flatten(structure), nest.flatten(invariants), strict=True)
    for x, shape in pairs:
        flat += _invariant_of(x, shape)
    return flat


def _invariant_of(x: Any, shape: Any) -> list[TensorShape]:
    shape = TensorShape(None) if shape is None else shape
    if not isinstance(shape, TensorShape):
        raise ValueError("`shapes` must be a (possibly nested) list of shapes.")
    if isinstance(x, IndexedSlices):
        parts = [shape, TensorShape([shape[0]] if shape.ndims else [None])]
        return [*parts, TensorShape([shape.ndims])] if x.dense_shape is not None else parts
    if hasattr(x, "_to_components") and hasattr(x, "indices"):
        rank = shape.ndims
        return [TensorShape([None, rank]), TensorShape([None]), TensorShape([rank])]
    if hasattr(x, "_to_components"):
        return [TensorShape(None) for _ in nest.flatten(x, expand_composites=True)]
    return [shape]


def _set_invariants(
    starts: Sequence[Tensor], enters: Sequence[Tensor], shapes: Sequence[TensorShape]
) -> None:
    for start, enter, shape in zip(starts, enters, shapes, strict=True):
        dims = shape.dims and tuple(shape.as_list())
        dims = () if shape.ndims == 0 else dims
        if not _fits(start.static_shape, dims):
            raise ValueError(
                f"The shape invariant specified for {start.name} is not compatible with the "
                f"initial shape of the loop variable. It enters the loop with shape "
                f"{show(start.static_shape)}, but the specified shape invariant is {shape}."
            )
        enter.static_shape = dims


def _forget_sparse_rows(structure: Any, enters: Sequence[Tensor]) -> None:
    """Sparse tensors among the variables may change how many values they hold."""
    at = 0
    for x in nest.flatten(structure):
        count = len(nest.flatten(x, expand_composites=True))
        if hasattr(x, "_to_components") and hasattr(x, "indices"):
            for enter in enters[at : at + 2]:
                shape = enter.static_shape
                enter.static_shape = None if shape is None else (None, *shape[1:])
        at += count
