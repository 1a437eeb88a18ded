"""`tf.contrib.image`: projective transforms, matches and regions.

A transform is eight numbers (a0, a1, a2, b0, b1, b2, c0, c1): output pixel (x, y) comes from
((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), where k = c0 x + c1 y + 1.
"""

from __future__ import annotations

from typing import Any

from ....core.dtypes import float32, int32
from ....core.tensor import Tensor
from ....core.values import constant_value
from ... import array_ops, elementwise_ops
from ...array_ops import shape as shape_of
from ...dtype_ops import cast
from ...emitting import emit_tensor
from ...framework import convert_to_tensor, name_scope
from ...matrix_ops import matmul
from ...op_functions import op_function
from ...selection_ops import gather, where_v2

_DTYPES = ("uint8", "int32", "int64", "float16", "float32", "float64")


# -- images of rank 2 to 4 -----------------------------------------------------------------------
def _as_batch(images: Any, name: str | None = None) -> tuple[Any, int]:
    """Images with a batch axis and channels, and the rank that they had."""
    x: Any = convert_to_tensor(images, name=name)
    if x.dtype.base_dtype.name not in _DTYPES:
        raise TypeError(f"Invalid dtype {x.dtype}.")
    if x.static_shape is None:
        raise TypeError("image_or_images rank must be statically known")
    rank = len(x.static_shape)
    if rank == 2:
        return x[None, :, :, None], rank
    if rank == 3:
        return x[None, :, :, :], rank
    if rank == 4:
        return x, rank
    raise TypeError("Images should have rank between 2 and 4.")


def _of_rank(images: Any, rank: int) -> Tensor:
    """The batch with the rank that it had."""
    if rank == 2:
        return images[0, :, :, 0]  # type: ignore[no-any-return]
    return images[0, :, :, :] if rank == 3 else images  # type: ignore[no-any-return]


# -- transforms ----------------------------------------------------------------------------------
def angles_to_projective_transforms(
    angles: Any, image_height: Any, image_width: Any, name: Any = None
) -> Tensor:
    """The transforms that turn images counter-clockwise about their middle, in radians."""
    with name_scope(name, "angles_to_projective_transforms"):
        given: Any = convert_to_tensor(angles, float32, name="angles")
        rank = len(given.shape)
        if rank > 1:
            raise TypeError("Angles should have rank 0 or 1.")
        turns = given[None] if rank == 0 else given
        cos, sin = elementwise_ops.cos, elementwise_ops.sin
        right, below = image_width - 1, image_height - 1
        x_offset = (right - (cos(turns) * right - sin(turns) * below)) / 2.0
        y_offset = (below - (sin(turns) * right + cos(turns) * below)) / 2.0
        count: Any = shape_of(turns)
        columns = [
            cos(turns)[:, None],
            -sin(turns)[:, None],
            x_offset[:, None],
            sin(turns)[:, None],
            cos(turns)[:, None],
            y_offset[:, None],
            array_ops.zeros((count[0], 2), float32),
        ]
        return array_ops.concat(columns, axis=1)


def translations_to_projective_transforms(translations: Any, name: Any = None) -> Tensor:
    """The transforms that move images by (dx, dy)."""
    with name_scope(name, "translations_to_projective_transforms"):
        moves: Any = convert_to_tensor(translations, float32, name="translations")
        if moves.static_shape is None:
            raise TypeError("translation_or_translations rank must be statically known")
        if len(moves.static_shape) == 1:
            moves = moves[None]
        elif len(moves.static_shape) != 2:
            raise TypeError("Translations should have rank 1 or 2.")
        count: Any = shape_of(moves)
        rows = count[0]
        columns = [
            array_ops.ones((rows, 1), float32),
            array_ops.zeros((rows, 1), float32),
            -moves[:, 0, None],
            array_ops.zeros((rows, 1), float32),
            array_ops.ones((rows, 1), float32),
            -moves[:, 1, None],
            array_ops.zeros((rows, 2), float32),
        ]
        return array_ops.concat(columns, axis=1)


def transform(
    images: Any,
    transforms: Any,
    interpolation: Any = "NEAREST",
    output_shape: Any = None,
    name: Any = None,
) -> Tensor:
    """Images read through a transform each, or one for all; 'NEAREST' or 'BILINEAR'.

    images: [height, width], with channels, or a batch of such. What comes from outside is 0.
    """
    with name_scope(name, "transform"):
        given: Any = convert_to_tensor(images, name="images")
        rows: Any = convert_to_tensor(transforms, float32, name="transforms")
        batch, rank = _as_batch(given)
        if output_shape is None:
            extents: Any = shape_of(batch)
            output_shape = extents[1:3]
            known = constant_value(output_shape)
            output_shape = output_shape if known is None else known
        size = convert_to_tensor(output_shape, int32, name="output_shape")
        if not size.shape.is_compatible_with([2]):
            raise ValueError(
                "output_shape must be a 1-D Tensor of 2 elements: new_height, new_width"
            )
        if rows.static_shape is None:
            raise TypeError("transform_or_transforms rank must be statically known")
        if len(rows.static_shape) == 1:
            rows = rows[None]
        elif len(rows.static_shape) != 2:
            raise TypeError("Transforms should have rank 1 or 2.")
        op_type = "ImageProjectiveTransformV2"
        output = emit_tensor(op_type, batch, rows, size, interpolation=interpolation.upper())
        return _of_rank(output, rank)


def rotate(images: Any, angles: Any, interpolation: Any = "NEAREST", name: Any = None) -> Tensor:
    """Images turned counter-clockwise about their middle, in radians."""
    with name_scope(name, "rotate"):
        batch, rank = _as_batch(images)
        extents: Any = shape_of(batch)
        height: Any = cast(extents[1], float32)[None]
        extents = shape_of(batch)
        width: Any = cast(extents[2], float32)[None]
        turns = angles_to_projective_transforms(angles, height, width)
        return _of_rank(transform(batch, turns, interpolation=interpolation), rank)


def translate(
    images: Any, translations: Any, interpolation: Any = "NEAREST", name: Any = None
) -> Tensor:
    """Images moved by (dx, dy)."""
    with name_scope(name, "translate"):
        moves = translations_to_projective_transforms(translations)
        return transform(images, moves, interpolation=interpolation)


def flat_transforms_to_matrices(transforms: Any) -> Tensor:
    """Transforms as matrices [transforms, 3, 3] whose last element is 1."""
    with name_scope("flat_transforms_to_matrices"):
        flat: Any = convert_to_tensor(transforms, name="transforms")
        if flat.shape.ndims not in (1, 2):
            raise ValueError(f"Transforms should be 1D or 2D, got: {flat}")
        flat = array_ops.reshape(flat, array_ops.constant([-1, 8]))
        count: Any = shape_of(flat)
        whole = array_ops.concat([flat, array_ops.ones([count[0], 1])], axis=1)
        return array_ops.reshape(whole, array_ops.constant([-1, 3, 3]))


def matrices_to_flat_transforms(transform_matrices: Any) -> Tensor:
    """Matrices [3, 3], or a batch of such, as transforms."""
    with name_scope("matrices_to_flat_transforms"):
        matrices = convert_to_tensor(transform_matrices, name="transform_matrices")
        if matrices.shape.ndims not in (2, 3):
            raise ValueError(f"Matrices should be 2D or 3D, got: {matrices}")
        flat: Any = array_ops.reshape(matrices, array_ops.constant([-1, 9]))
        flat /= flat[:, 8:9]
        return flat[:, :8]  # type: ignore[no-any-return]


def compose_transforms(*transforms: Any) -> Tensor:
    """One transform for several, of which the first is applied to the input last."""
    if not transforms:
        raise ValueError("transforms cannot be empty")
    with name_scope("compose_transforms"):
        composed: Any = flat_transforms_to_matrices(transforms[0])
        for each in transforms[1:]:
            composed = matmul(composed, flat_transforms_to_matrices(each))
        return matrices_to_flat_transforms(composed)


# -- matches and regions -------------------------------------------------------------------------
def bipartite_match(
    distance_mat: Any, num_valid_rows: Any, top_k: Any = -1, name: Any = "bipartite_match"
) -> Any:
    """Matches of rows with columns, nearest pairs first; -1 where there is none."""
    return op_function("BipartiteMatch")(distance_mat, num_valid_rows, top_k, name=name)


def connected_components(images: Any) -> Tensor:
    """The number of the region of equal pixels, from 1, that each pixel is in; 0 where it is 0.

    images: [height, width] or [batch, height, width].
    """
    from ...control_flow_ops import cond

    with name_scope("connected_components"):
        x: Any = convert_to_tensor(images, name="images")
        rank = len(x.shape)
        if rank not in (2, 3):
            raise TypeError(f"images should have rank 2 (HW) or 3 (NHW). Static shape is {x.shape}")
        parts = emit_tensor("ImageConnectedComponents", x[None, :, :] if rank == 2 else x)
        ids, place = op_function("Unique")(array_ops.reshape(parts, [-1]))
        zeros: Any = where_v2(elementwise_ops.equal(ids, 0))
        zeros = zeros[:, 0]
        counts: Any = shape_of(ids)
        without: Any = shape_of(zeros)
        numbers: Any = array_ops.range(counts[0] - without[0])
        numbers = numbers + 1

        def with_zero() -> Tensor:
            at = cast(zeros[0], int32)
            return array_ops.concat([numbers[:at], [0], numbers[at:]], axis=0)

        found: Any = shape_of(zeros)
        new_ids = cond(elementwise_ops.equal(found[0], 0), lambda: numbers, with_zero)
        result: Any = array_ops.reshape(gather(new_ids, place), shape_of(parts))
        return result[0, :, :] if rank == 2 else result  # type: ignore[no-any-return]
