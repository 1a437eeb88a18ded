"""Every op of the table as a function: inputs, then attributes, then `name`.

TensorFlow generates such functions from its registry (`gen_math_ops.mat_mul`, `tf.raw_ops.MatMul`);
here they follow from the op table.
"""

from __future__ import annotations

import inspect
import keyword
from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from ..core import opdef
from ..core.emit import emit
from ..core.opdef import OpDef
from ..core.tensor import Operation

_KIND = inspect.Parameter.POSITIONAL_OR_KEYWORD

# Arguments that TensorFlow's functions name otherwise than its registry does.
_REDUCTIONS = ("All", "Any", "EuclideanNorm", "Max", "Mean", "Min", "Prod", "Sum")
_RENAMED: dict[str, dict[str, str]] = {
    **{op_type: {"reduction_indices": "axis"} for op_type in _REDUCTIONS},
    "ExpandDims": {"dim": "axis"},
    "Select": {"t": "x", "e": "y"},
    "Split": {"split_dim": "axis"},
    "SplitV": {"split_dim": "axis"},
    "Squeeze": {"squeeze_dims": "axis"},
    "Where": {"input": "condition"},
}


def function_name(op_type: str) -> str:
    """The name of an op's function: `BatchMatMulV2` -> `batch_mat_mul_v2`, `FFT2D` -> `fft2d`."""
    out = ""
    for i, c in enumerate(op_type):
        after_lower = op_type[i - 1 : i].islower()
        before_lower = op_type[i + 1 : i + 2].islower()
        if i and c.isupper() and (after_lower or before_lower):
            out += "_"
        out += c.lower()
    return out


@cache
def _by_function_name() -> dict[str, str]:
    return {function_name(op): op for op in opdef.all_ops() if not op.startswith("_")}


def find_function(name: str) -> Callable[..., Any] | None:
    """The function of this name (`mat_mul`, or with an underscore in front), or None."""
    op_type = _by_function_name().get(name.removeprefix("_"))
    return None if op_type is None else op_function(op_type)


def _argument(definition: OpDef, name: str) -> str:
    name = _RENAMED.get(definition.name, {}).get(name, name)
    return name + "_" * keyword.iskeyword(name)


def _parameters(definition: OpDef) -> list[inspect.Parameter]:
    attrs = [a for a in definition.attrs.values() if a.name not in definition.inferred_attrs]
    inputs = [_argument(definition, a.name) for a in definition.inputs]
    needed = [_argument(definition, a.name) for a in attrs if not a.has_default]
    free = [(_argument(definition, a.name), a.default) for a in attrs if a.has_default]
    return [
        *(inspect.Parameter(n, _KIND) for n in (*inputs, *needed)),
        *(inspect.Parameter(n, _KIND, default=d) for n, d in (*free, ("name", None))),
    ]


def _outputs(definition: OpDef, op: Operation) -> list[Any]:
    """One entry an output of the signature; lists for lists."""
    parts: list[Any] = []
    left = list(op.outputs)
    for arg in definition.outputs:
        if not arg.is_list:
            parts.append(left.pop(0))
            continue
        count = op.attrs[arg.number_attr or arg.type_attr or ""]
        size = len(count) if arg.is_type_list else count
        parts.append(left[:size])
        del left[:size]
    return parts


def _packed(definition: OpDef, make: Any, op: Operation) -> Any:
    if not definition.outputs:
        return op
    parts: Sequence[Any] = _outputs(definition, op)
    return parts[0] if len(parts) == 1 else make(*parts)


@cache
def op_function(op_type: str) -> Callable[..., Any]:
    """A function that adds an operation of this type to the graph.

    It returns the output: a tensor, a list, or a named tuple of them; the Operation if there is
    none. KeyError for an op that is not in the table.
    """
    definition = opdef.lookup(op_type)
    parameters = _parameters(definition)
    signature = inspect.Signature(parameters)
    inputs = [_argument(definition, a.name) for a in definition.inputs]
    attrs = {_argument(definition, a): a for a in definition.attrs}
    fields = [a.name for a in definition.outputs]
    make = namedtuple(op_type, fields, rename=True) if len(fields) > 1 else None

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise TypeError(f"{call.__name__}() {error}") from None
        chosen = {attrs[n]: v for n, v in given.items() if n in attrs and n not in inputs}
        op = emit(op_type, [given[n] for n in inputs], chosen, given.get("name"))
        return _packed(definition, make, op)

    call.__name__ = call.__qualname__ = function_name(op_type)
    call.__doc__ = f"Adds a `{op_type}` operation to the graph."
    call.__signature__ = signature  # type: ignore[attr-defined]
    return call
