"""Ops that act on the host: Python functions, printing, assertions, text."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

from ..core import convert
from ..core.dtypes import DType, string
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.provenance import PACKAGE
from ..core.shape import Shape, broadcast_all
from ..core.tensor import Operation
from ..errors import (
    InternalError,
    InvalidArgumentError,
    OpError,
    OutOfRangeError,
    ResourceExhaustedError,
    UnimplementedError,
    UnknownError,
)
from .text import summary, summary_v2

# -- Python functions ------------------------------------------------------------------------
_functions: dict[str, Callable[..., Any]] = {}
_tokens = count()
_lock = threading.Lock()


def register_function(function: Callable[..., Any]) -> str:
    """Keeps a function for PyFunc ops; gives the token by which they call it."""
    with _lock:
        token = f"pyfunc_{next(_tokens)}"
        _functions[token] = function
    return token


def function_of(token: str) -> Callable[..., Any]:
    """The function of a token; ValueError when it is not of this process."""
    found = _functions.get(token)
    if found is None:
        raise ValueError(
            f"callback {token} is not found: a graph with tf.py_func runs only in the process "
            "that made it."
        )
    return found


def _argument(x: Array) -> Any:
    """An input as the function gets it: scalars as NumPy's scalars, which it may keep."""
    array = np.array(x)
    return array[()] if array.ndim == 0 else array


_STATUS = {
    StopIteration: OutOfRangeError,
    NotImplementedError: UnimplementedError,
    MemoryError: ResourceExhaustedError,
}


_REFUSED = (ValueError, TypeError)


def _call(function: Callable[..., Any], arguments: list[Any]) -> Any:
    """Calls the function; what it raises becomes the error that TensorFlow makes of it."""
    try:
        return function(*arguments)
    except OpError:
        raise
    except Exception as error:
        refused = InvalidArgumentError if isinstance(error, _REFUSED) else UnknownError
        kind = next((k for e, k in _STATUS.items() if isinstance(error, e)), refused)
        raise kind(None, None, _told(error)) from error


def _told(error: Exception) -> str:
    """The error with its traceback, from the function's own first line on."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(PACKAGE):
        trace = trace.tb_next
    text = "".join(traceback.format_exception(type(error), error, trace))
    return f"{type(error).__name__}: {error}\n{text}"


def _py_func(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Any:
    got = _call(function_of(attrs["token"]), [_argument(x) for x in inputs])
    wanted: tuple[DType, ...] = attrs["Tout"]
    if isinstance(got, (list, tuple)):
        values = list(got)
    else:
        values = [] if got is None else [got]
    if len(values) != len(wanted):
        raise ValueError(
            f"{attrs['token']} returns {len(values)} values, but expects to see {len(wanted)} "
            "values: let the function return a tuple with one value for each dtype in Tout."
        )
    return tuple(
        _returned(v, d, i, attrs["token"])
        for i, (v, d) in enumerate(zip(values, wanted, strict=True))
    )


def _returned(value: Any, dtype: DType, index: int, token: str) -> Array:
    """One returned value as an array; ValueError unless it has the announced dtype."""
    array = np.asarray(value)
    if array.dtype.kind in "SUO" and dtype is string:
        return convert.make_array(array, string)
    if array.dtype.kind in "OMmV" and array.dtype.name != "bfloat16":
        raise InternalError(None, None, f"Unsupported {_kind_of(value)}, returned by {token}.")
    if array.dtype != dtype.np_dtype:
        raise ValueError(
            f"{index}-th value returned by {token} is {array.dtype.name}, but expects "
            f"{dtype.name}: let the function return e.g. np.{dtype.np_dtype.name}(x) or "
            f"x.astype(np.{dtype.np_dtype.name})."
        )
    return np.array(array)


def _kind_of(value: Any) -> str:
    is_array = isinstance(value, (np.ndarray, list, tuple))
    return "numpy type: NPY_OBJECT" if is_array else f"object type {type(value).__name__}"


for _name, _stateful in (("PyFunc", True), ("PyFuncStateless", False)):
    define(
        _name,
        "input:Tin -> output:Tout",
        "token:string; Tin:list(type)>=0; Tout:list(type)>=0",
        shape=lambda shapes, attrs, values: [None] * len(attrs["Tout"]),
        kernel=_py_func,
        stateful=_stateful,
        effect=_stateful,
        data_dependent=True,
        grad=NO_GRADIENT,
    )


def _function_gradient(op: Operation, *dys: Any) -> list[Any]:
    """What the function itself has for its gradient: another one, of the results' gradients."""
    found: list[Any] = list(function_of(op.attrs["token"]).gradient(op, dys))  # type: ignore[attr-defined]
    return found


define(
    "EagerPyFunc",
    "input:Tin -> output:Tout",
    "token:string; is_async:bool=false; Tin:list(type)>=0; Tout:list(type)>=0",
    shape=lambda shapes, attrs, values: [None] * len(attrs["Tout"]),
    kernel=_py_func,
    stateful=True,
    effect=True,
    data_dependent=True,
    grad=_function_gradient,
)


# -- printing --------------------------------------------------------------------------------
class _Calls:
    """Counts the calls of a Print op in a session."""

    def __init__(self) -> None:
        self.number = 0


def _print(xp: Any, inputs: Sequence[Array], attrs: Attrs, calls: _Calls) -> Array:
    calls.number += 1
    if attrs["first_n"] < 0 or calls.number <= attrs["first_n"]:
        parts = "".join(f"[{summary(x, attrs['summarize'])}]" for x in inputs[1:])
        print(attrs["message"] + parts, file=sys.stderr, flush=True)
    return inputs[0]


define(
    "Print",
    "input:T data:U -> output:T",
    "T:type; U:list(type)>=0; message:string=''; first_n:int=-1; summarize:int=3",
    shape=lambda shapes, attrs, values: [shapes[0]],
    kernel=_print,
    stateful=True,
    effect=True,
    state=lambda attrs: _Calls(),
    grad=lambda op, dy: [dy] + [None] * (len(op.inputs) - 1),
)

_LEVELS = {"log(info)": "info", "log(warning)": "warning", "log(error)": "error"}


def _print_v2(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[()]:
    text = _text_of(inputs[0]) + attrs["end"]
    stream = attrs["output_stream"]
    if stream.startswith("file://"):
        with open(stream.removeprefix("file://"), "a") as file:
            file.write(text)
    elif stream in _LEVELS:
        import logging

        getattr(logging.getLogger("tensorflow"), _LEVELS[stream])(text.rstrip("\n"))
    elif stream in ("stdout", "stderr"):
        getattr(sys, stream).write(text)
        getattr(sys, stream).flush()
    else:
        raise ValueError(
            f"Unknown output stream: {stream}. Valid streams are: stdout, stderr, log(info), "
            "log(warning), log(error), or file://<filename>"
        )
    return ()


def _text_of(x: Array) -> str:
    value: Any = np.asarray(x, dtype=object)[()]
    return str(value.decode(errors="replace"))


define(
    "PrintV2",
    "input:string ->",
    "output_stream:string='stderr'; end:string='\n'",
    kernel=_print_v2,
    stateful=True,
    effect=True,
    grad=NO_GRADIENT,
)


def _assert(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[()]:
    if not np.asarray(inputs[0]).item():
        parts = " ".join(f"[{summary(x, attrs['summarize'])}]" for x in inputs[1:])
        raise ValueError(f"assertion failed: {parts}")
    return ()


define(
    "Assert",
    "condition:bool data:T ->",
    "T:list(type)>=1; summarize:int=3",
    kernel=_assert,
    stateful=True,
    effect=True,
    grad=NO_GRADIENT,
)


# -- text ------------------------------------------------------------------------------------
def _text(value: str) -> Array:
    return np.array(value.encode(), dtype=object)


def _string_format(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    pieces = attrs["template"].split(attrs["placeholder"])
    if len(inputs) != len(pieces) - 1:
        raise ValueError(
            "num placeholders in template and num inputs must match: "
            f"{len(pieces) - 1} vs. {len(inputs)}"
        )
    shown = [summary_v2(x, attrs["summarize"]) for x in inputs]
    return _text("".join(a + b for a, b in zip(pieces, [*shown, ""], strict=True)))


define(
    "StringFormat",
    "inputs:T -> output:string",
    "T:list(type)>=0; template:string='%s'; placeholder:string='%s'; summarize:int=3",
    shape=lambda shapes, attrs, values: [()],
    kernel=_string_format,
    grad=NO_GRADIENT,
)


def _number_format(attrs: Attrs) -> str:
    if attrs["scientific"] and attrs["shortest"]:
        raise ValueError("Cannot select both scientific and shortest notation")
    if len(attrs["fill"]) > 1:
        raise ValueError("Fill string must be one or fewer characters")
    width = f"{attrs['fill']}{attrs['width']}" if attrs["width"] > -1 else ""
    precision = f".{attrs['precision']}" if attrs["precision"] > -1 else ""
    dtype = attrs["T"]
    if not (dtype.is_floating or dtype.is_complex):
        if attrs["scientific"] or attrs["shortest"]:
            raise ValueError(
                f"scientific and shortest format not supported for datatype {dtype.name}"
            )
        if precision:
            raise ValueError(f"precision not supported for datatype {dtype.name}")
        return f"%{width}d"
    letter = "g" if attrs["shortest"] else "e" if attrs["scientific"] else "f"
    return f"%{width}{precision}{letter}"


def _as_string(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    x, form = np.asarray(inputs[0]), _number_format(attrs)
    out = np.empty(x.shape, dtype=object)
    for i, v in enumerate(x.ravel().tolist()):
        if x.dtype.kind == "b":
            text = "true" if v else "false"
        elif x.dtype.kind == "c":
            text = f"({form % v.real},{form % v.imag})"
        else:
            text = form % v
        out.reshape(-1)[i] = text.encode()
    return out


define(
    "AsString",
    "input:T -> output:string",
    "T:type{int8,int16,int32,int64,complex64,complex128,float32,float64,bool}; precision:int=-1; "
    "scientific:bool=false; shortest:bool=false; width:int=-1; fill:string=''",
    shape=lambda shapes, attrs, values: [shapes[0]],
    kernel=_as_string,
    grad=NO_GRADIENT,
)


def _string_join(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
    shape = next((x.shape for x in inputs if x.shape), ())
    for x in inputs:
        if x.shape not in ((), shape):
            raise ValueError(f"Input shapes do not match: {x.shape} vs. {shape}")
    columns = [np.broadcast_to(np.asarray(x, dtype=object), shape).ravel() for x in inputs]
    out = np.empty(shape, dtype=object)
    for i, row in enumerate(zip(*columns, strict=True)):
        out.reshape(-1)[i] = attrs["separator"].encode().join(row)
    return out


def _joined_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    if None in shapes:
        return [None]
    return [broadcast_all(shapes)]


define(
    "StringJoin",
    "inputs:N*string -> output:string",
    "N:int>=1; separator:string=''",
    shape=_joined_shape,
    kernel=_string_join,
    grad=NO_GRADIENT,
)
define(
    "Timestamp",
    "-> ts:float64",
    shape=lambda shapes, attrs, values: [()],
    kernel=lambda xp, inputs, attrs: np.asarray(time.time()),
    stateful=True,
    effect=True,
    grad=NO_GRADIENT,
)
