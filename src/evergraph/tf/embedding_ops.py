"""Rows of tables, whole or split into parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.dtypes import int32
from ..core.shape import is_known, merge
from ..core.tensor import Tensor
from . import array_ops
from .clip_ops import clip_by_norm
from .dtype_ops import cast
from .emitting import emit_tensor
from .framework import colocate_with, convert_to_tensor, name_scope
from .partitioned_variables import PartitionedVariable
from .reduction_ops import reduce_sum


def embedding_lookup(
    params: Any,
    ids: Any,
    partition_strategy: Any = "mod",
    name: Any = None,
    validate_indices: Any = True,
    max_norm: Any = None,
) -> Any:
    """The rows of `params` that `ids` name, scaled down to `max_norm` where one is given.

    `params` is one table or a list of parts: with the strategy 'mod' row i is in part i % parts,
    with 'div' the parts hold consecutive rows, the first ones one more where it does not divide
    evenly. Shape: `ids.shape + params.shape[1:]`.
    """
    tables = _tables(params)
    with name_scope(name, "embedding_lookup", [*tables, ids]) as scope:
        # A resource variable is read by its rows alone: it is not converted as a whole.
        if not any(hasattr(p, "sparse_read") for p in tables):
            tables = [
                convert_to_tensor(p, name="params" if len(tables) == 1 else f"params_{i}")
                for i, p in enumerate(tables)
            ]
        ids = convert_to_tensor(ids, name="ids")
        if len(tables) == 1:
            with colocate_with(tables[0]):
                rows = array_ops.gather(tables[0], ids, name=scope)
                rows = _clipped(rows, ids, max_norm)
            return array_ops.identity(rows)
        rows = _from_parts(tables, ids, partition_strategy, scope)
        return _clipped(rows, ids, max_norm)


def _tables(params: Any) -> list[Any]:
    if params is None:
        raise ValueError("params must be specified")
    if isinstance(params, (list, tuple)) and not params:
        raise ValueError("Need at least one param")
    if isinstance(params, (list, PartitionedVariable)):
        return list(params)
    return [params]


def _clipped(rows: Tensor, ids: Tensor, max_norm: Any) -> Any:
    if max_norm is None:
        return rows
    first, end = _rank(ids), _rank(rows)
    if isinstance(first, int) and isinstance(end, int):
        return clip_by_norm(rows, max_norm, axes=list(range(first, end)))
    return clip_by_norm(rows, max_norm, axes=array_ops.range(first, end))


def _rank(x: Tensor) -> Any:
    """The rank, as a tensor where it is unknown or zero (as TensorFlow has it)."""
    return len(x.static_shape) if x.static_shape else array_ops.rank(x)


def _from_parts(tables: Sequence[Any], ids: Tensor, strategy: Any, scope: str) -> Tensor:
    """Gathers from each part what is there and stitches it together in the order of the ids."""
    parts = len(tables)
    flat: Any = array_ops.reshape(ids, [-1])
    places = array_ops.range(array_ops.size(flat))
    part, row = _assigned(tables, flat, strategy)
    part = cast(part, int32)
    rows = array_ops.dynamic_partition(row, part, parts)
    places = array_ops.dynamic_partition(places, part, parts)
    found = []
    for table, wanted in zip(tables, rows, strict=True):
        with colocate_with(table):
            found.append(array_ops.gather(table, wanted))
    result = emit_tensor("ParallelDynamicStitch", places, found, name=scope)
    static: Any = tables[0].shape[1:]._dims
    for table in tables[1:]:
        static = merge(static, table.shape[1:]._dims)
    dims: Any = static
    if not is_known(static):
        with colocate_with(tables[0]):
            whole: Any = array_ops.shape(tables[0])
        dims = whole[1:]
    result = array_ops.reshape(result, array_ops.concat([array_ops.shape(ids), dims], 0))
    if ids.static_shape is not None and static is not None:
        result.set_shape((*ids.static_shape, *static))
    return result


def _assigned(tables: Sequence[Any], flat: Any, strategy: Any) -> tuple[Any, Any]:
    """For each id the part that holds it, and its row there."""
    parts = len(tables)
    if strategy == "mod":
        part = flat % parts
        return part, flat // parts
    if strategy != "div":
        raise ValueError(f"Unrecognized partition strategy: {strategy}")
    total = _row_count(tables, flat)
    each, extras = total // parts, total % parts
    part = emit_tensor("Maximum", flat // (each + 1), (flat - extras) // each)
    long: Any = part
    row = array_ops.where(long < extras, flat % (each + 1), (flat - extras) % each)
    return part, row


def _row_count(tables: Sequence[Any], flat: Tensor) -> Any:
    known = [t.shape[0].value for t in tables]
    if None not in known:
        return array_ops.constant(sum(known), flat.dtype.base_dtype)
    counts = []
    for table, count in zip(tables, known, strict=True):
        if count is not None:
            counts.append(count)
            continue
        with colocate_with(table):
            shape: Any = array_ops.shape(table)
            counts.append(shape[0])
    return reduce_sum(cast(array_ops.stack(counts), flat.dtype.base_dtype))
