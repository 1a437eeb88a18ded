"""Blocks of space moved to batch or depth and back, and reversed sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.shape import with_rank
from ..core.tensor import Tensor
from .renamed import renamed


def space_to_batch_nd(input: Any, block_shape: Any, paddings: Any, name: Any = None) -> Tensor:
    """`input`, padded and cut into blocks: the places inside a block become batch entries."""
    return apply("SpaceToBatchND", input, block_shape, paddings, name=name)  # type: ignore[no-any-return]


def batch_to_space_nd(input: Any, block_shape: Any, crops: Any, name: Any = None) -> Tensor:
    """The inverse of `space_to_batch_nd`, with `crops` cut off."""
    return apply("BatchToSpaceND", input, block_shape, crops, name=name)  # type: ignore[no-any-return]


def _square(block_size: Any) -> Any:
    return np.array([block_size, block_size], dtype=np.int64)


def space_to_batch(
    input: Any, paddings: Any, block_size: Any = None, name: Any = None, block_shape: Any = None
) -> Tensor:
    """`space_to_batch_nd` of images with square blocks."""
    size = renamed("block_shape", block_shape, "block_size", block_size)
    result = space_to_batch_nd(input, _square(size), paddings, name)
    result.set_shape(with_rank(result.static_shape, 4))
    return result


def batch_to_space(
    input: Any, crops: Any, block_size: Any, name: Any = None, block_shape: Any = None
) -> Tensor:
    """`batch_to_space_nd` of images with square blocks."""
    size = renamed("block_shape", block_shape, "block_size", block_size)
    result = batch_to_space_nd(input, _square(size), crops, name)
    result.set_shape(with_rank(result.static_shape, 4))
    return result


def space_to_depth(
    input: Any, block_size: int, name: Any = None, data_format: str = "NHWC"
) -> Tensor:
    """Images cut into square blocks whose pixels become channels of one pixel."""
    attrs = {"block_size": block_size, "data_format": data_format}
    return apply("SpaceToDepth", input, name=name, **attrs)  # type: ignore[no-any-return]


def depth_to_space(
    input: Any, block_size: int, name: Any = None, data_format: str = "NHWC"
) -> Tensor:
    """The inverse of `space_to_depth`."""
    attrs = {"block_size": block_size, "data_format": data_format}
    return apply("DepthToSpace", input, name=name, **attrs)  # type: ignore[no-any-return]


def reverse_sequence(
    input: Any,
    seq_lengths: Any,
    seq_axis: Any = None,
    batch_axis: Any = None,
    name: Any = None,
    seq_dim: Any = None,
    batch_dim: Any = None,
) -> Tensor:
    """For each entry of the batch axis, its first `seq_lengths` elements in reverse order."""
    seq = renamed("seq_axis", seq_axis, "seq_dim", seq_dim)
    batch = renamed("batch_axis", batch_axis, "batch_dim", batch_dim)
    return apply(  # type: ignore[no-any-return]
        "ReverseSequence", input, seq_lengths, seq_dim=seq, batch_dim=batch or 0, name=name
    )
