"""Attributes of operations: brought to one form, and checked against the op's definition.

Types are DTypes, shapes tuples (None: unknown rank), lists tuples, text `str`.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from .dtypes import DType, as_dtype
from .opdef import AttrDef, OpDef
from .tensor_shape import to_shape

_FORM: dict[str, type] = {
    "type": DType,
    "int": int,
    "float": float,
    "bool": bool,
    "string": str,
    "shape": tuple,
    "tensor": np.ndarray,
}


def checked_attr(definition: OpDef, spec: AttrDef, value: Any) -> Any:
    """The value of an attribute in its one form.

    Raises TypeError for a value of another type and for dtypes that the op does not take,
    ValueError for other values that are not allowed.
    """
    if type(value) is not _FORM.get(spec.type):
        value = _formed(definition, spec, value)
    if spec.allowed is not None and value not in spec.allowed:
        _check_allowed(definition, spec, value)
    if spec.minimum is not None:
        _check_minimum(definition, spec, value)
    return value


def _formed(definition: OpDef, spec: AttrDef, value: Any) -> Any:
    form = _FORMS.get(spec.type.removeprefix("list(").removesuffix(")"))
    if form is None:
        return value
    try:
        if not spec.type.startswith("list("):
            return form(value)
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"expected a list, got {value!r}")
        return tuple([form(v) for v in value])
    except TypeError as error:
        raise TypeError(
            f"Attr {spec.name!r} of {definition.name!r} Op must be of type {spec.type}: {error}."
        ) from None


def _as_int(value: Any) -> int:
    # Whole floats count, as in TensorFlow 1: programs write `n / 2`.
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return int(value)
    if not hasattr(value, "__index__"):
        raise TypeError(f"expected an integer, got {value!r}")
    return int(value.__index__())


def _as_float(value: Any) -> float:
    if not isinstance(value, (numbers.Real, np.floating, np.integer)):
        raise TypeError(f"expected a number, got {value!r}")
    return float(value)


def _as_bool(value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"expected True or False, got {value!r}")
    return bool(value)


def _as_text(value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    if not isinstance(value, str):
        raise TypeError(f"expected a string, got {value!r}")
    return value


def _as_function(value: Any) -> Any:
    # A Function, or what stands for one by its name: the module of functions is above this one.
    if not hasattr(value, "name"):
        raise TypeError(f"expected a function, got {value!r}")
    return getattr(value, "function", value)  # of a Defun, what was traced


_FORMS: dict[str, Callable[[Any], Any]] = {
    "type": as_dtype,
    "func": _as_function,
    "int": _as_int,
    "float": _as_float,
    "bool": _as_bool,
    "string": _as_text,
    "shape": to_shape,
}


def _check_allowed(definition: OpDef, spec: AttrDef, value: Any) -> None:
    assert spec.allowed is not None
    for v in value if isinstance(value, tuple) else (value,):
        if v in spec.allowed:
            continue
        if isinstance(v, DType):
            raise _wrong_dtype(definition, spec, v)
        raise ValueError(
            f"Attr {spec.name!r} of {definition.name!r} Op passed string {v!r} not in: "
            + ", ".join(f'"{a}"' for a in sorted(spec.allowed))
            + "."
        )


def _wrong_dtype(definition: OpDef, spec: AttrDef, dtype: DType) -> TypeError:
    assert spec.allowed is not None
    names = ", ".join(sorted(d.name for d in spec.allowed))
    arg = next((a.name for a in definition.inputs if a.type_attr == spec.name), spec.name)
    return TypeError(
        f"Value passed to parameter {arg!r} has DataType {dtype.name} not in list of allowed "
        f"values: {names} (op {definition.name!r})."
    )


def _check_minimum(definition: OpDef, spec: AttrDef, value: Any) -> None:
    assert spec.minimum is not None
    if isinstance(value, tuple):
        if len(value) < spec.minimum:
            raise ValueError(
                f"Attr {spec.name!r} of {definition.name!r} Op passed list of length "
                f"{len(value)} less than minimum {spec.minimum}."
            )
    elif value < spec.minimum:
        raise ValueError(
            f"Attr {spec.name!r} of {definition.name!r} Op passed {value} less than minimum "
            f"{spec.minimum}."
        )
