"""Optional values: a variant that holds tensors or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape


class Optional:
    """The value of such a variant: `components` is None where there is none."""

    shape = ()
    ndim = 0

    def __init__(self, components: tuple[Any, ...] | None) -> None:
        self.components = components


def _as_optional(value: Any) -> Optional:
    if not isinstance(value, Optional):
        raise ValueError("The variant holds no optional value.")
    return value


def _get(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Any, ...]:
    components = _as_optional(inputs[0]).components
    if components is None:
        raise ValueError("The given optional does not have a value.")
    if len(components) != len(attrs["output_types"]):
        raise ValueError(
            f"The optional has {len(components)} components, {len(attrs['output_types'])} were "
            "asked for."
        )
    return components


def _scalar(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [()]


def _from_value_grad(op: Any, dy: Any) -> list[Any]:
    kinds = op.attrs["Toutput_types"]
    shapes = [x.static_shape for x in op.operands]
    got = apply("OptionalGetValue", dy, output_types=kinds, output_shapes=shapes)
    return list(got)


def _get_value_grad(op: Any, *dys: Any) -> list[Any]:
    return [apply("OptionalFromValue", list(dys))]


define(
    "OptionalFromValue",
    "components:Toutput_types -> optional:variant",
    "Toutput_types:list(type)>=1",
    shape=_scalar,
    kernel=lambda xp, inputs, attrs: Optional(tuple(inputs)),
    grad=_from_value_grad,
)
define(
    "OptionalNone",
    "-> optional:variant",
    shape=_scalar,
    kernel=lambda xp, inputs, attrs: Optional(None),
    grad=NO_GRADIENT,
)
define(
    "OptionalHasValue",
    "optional:variant -> has_value:bool",
    shape=_scalar,
    kernel=lambda xp, inputs, attrs: np.bool_(_as_optional(inputs[0]).components is not None),
    grad=NO_GRADIENT,
)
define(
    "OptionalGetValue",
    "optional:variant -> components:output_types",
    "output_types:list(type)>=1; output_shapes:list(shape)>=1",
    shape=lambda shapes, attrs, values: list(attrs["output_shapes"]),
    kernel=_get,
    grad=_get_value_grad,
)
