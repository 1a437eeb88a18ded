"""`tf.quantization`: numbers of few bits, real and simulated ones."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

from ..core.emit import apply
from ..core.tensor import Tensor
from .emitting import emit_tensor

__all__ = [
    "dequantize",
    "fake_quant_with_min_max_args",
    "fake_quant_with_min_max_args_gradient",
    "fake_quant_with_min_max_vars",
    "fake_quant_with_min_max_vars_gradient",
    "fake_quant_with_min_max_vars_per_channel",
    "fake_quant_with_min_max_vars_per_channel_gradient",
    "quantize",
    "quantize_and_dequantize",
]

QuantizeV2 = namedtuple("QuantizeV2", ["output", "output_min", "output_max"])
FakeQuantWithMinMaxVarsGradient = namedtuple(
    "FakeQuantWithMinMaxVarsGradient",
    ["backprops_wrt_input", "backprop_wrt_min", "backprop_wrt_max"],
)
FakeQuantWithMinMaxVarsPerChannelGradient = namedtuple(
    "FakeQuantWithMinMaxVarsPerChannelGradient",
    ["backprops_wrt_input", "backprop_wrt_min", "backprop_wrt_max"],
)

# -- simulated ---------------------------------------------------------------------------------


def fake_quant_with_min_max_args(
    inputs: Any,
    min: Any = -6,
    max: Any = 6,
    num_bits: Any = 8,
    narrow_range: Any = False,
    name: Any = None,
) -> Tensor:
    """The inputs as they come back from integers of `num_bits` that span [min, max].

    The range is moved a little so that zero stays zero; with `narrow_range` the least of the
    integers is left out. The gradient passes inside the range. Jacob et al. (2018).
    """
    attrs = {"num_bits": num_bits, "narrow_range": narrow_range, "name": name}
    return emit_tensor("FakeQuantWithMinMaxArgs", inputs, min=float(min), max=float(max), **attrs)


def fake_quant_with_min_max_args_gradient(
    gradients: Any,
    inputs: Any,
    min: Any = -6,
    max: Any = 6,
    num_bits: Any = 8,
    narrow_range: Any = False,
    name: Any = None,
) -> Tensor:
    """The gradients where the inputs are inside the range, else zero."""
    op = "FakeQuantWithMinMaxArgsGradient"
    attrs = {"num_bits": num_bits, "narrow_range": narrow_range, "name": name}
    return emit_tensor(op, gradients, inputs, min=float(min), max=float(max), **attrs)


def fake_quant_with_min_max_vars(
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: Any = 8,
    narrow_range: Any = False,
    name: Any = None,
) -> Tensor:
    """`fake_quant_with_min_max_args` with a range that is computed or learned: two scalars."""
    attrs = {"num_bits": num_bits, "narrow_range": narrow_range, "name": name}
    return emit_tensor("FakeQuantWithMinMaxVars", inputs, min, max, **attrs)


def fake_quant_with_min_max_vars_gradient(
    gradients: Any,
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: Any = 8,
    narrow_range: Any = False,
    name: Any = None,
) -> Any:
    """The gradients for inputs, min and max."""
    attrs = {"num_bits": num_bits, "narrow_range": narrow_range, "name": name}
    op = "FakeQuantWithMinMaxVarsGradient"
    return FakeQuantWithMinMaxVarsGradient(*apply(op, gradients, inputs, min, max, **attrs))


def fake_quant_with_min_max_vars_per_channel(
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: Any = 8,
    narrow_range: Any = False,
    name: Any = None,
) -> Tensor:
    """`fake_quant_with_min_max_vars` with a range for each entry of the last axis."""
    attrs = {"num_bits": num_bits, "narrow_range": narrow_range, "name": name}
    return emit_tensor("FakeQuantWithMinMaxVarsPerChannel", inputs, min, max, **attrs)


def fake_quant_with_min_max_vars_per_channel_gradient(
    gradients: Any,
    inputs: Any,
    min: Any,
    max: Any,
    num_bits: Any = 8,
    narrow_range: Any = False,
    name: Any = None,
) -> Any:
    """The gradients for inputs, min and max."""
    attrs = {"num_bits": num_bits, "narrow_range": narrow_range, "name": name}
    op = "FakeQuantWithMinMaxVarsPerChannelGradient"
    outputs = apply(op, gradients, inputs, min, max, **attrs)
    return FakeQuantWithMinMaxVarsPerChannelGradient(*outputs)


def quantize_and_dequantize(
    input: Any,
    input_min: Any,
    input_max: Any,
    signed_input: Any = True,
    num_bits: Any = 8,
    range_given: Any = False,
    round_mode: Any = "HALF_TO_EVEN",
    name: Any = None,
    narrow_range: Any = False,
) -> Tensor:
    """The input rounded to a grid of 2**num_bits steps around zero; gradients pass through.

    Without `range_given` the grid reaches as far as the input does.
    """
    return emit_tensor(
        "QuantizeAndDequantizeV2",
        input,
        input_min,
        input_max,
        signed_input=signed_input,
        num_bits=num_bits,
        range_given=range_given,
        round_mode=round_mode,
        narrow_range=narrow_range,
        name=name,
    )


# -- real --------------------------------------------------------------------------------------


def quantize(
    input: Any,
    min_range: Any,
    max_range: Any,
    T: Any,
    mode: Any = "MIN_COMBINED",
    round_mode: Any = "HALF_AWAY_FROM_ZERO",
    name: Any = None,
) -> Any:
    """(the input as integers of dtype T, and the range that they span)."""
    attrs = {"T": T, "mode": mode, "round_mode": round_mode, "name": name}
    return QuantizeV2(*apply("QuantizeV2", input, min_range, max_range, **attrs))


def dequantize(
    input: Any, min_range: Any, max_range: Any, mode: Any = "MIN_COMBINED", name: Any = None
) -> Tensor:
    """The floats that quantized integers stand for."""
    return emit_tensor("Dequantize", input, min_range, max_range, mode=mode, name=name)
