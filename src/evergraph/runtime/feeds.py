"""Feeds of composite objects (sparse tensors, tuples, programs' types), taken apart to tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..core.tensor import Tensor
from ..ops.indexed_slices import IndexedSlices
from ..ops.sparse import SparseTensor

Pairs = Sequence[tuple[Any, Any]]
_registered: list[tuple[type, Callable[[Any, Any], Pairs] | None, Callable[[Any], Any] | None]] = []


def register_feed(
    kind: type, feed: Callable[[Any, Any], Pairs] | None, partial: Callable[[Any], Any] | None
) -> None:
    """Makes objects of `kind` keys of feeds: `feed(key, value)` gives pairs of tensor and value.

    `partial(key)` gives the tensors that a partial run may feed for it. ValueError if the kind is
    registered.
    """
    if any(issubclass(kind, known) for known, _, _ in _registered):
        raise ValueError(f"{kind} has already been registered, so it is ignored.")
    _registered.insert(0, (kind, feed, partial))


def flat_feeds(feed_dict: Any) -> dict[Any, Any]:
    """The feeds by tensor; TypeError for what is no dictionary, ValueError for wrong numbers."""
    if type(feed_dict) is dict and all(type(k) is Tensor for k in feed_dict):
        return feed_dict
    if not hasattr(feed_dict, "items"):
        raise TypeError(f"feed_dict must be a dictionary, not {type(feed_dict).__name__}.")
    flat: dict[Any, Any] = {}
    for key, value in feed_dict.items():
        _add(flat, key, value)
    return flat


def _add(flat: dict[Any, Any], key: Any, value: Any) -> None:
    if isinstance(key, tuple):
        for k, v in _pairs(key, value):
            _add(flat, k, v)
    else:
        flat.update(_pairs(key, value))


def _pairs(key: Any, value: Any) -> Pairs:
    for kind, feed, _ in _registered:
        if isinstance(key, kind) and feed is not None:
            return feed(key, value)
    if hasattr(key, "_feeds"):  # RaggedTensor
        return list(key._feeds(value))
    parts = _parts(key)
    if parts is None:
        return [(key, value)]
    values = tuple(v for v in value if v is not None)
    if isinstance(key, SparseTensor) and len(values) == 2:  # the shape is what it is
        parts = parts[:2]
    if len(parts) != len(values):
        raise ValueError(f"A feed of {len(parts)} tensors needs as many values, not {len(values)}.")
    return list(zip(parts, values, strict=True))


def _parts(key: Any) -> tuple[Any, ...] | None:
    """The tensors of a composite key, None for a key that is a tensor or names one."""
    if isinstance(key, tuple):
        return key
    if isinstance(key, IndexedSlices):
        parts = (key.values, key.indices, key.dense_shape)
    elif hasattr(key, "_components"):
        parts = key._components()
    else:
        return None
    return tuple(p for p in parts if p is not None)


def feed_tensors_of(key: Any) -> Sequence[Any]:
    """The tensors that stand for a key of feeds."""
    for kind, _, partial in _registered:
        if isinstance(key, kind) and partial is not None:
            return list(partial(key))
    parts = _parts(key)
    return [key] if parts is None else parts
