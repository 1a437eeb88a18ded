"""Random ops: rows over the generators of `philox`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Shape, broadcast, show, with_rank
from ..core.tensor import Operation
from . import philox
from . import shape_math as sm
from .array import shape_operand
from .operands import ints, np_dtype, scalar
from .philox import Philox

SEEDS = "seed:int=0; seed2:int=0"


def generator(attrs: Attrs) -> Philox:
    """The generator that a random op keeps in a session."""
    return Philox(attrs["seed"], attrs["seed2"])


def _floats(draw: Callable[..., Array]) -> Callable[..., Array]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs, state: Philox) -> Array:
        return draw(state, extents(inputs[0]), np_dtype(attrs))

    return kernel


def extents(shape: Array) -> list[int]:
    """The extents of a shape operand's value; ValueError if one is negative."""
    dims = ints(shape)
    if any(d < 0 for d in dims):
        raise ValueError(f"A shape's extents must not be negative: {dims}.")
    return dims


for _name, _draw in (
    ("RandomUniform", philox.uniform),
    ("RandomStandardNormal", philox.normal),
    ("TruncatedNormal", philox.truncated_normal),
):
    define(
        _name,
        "shape:T -> output:dtype",
        f"{SEEDS}; dtype:type{{float}}; T:type{{index}}",
        shape=shape_operand(0),
        kernel=_floats(_draw),
        stateful=True,
        state=generator,
        grad=NO_GRADIENT,
    )


def integers_shape(first: int) -> Callable[..., list[Shape]]:
    """Shape rule: the first operand is the shape; from `first` on there are two bounds."""
    dims = shape_operand(0)

    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        for bound in shapes[first : first + 2]:
            with_rank(bound, 0)
        out: list[Shape] = dims(shapes, attrs, values)
        return out

    return rule


def _integers(xp: Any, inputs: Sequence[Array], attrs: Attrs, state: Philox) -> Array:
    low, high = scalar(inputs[1]), scalar(inputs[2])
    return philox.uniform_int(state, extents(inputs[0]), low, high, np_dtype(attrs, "Tout"))


define(
    "RandomUniformInt",
    "shape:T minval:Tout maxval:Tout -> output:Tout",
    f"{SEEDS}; Tout:type{{index}}; T:type{{index}}",
    shape=integers_shape(1),
    kernel=_integers,
    stateful=True,
    state=generator,
    grad=NO_GRADIENT,
)
define(
    "RandomShuffle",
    "value:T -> output:T",
    f"{SEEDS}; T:type",
    shape=lambda shapes, attrs, values: [shapes[0]],
    kernel=lambda xp, inputs, attrs, state: philox.shuffle(state, np.asarray(inputs[0])),
    stateful=True,
    state=generator,
    grad=NO_GRADIENT,
)


def _multinomial_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    logits, number = shapes[0], values[1]
    if logits is not None and len(logits) != 2:
        raise ValueError(f"logits should be a matrix, got shape {show(logits)}")
    count = None if number is None else scalar(number)
    return [(None if logits is None else logits[0], count)]


def _multinomial(xp: Any, inputs: Sequence[Array], attrs: Attrs, state: Philox) -> Array:
    logits, number = np.asarray(inputs[0]), scalar(inputs[1])
    return philox.multinomial(state, logits, number, np_dtype(attrs, "output_dtype"))


define(
    "Multinomial",
    "logits:T num_samples:int32 -> output:output_dtype",
    f"{SEEDS}; T:type{{real}}; output_dtype:type{{index}}=int64",
    shape=_multinomial_shape,
    kernel=_multinomial,
    stateful=True,
    state=generator,
    grad=NO_GRADIENT,
)


# -- with parameters -------------------------------------------------------------------------
def _per_parameter(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    samples, parameters = values.as_shape(0), shapes[1]
    return [None if samples is None or parameters is None else (*samples, *parameters)]


def _poisson(key: str) -> Callable[..., Array]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs, state: Philox) -> Array:
        return philox.poisson(state, extents(inputs[0]), inputs[1], np_dtype(attrs, key))

    return kernel


define(
    "RandomPoisson",
    "shape:S rate:dtype -> output:dtype",
    f"{SEEDS}; S:type{{index}}; dtype:type{{float16,float32,float64}}",
    shape=_per_parameter,
    kernel=_poisson("dtype"),
    stateful=True,
    state=generator,
    grad=NO_GRADIENT,
)
define(
    "RandomPoissonV2",
    "shape:S rate:R -> output:dtype",
    f"{SEEDS}; S:type{{index}}; R:type{{float16,float32,float64,int32,int64}}=float64; "
    "dtype:type{float16,float32,float64,int32,int64}=int64",
    shape=_per_parameter,
    kernel=_poisson("dtype"),
    stateful=True,
    state=generator,
    grad=NO_GRADIENT,
)


def _gamma_slope(alpha: Any, sample: Any) -> Any:
    """How a sample of Gamma(alpha, 1) moves with alpha when its quantile stays.

    Figurnov, Mohamed, Mnih, "Implicit reparameterization gradients" (2018), equation 5.
    """
    log_density = (alpha - 1.0) * apply("Log", sample) - sample - apply("Lgamma", alpha)
    return -apply("IgammaGradA", alpha, sample) * apply("Exp", -log_density)


define(
    "RandomGammaGrad",
    "alpha:T sample:T -> output:T",
    "T:type{float32,float64}",
    shape=lambda shapes, attrs, values: [broadcast(shapes[0], shapes[1])],
    definition=_gamma_slope,
)


def _gamma_gradient(op: Operation, dy: Any) -> list[Any]:
    alpha, sample = op.inputs[1], op.outputs[0]
    slopes = dy * apply("RandomGammaGrad", alpha, sample)
    extra = sm.sub(sm.rank(sample), sm.rank(alpha))
    return [None, apply("Sum", slopes, sm.iota(0, extra))]


define(
    "RandomGamma",
    "shape:S alpha:T -> output:T",
    f"{SEEDS}; S:type{{index}}; T:type{{float16,float32,float64}}",
    shape=_per_parameter,
    kernel=lambda xp, inputs, attrs, state: philox.gamma(state, extents(inputs[0]), inputs[1]),
    stateful=True,
    state=generator,
    grad=_gamma_gradient,
)
