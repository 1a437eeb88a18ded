"""Functions of the slices of tensors: `tf.map_fn`, `tf.scan`, `tf.foldl`, `tf.foldr`.

Each is one `tf.while_loop` over TensorArrays of the slices along the first axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..core.convert import constant
from ..core.tensor import Tensor
from ..core.tensor_shape import Dimension, TensorShape
from ..ops.sparse import SparseTensor
from . import nest
from .array_ops import shape as shape_of
from .framework import convert_to_tensor, name_scope
from .loops import while_loop
from .tensor_array_ops import TensorArray
from .variable_scope import get_variable_scope

__all__ = ["foldl", "foldr", "map_fn", "scan"]


class _Loop(NamedTuple):
    """How a loop is to run: the arguments of `tf.while_loop`."""

    parallel_iterations: int
    back_prop: bool
    swap_memory: bool
    maximum_iterations: Any


class _Structure:
    """The structure of arguments or results: a bare value, or what `nest` knows."""

    def __init__(self, template: Any) -> None:
        self.template = template
        self.is_nested = nest.is_sequence(template)

    def flatten(self, x: Any) -> list[Any]:
        """The values of `x` in order."""
        return nest.flatten(x) if self.is_nested else [x]

    def pack(self, flat: Sequence[Any]) -> Any:
        """The values in this structure."""
        return nest.pack_sequence_as(self.template, flat) if self.is_nested else flat[0]


@contextmanager
def _variables_read_once() -> Iterator[None]:
    """Inside, a variable that is made is read where it is made, not once an iteration."""
    scope = get_variable_scope()
    if scope.caching_device is not None:
        yield
        return
    scope.set_caching_device(lambda op: op.device)
    try:
        yield
    finally:
        scope.set_caching_device(None)


def _check_callable(fn: Any) -> None:
    if not callable(fn):
        raise TypeError("fn must be callable.")


def _first_dimension(x: Tensor) -> int | None:
    first = x.shape.with_rank_at_least(1)[0]
    return first.value if isinstance(first, Dimension) else first


def _rows(x: Tensor) -> Any:
    """The extent of the first axis, a tensor where it is not known (or zero)."""
    return _first_dimension(x) or shape_of(x)[0]


def _sliced(x: Any, rows: Any) -> TensorArray:
    return TensorArray(dtype=x.dtype, size=rows, dynamic_size=False).unstack(x)


def _all_sliced(elems: Sequence[Tensor], rows: Any, shapes: Sequence[Any]) -> list[TensorArray]:
    """The slices of each tensor: first all TensorArrays, then what they hold."""
    arrays = [
        TensorArray(dtype=x.dtype, size=rows, dynamic_size=False, element_shape=s)
        for x, s in zip(elems, shapes, strict=True)
    ]
    return [a.unstack(x) for a, x in zip(arrays, elems, strict=True)]


def _stacked(arrays: Sequence[TensorArray], elems: Sequence[Tensor]) -> list[Tensor]:
    """What was written, with the number of rows that `elems` have in common."""
    results = [a.stack() for a in arrays]
    rows = Dimension(_first_dimension(elems[0]))
    for x in elems[1:]:
        rows = rows.merge_with(_first_dimension(x))
    for r in results:
        r.set_shape(TensorShape([rows]).concatenate(r.shape[1:]))
    return results


def _check_not_scalar(elems: Sequence[Tensor]) -> None:
    if elems[0].shape.ndims == 0:
        if len(elems) == 1:
            raise ValueError("elems must be a 1+ dimensional Tensor, not a scalar")
        raise ValueError("elements in elems must be 1+ dimensional Tensors, not scalars")


def map_fn(
    fn: Callable[[Any], Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
) -> Any:
    """`fn` of each slice of `elems` along the first axis, stacked.

    `elems` is a tensor or a nest of tensors with as many slices; `dtype` gives the dtypes, and so
    the structure, of what `fn` returns where they are not those of `elems`. With
    `infer_shape=False`, results may differ in shape. Raises TypeError for a `fn` that is not
    callable and for a SparseTensor, ValueError for scalars and for results of another structure.
    """
    _check_callable(fn)
    if isinstance(elems, SparseTensor):
        raise TypeError(
            "map_fn maps no SparseTensor: map its values, SparseTensor(x.indices, map_fn(fn, "
            "x.values), x.dense_shape)."
        )
    inputs = _Structure(elems)
    flat = inputs.flatten(elems)
    with name_scope(name, "map", flat), _variables_read_once():
        flat = [convert_to_tensor(x, name="elem") for x in flat]
        _check_not_scalar(flat)
        declared = dtype or inputs.pack([x.dtype for x in flat])
        outputs = inputs if dtype is None else _Structure(dtype)
        rows = _rows(flat[0])
        slices = _all_sliced(flat, rows, [None] * len(flat))
        counter = constant(0)
        written = [
            TensorArray(dtype=d, size=rows, dynamic_size=False, infer_shape=infer_shape)
            for d in outputs.flatten(declared)
        ]

        def step(i: Tensor, written: list[TensorArray]) -> Any:
            result = fn(inputs.pack([s.read(i) for s in slices]))
            nest.assert_same_structure(declared, result)
            values = outputs.flatten(result)
            after = [a.write(i, v) for a, v in zip(written, values, strict=True)]
            return i + 1, after

        loop = _Loop(parallel_iterations or 10, back_prop, swap_memory, rows)
        _, written = while_loop(lambda i, _: i < rows, step, (counter, written), **loop._asdict())
        return outputs.pack(_stacked(written, flat))


def foldl(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """`fn(... fn(fn(initializer, first slice), second slice) ..., last slice)`.

    `elems` is a tensor or a nest of tensors, sliced along the first axis; without `initializer`
    the first slice stands in for it. `fn` gets what has accumulated and a slice, and gives what is
    accumulated next, of one structure, dtype and shape. Raises TypeError if `fn` is not callable.
    """
    _check_callable(fn)
    with name_scope(name, "foldl", [elems]), _variables_read_once():
        rows, slices = _fold_slices(elems)
        if initializer is None:
            start, first = _read(slices, 0), constant(1)
        else:
            start, first = initializer, constant(0)

        def step(i: Tensor, a: Any) -> Any:
            result = fn(a, _read(slices, i))
            return [i + 1, result]

        loop = _Loop(parallel_iterations, back_prop, swap_memory, rows)
        _, result = while_loop(lambda i, _: i < rows, step, [first, start], **loop._asdict())
        return result


def foldr(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """`foldl` from the last slice to the first."""
    _check_callable(fn)
    with name_scope(name, "foldr", [elems]), _variables_read_once():
        rows, slices = _fold_slices(elems)
        if initializer is None:
            last = rows - 1
            start = _read(slices, last)
        else:
            last, start = rows, initializer

        def step(i: Tensor, a: Any) -> Any:
            i = i - 1
            return [i, fn(a, _read(slices, i))]

        loop = _Loop(parallel_iterations, back_prop, swap_memory, rows)
        _, result = while_loop(lambda i, _: i > 0, step, [last, start], **loop._asdict())
        return result


def _fold_slices(elems: Any) -> tuple[Any, Any]:
    """How many slices there are, and TensorArrays of them in the structure of `elems`."""
    flat = [convert_to_tensor(x, name="elem") for x in nest.flatten(elems)]
    rows = _rows(flat[0])
    return rows, nest.map_structure(lambda x: _sliced(x, rows), elems)


def _read(slices: Any, i: Any) -> Any:
    return nest.map_structure(lambda s: s.read(i), slices)


def _results_like(x: Tensor, rows: Any, infer_shape: bool) -> TensorArray:
    return TensorArray(
        dtype=x.dtype,
        size=rows,
        element_shape=x.shape if infer_shape else None,
        dynamic_size=False,
        infer_shape=infer_shape,
    )


def scan(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """All that `foldl` accumulates on its way, stacked along a new first axis.

    The result of step i is at index i, also with `reverse`, which starts at the last slice.
    Without `initializer`, the first slice is the first result. With `infer_shape=False`, results
    may differ in shape. Raises TypeError if `fn` is not callable or gives another structure than
    `initializer` (or `elems`) has, ValueError if it gives another number of values.
    """
    _check_callable(fn)
    inputs = _Structure(elems)
    flat = inputs.flatten(elems)
    with name_scope(name, "scan", flat), _variables_read_once():
        flat = [convert_to_tensor(x, name="elem") for x in flat]
        known = _first_dimension(flat[0])
        rows: Any = shape_of(flat[0])[0] if known is None else known
        slices = _all_sliced(flat, rows, [x.shape[1:] for x in flat])

        def edge() -> Any:
            return rows - 1 if reverse else 0

        if initializer is None:
            outputs, start = inputs, [s.read(edge()) for s in slices]
        else:
            outputs = _Structure(initializer)
            start = [convert_to_tensor(x) for x in outputs.flatten(initializer)]
        written = [_results_like(x, rows, infer_shape) for x in start]
        if initializer is None:
            written = [a.write(edge(), x) for a, x in zip(written, start, strict=True)]

        def step(i: Tensor, state: list[Any], written: list[TensorArray]) -> Any:
            got = inputs.pack([s.read(i) for s in slices])
            result = fn(outputs.pack(state), got)
            nest.assert_same_structure(outputs.template, result)
            values = outputs.flatten(result)
            written = [a.write(i, v) for a, v in zip(written, values, strict=True)]
            return i - 1 if reverse else i + 1, values, written

        done = 1 if initializer is None else 0
        loop = _Loop(parallel_iterations, back_prop, swap_memory, rows)
        _, _, written = while_loop(
            (lambda i, *_: i >= 0) if reverse else (lambda i, *_: i < rows),
            step,
            (rows - 1 - done if reverse else done, start, written),
            **loop._asdict(),
        )
        return outputs.pack(_stacked(written, flat))
