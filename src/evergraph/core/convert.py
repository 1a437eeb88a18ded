"""Python values as tensors: constants of the right dtype, and objects that stand for tensors."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np

from . import dtypes
from .dtypes import DType
from .shape import Shape, show
from .tensor import Literal, Operation, Tensor

Converter = Callable[[Any, DType | None, str | None, bool], Any]
_converters: list[tuple[int, int, Any, Converter]] = []
_by_type: dict[type, list[Converter]] = {}
_emit: Callable[..., Operation] | None = None  # the door, which itself converts its inputs


def use_emit(emit: Callable[..., Operation]) -> None:
    """Tells this module the function that makes operations (it stands in a module above)."""
    global _emit
    _emit = emit


def register(kind: Any, converter: Converter, priority: int = 100) -> None:
    """Makes objects of `kind` convertible: `converter(value, dtype, name, as_ref)`.

    It gives a tensor, or NotImplemented to leave the value to the next one. Lower priorities
    come first.
    """
    _converters.append((priority, len(_converters), kind, converter))
    _converters.sort(key=lambda row: row[:2])
    _by_type.clear()


def _converters_for(kind: type) -> list[Converter]:
    found = _by_type.get(kind)
    if found is None:
        found = [c for _, _, k, c in _converters if issubclass(kind, k)]
        _by_type[kind] = found
    return found


def convert_to_tensor(
    value: Any,
    dtype: DType | None = None,
    name: str | None = None,
    as_ref: bool = False,
    preferred_dtype: DType | None = None,
) -> Tensor | Literal:
    """`value` as a tensor of the default graph.

    Tensors come back as they are. Python numbers become int32 or float32 unless `dtype` (must)
    or `preferred_dtype` (may) says otherwise; NumPy arrays keep their dtype. Raises TypeError or
    ValueError where no such tensor can be made.
    """
    if isinstance(value, (Tensor, Literal)):
        if dtype is not None and value.dtype.base_dtype is not dtype.base_dtype:
            raise ValueError(
                f"Tensor conversion requested dtype {dtype.name} for Tensor with dtype "
                f"{value.dtype.name}: {value}. Convert it with tf.cast(x, tf.{dtype.name})."
            )
        return value
    for converter in _converters_for(type(value)):
        if dtype is None and preferred_dtype is not None:
            try:
                result = converter(value, preferred_dtype, name, as_ref)
            except (TypeError, ValueError):
                result = NotImplemented
            if result is not NotImplemented and result is not None:
                return result  # type: ignore[no-any-return]
        result = converter(value, dtype, name, as_ref)
        if result is not NotImplemented:
            return result  # type: ignore[no-any-return]
    if isinstance(value, Operation):
        raise TypeError(
            f"Can't convert Operation {value.name!r} to Tensor (target dtype="
            f"{dtype and dtype.name!r}, name={name!r}, as_ref={as_ref!r}): use one of its outputs."
        )
    return constant(value, dtype, name, preferred_dtype)


def constant(
    value: Any,
    dtype: DType | None = None,
    name: str | None = None,
    preferred_dtype: DType | None = None,
    shape: Shape = None,
) -> Tensor:
    """A `Const` operation that holds `value`."""
    array = None
    if dtype is None and preferred_dtype is not None:
        try:
            array = make_array(value, preferred_dtype)
            dtype = preferred_dtype
        except (TypeError, ValueError):
            array = None
    if array is None:
        array = make_array(value, dtype)
    if shape is not None:
        array = _filled(array, shape)
    array.flags.writeable = False
    dtype = dtype.base_dtype if dtype is not None else dtypes.as_dtype(array.dtype)
    assert _emit is not None
    return _emit("Const", (), {"value": array, "dtype": dtype}, name or "Const").outputs[0]


def _filled(array: np.ndarray[Any, Any], shape: Shape) -> np.ndarray[Any, Any]:
    """The elements in this shape, the last one repeated where there are too few."""
    assert shape is not None
    size = int(np.prod(shape, dtype=np.int64))  # type: ignore[arg-type]
    if size == 0:
        return np.zeros(shape, array.dtype)
    if array.size > size:
        raise ValueError(
            f"Too many elements provided. Needed at most {size} for shape {show(shape)}, "
            f"but received {array.size}."
        )
    flat = array.ravel()
    if flat.size == 1:
        return np.broadcast_to(flat.reshape(()), shape)  # type: ignore[arg-type]
    if flat.size < size:
        if flat.size == 0:
            raise ValueError(f"A value with no elements cannot fill shape {show(shape)}.")
        flat = np.concatenate([flat, np.repeat(flat[-1:], size - flat.size)])
    return flat.reshape(shape).copy()  # type: ignore[arg-type]


def make_array(value: Any, dtype: DType | None = None) -> np.ndarray[Any, Any]:
    """A new array of `value` with TensorFlow's rules for Python and NumPy values.

    Python floats are float32, ints int32 (int64 where they need it), text bytes. A NumPy array
    is cast to `dtype`; Python values must fit it, else TypeError.
    """
    if type(value) is float and (dtype is None or dtype.is_floating):  # the commonest constant
        return np.array(value, np.float32 if dtype is None else dtype.np_dtype)
    if isinstance(value, (np.ndarray, np.generic)) or _is_array_like(value):
        return _from_numpy(np.asarray(value), dtype)
    if value is None:
        raise ValueError("None values not supported.")
    if isinstance(value, range):
        value = list(value)
    if dtype is not None:
        _check_python(value, dtype)
    array = _plain_array(value)
    if dtype is not None and dtype.base_dtype is dtypes.string:
        return _bytes_array(value)
    if dtype is None:
        return _default_dtype(array, value)
    return _cast_python(array, dtype)


def _is_array_like(value: Any) -> bool:
    """Whether it is a table, an image or another object that NumPy takes for an array."""
    return callable(getattr(value, "__array__", None)) and not isinstance(value, Tensor)


def _from_numpy(array: np.ndarray[Any, Any], dtype: DType | None) -> np.ndarray[Any, Any]:
    if array.dtype.kind in "SUO" or (dtype is not None and dtype.base_dtype is dtypes.string):
        if dtype is not None and dtype.base_dtype is not dtypes.string:
            return np.array(array.tolist(), dtypes.require_numpy(dtype))
        return _bytes_array(array)
    if dtype is None:
        dtypes.as_dtype(array.dtype)  # TypeError for e.g. datetimes
        return array.copy()
    with np.errstate(all="ignore"):
        return array.astype(dtypes.require_numpy(dtype))


def _bytes_array(value: Any) -> np.ndarray[Any, Any]:
    source = value if isinstance(value, np.ndarray) else np.array(value, dtype=object)
    out = np.empty(source.shape, dtype=object)
    flat = out.reshape(-1)
    for i, item in enumerate(source.ravel().tolist() if source.dtype.kind != "O" else source.flat):
        flat[i] = _as_bytes(item)
    return out


def _as_bytes(item: Any) -> bytes:
    if isinstance(item, bytes):
        return item
    if isinstance(item, str):
        return item.encode()
    raise TypeError(f"Expected string, got {item!r} of type {type(item).__name__!r} instead.")


def _plain_array(value: Any) -> np.ndarray[Any, Any]:
    if isinstance(value, (list, tuple)) and _contains_tensor(value):
        raise TypeError(
            "A list that mixes tensors and numbers of other dtypes cannot become one tensor: "
            "use tf.stack on tensors of one dtype."
        )
    try:
        return np.array(value)
    except UnicodeError:  # text and bytes that are no ASCII
        return np.array(value, dtype=object)
    except ValueError as error:
        raise ValueError(
            f"Argument must be a dense tensor: {str(value)[:200]} - its rows have different "
            "lengths or shapes."
        ) from error


def _contains_tensor(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_contains_tensor, value))
    return isinstance(value, Tensor)


def _default_dtype(array: np.ndarray[Any, Any], value: Any) -> np.ndarray[Any, Any]:
    kind = array.dtype.kind
    if kind in "SU" or kind == "O":
        if kind == "O":
            _refuse_objects(array, value)
        return _bytes_array(np.array(value, dtype=object))
    if array.dtype == np.float64:
        return array.astype(np.float32)
    return _small_ints(array) if array.dtype == np.int64 else array


def _refuse_objects(array: np.ndarray[Any, Any], value: Any) -> None:
    for item in array.flat:
        if not isinstance(item, (str, bytes)):
            raise TypeError(
                f"Failed to convert object of type {type(value)} to Tensor. "
                f"Contents: {str(value)[:200]}. Consider casting elements to a supported type."
            )


def _small_ints(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    info = np.iinfo(np.int32)
    if array.size and (array.max() > info.max or array.min() < info.min):
        return array
    return array.astype(np.int32)


_ACCEPTS: dict[str, tuple[type, ...]] = {  # what an element of a dtype may come from
    "f": (numbers.Real, np.integer, np.floating),
    "i": (numbers.Integral, np.integer),
    "b": (bool, np.bool_),
    "c": (numbers.Complex, np.number),
    "s": (str, bytes),
}
_ARRAY_KINDS = {"f": "iufVO", "i": "iuO", "b": "bO", "c": "iufcO", "s": "SUO"}


def _kind(dtype: DType) -> str:
    if dtype.is_floating:
        return "f"
    if dtype.is_complex:
        return "c"
    if dtype.is_bool:
        return "b"
    return "s" if dtype.base_dtype is dtypes.string else "i"


def _check_python(value: Any, dtype: DType) -> None:
    kind = _kind(dtype)
    bad = _mismatch(value, kind)
    if bad is not None:
        raise TypeError(
            f"Expected {dtype.base_dtype.name}, got {bad[0]!r} of type "
            f"{type(bad[0]).__name__!r} instead."
        )


def _mismatch(value: Any, kind: str) -> tuple[Any] | None:
    """The first element (in a 1-tuple) that no tensor of this kind can hold."""
    if isinstance(value, (list, tuple)):
        for item in value:
            found = _mismatch(item, kind)
            if found is not None:
                return found
        return None
    if isinstance(value, np.ndarray):
        return None if value.dtype.kind in _ARRAY_KINDS[kind] else (value,)
    if isinstance(value, _ACCEPTS[kind]) or (kind == "i" and hasattr(value, "__index__")):
        return None
    return (value,)


def _cast_python(array: np.ndarray[Any, Any], dtype: DType) -> np.ndarray[Any, Any]:
    np_dtype = dtypes.require_numpy(dtype)
    if np_dtype.kind in "iu" and array.dtype == object:  # extents of shapes, very long ints
        array = np.array([int(v) for v in array.flat], dtype=object).reshape(array.shape)
    if np_dtype.kind in "iu" and array.size and array.dtype.kind in "iuO":
        info = np.iinfo(np_dtype)
        if int(array.max()) > info.max or int(array.min()) < info.min:
            raise ValueError(f"The value does not fit in {dtype.base_dtype.name}: {array.max()}.")
    with np.errstate(all="ignore"):
        return array.astype(np_dtype)
