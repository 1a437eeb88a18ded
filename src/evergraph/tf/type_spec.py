"""What is known of a value before there is one: `tf.TypeSpec` and `tf.TensorSpec`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.dtypes import DType, as_dtype, float32
from ..core.tensor import Tensor
from ..core.tensor_shape import TensorShape
from .framework import convert_to_tensor

__all__ = ["TensorSpec", "TypeSpec"]


class TypeSpec:
    """The kind of a value: what all values that may stand in one place have in common.

    A subclass tells its parts by `_serialize` (a tuple from which its constructor makes it again),
    and the tensors that a value consists of by `_component_specs`.
    """

    @property
    def value_type(self) -> Any:
        """The class of the values."""
        raise NotImplementedError(f"{type(self).__name__}.value_type")

    def _serialize(self) -> tuple[Any, ...]:
        raise NotImplementedError(f"{type(self).__name__}._serialize")

    @property
    def _component_specs(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._component_specs")

    def _to_components(self, value: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._to_components")

    def _from_components(self, components: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}._from_components")

    @property
    def _flat_tensor_specs(self) -> list[Any]:
        from . import nest

        return nest.flatten(self._component_specs)

    def _to_tensor_list(self, value: Any) -> list[Any]:
        from . import nest

        return nest.flatten(self._to_components(value))

    def _from_tensor_list(self, tensor_list: Any) -> Any:
        self._check_tensors(tensor_list)
        return self._from_compatible_tensor_list(tensor_list)

    def _from_compatible_tensor_list(self, tensor_list: Any) -> Any:
        from . import nest

        return self._from_components(nest.pack_sequence_as(self._component_specs, tensor_list))

    def _check_tensors(self, tensor_list: Any) -> None:
        specs = self._flat_tensor_specs
        if len(specs) != len(tensor_list):
            raise ValueError(f"Expected {len(specs)} tensors, got {len(tensor_list)}.")
        for spec, tensor in zip(specs, tensor_list, strict=True):
            if not spec.is_compatible_with(tensor):
                raise ValueError(f"{tensor} is no value of {spec}.")

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether a spec, or the spec of a value, may stand where this one does."""
        other = spec_or_value
        if not isinstance(other, TypeSpec):
            other = type_spec_from_value(other)
        if type(self) is not type(other):
            return False
        return _fits(self._serialize(), other._serialize())

    def most_specific_compatible_type(self, other: Any) -> Any:
        """The narrowest spec for the values of both; ValueError if there is none."""
        if type(self) is not type(other):
            raise ValueError(f"No TypeSpec is compatible with both {self} and {other}")
        return type(self)(*_common(self._serialize(), other._serialize()))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._key() == other._key()

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> Any:
        return _hashable(self._serialize())

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self._serialize()!r}"


def _hashable(x: Any) -> Any:
    if isinstance(x, TensorShape):
        return None if x.ndims is None else ("shape", *x.as_list())
    if isinstance(x, (list, tuple)):
        return tuple(map(_hashable, x))
    if isinstance(x, dict):
        return tuple(sorted((k, _hashable(v)) for k, v in x.items()))
    if isinstance(x, np.ndarray):
        return ("array", x.shape, tuple(x.ravel().tolist()))
    return x


def _fits(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_fits, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_fits(a[k], b[k]) for k in a)
    if isinstance(a, (TensorShape, TypeSpec, DType)):
        return bool(a.is_compatible_with(b))
    return bool(np.all(a == b))


def _common(a: Any, b: Any) -> Any:
    if isinstance(a, TensorShape):
        return a.most_specific_compatible_shape(b)
    if isinstance(a, TypeSpec):
        return a.most_specific_compatible_type(b)
    if isinstance(a, (list, tuple)) and len(a) == len(b):
        return type(a)([_common(x, y) for x, y in zip(a, b, strict=True)])
    if isinstance(a, dict) and a.keys() == b.keys():
        return {k: _common(a[k], b[k]) for k in a}
    if a != b:
        raise ValueError(f"No TypeSpec is compatible with both {a} and {b}")
    return a


class TensorSpec(TypeSpec):
    """The shape, the dtype and the name of a tensor."""

    def __init__(self, shape: Any, dtype: Any = float32, name: Any = None) -> None:
        self._shape = shape if isinstance(shape, TensorShape) else TensorShape(shape)
        self._dtype = as_dtype(dtype)
        self._name = name

    @classmethod
    def from_spec(cls, spec: Any, name: Any = None) -> TensorSpec:
        """A spec like another one, with its name or another."""
        return cls(spec.shape, spec.dtype, name or getattr(spec, "name", None))

    @classmethod
    def from_tensor(cls, tensor: Any, name: Any = None) -> TensorSpec:
        """The spec of a tensor; ValueError for anything else."""
        if not isinstance(tensor, Tensor):
            raise ValueError(f"`tensor` should be a tf.Tensor, not {tensor!r}")
        return cls(tensor.shape, tensor.dtype, name or tensor.op.name)

    @property
    def shape(self) -> TensorShape:
        """What is known of the shape."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The dtype of the elements."""
        return self._dtype

    @property
    def name(self) -> Any:
        """Its name, or None."""
        return self._name

    @property
    def value_type(self) -> Any:
        """The class of the values: Tensor."""
        return Tensor

    def is_compatible_with(self, spec_or_tensor: Any) -> bool:
        """Whether a spec or a tensor has this dtype, and a shape that this one may be."""
        other = spec_or_tensor
        if not isinstance(other, (TensorSpec, Tensor)):
            return super().is_compatible_with(other)
        same = self._dtype.is_compatible_with(other.dtype)
        return bool(same and self._shape.is_compatible_with(other.shape))

    def most_specific_compatible_type(self, other: Any) -> TensorSpec:
        """The narrowest spec for the values of both; ValueError if there is none."""
        if type(self) is not type(other) or self._dtype is not other.dtype:
            raise ValueError(f"Types are not compatible: {self!r} vs {other!r}")
        shape = self._shape.most_specific_compatible_shape(other.shape)
        return TensorSpec(shape, self._dtype)

    def _serialize(self) -> tuple[Any, ...]:
        return self._shape, self._dtype, self._name

    @property
    def _component_specs(self) -> TensorSpec:
        return self

    @property
    def _flat_tensor_specs(self) -> list[Any]:
        return [self]

    def _to_components(self, value: Any) -> Any:
        return convert_to_tensor(value, dtype=self._dtype)

    def _from_components(self, components: Any) -> Any:
        return components

    def _to_tensor_list(self, value: Any) -> list[Any]:
        return [self._to_components(value)]

    def _from_compatible_tensor_list(self, tensor_list: Any) -> Any:
        (tensor,) = tensor_list
        tensor.set_shape(self._shape)
        return tensor

    def _batch(self, batch_size: Any) -> TensorSpec:
        return TensorSpec(TensorShape([batch_size]).concatenate(self._shape), self._dtype)

    def _unbatch(self) -> TensorSpec:
        if self._shape.ndims == 0:
            raise ValueError("Unbatching a tensor is only supported for rank >= 1")
        return TensorSpec(self._shape[1:], self._dtype)

    def _to_legacy_output_types(self) -> Any:
        return self._dtype

    def _to_legacy_output_shapes(self) -> Any:
        return self._shape

    def _to_legacy_output_classes(self) -> Any:
        return Tensor

    def __repr__(self) -> str:
        shape = None if self._shape.ndims is None else tuple(self._shape.as_list())
        name = "" if self._name is None else f", name={self._name!r}"
        return f"TensorSpec(shape={shape}, dtype={self._dtype!r}{name})"


class BoundedTensorSpec(TensorSpec):
    """A TensorSpec whose elements lie between two bounds, which are broadcast to its shape."""

    def __init__(
        self, shape: Any, dtype: Any, minimum: Any, maximum: Any, name: Any = None
    ) -> None:
        super().__init__(shape, dtype, name)
        for bound, what in ((minimum, "minimum"), (maximum, "maximum")):
            if bound is None:
                raise ValueError(f"{what} can not be None")
            try:
                np.broadcast_shapes(np.shape(bound), tuple(d or 1 for d in self.shape.as_list()))
            except ValueError as error:
                raise ValueError(f"{what} is not compatible with shape: {error}") from None
        self._minimum = np.array(minimum, self.dtype.np_dtype)
        self._maximum = np.array(maximum, self.dtype.np_dtype)
        for bound in (self._minimum, self._maximum):
            bound.setflags(write=False)

    @classmethod
    def from_spec(cls, spec: Any, name: Any = None) -> BoundedTensorSpec:
        """A spec like another one, with its bounds or those of its dtype."""
        low = getattr(spec, "minimum", spec.dtype.min)
        high = getattr(spec, "maximum", spec.dtype.max)
        return cls(spec.shape, spec.dtype, low, high, name or spec.name)

    @property
    def minimum(self) -> Any:
        """The least values."""
        return self._minimum

    @property
    def maximum(self) -> Any:
        """The greatest values."""
        return self._maximum

    def _serialize(self) -> tuple[Any, ...]:
        return self._shape, self._dtype, self._minimum, self._maximum, self._name

    def __repr__(self) -> str:
        return (
            f"BoundedTensorSpec(shape={self.shape}, dtype={self.dtype!r}, name={self.name!r}, "
            f"minimum={self.minimum!r}, maximum={self.maximum!r})"
        )


_converters: list[tuple[type, Callable[[Any], TypeSpec]]] = []


def register_type_spec_from_value_converter(
    type_object: Any, converter_fn: Callable[[Any], TypeSpec], allow_subclass: bool = False
) -> None:
    """Makes `type_spec_from_value` know the values of a class."""
    _converters.append((type_object, converter_fn))


def type_spec_from_value(value: Any) -> Any:
    """The spec of a value: of a tensor, a RaggedTensor or what else is registered.

    Raises TypeError for values that have none.
    """
    if isinstance(value, Tensor):
        return TensorSpec(value.shape, value.dtype)
    spec = getattr(value, "_type_spec", None)
    if spec is not None:
        return spec
    for kind, convert in reversed(_converters):
        if isinstance(value, kind):
            return convert(value)
    try:
        tensor = convert_to_tensor(value)
    except (ValueError, TypeError):
        raise TypeError(f"Could not build a TypeSpec for {value!r}: {type(value)}") from None
    return TensorSpec(tensor.shape, tensor.dtype)
