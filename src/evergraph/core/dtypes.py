"""Element types: TensorFlow's names and numbers, with their NumPy counterparts.

A *reference* dtype (`float32_ref`) marks a tensor that is a variable's buffer, not a value.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import UnimplementedError

_BY_NUMBER: dict[int, DType] = {}
_BY_NAME: dict[str, DType] = {}


class DType:
    """The type of a tensor's elements. There is one object a type: compare with `is` or `==`."""

    __slots__ = (
        "_base",
        "_np",
        "_ref",
        "as_datatype_enum",
        "is_complex",
        "is_floating",
        "is_integer",
        "name",
        "size",
    )

    def __init__(self, name: str, number: int, kind: str, size: int, base: DType | None = None):
        self.name = name
        self.as_datatype_enum = number
        self.is_floating = kind == "f"
        self.is_integer = kind in "iu"
        self.is_complex = kind == "c"
        self.size = size
        self._base = base
        self._ref: DType | None = None
        self._np: np.dtype[Any] | None = None

    @property
    def base_dtype(self) -> DType:
        """The dtype of the values: itself, or what a reference refers to."""
        return self._base or self

    @property
    def real_dtype(self) -> DType:
        """The dtype of the real part: float32 of complex64, float64 of complex128."""
        name = self.base_dtype.name
        return {"complex64": float32, "complex128": float64}.get(name, self)

    @property
    def _is_ref_dtype(self) -> bool:
        return self._base is not None

    @property
    def _as_ref(self) -> DType:
        return self._ref or self

    @property
    def np_dtype(self) -> np.dtype[Any]:
        """The NumPy dtype of the values (strings are `object` arrays of bytes)."""
        if self._np is None:
            self._np = _numpy_dtype(self.base_dtype.name)
        return self._np

    @property
    def as_numpy_dtype(self) -> type:
        """The NumPy scalar type, e.g. `numpy.float32`."""
        return self.np_dtype.type

    @property
    def is_numpy_compatible(self) -> bool:
        """Whether NumPy can hold such values."""
        return self.base_dtype.name not in ("resource", "variant")

    @property
    def is_bool(self) -> bool:
        """Whether it is `bool`."""
        return self.base_dtype.name == "bool"

    @property
    def is_unsigned(self) -> bool:
        """Whether it is an unsigned integer."""
        return self.base_dtype.name.startswith("uint")

    @property
    def is_quantized(self) -> bool:
        """Whether it is one of the quantised integers."""
        return self.base_dtype.name.startswith(("qint", "quint"))

    @property
    def min(self) -> Any:
        """The least finite value; TypeError where there is none."""
        return _limit(self, "min")

    @property
    def max(self) -> Any:
        """The greatest finite value; TypeError where there is none."""
        return _limit(self, "max")

    @property
    def limits(self) -> tuple[Any, Any]:
        """(min, max) that an image of this dtype holds: (0, 1) for floats."""
        return self._image_limits(True)

    def _image_limits(self, clip_negative: bool) -> tuple[Any, Any]:
        if self.is_floating or self.is_bool:
            return (0, 1)
        return (0 if clip_negative else self.min, self.max)

    def is_compatible_with(self, other: Any) -> bool:
        """Whether a value of dtype `other` may stand where this one is wanted."""
        other = as_dtype(other)
        return self is other or self.base_dtype is other or self is other.base_dtype

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if other is None or isinstance(other, DType):
            return False
        try:
            return as_dtype(other) is self
        except TypeError:
            return False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return self.as_datatype_enum

    def __int__(self) -> int:
        return self.as_datatype_enum

    def __str__(self) -> str:
        return f"<dtype: {self.name!r}>"

    def __repr__(self) -> str:
        return "tf." + self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)


def _numpy_dtype(name: str) -> np.dtype[Any]:
    if name == "bfloat16":
        import ml_dtypes

        bfloat16_type: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return bfloat16_type
    if name == "string":
        return np.dtype(object)
    if name in ("resource", "variant"):
        return np.dtype(object)
    name = {"quint8": "uint8", "quint16": "uint16"}.get(name, name)
    name = {"qint8": "int8", "qint16": "int16", "qint32": "int32"}.get(name, name)
    return np.dtype(name)


def _limit(dtype: DType, end: str) -> Any:
    if dtype.is_bool or dtype.is_complex or dtype.base_dtype.name in ("string", "resource"):
        raise TypeError(f"Cannot find {end}imum value of {dtype}.")
    if dtype.base_dtype.name == "bfloat16":
        import ml_dtypes

        info: Any = ml_dtypes.finfo(ml_dtypes.bfloat16)  # type: ignore[no-untyped-call]
        return float(getattr(info, end))
    info = np.finfo(dtype.np_dtype) if dtype.is_floating else np.iinfo(dtype.np_dtype)
    return getattr(info, end)


def _make(name: str, number: int, kind: str, size: int) -> DType:
    dtype = DType(name, number, kind, size)
    ref = DType(name + "_ref", number + 100, kind, size, dtype)
    dtype._ref = ref
    for d in (dtype, ref):
        _BY_NUMBER[d.as_datatype_enum] = _BY_NAME[d.name] = d
    return dtype


float32 = _make("float32", 1, "f", 4)
float64 = _make("float64", 2, "f", 8)
int32 = _make("int32", 3, "i", 4)
uint8 = _make("uint8", 4, "u", 1)
int16 = _make("int16", 5, "i", 2)
int8 = _make("int8", 6, "i", 1)
string = _make("string", 7, "s", 1)
complex64 = _make("complex64", 8, "c", 8)
int64 = _make("int64", 9, "i", 8)
bool_ = _make("bool", 10, "b", 1)
qint8 = _make("qint8", 11, "q", 1)
quint8 = _make("quint8", 12, "q", 1)
qint32 = _make("qint32", 13, "q", 4)
bfloat16 = _make("bfloat16", 14, "f", 2)
qint16 = _make("qint16", 15, "q", 2)
quint16 = _make("quint16", 16, "q", 2)
uint16 = _make("uint16", 17, "u", 2)
complex128 = _make("complex128", 18, "c", 16)
float16 = _make("float16", 19, "f", 2)
resource = _make("resource", 20, "r", 1)
variant = _make("variant", 21, "v", 1)
uint32 = _make("uint32", 22, "u", 4)
uint64 = _make("uint64", 23, "u", 8)

_BY_NAME.update(half=float16, float=float32, double=float64)
_BY_PYTHON: dict[Any, DType] = {
    float: float32,
    int: int64,
    bool: bool_,
    complex: complex128,
    str: string,
    bytes: string,
    object: string,
}
_BY_NUMPY: dict[np.dtype[Any], DType] = {
    np.dtype(bool): bool_,
} | {
    d.np_dtype: d
    for d in list(_BY_NUMBER.values())
    if d._base is None
    and d.name
    in [
        "float16",
        "float32",
        "float64",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "bool",
        "complex64",
        "complex128",
    ]
}


def as_dtype(type_value: Any) -> DType:
    """The DType of a DType, its number or name, a NumPy dtype or a Python type.

    Raises TypeError for anything else.
    """
    if isinstance(type_value, DType):
        return type_value
    found: DType | None = None
    if isinstance(type_value, int) and not isinstance(type_value, bool):
        found = _BY_NUMBER.get(type_value)
    elif isinstance(type_value, str):
        found = _BY_NAME.get(type_value)
    elif isinstance(type_value, type):
        found = _BY_PYTHON.get(type_value)
    if found is None:
        found = _from_numpy(type_value)
    if found is None:
        raise TypeError(f"Cannot convert value {type_value!r} to a TensorFlow DType.")
    return found


def _from_numpy(value: Any) -> DType | None:
    # NumPy takes None for float64 and any class for object.
    if value is None or (isinstance(value, type) and not issubclass(value, np.generic)):
        return None
    try:
        np_dtype = np.dtype(value)
    except TypeError:
        return None
    if np_dtype.kind in "SUO":
        return string
    return _BY_NUMPY.get(np_dtype) or _BY_NAME.get(np_dtype.name)


def require_numpy(dtype: DType) -> np.dtype[Any]:
    """The NumPy dtype of a dtype that NumPy can hold, else UnimplementedError."""
    if not dtype.is_numpy_compatible:
        raise UnimplementedError(f"Values of {dtype!r} have no NumPy form.")
    return dtype.np_dtype
