"""Numbers of few bits: quantized, brought back, and simulated in floats while training.

B. Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference (2018).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.dtypes import DType
from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Shape, merge, merge_dim, with_rank, with_rank_at_least
from .operands import scalar

F = np.float32
_FAKE = "num_bits:int=8; narrow_range:bool=false"

# -- simulated ---------------------------------------------------------------------------------


def _levels(attrs: Attrs) -> tuple[float, float]:
    """The least and the greatest of the integers."""
    bits = attrs["num_bits"]
    if not 2 <= bits <= 16:
        raise ValueError(f"num_bits must be between 2 and 16, inclusive, got {bits}.")
    return float(attrs["narrow_range"]), float(2**bits - 1)


def _nudged(lo: Array, hi: Array, attrs: Attrs) -> tuple[Array, Array, Array]:
    """(least, greatest, step): the range moved so that zero is one of its steps."""
    least, greatest = map(F, _levels(attrs))
    step = ((hi - lo) / (greatest - least)).astype(F)
    zero = least - lo / step
    zero = np.clip(np.floor(zero + F(0.5)), least, greatest)
    return (least - zero) * step, (greatest - zero) * step, step


def _simulated(x: Array, lo: Array, hi: Array, attrs: Attrs) -> Array:
    least, greatest, step = _nudged(lo, hi, attrs)
    shifted = np.clip(x, least, greatest) - least
    rounded = np.floor(shifted * (F(1) / step) + F(0.5)) * step + least
    return np.where((lo == 0) & (hi == 0), F(0), rounded).astype(F)


def _range_of(attrs: Attrs) -> tuple[Array, Array]:
    lo, hi = F(attrs["min"]), F(attrs["max"])
    if not lo < hi:
        raise ValueError(f"min has to be smaller than max, was: {lo} >= {hi}")
    return lo, hi


def _fake_args(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    return _simulated(inputs[0], *_range_of(attrs), attrs)


def _fake_args_back(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    dy, x = inputs
    least, greatest, _ = _nudged(*_range_of(attrs), attrs)
    return np.where((x >= least) & (x <= greatest), dy, F(0))


def _vars(inputs: Sequence[Array], channels: bool) -> tuple[Array, Array]:
    """The operands min and max: scalars, or one value a channel of the first operand."""
    x, lo, hi = inputs[0], np.asarray(inputs[-2]), np.asarray(inputs[-1])
    wanted = (x.shape[-1],) if channels else ()
    if lo.shape != wanted or hi.shape != wanted:
        raise ValueError(
            f"min and max must have shape {list(wanted)}, got {list(lo.shape)} and "
            f"{list(hi.shape)}."
        )
    return lo, hi


def _fake_vars(channels: bool) -> Callable[..., Array]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        return _simulated(inputs[0], *_vars(inputs, channels), attrs)

    return kernel


def _fake_vars_back(channels: bool) -> Callable[..., tuple[Array, Array, Array]]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array, Array]:
        dy, x = inputs[:2]
        lo, hi = _vars(inputs, channels)
        least, greatest, _ = _nudged(lo, hi, attrs)
        off = (lo == 0) & (hi == 0)
        below, above = ~off & (x < least), ~off & (x > greatest)
        axes = tuple(range(x.ndim - 1)) if channels else None
        sums = [np.sum(np.where(m, dy, F(0)), axis=axes, dtype=F) for m in (below, above)]
        return np.where(below | above, F(0), dy), np.asarray(sums[0]), np.asarray(sums[1])

    return kernel


def _fake_args_grad(op: Any, dy: Any) -> list[Any]:
    keys = ("min", "max", "num_bits", "narrow_range")
    given = {key: op.attrs[key] for key in keys}
    return [apply("FakeQuantWithMinMaxArgsGradient", dy, op.inputs[0], **given)]


def _fake_vars_grad(op: Any, dy: Any) -> list[Any]:
    given = {key: op.attrs[key] for key in ("num_bits", "narrow_range")}
    return list(apply(f"{op.type}Gradient", dy, *op.inputs, **given))


def _same(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [shapes[0]]


def _merged(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    return [merge(shapes[0], shapes[1])]


def _fake_shape(channels: bool) -> Callable[..., list[Shape]]:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        if not channels:
            for operand in shapes[1:]:
                with_rank(operand, 0)
            return [shapes[0]]
        x = with_rank_at_least(shapes[0], 1)
        sizes = [with_rank(operand, 1)[0] for operand in shapes[1:]]
        if x is not None:
            last = merge_dim(merge_dim(x[-1], sizes[0]), sizes[1])
            x = (*x[:-1], last)
        return [x]

    return rule


def _fake_back_shape(channels: bool) -> Callable[..., list[Shape]]:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        x = merge(shapes[0], shapes[1])
        if not channels:
            return [x, (), ()]
        (size,) = with_rank(merge(shapes[2], shapes[3]), 1)
        return [x, (size,), (size,)]

    return rule


define(
    "FakeQuantWithMinMaxArgs",
    "inputs:float32 -> outputs:float32",
    f"min:float=-6.0; max:float=6.0; {_FAKE}",
    shape=_same,
    kernel=_fake_args,
    grad=_fake_args_grad,
)
define(
    "FakeQuantWithMinMaxArgsGradient",
    "gradients:float32 inputs:float32 -> backprops:float32",
    f"min:float=-6.0; max:float=6.0; {_FAKE}",
    shape=_merged,
    kernel=_fake_args_back,
)
for _name, _channels in (
    ("FakeQuantWithMinMaxVars", False),
    ("FakeQuantWithMinMaxVarsPerChannel", True),
):
    define(
        _name,
        "inputs:float32 min:float32 max:float32 -> outputs:float32",
        _FAKE,
        shape=_fake_shape(_channels),
        kernel=_fake_vars(_channels),
        grad=_fake_vars_grad,
    )
    define(
        f"{_name}Gradient",
        "gradients:float32 inputs:float32 min:float32 max:float32 -> "
        "backprops_wrt_input:float32 backprop_wrt_min:float32 backprop_wrt_max:float32",
        _FAKE,
        shape=_fake_back_shape(_channels),
        kernel=_fake_vars_back(_channels),
    )

# -- there and back ----------------------------------------------------------------------------


def _there_and_back(x: Array, lo: Any, hi: Any, bits: int, attrs: Attrs, given: bool) -> Array:
    """`x` on a grid of 2**bits steps that has zero and reaches as far as the range does."""
    signed = attrs["signed_input"]
    if not 0 < bits < (62 if signed else 63):
        raise ValueError(f"num_bits is out of range: {bits} with signed_input_ {signed}")
    if not given:
        lo, hi = (np.min(x), np.max(x)) if x.size else (0, 0)
    kind = x.dtype.type
    lo, hi = kind(lo), kind(hi)
    if given and lo > hi:
        raise ValueError(f"Invalid range: input_min {lo} > input_max {hi}")
    least = -(2 ** (bits - 1)) + bool(attrs.get("narrow_range")) if signed else 0
    greatest = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
    most = np.finfo(x.dtype).max if x.dtype.kind == "f" else F(np.finfo(F).max)
    by_lo = least / lo if least * lo > 0 else most
    by_hi = greatest / hi if greatest * hi > 0 else most
    if by_lo < by_hi:
        scale, step = kind(by_lo), kind(lo / kind(least))
        hi = kind(greatest) * step
    else:
        scale, step = kind(by_hi), kind(hi / kind(greatest))
        lo = kind(least) * step
    if given:
        x = np.clip(x, lo, hi)
    scaled = x * scale
    up = attrs.get("round_mode") == "HALF_UP"
    rounded = np.floor(scaled + kind(0.5)) if up else np.rint(scaled)
    return np.asarray(rounded * step, x.dtype)


def _quantized_v1(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    bits, given = attrs["num_bits"], attrs["range_given"]
    return _there_and_back(inputs[0], attrs["input_min"], attrs["input_max"], bits, attrs, given)


def _bound(value: Array) -> Any:
    array = np.asarray(value)
    if array.size != 1:
        raise ValueError(f"input_min and input_max must be scalars, got shape {list(array.shape)}.")
    return array.reshape(())[()]


def _quantized_v2(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, lo, hi = inputs[:3]
    bits = attrs["num_bits"] if len(inputs) == 3 else scalar(inputs[3])
    return _there_and_back(x, _bound(lo), _bound(hi), bits, attrs, attrs["range_given"])


_GRID_TYPES = "T:type{bfloat16,float16,float32,float64}"
define(
    "QuantizeAndDequantize",
    "input:T -> output:T",
    "signed_input:bool=true; num_bits:int=8; range_given:bool=false; input_min:float=0.0; "
    f"input_max:float=0.0; {_GRID_TYPES}",
    shape=_same,
    kernel=_quantized_v1,
    grad=lambda op, dy: [dy],
)
define(
    "QuantizeAndDequantizeV2",
    "input:T input_min:T input_max:T -> output:T",
    f"signed_input:bool=true; num_bits:int=8; range_given:bool=false; {_GRID_TYPES}; "
    "round_mode:string{HALF_TO_EVEN,HALF_UP}='HALF_TO_EVEN'; narrow_range:bool=false",
    shape=_same,
    kernel=_quantized_v2,
    grad=lambda op, dy: [dy, None, None],
)
define(
    "QuantizeAndDequantizeV3",
    "input:T input_min:T input_max:T num_bits:int32 -> output:T",
    f"signed_input:bool=true; range_given:bool=true; {_GRID_TYPES}; narrow_range:bool=false",
    shape=_same,
    kernel=_quantized_v2,
    grad=lambda op, dy: [dy, None, None, None],
)

# -- there, and back ---------------------------------------------------------------------------
_MODES = "mode:string{MIN_COMBINED,MIN_FIRST,SCALED}='MIN_COMBINED'"
_INTEGERS = "T:type{qint8,quint8,qint32,qint16,quint16}"


def _limits(dtype: DType) -> tuple[float, float]:
    info = np.iinfo(dtype.np_dtype)
    return float(info.min), float(info.max)


def _away_from_zero(x: Array) -> Array:
    return np.trunc(x + np.copysign(F(0.5), x))


def _widened(lo: np.float32, hi: np.float32) -> tuple[np.float32, np.float32]:
    """A range that has zero and some width."""
    if hi < lo:
        raise ValueError(f"input_max_range must be larger than input_min_range, got {hi} and {lo}.")
    epsilon = max(F(1), abs(lo), abs(hi)) / F(100)
    lo = min(F(0), lo)
    return lo, max(F(0), hi, lo + epsilon)


def _quantize(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array, Array]:
    x = np.asarray(inputs[0])
    lo, hi = _widened(F(_bound(inputs[1])), F(_bound(inputs[2])))
    least, greatest = _limits(attrs["T"])
    to_even = attrs["round_mode"] == "HALF_TO_EVEN"
    if to_even and attrs["mode"] != "SCALED":
        raise ValueError("Round mode 'HALF_TO_EVEN' only supported for mode 'SCALED'.")
    if attrs["mode"] == "SCALED":
        sides = ((least, lo), (greatest, hi))
        scale = min(F(v / r) if v * r > 0 else np.finfo(F).max for v, r in sides)
        lo, hi = F(least / scale), F(greatest / scale)
        scaled = np.clip(x, lo, hi) * scale
        steps = np.rint(scaled) if to_even else _away_from_zero(scaled)
    elif attrs["mode"] == "MIN_COMBINED":
        scaled = (np.clip(x, lo, hi) - lo) * F((greatest - least) / (hi - lo))
        steps = _away_from_zero(scaled + F(least)) if least < 0 else np.floor(scaled + F(0.5))
    else:
        count = greatest - least + 1
        per_unit = count / (float(hi - lo) * (count / (count - 1)))
        steps = np.round(np.clip(x, lo, hi) * per_unit) - np.round(lo * per_unit) + least
    whole = np.clip(steps.astype(np.float64), least, greatest)
    return whole.astype(attrs["T"].np_dtype), np.asarray(lo, F), np.asarray(hi, F)


def _dequantize(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x = np.asarray(inputs[0]).astype(F)
    lo, hi = F(_bound(inputs[1])), F(_bound(inputs[2]))
    least, greatest = map(F, _limits(attrs["T"]))
    if attrs["mode"] == "SCALED":
        scale = hi / greatest if least == 0 else max(lo / least, hi / greatest)
        return np.asarray(x * scale, F)
    if attrs["mode"] == "MIN_COMBINED":
        half = F(0) if least == 0 else (greatest - least + 1) / 2
        return np.asarray((x + half) * ((hi - lo) / (greatest - least)) + lo, F)
    if lo == hi:
        return np.full_like(x, lo)
    step = (np.float64(hi) - lo) / (np.float64(greatest) - least)
    return np.asarray(np.round(lo / step) * step + (x.astype(np.float64) - least) * step, F)


def _ranged_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    for operand in shapes[1:]:
        with_rank(operand, 0)
    return [shapes[0], (), ()]


define(
    "QuantizeV2",
    "input:float32 min_range:float32 max_range:float32 -> output:T output_min:float32 "
    "output_max:float32",
    f"{_INTEGERS}; {_MODES}; "
    "round_mode:string{HALF_AWAY_FROM_ZERO,HALF_TO_EVEN}='HALF_AWAY_FROM_ZERO'",
    shape=_ranged_shape,
    kernel=_quantize,
)
define(
    "Dequantize",
    "input:T min_range:float32 max_range:float32 -> output:float32",
    f"{_INTEGERS}; {_MODES}",
    shape=lambda *given: _ranged_shape(*given)[:1],
    kernel=_dequantize,
)
