"""Rows of tables joined by the rows of sparse ids."""

from __future__ import annotations

from typing import Any

from ..core.dtypes import bfloat16, bool_, float16, float32, int32
from ..core.tensor_shape import TensorShape
from . import array_ops
from .dtype_ops import cast
from .embedding_ops import embedding_lookup
from .emitting import emit_tensor
from .framework import convert_to_tensor, name_scope
from .logging import warn
from .partitioned_variables import PartitionedVariable
from .reduction_ops import reduce_prod
from .resource_variables import is_resource_variable
from .sparse_tensor import SparseTensor

_COMBINERS = {"mean": "SparseSegmentMean", "sqrtn": "SparseSegmentSqrtN", "sum": "SparseSegmentSum"}


def _sparse_op(name: str) -> Any:
    """`tf.sparse.NAME`, looked up when it is used."""
    from .namespaces import resolve

    return resolve("tf", name)


def _listed(params: Any) -> list[Any]:
    if isinstance(params, PartitionedVariable):
        return list(params)
    return params if isinstance(params, list) else [params]


def embedding_lookup_sparse(
    params: Any,
    sp_ids: Any,
    sp_weights: Any,
    partition_strategy: Any = "mod",
    name: Any = None,
    combiner: Any = None,
    max_norm: Any = None,
) -> Any:
    """For each row of the SparseTensor `sp_ids` the rows of `params` it names, joined.

    `combiner`: 'sum', 'mean' (the default) or 'sqrtn', weighted by the SparseTensor `sp_weights`
    or, where that is None, all alike. `params`, `partition_strategy` and `max_norm` as
    `tf.nn.embedding_lookup` has them. Shape: `[rows, *params.shape[1:]]`.
    """
    if combiner is None:
        warn('The default value of combiner will change from "mean" to "sqrtn".')
        combiner = "mean"
    if combiner not in _COMBINERS:
        raise ValueError("combiner must be one of 'mean', 'sqrtn' or 'sum'")
    tables = _listed(params)
    if not isinstance(sp_ids, SparseTensor):
        raise TypeError("sp_ids must be SparseTensor")
    if sp_weights is not None:
        _check_weights(sp_ids, sp_weights)
    with name_scope(name, "embedding_lookup_sparse", [*tables, sp_ids]) as scope:
        rows: Any = sp_ids.indices[:, 0]
        if rows.dtype != int32:
            rows = cast(rows, int32)
        ids, places = array_ops.unique(sp_ids.values)
        found = embedding_lookup(
            tables, ids, partition_strategy=partition_strategy, max_norm=max_norm
        )
        if found.dtype in (float16, bfloat16):
            found = cast(found, float32)
        if sp_weights is None:
            return emit_tensor(_COMBINERS[combiner], found, places, rows, name=scope)
        return _weighted(found, places, rows, sp_weights.values, combiner, scope)


def _check_weights(ids: Any, weights: Any) -> None:
    if not isinstance(weights, SparseTensor):
        raise TypeError("sp_weights must be either None or SparseTensor")
    for part in ("values", "indices", "dense_shape"):
        getattr(ids, part).shape.assert_is_compatible_with(getattr(weights, part).shape)


def _weighted(found: Any, places: Any, rows: Any, weights: Any, combiner: str, scope: Any) -> Any:
    if weights.dtype != found.dtype:
        weights = cast(weights, found.dtype)
    found = array_ops.gather(found, places)
    rank: Any = array_ops.rank(found)
    ones = array_ops.fill(array_ops.expand_dims(rank - 1, 0), 1)
    spread = array_ops.concat([array_ops.shape(weights), ones], 0)
    known = weights.shape
    weights = array_ops.reshape(weights, spread)
    if found.shape.ndims is not None:
        weights.set_shape(known.concatenate([1] * (found.shape.ndims - 1)))
    found = found * weights
    if combiner == "sum":
        return emit_tensor("SegmentSum", found, rows, name=scope)
    total = emit_tensor("SegmentSum", found, rows)
    if combiner == "mean":
        share = emit_tensor("SegmentSum", weights, rows)
    else:
        square = emit_tensor("Pow", weights, 2)
        share = emit_tensor("Sqrt", emit_tensor("SegmentSum", square, rows))
    return emit_tensor("RealDiv", total, share, name=scope)


# -- whatever the ids are ----------------------------------------------------------------------


def safe_embedding_lookup_sparse(
    embedding_weights: Any,
    sparse_ids: Any,
    sparse_weights: Any = None,
    combiner: Any = "mean",
    default_id: Any = None,
    name: Any = None,
    partition_strategy: Any = "div",
    max_norm: Any = None,
) -> Any:
    """`embedding_lookup_sparse` that leaves out ids below 0 and weights of 0 or less.

    A row without ids gives the row `default_id` of the table, or zeros. The ids may have any rank
    of at least 2; the last axis is joined.
    """
    tables = _tables(embedding_weights, sparse_weights)
    with name_scope(name, "embedding_lookup", [*tables, sparse_ids, sparse_weights]) as scope:
        shape: Any = sparse_ids.dense_shape
        known = shape.shape[0].value
        rank: Any = array_ops.size(shape) if known is None else known
        leading = reduce_prod(array_ops.slice(shape, [0], [rank - 1]))
        matrix = [leading, array_ops.gather(shape, rank - 1)]
        ids = _sparse_op("sparse_reshape")(sparse_ids, matrix)
        weights = sparse_weights
        if weights is not None:
            weights = SparseTensor(ids.indices, weights.values, ids.dense_shape)
        ids, weights = _pruned(ids, weights, combiner)
        ids, empty = _sparse_op("sparse_fill_empty_rows")(ids, default_id or 0)
        if weights is not None:
            weights, _ = _sparse_op("sparse_fill_empty_rows")(weights, 1.0)
        result: Any = embedding_lookup_sparse(
            tables,
            ids,
            weights,
            combiner=combiner,
            partition_strategy=partition_strategy,
            name=None if default_id is None else scope,
            max_norm=max_norm,
        )
        if default_id is None:
            columns: Any = array_ops.shape(result)
            wide = array_ops.stack([1, columns[1]])
            empty = array_ops.tile(array_ops.reshape(empty, [-1, 1]), wide)
            result = array_ops.where(empty, array_ops.zeros_like(result), result, name=scope)
        return _in_shape(result, shape, rank, known)


def _tables(embedding_weights: Any, sparse_weights: Any) -> list[Any]:
    if embedding_weights is None:
        raise ValueError(f"Missing embedding_weights {embedding_weights}.")
    tables = _listed(embedding_weights)
    if not tables:
        raise ValueError(f"Missing embedding_weights {tables}.")
    kind = None if sparse_weights is None else sparse_weights.dtype
    return [
        w
        if is_resource_variable(w) and kind in (None, w.dtype)
        else convert_to_tensor(w, dtype=kind)
        for w in tables
    ]


def _pruned(ids: Any, weights: Any, combiner: str) -> tuple[Any, Any]:
    """Without ids below 0 and, unless they are just summed, without weights of 0 or less."""
    retain = _sparse_op("sparse_retain")
    valid = emit_tensor("GreaterEqual", ids.values, 0)
    if weights is None:
        return retain(ids, valid), None
    ones = array_ops.ones_like(weights.values, dtype=bool_)
    valid = emit_tensor("LogicalAnd", valid, ones)
    ids, weights = retain(ids, valid), retain(weights, valid)
    if combiner != "sum":
        valid = emit_tensor("Greater", weights.values, 0)
        ids, weights = retain(ids, valid), retain(weights, valid)
    return ids, weights


def _in_shape(result: Any, shape: Any, rank: Any, known: int | None) -> Any:
    """The rows of the result in the shape that the ids had."""
    leading = array_ops.slice(cast(shape, int32), [0], [rank - 1])
    rest = array_ops.slice(array_ops.shape(result), [1], [-1])
    final: Any = array_ops.reshape(result, array_ops.concat([leading, rest], 0))
    outer = TensorShape(None if known is None else [None] * (known - 1))
    final.set_shape(outer.concatenate(result.shape[1:]))
    return final
