"""What a run gives for a RaggedTensor: NumPy arrays."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np


class RaggedTensorValue:
    """Values (an array, or again a RaggedTensorValue) and where their rows are split.

    Row i holds `values[row_splits[i]:row_splits[i + 1]]`. Raises TypeError for row splits that
    are no vector of int32 or int64, and for values that are no array.
    """

    def __init__(self, values: Any, row_splits: Any) -> None:
        if not (
            isinstance(row_splits, (np.ndarray, np.generic))
            and row_splits.dtype in (np.int64, np.int32)
            and row_splits.ndim == 1
        ):
            raise TypeError("row_splits must be a 1D int32 or int64 numpy array")
        if not isinstance(values, (np.ndarray, np.generic, RaggedTensorValue)):
            raise TypeError("values must be a numpy array or a RaggedTensorValue")
        if isinstance(values, RaggedTensorValue) and row_splits.dtype != values.row_splits.dtype:
            raise ValueError("row_splits and values.row_splits must have the same dtype")
        self._values = values
        self._row_splits = row_splits

    @property
    def values(self) -> Any:
        """The rows, one after the other."""
        return self._values

    @property
    def row_splits(self) -> Any:
        """Where each row starts, and where the last one ends."""
        return self._row_splits

    @property
    def dtype(self) -> Any:
        """The NumPy dtype of the values."""
        return self._values.dtype

    @property
    def flat_values(self) -> Any:
        """The innermost values: an array."""
        values = self._values
        return values.flat_values if isinstance(values, RaggedTensorValue) else values

    @property
    def nested_row_splits(self) -> tuple[Any, ...]:
        """The row splits of all ragged dimensions, the outermost first."""
        values = self._values
        inner = values.nested_row_splits if isinstance(values, RaggedTensorValue) else ()
        return (self._row_splits, *inner)

    @property
    def ragged_rank(self) -> int:
        """How many dimensions are ragged."""
        return len(self.nested_row_splits)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The extents, None for ragged dimensions."""
        rows: int = np.size(self._row_splits) - 1
        return (rows, None, *self._values.shape[1:])

    def __str__(self) -> str:
        return f"<tf.RaggedTensorValue {self.to_list()}>"

    def __repr__(self) -> str:
        return f"tf.RaggedTensorValue(values={self._values!r}, row_splits={self._row_splits!r})"

    def to_list(self) -> list[Any]:
        """The rows as nested lists."""
        values = self._values
        items = values.to_list() if isinstance(values, RaggedTensorValue) else values.tolist()
        ends = self._row_splits.tolist()
        return [items[a:b] for a, b in pairwise(ends)]


def nested_value(flat_values: Any, nested_row_splits: Any) -> Any:
    """The RaggedTensorValue of flat values and the splits of all dimensions."""
    value = flat_values
    for splits in reversed(nested_row_splits):
        value = RaggedTensorValue(value, splits)
    return value
