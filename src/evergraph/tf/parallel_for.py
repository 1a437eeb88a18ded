"""Loops whose iterations know nothing of each other: `tf.vectorized_map`, `pfor`, Jacobians.

TensorFlow rewrites such a loop into operations on batches; here it runs as a loop, with the same
results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.convert import convert_to_tensor
from ..core.dtypes import as_dtype, int32
from ..core.emit import apply
from ..core.func_graph import trace_function
from ..core.function import fresh_name
from ..core.tensor import Operation, Tensor
from ..core.tensor_shape import TensorShape
from . import array_ops, nest
from .check_ops import assert_equal
from .framework import control_dependencies, name_scope
from .gradients_impl import gradients
from .loops import while_loop
from .tensor_array_ops import TensorArray

__all__ = ["vectorized_map"]


def for_loop(
    loop_fn: Callable[[Tensor], Any],
    loop_fn_dtypes: Any,
    iters: Any,
    parallel_iterations: int | None = None,
) -> Any:
    """`loop_fn(i)` for i from 0 to `iters`, stacked; None where it gives None.

    `loop_fn_dtypes` has the structure and the dtypes of what it gives. Raises ValueError if it
    gives another number of values.
    """
    dtypes = [as_dtype(d).base_dtype for d in nest.flatten(loop_fn_dtypes)]
    missing: list[bool] = []

    def step(i: Tensor, *arrays: TensorArray) -> tuple[Any, ...]:
        values = nest.flatten(loop_fn(i))
        if len(values) != len(dtypes):
            raise ValueError(
                f"Number of expected outputs, {len(dtypes)}, does not match the number of actual "
                f"outputs, {len(values)}, from loop_fn"
            )
        missing[:] = [v is None for v in values]
        written = [
            a if v is None else a.write(i, array_ops.expand_dims(v, 0))
            for a, v in zip(arrays, values, strict=True)
        ]
        return (i + 1, *written)

    start = [0, *(TensorArray(d, iters) for d in dtypes)]
    result = while_loop(
        lambda i, *_: i < iters, step, start, parallel_iterations=parallel_iterations or 10
    )
    arrays = result[1:] if dtypes else []
    stacked = [None if m else a.concat() for a, m in zip(arrays, missing, strict=True)]
    return nest.pack_sequence_as(loop_fn_dtypes, stacked)


def pfor(
    loop_fn: Callable[[Tensor], Any], iters: Any, parallel_iterations: int | None = None
) -> Any:
    """`loop_fn(i)` for i from 0 to `iters`, stacked, in the structure that it returns.

    It is called once. Operations and None may be among what it returns: they stand as one
    operation that runs all of them, and as None. Raises ValueError for `parallel_iterations` less
    than 2.
    """
    if parallel_iterations is not None and parallel_iterations < 2:
        raise ValueError("If `parallel_iterations` is given it must be more than 1")
    with name_scope("pfor"):
        function, captured, result = trace_function(
            fresh_name("pfor"), loop_fn, [(int32, ())], _tensors
        )
        kinds = [x.dtype.base_dtype for x in function.outputs]

        def call(i: Tensor) -> list[Tensor]:
            op = apply("StatefulPartitionedCall", [i, *captured], f=function, Tout=tuple(kinds))
            got = op.outputs if isinstance(op, Operation) else op
            return list(got) if isinstance(got, (list, tuple)) else [got]

        stacked = for_loop(call, kinds, iters, parallel_iterations) if kinds else []
        return _in_structure(result, iter(stacked))


def _tensors(result: Any) -> list[Any]:
    return [
        convert_to_tensor(x) for x in nest.flatten(result, expand_composites=True) if _is_value(x)
    ]


def _is_value(x: Any) -> bool:
    return x is not None and not isinstance(x, Operation)


def _in_structure(result: Any, stacked: Any) -> Any:
    flat = nest.flatten(result, expand_composites=True)
    values = [next(stacked) if _is_value(x) else None for x in flat]
    if len(values) == 1 and not nest.is_sequence(result):
        return values[0]
    return nest.pack_sequence_as(result, values, expand_composites=True)


def vectorized_map(fn: Callable[[Any], Any], elems: Any) -> Any:
    """`fn` of each slice of `elems` along the first axis, stacked; `fn` has no side effects.

    `elems` is a tensor or a nest of tensors with as many slices.
    """
    elems = nest.map_structure(convert_to_tensor, elems)
    first = nest.flatten(elems)[0]
    known = first.shape.as_list()[0]
    iters = array_ops.shape(first)[0] if known is None else known
    return pfor(lambda i: fn(nest.map_structure(lambda x: array_ops.gather(x, i), elems)), iters)


# -- Jacobians -------------------------------------------------------------------------------------


def jacobian(
    output: Tensor, inputs: Any, use_pfor: bool = True, parallel_iterations: int | None = None
) -> Any:
    """The derivatives of each element of `output` by each of `inputs`: `output.shape + x.shape`.

    None where nothing flows. Both values of `use_pfor` give the same.
    """
    xs = nest.flatten(inputs)
    flat: Any = array_ops.reshape(output, [-1])
    count = flat.shape.as_list()[0]
    rows = for_loop(
        lambda i: gradients(array_ops.gather(flat, i), xs),
        [output.dtype] * len(xs),
        array_ops.shape(flat)[0] if count is None else count,
        parallel_iterations,
    )
    shape = array_ops.shape(output)
    found = [
        None if r is None else _jacobian(r, output, shape, x) for r, x in zip(rows, xs, strict=True)
    ]
    return nest.pack_sequence_as(inputs, found)


def _jacobian(rows: Tensor, output: Tensor, shape: Any, x: Any) -> Tensor:
    new_shape = array_ops.concat([shape, array_ops.shape(rows)[1:]], axis=0)
    result: Tensor = array_ops.reshape(rows, new_shape)
    result.set_shape(output.shape.concatenate(TensorShape(x.shape)))
    return result


def batch_jacobian(
    output: Tensor, inp: Tensor, use_pfor: bool = True, parallel_iterations: int | None = None
) -> Tensor | None:
    """For each slice of `output` along the first axis its derivatives by that slice of `inp`.

    `output[b]` must hang on `inp[b]` alone. The shape is `[batch] + output.shape[1:] +
    inp.shape[1:]`; None if nothing flows. Raises ValueError if the first extents differ.
    """
    if not output.shape[0].is_compatible_with(inp.shape[0]):
        raise ValueError(
            f"Need first dimension of output shape ({output.shape}) and inp shape ({inp.shape}) to "
            "match."
        )
    inp_shape = array_ops.shape(inp)
    if output.shape.is_fully_defined():
        shape: Any = output.shape.as_list()
        batch, size = shape[0], output.shape.num_elements() // shape[0]
    else:
        shape = array_ops.shape(output)
        batch, size = shape[0], array_ops.size(output) // shape[0]
    with control_dependencies([assert_equal(batch, inp_shape[0])]):
        flat = array_ops.reshape(output, [batch, size])
    rows = for_loop(
        lambda i: gradients(array_ops.gather(flat, i, axis=1), inp)[0],
        output.dtype,
        size,
        parallel_iterations,
    )
    if rows is None:
        return None
    by_batch = array_ops.transpose(array_ops.reshape(rows, [size, batch, -1]), [1, 0, 2])
    new_shape = array_ops.concat([shape, inp_shape[1:]], axis=0)
    return array_ops.reshape(by_batch, new_shape)
