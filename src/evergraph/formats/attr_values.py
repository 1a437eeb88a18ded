"""AttrValue: attributes of operations to messages and back.

The forms of the values are those of `core.attributes`; what stands in a message is checked
against the kind that the op declares, and refused with a ValueError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.dtypes import DType
from .tensors import array_of, shape_of, shape_proto, tensor_proto

FunctionNamed = Callable[[Any], Any]
"""Gives the function that a NameAttrList names."""

_FIELD = {
    "string": "s",
    "int": "i",
    "float": "f",
    "bool": "b",
    "type": "type",
    "shape": "shape",
    "tensor": "tensor",
    "func": "func",
}
_KIND = {field: kind for kind, field in _FIELD.items()}


def is_message(value: Any, name: str) -> bool:
    """Whether `value` is a protobuf message of this name, whoever made its class."""
    return getattr(getattr(value, "DESCRIPTOR", None), "name", None) == name


def encode(kind: str, value: Any, dtype: DType | None = None) -> Any:
    """The AttrValue of an attribute of this kind (`type`, `list(int)` ...).

    `dtype` is that of a tensor, where the array does not tell it.
    """
    from . import messages

    if is_message(value, "AttrValue"):
        return messages.AttrValue.FromString(value.SerializeToString())
    proto = messages.AttrValue()
    if kind.startswith("list("):
        proto.list.SetInParent()
        item = kind[5:-1]
        getattr(proto.list, _FIELD[item]).extend([_encoded(item, v, None) for v in value])
    elif kind in ("shape", "tensor", "func"):
        getattr(proto, kind).CopyFrom(_encoded(kind, value, dtype))
    else:
        setattr(proto, _FIELD[kind], _encoded(kind, value, dtype))
    return proto


def _encoded(kind: str, value: Any, dtype: DType | None) -> Any:
    if kind == "type":
        return value.as_datatype_enum
    if kind == "string":
        return value.encode() if isinstance(value, str) else bytes(value)
    if kind == "shape":
        return shape_proto(value)
    if kind == "tensor":
        return tensor_proto(np.asarray(value), dtype)
    if kind == "func":
        return _name_attr_list(value)
    return value


def _name_attr_list(value: Any) -> Any:
    from . import messages

    if is_message(value, "NameAttrList"):
        return value
    return messages.NameAttrList(name=value if isinstance(value, str) else value.name)


def kind_of(value: Any) -> str:
    """The kind of attribute that a Python value makes, for attributes that no op declares."""
    if isinstance(value, (list, tuple)):
        return f"list({kind_of(value[0]) if value else 'int'})"
    if isinstance(value, (bool, np.bool_)):
        return "bool"
    for kind, types in (
        ("int", (int, np.integer)),
        ("float", (float, np.floating)),
        ("string", (str, bytes)),
        ("type", DType),
        ("tensor", np.ndarray),
    ):
        if isinstance(value, types):
            return kind
    raise TypeError(f"{value!r} cannot be the value of an attribute.")


def decode(kind: str, proto: Any, function: FunctionNamed | None = None) -> Any:
    """The value of an AttrValue that must be of this kind; ValueError if it is not.

    `function` gives the functions that `func` attributes name.
    """
    found = proto.WhichOneof("value")
    if kind == "any":
        return proto
    if kind.startswith("list("):
        return _decoded_list(kind[5:-1], proto, found, function)
    if found is None:
        raise ValueError(f"AttrValue missing value with expected type {kind!r}")
    if found != _FIELD[kind]:
        raise ValueError(_mismatch(found, kind))
    return _decoded(kind, getattr(proto, found), function)


def _mismatch(found: str, kind: str) -> str:
    if found == "placeholder":
        return "AttrValue had value with unexpected type 'placeholder'"
    return f"AttrValue had value with type {_KIND.get(found, found)!r} when {kind!r} expected"


def _decoded_list(item: str, proto: Any, found: str | None, function: Any) -> tuple[Any, ...]:
    if found is None:
        return ()
    if found != "list":
        raise ValueError(_mismatch(found, f"list({item})"))
    for field, kind in _KIND.items():
        if kind != item and len(getattr(proto.list, field)):
            raise ValueError(
                f"AttrValue had value with type 'list({kind})' when 'list({item})' expected"
            )
    return tuple(_decoded(item, v, function) for v in getattr(proto.list, _FIELD[item]))


def _decoded(kind: str, value: Any, function: FunctionNamed | None) -> Any:
    if kind == "type":
        return decoded_type(value)
    if kind == "string":
        return _text(value)
    if kind == "shape":
        return shape_of(value)
    if kind == "tensor":
        return _tensor(value)
    if kind == "func":
        return value if function is None else function(value)
    return value


def decoded_type(number: int) -> DType:
    """The dtype of an AttrValue; ValueError for numbers that are none, and for references."""
    if number == 0:
        raise ValueError("AttrValue has invalid DataType")
    try:
        dtype = dtypes.as_dtype(number)
    except TypeError:
        raise ValueError(f"AttrValue has invalid DataType enum: {number}") from None
    if dtype._is_ref_dtype:
        raise ValueError(f"AttrValue must not have reference type value of {dtype.name}")
    return dtype


def _text(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _tensor(value: Any) -> np.ndarray[Any, Any]:
    try:
        array = array_of(value)
    except TypeError as error:
        raise ValueError(f"A tensor attribute cannot be read: {error}") from None
    array.flags.writeable = False
    return array


def python_value(proto: Any) -> Any:
    """An AttrValue as `Operation.get_attr` gives it: DTypes, else what the message holds."""
    found = proto.WhichOneof("value")
    if found is None:
        return []
    if found == "list":
        for field in _KIND:
            items = getattr(proto.list, field)
            if len(items):
                return [dtypes.as_dtype(v) for v in items] if field == "type" else list(items)
        return []
    value = getattr(proto, found)
    return dtypes.as_dtype(value) if found == "type" else value
