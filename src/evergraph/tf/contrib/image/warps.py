"""`tf.contrib.image`: images pulled out of shape, pixel by pixel or by a few points."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.dtypes import float32, int32
from ....core.tensor import Tensor
from ... import array_ops, check_ops, elementwise_ops
from ...dtype_ops import cast
from ...framework import control_dependencies, convert_to_tensor, name_scope
from ...selection_ops import gather
from .splines import interpolate_spline

_MOST_PIXELS = np.iinfo(np.int32).max / 8


def _between(x: Any, low: Any, high: Any) -> Tensor:
    return elementwise_ops.minimum(elementwise_ops.maximum(low, x), high)


def _neighbours(queries: Any, extent: Any, dtype: Any) -> tuple[Any, Any, Any]:
    """The pixels before and after each place along an axis, and its distance from the first."""
    kind = queries.dtype
    last = cast(extent - 2, kind)
    floor = _between(elementwise_ops.floor(queries), array_ops.constant(0.0, kind), last)
    before = cast(floor, int32)
    share = cast(queries - floor, dtype)
    share = _between(share, array_ops.constant(0.0, dtype), array_ops.constant(1.0, dtype))
    return before, before + 1, array_ops.expand_dims(share, 2)


def interpolate_bilinear(
    grid: Any, query_points: Any, name: Any = "interpolate_bilinear", indexing: Any = "ij"
) -> Tensor:
    """Values of grids [batch, height, width, channels] at places [batch, queries, 2].

    Places are (row, column), or the other way round with indexing 'xy'; those outside are drawn
    to the border.
    """
    if indexing not in ("ij", "xy"):
        raise ValueError("Indexing mode must be 'ij' or 'xy'")
    with name_scope(name):
        values: Any = convert_to_tensor(grid)
        points: Any = convert_to_tensor(query_points)
        if values.shape.ndims != 4:
            raise ValueError(f"Grid must be 4 dimensional. Received size: {values.shape}")
        extents: Any = array_ops.shape(values)
        batch, height, width, channels = (extents[i] for i in range(4))
        count = _checked_count(points)
        checks = [
            check_ops.assert_greater_equal(extent, 2, message=f"Grid {what} must be at least 2.")
            for extent, what in ((height, "height"), (width, "width"))
        ]
        with control_dependencies(checks):
            parts = array_ops.unstack(points, axis=2)
        order = (0, 1) if indexing == "ij" else (1, 0)
        found = []
        for axis, extent in zip(order, (height, width), strict=True):
            with name_scope(f"dim-{axis}"):
                found.append(_neighbours(parts[axis], extent, values.dtype))
        return _blended(values, found, (batch, height, width, channels), count)


def _checked_count(points: Any) -> Any:
    rank = check_ops.assert_equal(
        len(points.shape), 3, message="Query points must be 3 dimensional."
    )
    shape: Any = array_ops.shape(points)
    pairs = check_ops.assert_equal(shape[2], 2, message="Query points must be size 2 in dim 2.")
    with control_dependencies([rank, pairs]):
        shape = array_ops.shape(points)
        return shape[1]


def _blended(values: Any, found: list[Any], extents: tuple[Any, ...], count: Any) -> Tensor:
    batch, height, width, channels = extents
    size = cast(batch * height * width, float32)
    check = check_ops.assert_less_equal(
        size, _MOST_PIXELS, message="The images are too large for indices of 32 bits."
    )
    with control_dependencies([check]):
        flat = array_ops.reshape(values, [batch * height * width, channels])
        starts: Any = array_ops.range(batch)
        starts = array_ops.reshape(starts * height * width, [batch, 1])

    def read(y: Any, x: Any) -> Any:
        rows = gather(flat, starts + y * width + x)
        return array_ops.reshape(rows, [batch, count, channels])

    (top, bottom, down), (left, right, across) = found
    upper_left, upper_right = read(top, left), read(top, right)
    lower_left, lower_right = read(bottom, left), read(bottom, right)
    upper = across * (upper_right - upper_left) + upper_left
    lower = across * (lower_right - lower_left) + lower_left
    result: Tensor = down * (lower - upper) + upper
    return result


def dense_image_warp(image: Any, flow: Any, name: Any = "dense_image_warp") -> Tensor:
    """Images whose pixel (y, x) comes from (y, x) - flow[y, x].

    image: [batch, height, width, channels]; flow: [batch, height, width, 2].
    """
    with name_scope(name):
        extents: Any = array_ops.shape(image)
        batch, height, width, channels = (extents[i] for i in range(4))
        grid = array_ops.meshgrid(array_ops.range(width), array_ops.range(height))
        places = cast(array_ops.stack([grid[1], grid[0]], axis=2), flow.dtype)
        sought: Any = array_ops.expand_dims(places, axis=0)
        flat = array_ops.reshape(sought - flow, [batch, height * width, 2])
        values = interpolate_bilinear(image, flat)
        return array_ops.reshape(values, [batch, height, width, channels])


# -- by a few points -----------------------------------------------------------------------------
def grid_locations(image_height: int, image_width: int) -> np.ndarray[Any, Any]:
    """(row, column) of each pixel, [height, width, 2]."""
    rows, columns = np.meshgrid(
        np.arange(image_height, dtype=np.float64),
        np.arange(image_width, dtype=np.float64),
        indexing="ij",
    )
    return np.stack([rows, columns], -1)


def boundary_locations(
    image_height: int, image_width: int, num_points_per_edge: int
) -> np.ndarray[Any, Any]:
    """(row, column) of evenly spread places on the border: the corners and some on each edge."""
    rows, columns = np.meshgrid(
        np.linspace(0, image_height - 1, num_points_per_edge + 2),
        np.linspace(0, image_width - 1, num_points_per_edge + 2),
        indexing="ij",
    )
    inner = (rows > 0) & (rows < image_height - 1) & (columns > 0) & (columns < image_width - 1)
    return np.stack([rows[~inner], columns[~inner]], -1)


def _for_each(places: np.ndarray[Any, Any], batch: int, dtype: Any) -> Tensor:
    return array_ops.constant(np.tile(places[None], [batch, *[1] * places.ndim]), dtype)


def sparse_image_warp(
    image: Any,
    source_control_point_locations: Any,
    dest_control_point_locations: Any,
    interpolation_order: Any = 2,
    regularization_weight: Any = 0.0,
    num_boundary_points: Any = 0,
    name: Any = "sparse_image_warp",
) -> tuple[Tensor, Tensor]:
    """Images in which some points move to others, and what lies between moves with them.

    image: [batch, height, width, channels], all known; points: [batch, points, (y, x)].
    num_boundary_points: how many points of each edge stay where they are. Returns the images and
    the flow.
    """
    x: Any = convert_to_tensor(image)
    sources: Any = convert_to_tensor(source_control_point_locations)
    points: Any = convert_to_tensor(dest_control_point_locations)
    moves = points - sources
    with name_scope(name):
        batch, height, width, _ = x.shape.as_list()
        places = grid_locations(height, width).reshape(height * width, 2)
        pixels = _for_each(places, batch, x.dtype)
        if num_boundary_points > 0:
            fixed = boundary_locations(height, width, num_boundary_points - 1)
            border = _for_each(fixed, batch, points.dtype)
            rest = _for_each(np.zeros(fixed.shape), batch, points.dtype)
            points = array_ops.concat([points, border], 1)
            moves = array_ops.concat([moves, rest], 1)
        options = (interpolation_order, regularization_weight)
        flows = interpolate_spline(points, moves, pixels, *options)
        flows = array_ops.reshape(flows, [batch, height, width, 2])
        return dense_image_warp(x, flows), flows
