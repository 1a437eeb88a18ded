"""`tf.ragged`: tensors whose rows have different lengths."""

from __future__ import annotations

from . import conversion, getitem, spec  # noqa: F401  (methods of RaggedTensor)
from .array_ops import boolean_mask, stack_dynamic_partitions
from .concat import stack
from .factory import constant, constant_value, placeholder
from .functional import map_flat_values
from .math_ops import range
from .splits import row_splits_to_segment_ids, segment_ids_to_row_splits
from .value import RaggedTensorValue

__all__ = [
    "RaggedTensorValue",
    "boolean_mask",
    "constant",
    "constant_value",
    "map_flat_values",
    "placeholder",
    "range",
    "row_splits_to_segment_ids",
    "segment_ids_to_row_splits",
    "stack",
    "stack_dynamic_partitions",
]
