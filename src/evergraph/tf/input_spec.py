"""`InputSpec`: what a layer demands of its inputs, checked before it is applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.dtypes import as_dtype
from ..core.tensor_shape import dimension_value
from . import nest


class InputSpec:
    """Rank, dtype, shape or extents of some axes of one input of a layer; None: any."""

    def __init__(
        self,
        dtype: Any = None,
        shape: Sequence[Any] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[Any, Any] | None = None,
    ) -> None:
        self.dtype = None if dtype is None else as_dtype(dtype).name
        self.shape = shape
        self.ndim = ndim if shape is None else len(shape)
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        try:
            self.axes = {int(axis): extent for axis, extent in (axes or {}).items()}
        except (ValueError, TypeError):
            raise TypeError("The keys in axes must be integers.") from None
        most = self.ndim or self.max_ndim
        if self.axes and most is not None and max(self.axes) > most - 1:
            raise ValueError(
                f"Axis {max(self.axes)} is greater than the maximum allowed value: {most - 1}"
            )

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        keys = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        return {key: getattr(self, key) for key in keys}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """The spec that `get_config` describes."""
        return cls(**config)

    def __repr__(self) -> str:
        given = (f"{key}={value}" for key, value in self.get_config().items() if value)
        return f"InputSpec({', '.join(given)})"


def check_inputs(input_spec: Any, inputs: Any, layer_name: str) -> None:
    """Raises ValueError where the inputs of a layer do not meet its specs."""
    if not input_spec:
        return
    tensors, specs = nest.flatten(inputs), nest.flatten(input_spec)
    if len(tensors) != len(specs):
        raise ValueError(
            f"Layer {layer_name} expects {len(specs)} inputs, but it received {len(tensors)} "
            f"input tensors. Inputs received: {tensors}"
        )
    for index, (x, spec) in enumerate(zip(tensors, specs, strict=True)):
        problem = None if spec is None else _problem(x, spec)
        if problem:
            raise ValueError(
                f"Input {index} of layer {layer_name} is incompatible with the layer: {problem}"
            )


def _problem(x: Any, spec: InputSpec) -> str | None:
    """Why `x` does not meet a spec, None if it does."""
    dims = x.shape.as_list() if x.shape.ndims is not None else None
    problem = _rank_problem(dims, spec)
    if problem:
        return problem
    if spec.dtype is not None and x.dtype != spec.dtype:
        return f"expected dtype={spec.dtype}, found dtype={x.dtype}"
    if dims is None:
        return None
    for axis, value in spec.axes.items():
        extent = dimension_value(value)
        if extent is not None and dims[axis] not in (extent, None):
            return (
                f"expected axis {axis} of input shape to have value {extent} but received input "
                f"with shape {dims}"
            )
    pairs = zip(spec.shape or (), dims, strict=False)
    if any(None not in (want, have) and want != have for want, have in pairs):
        return f"expected shape={spec.shape}, found shape={dims}"
    return None


def _rank_problem(dims: list[int | None] | None, spec: InputSpec) -> str | None:
    if dims is None:
        if spec.ndim is None and spec.min_ndim is None and spec.max_ndim is None:
            return None
        return "its rank is undefined, but the layer requires a defined rank."
    found = f"found ndim={len(dims)}. Full shape received: {dims}"
    if spec.ndim is not None and len(dims) != spec.ndim:
        return f"expected ndim={spec.ndim}, {found}"
    if spec.max_ndim is not None and len(dims) > spec.max_ndim:
        return f"expected max_ndim={spec.max_ndim}, {found}"
    if spec.min_ndim is not None and len(dims) < spec.min_ndim:
        return f"expected min_ndim={spec.min_ndim}, {found}"
    return None
