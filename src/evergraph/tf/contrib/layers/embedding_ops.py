"""Embeddings of `tf.contrib.layers`."""

from __future__ import annotations

from typing import Any

from ....core.tensor import Tensor
from ... import array_ops, embedding_ops, math_ops
from ...framework import convert_to_tensor, name_scope
from ...variable_scope import variable_scope
from ..framework.variables import model_variable

__all__ = ["embed_sequence", "embedding_lookup_unique"]


def embed_sequence(
    ids: Any,
    vocab_size: int | None = None,
    embed_dim: int | None = None,
    unique: bool = False,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    scope: Any = None,
    reuse: Any = None,
) -> Tensor:
    """The rows of a variable `embeddings` that `ids` name: shape `ids.shape + [embed_dim]`.

    With `unique` each row is looked up once. Raises ValueError without the sizes, unless reusing.
    """
    if not (reuse or (vocab_size and embed_dim)):
        raise ValueError(
            "Must specify vocab size and embedding dimension when not reusing. Got "
            f"vocab_size={vocab_size} and embed_dim={embed_dim}"
        )
    with variable_scope(scope, "EmbedSequence", [ids], reuse=reuse):
        known = vocab_size is not None and embed_dim is not None
        embeddings = model_variable(
            "embeddings",
            shape=[vocab_size, embed_dim] if known else None,
            initializer=initializer,
            regularizer=regularizer,
            trainable=trainable,
        )
        if unique:
            return embedding_lookup_unique(embeddings, ids)
        return embedding_ops.embedding_lookup(embeddings, ids)  # type: ignore[no-any-return]


def embedding_lookup_unique(
    params: Any, ids: Any, partition_strategy: str = "mod", name: str | None = None
) -> Tensor:
    """`tf.nn.embedding_lookup` that looks each id up once, however often it occurs."""
    with name_scope(name, "EmbeddingLookupUnique", [params, ids]):
        ids = convert_to_tensor(ids)
        shape = array_ops.shape(ids)
        flat = array_ops.reshape(ids, math_ops.reduce_prod(shape, keepdims=True))
        unique, places = array_ops.unique(flat)
        rows = embedding_ops.embedding_lookup(params, unique, partition_strategy)
        found = array_ops.gather(rows, places)
        row_shape: Any = array_ops.shape(rows)
        embedded = array_ops.reshape(found, array_ops.concat([shape, row_shape[1:]], 0))
        embedded.set_shape(ids.shape.concatenate(rows.shape[1:]))
        return embedded
