"""Printing values in a run."""

from __future__ import annotations

import logging
import os
import pprint
import random
import sys
from collections.abc import Sequence
from typing import Any

from ..core.dtypes import string as string_type
from ..core.emit import apply
from ..core.tensor import Operation, Tensor
from ..ops.packing import is_tensor_like
from . import nest


# -- printing --------------------------------------------------------------------------------
def Print(
    input_: Any,
    data: Any,
    message: Any = None,
    first_n: Any = None,
    summarize: Any = None,
    name: Any = None,
) -> Tensor:
    """The same value as `input_`; a run that computes it prints `data` to the standard error.

    It prints at most `first_n` times, and `summarize` elements (3 by default) of each tensor.
    """
    return apply(  # type: ignore[no-any-return]
        "Print",
        input_,
        list(data),
        message="" if message is None else message,
        first_n=-1 if first_n is None else first_n,
        summarize=3 if summarize is None else summarize,
        name=name,
    )


def print(*inputs: Any, **kwargs: Any) -> Operation:
    """An operation that prints tensors, other values and nests of them when it is run.

    Keywords: `output_stream` (sys.stderr by default, sys.stdout, "file://path", or a function or
    level of `logging`), `summarize` (how many rows from both ends to show, 3; -1 for all), `sep`,
    `end`, `name`.
    """
    stream = kwargs.pop("output_stream", sys.stderr)
    name, summarize = kwargs.pop("name", None), kwargs.pop("summarize", 3)
    sep, end = kwargs.pop("sep", " "), kwargs.pop("end", os.linesep)
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments for tf.print: {kwargs}")
    where = _stream_name(stream)
    if len(inputs) == 1 and _is_text(inputs[0]):
        text: Any = inputs[0]
    else:
        tensors, template, mark = _template(inputs, sep)
        text = apply(
            "StringFormat",
            tensors,
            template=template,
            placeholder=mark,
            summarize=summarize,
            name=f"{name}_format" if name else None,
        )
    return apply("PrintV2", text, output_stream=where, name=name, end=end)  # type: ignore[no-any-return]


def _is_text(x: Any) -> bool:
    return isinstance(x, Tensor) and x.static_shape == () and x.dtype.base_dtype is string_type


_LEVELS = {logging.INFO: "info", logging.WARNING: "warning", logging.ERROR: "error"}


def _stream_name(stream: Any) -> str:
    if isinstance(stream, str) and stream.startswith("file://"):
        return stream
    if stream in (sys.stdout, sys.__stdout__):
        return "stdout"
    if stream in (sys.stderr, sys.__stderr__):
        return "stderr"
    level = _LEVELS.get(stream) if isinstance(stream, int) else getattr(stream, "__name__", "")
    level = {"warn": "warning"}.get(level or "", level)
    if level in _LEVELS.values():
        return f"log({level})"
    raise ValueError(
        f"Unsupported output stream, logging level, or file: {stream}. Supported are sys.stdout, "
        "sys.stderr, tf.logging.info, tf.logging.warning, tf.logging.error and 'file://<path>'."
    )


def _is_tensor(x: Any) -> bool:
    return is_tensor_like(x) or hasattr(x, "dense_shape")


def _placeholder(text: str) -> str:
    """A mark that does not occur in the text."""
    mark, digits = "{}", random.Random(5)
    while mark in text:
        mark += str(digits.randint(0, 9))
    return mark


def _template(inputs: Sequence[Any], sep: str) -> tuple[list[Any], str, str]:
    """The tensors to print, the text around them, and the mark that stands for each."""
    plain = nest.map_structure(lambda x: "" if _is_tensor(x) else x, list(inputs))
    mark = _placeholder(" ".join(pprint.pformat(x) for x in plain))
    tensors: list[Any] = []

    def show(x: Any) -> Any:
        if hasattr(x, "dense_shape"):
            parts = [x.indices, x.values, x.dense_shape]
            tensors.extend(parts)
            return f"SparseTensor(indices={mark}, values={mark}, shape={mark})"
        if is_tensor_like(x):
            tensors.append(x)
            return mark
        return x

    pieces = []
    for item in inputs:
        shown = [show(x) for x in nest.flatten(item)]
        if isinstance(item, str):
            pieces.append(item)
        else:
            pieces.append(pprint.pformat(nest.pack_sequence_as(item, shown)))
    return tensors, sep.join(pieces).replace(f"'{mark}'", mark), mark
