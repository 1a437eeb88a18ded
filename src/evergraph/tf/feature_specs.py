"""What is asked of the features of Examples: `tf.FixedLenFeature` and its like."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..core.dtypes import DType, as_dtype, int64
from ..core.tensor_shape import TensorShape
from . import logging


class VarLenFeature(collections.namedtuple("VarLenFeature", ["dtype"])):
    """A feature of any number of values of `dtype`: parsed as a SparseTensor."""

    __slots__ = ()


class SparseFeature(
    collections.namedtuple(
        "SparseFeature", ["index_key", "value_key", "dtype", "size", "already_sorted"]
    )
):
    """A SparseTensor of two features: where its values stand (`index_key`), and what they are.

    `size` is its extent; with lists of keys and sizes it has several dimensions.
    """

    __slots__ = ()

    def __new__(
        cls, index_key: Any, value_key: Any, dtype: Any, size: Any, already_sorted: bool = False
    ) -> SparseFeature:
        """A sparse feature."""
        return super().__new__(cls, index_key, value_key, dtype, size, already_sorted)


class FixedLenFeature(
    collections.namedtuple("FixedLenFeature", ["shape", "dtype", "default_value"])
):
    """A feature that has one shape in all examples; it must be there unless it has a default."""

    __slots__ = ()

    def __new__(cls, shape: Any, dtype: Any, default_value: Any = None) -> FixedLenFeature:
        """A dense feature."""
        return super().__new__(cls, shape, dtype, default_value)


class FixedLenSequenceFeature(
    collections.namedtuple(
        "FixedLenSequenceFeature", ["shape", "dtype", "allow_missing", "default_value"]
    )
):
    """A feature of any number of values of one shape: parsed as a padded dense tensor."""

    __slots__ = ()

    def __new__(
        cls, shape: Any, dtype: Any, allow_missing: bool = False, default_value: Any = None
    ) -> FixedLenSequenceFeature:
        """A dense feature of variable length."""
        return super().__new__(cls, shape, dtype, allow_missing, default_value)


class Raw(NamedTuple):
    """Features as the parsing ops take them."""

    sparse_keys: list[Any]
    sparse_types: list[DType]
    dense_keys: list[Any]
    dense_types: list[DType]
    dense_defaults: dict[Any, Any]
    dense_shapes: list[Any]

    def add_sparse(self, key: Any, dtype: DType) -> None:
        """Asks for a sparse feature; ValueError if it is asked for with another dtype."""
        if key not in self.sparse_keys:
            self.sparse_keys.append(key)
            self.sparse_types.append(dtype)
            return
        known = self.sparse_types[self.sparse_keys.index(key)]
        if known is not dtype:
            raise ValueError(f"Conflicting type {known} vs {dtype} for feature {key}.")

    def add_dense(self, key: Any, feature: Any) -> None:
        """Asks for a dense feature."""
        self.dense_keys.append(key)
        self.dense_types.append(as_dtype(feature.dtype))
        self.dense_shapes.append(feature.shape)
        if getattr(feature, "allow_missing", False):
            self.dense_defaults[key] = None
        if feature.default_value is not None:
            self.dense_defaults[key] = feature.default_value


def raw_features(features: Any, kinds: Sequence[type]) -> Raw:
    """The features in the order of their names.

    Raises ValueError for features of other kinds, and for what they lack.
    """
    raw = Raw([], [], [], [], {}, [])
    for key in sorted(features or {}):
        feature = features[key]
        kind = next((k for k in _ADD if isinstance(feature, k)), None)
        if kind is None:
            raise ValueError(f"Invalid feature {key}:{feature}.")
        if kind not in kinds:
            raise ValueError(f"Unsupported {kind.__name__} {feature}.")
        _ADD[kind](raw, key, feature)
    return raw


def _check_dtype(key: Any, feature: Any) -> DType:
    if not feature.dtype:
        raise ValueError(f"Missing type for feature {key}.")
    return as_dtype(feature.dtype)


def _check_shape(key: Any, feature: Any) -> None:
    _check_dtype(key, feature)
    if feature.shape is None:
        raise ValueError(f"Missing shape for feature {key}.")


def _add_variable(raw: Raw, key: Any, feature: VarLenFeature) -> None:
    raw.add_sparse(key, _check_dtype(key, feature))


def _add_sparse(raw: Raw, key: Any, feature: SparseFeature) -> None:
    for name in ("index_key", "value_key"):
        if not getattr(feature, name):
            raise ValueError(f"Missing {name} for SparseFeature {feature}.")
    dtype = _check_dtype(key, feature)
    keys = [feature.index_key] if isinstance(feature.index_key, str) else feature.index_key
    if len(keys) > 1:
        logging.warning(
            "A SparseFeature of several index keys is rarely wanted: VarLenFeature is simpler."
        )
    for index_key in sorted(keys):
        raw.add_sparse(index_key, int64)
    raw.add_sparse(feature.value_key, dtype)


def _add_fixed(raw: Raw, key: Any, feature: FixedLenFeature) -> None:
    _check_shape(key, feature)
    shape = TensorShape(feature.shape)
    if shape.ndims and shape.as_list()[0] is None:
        raise ValueError(
            f"First dimension of shape for feature {key} unknown. Consider using "
            "FixedLenSequenceFeature."
        )
    if not shape.is_fully_defined():
        raise ValueError(
            f"All dimensions of shape for feature {key} need to be known but received "
            f"{feature.shape}."
        )
    raw.add_dense(key, feature)


def _add_sequence(raw: Raw, key: Any, feature: FixedLenSequenceFeature) -> None:
    _check_shape(key, feature)
    raw.add_dense(key, feature)


_ADD: dict[Any, Any] = {
    VarLenFeature: _add_variable,
    SparseFeature: _add_sparse,
    FixedLenFeature: _add_fixed,
    FixedLenSequenceFeature: _add_sequence,
}


def with_steps(features: Any) -> Any:
    """The features with an unknown first extent for those of variable length.

    ValueError for one of these that may not be missing.
    """
    out = dict(features)
    for key, feature in features.items():
        if not isinstance(feature, FixedLenSequenceFeature):
            continue
        if not feature.allow_missing:
            raise ValueError(
                "Unsupported: FixedLenSequenceFeature requires allow_missing to be True."
            )
        shape = [None, *feature.shape]
        rest = (feature.dtype, feature.allow_missing, feature.default_value)
        out[key] = FixedLenSequenceFeature(shape, *rest)
    return out
