"""Choosing between two branches: `tf.cond`, and its `Switch` and `Merge`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core.convert import convert_to_tensor
from ..core.emit import apply
from ..core.graph import Graph, get_default_graph
from ..core.tensor import Operation, Tensor
from ..ops.indexed_slices import IndexedSlices
from ..ops.sparse import SparseTensor
from . import nest
from .control_flow_context import CondContext
from .flows import tensor_arrays_for, with_flows
from .framework import name_scope
from .graph_keys import GraphKeys
from .grouping import with_dependencies

__all__ = ["cond"]


def switch(data: Any, pred: Any, dtype: Any = None, name: str | None = None) -> Any:
    """`(output_false, output_true)`: `data` is alive in the one that the scalar `pred` chooses."""
    with name_scope(name, "Switch", [data, pred]) as scope:
        if isinstance(data, IndexedSlices):
            return _switched_slices(data, pred, scope)
        data = convert_to_tensor(data, dtype, "data")
        pred = convert_to_tensor(pred, name="pred")
        return apply("Switch", data, pred, name=scope)


def _switched_slices(data: IndexedSlices, pred: Any, scope: str) -> tuple[IndexedSlices, ...]:
    pred = convert_to_tensor(pred, name="pred")
    parts = [data.values, data.indices, data.dense_shape]
    pairs: list[Any] = [(None, None) if p is None else apply("Switch", p, pred) for p in parts]
    return tuple(IndexedSlices(*side) for side in zip(*pairs, strict=True))


def merge(inputs: Sequence[Any], name: str | None = None) -> tuple[Any, Tensor]:
    """`(output, value_index)`: the one of `inputs` that is alive, and which it is."""
    if any(x is None for x in inputs):
        raise ValueError(f"At least one of the merge inputs is None: {list(inputs)}")
    with name_scope(name, "Merge", inputs) as scope:
        values: list[Any] = [
            x if hasattr(x, "_to_components") else convert_to_tensor(x, as_ref=True) for x in inputs
        ]
        if all(isinstance(x, SparseTensor) for x in values):
            return _merged_parts(values, scope)
        if any(isinstance(x, IndexedSlices) for x in values):
            return _merged_slices(values, scope)
        kind = "RefMerge" if all(x.dtype._is_ref_dtype for x in values) else "Merge"
        output, index = apply(kind, values, name=scope)
        return output, index


def _merged_slices(values: Sequence[Any], scope: str) -> tuple[IndexedSlices, Tensor]:
    from .gradients_impl import as_indexed_slices

    slices = [as_indexed_slices(v) for v in values]
    merged, index = apply("Merge", [s.values for s in slices], name=scope)
    indices = apply("Merge", [s.indices for s in slices], name="indices")[0]
    shapes = [s.dense_shape for s in slices]
    dense = None
    if all(s is not None for s in shapes):
        dense = apply("Merge", shapes, name="dense_shape")[0]
    return IndexedSlices(merged, indices, dense), index


def _merged_parts(values: Sequence[SparseTensor], scope: str) -> tuple[SparseTensor, Tensor]:
    parts = zip(*(x._to_components() for x in values), strict=True)
    merged = [apply("Merge", list(p), name=scope if not i else None) for i, p in enumerate(parts)]
    return values[0]._from_components([m[0] for m in merged]), merged[0][1]


def cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    strict: bool = False,
    name: str | None = None,
    fn1: Callable[[], Any] | None = None,
    fn2: Callable[[], Any] | None = None,
) -> Any:
    """`true_fn()` if the scalar `pred` is true, else `false_fn()`; only one of them runs.

    Both functions are called once, now, to build their branches; they must give structures alike,
    of equal dtypes. What they use from outside is computed whether or not the branch runs. A list
    or tuple of one result is unpacked unless `strict`. Raises TypeError if `pred` is a Python
    bool or the functions are not callable, ValueError if their results do not match.
    """
    true_fn = _one_of(true_fn, fn1, "true_fn", "fn1")
    false_fn = _one_of(false_fn, fn2, "false_fn", "fn2")
    graph = get_default_graph()
    with name_scope(name, "cond", [pred]):
        if isinstance(pred, bool):
            raise TypeError("pred must not be a Python bool")
        pred = convert_to_tensor(pred, name="pred")
        branches, contexts = _build_branches(graph, pred, true_fn, false_fn)
        merges = _merge_branches(branches, strict)
        if contexts[0].outer_context is None:
            for context in contexts:
                graph.add_to_collection(GraphKeys.COND_CONTEXT, context)
        return merges


def _one_of(fn: Any, old: Any, name: str, old_name: str) -> Callable[[], Any]:
    if old is not None:
        if fn is not None:
            raise TypeError(f"cond(): {name} and {old_name} may not be set simultaneously.")
        fn = old
    elif fn is None:
        raise TypeError(f"cond(): {name} argument required")
    if not callable(fn):
        raise TypeError(f"{name} must be callable.")
    return fn  # type: ignore[no-any-return]


def _build_branches(
    graph: Graph, pred: Tensor, true_fn: Callable[[], Any], false_fn: Callable[[], Any]
) -> tuple[list[tuple[Any, Any]], list[CondContext]]:
    off, on = switch(pred, pred)
    pivots = (apply("Identity", on, name="switch_t"), apply("Identity", off, name="switch_f"))
    pred = apply("Identity", pred, name="pred_id")
    for x in (on, off, *pivots, pred):
        graph.prevent_fetching(x.op)
    built, contexts = [], []
    for fn, pivot, branch in ((true_fn, pivots[0], 1), (false_fn, pivots[1], 0)):
        context = CondContext(pred, pivot, branch)
        with context.building():
            original, result = _build_branch(context, fn)
            if original is None:
                raise ValueError(f"{'true_fn' if branch else 'false_fn'} must have a return value.")
            context.ExitResult(result)
        built.append((original, result))
        contexts.append(context)
    return built, contexts


def _build_branch(context: CondContext, fn: Callable[[], Any]) -> tuple[Any, Any]:
    """What a branch's function gave, and that as tensors of the branch."""
    graph = context.graph
    before = len(graph.get_collection(GraphKeys._SUMMARY_COLLECTION))
    original = fn()
    summaries = graph.get_collection_ref(GraphKeys._SUMMARY_COLLECTION)
    if len(summaries) > before:
        new = summaries[before:]
        del summaries[before:]
        with graph.control_dependencies(new):
            if original is None:
                return apply("NoOp"), None
            original = nest.map_structure(_identity_of, original, expand_composites=True)
    if original is None:
        return None, None

    def inside(x: Any) -> Tensor:
        if isinstance(x, Operation):
            return with_dependencies([x], context.pivot)  # type: ignore[no-any-return]
        x = convert_to_tensor(with_flows(x))
        return context.result_inside(x)

    result = nest.map_structure(inside, original, expand_composites=True)
    if not isinstance(result, (list, tuple)):
        result = [result]
    return original, result


def _identity_of(x: Any) -> Any:
    return x if isinstance(x, Operation) else apply("Identity", convert_to_tensor(x))


def _unpacked(x: Any) -> Any:
    return x[0] if isinstance(x, (list, tuple)) and len(x) == 1 else x


def _merge_branches(branches: Sequence[tuple[Any, Any]], strict: bool) -> Any:
    (true_original, true_result), (false_original, false_result) = branches
    if not strict:
        true_original, false_original = _unpacked(true_original), _unpacked(false_original)
    try:
        nest.assert_same_structure(true_original, false_original, expand_composites=True)
    except TypeError as error:
        raise TypeError(f"Incompatible return types of true_fn and false_fn: {error}") from None
    except ValueError as error:
        raise ValueError(f"Incompatible return values of true_fn and false_fn: {error}") from None
    if not true_result:
        raise ValueError("true_fn and false_fn must return at least one result.")
    pairs = zip(
        nest.flatten(false_result, expand_composites=True),
        nest.flatten(true_result, expand_composites=True),
        strict=True,
    )
    merges = []
    for x, y in pairs:
        if x.dtype.base_dtype != y.dtype.base_dtype:
            raise ValueError(
                "Outputs of true_fn and false_fn must have the same type: "
                f"{y.dtype.name}, {x.dtype.name}"
            )
        merges.append(merge([x, y])[0])
    flat = nest.flatten(true_original, expand_composites=True)
    merges = tensor_arrays_for(flat, merges)
    packed = nest.pack_sequence_as(true_original, merges, expand_composites=True)
    return packed if strict else _unpacked(packed)
