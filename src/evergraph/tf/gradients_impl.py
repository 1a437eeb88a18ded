"""`tf.gradients`, `tf.hessians`, `tf.custom_gradient` and their like."""

from __future__ import annotations

import enum
import functools
import inspect
from collections.abc import Sequence
from typing import Any

from ..core import convert
from ..core.dtypes import int64
from ..core.emit import apply
from ..core.graph import get_default_graph
from ..core.tensor import Tensor
from ..ops.indexed_slices import IndexedSlices
from ..runtime import traps
from ..transform import gradients as _engine
from . import nest
from .framework import control_dependencies, name_scope
from .graph_keys import GraphKeys

__all__ = [
    "AggregationMethod",
    "UnconnectedGradients",
    "custom_gradient",
    "grad_pass_through",
    "gradients",
    "hessians",
    "recompute_grad",
]

_TRAINABLE = GraphKeys.TRAINABLE_VARIABLES


class AggregationMethod:
    """How gradients of one tensor are summed. The engine sums them all alike."""

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


class UnconnectedGradients(enum.Enum):
    """What the gradient by an unconnected `x` is: None, or zeros."""

    NONE = "none"
    ZERO = "zero"


def _as_list(x: Any) -> list[Any]:
    return list(x) if isinstance(x, (list, tuple)) else [x]


def _tensors(values: Sequence[Any], name: str, as_ref: bool = False) -> list[Tensor]:
    out = []
    for i, v in enumerate(values):
        if v is None:
            raise AttributeError(f"{name} of a gradient must be tensors: entry {i} is None.")
        v = getattr(v, "handle", v) if as_ref else v
        out.append(convert.convert_to_tensor(v, None, f"{name}_{i}", as_ref))
    return out  # type: ignore[return-value]


def _grad_ys(grad_ys: Any, count: int) -> list[Any]:
    if grad_ys is None:
        return [None] * count
    given = _as_list(grad_ys)
    if len(given) != count:
        raise ValueError(f"Passed {len(given)} grad_ys for {count} ys")
    keep = (type(None), IndexedSlices)
    return [
        g if isinstance(g, keep) else convert.convert_to_tensor(g, None, f"grad_ys_{i}")
        for i, g in enumerate(given)
    ]


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: Any = "gradients",
    colocate_gradients_with_ops: Any = False,
    gate_gradients: Any = False,
    aggregation_method: Any = None,
    stop_gradients: Any = None,
    unconnected_gradients: Any = UnconnectedGradients.NONE,
) -> Any:
    """The derivatives of the sum of `ys` by each of `xs`: a list of tensors.

    An entry is None (or zeros, with `unconnected_gradients='zero'`) where no `y` hangs on the `x`,
    and an IndexedSlices where only some rows of it are read. `grad_ys` weighs the `ys`;
    `stop_gradients` are taken as constants. Gating has no effect: all gradients are computed from
    the values before any update.

    Raises LookupError for an op without gradient, TypeError and ValueError for tensors that do
    not fit.
    """
    try:
        unconnected = UnconnectedGradients(unconnected_gradients)
    except ValueError:
        raise ValueError(
            f"Unknown value for unconnected_gradients: {unconnected_gradients!r}"
        ) from None
    y_list, x_list = _as_list(ys), _as_list(xs)
    y_tensors = _tensors(y_list, "y")
    x_tensors = _tensors(x_list, "x", as_ref=True)
    stop_list = [] if stop_gradients is None else _as_list(stop_gradients)
    stops = _tensors(stop_list, "stop", as_ref=True)
    given = _grad_ys(grad_ys, len(y_tensors))
    with name_scope(name, "gradients", [*y_tensors, *x_tensors]) as scope:
        grads = _engine.gradients(
            y_tensors, x_tensors, given, scope, bool(colocate_gradients_with_ops), stops
        )
        if unconnected is UnconnectedGradients.ZERO:
            grads = [
                apply("ZerosLike", convert.convert_to_tensor(x)) if g is None else g
                for g, x in zip(grads, x_list, strict=True)
            ]
    traps.note_gradients(y_tensors, x_tensors, grads)
    return grads


def hessians(
    ys: Any,
    xs: Any,
    name: str = "hessians",
    colocate_gradients_with_ops: Any = False,
    gate_gradients: Any = False,
    aggregation_method: Any = None,
) -> Any:
    """The second derivatives of the sum of `ys` by each of `xs`: shape `x.shape + x.shape`.

    The shapes of the `xs` must be known. One gradient is built for each element of an `x`.
    """
    out = []
    for x in _as_list(xs):
        first = gradients(ys, x, name=name)[0]
        tensor: Any = convert.convert_to_tensor(x)
        size = tensor.shape.num_elements()
        if size is None:
            raise ValueError(f"hessians needs a fully known shape, {tensor} has {tensor.shape}.")
        flat = apply("Reshape", first, [-1])
        rows = [gradients(flat[i], x)[0] for i in range(size)]
        if None in rows:
            raise ValueError(
                f"The gradient by {tensor.name} does not depend on it, so there is no Hessian: "
                "its elements are all zero."
            )
        shape = [*tensor.shape.as_list(), *tensor.shape.as_list()]
        out.append(apply("Reshape", apply("Pack", rows), shape))
    return out


def as_indexed_slices(x: Any, optimize: bool = True) -> IndexedSlices:
    """A tensor as IndexedSlices of all its rows; IndexedSlices as they are. TypeError otherwise."""
    if isinstance(x, IndexedSlices):
        return x
    if not isinstance(x, Tensor):
        raise TypeError(f"Not a Tensor or IndexedSlices: {type(x)}")
    from . import array_ops

    shape: Any = array_ops.shape(x)
    return IndexedSlices(x, array_ops.range(0, shape[0]), shape)


def as_indexed_slices_list(inputs: Any, optimize: bool = True) -> list[IndexedSlices]:
    """Each of a list as IndexedSlices, their indices of one dtype. TypeError for another kind."""
    if not isinstance(inputs, (list, tuple)):
        raise TypeError(f"Expected a list or tuple, not a {type(inputs)}")
    slices = [as_indexed_slices(x, optimize) for x in inputs]
    if len({s.indices.dtype for s in slices}) <= 1:
        return slices
    return [
        IndexedSlices(s.values, apply("Cast", s.indices, DstT=int64), s.dense_shape) for s in slices
    ]


def hessian_vector_product(ys: Any, xs: Sequence[Any], v: Sequence[Any]) -> Any:
    """The products of the Hessian of `ys` by `xs` with `v`, without building the Hessian.

    Raises ValueError unless `xs` and `v` are of one length.
    """
    if len(xs) != len(v):
        raise ValueError("xs and v must have the same length.")
    pairs = zip(gradients(ys, xs), v, strict=True)
    products = [apply("Mul", g, apply("StopGradient", d)) for g, d in pairs if g is not None]
    return gradients(products, xs)


def custom_gradient(f: Any) -> Any:
    """A decorator: `f(*x)` returns `(y, grad_fn)`, and `grad_fn(*dy)` gives the gradient of each x.

    If `f` reads trainable variables, `grad_fn` is called with `variables=` a list of them, and
    returns a pair: the gradients of the arguments, and a list of those of the variables.
    """

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        return _with_custom_gradient(f, args, kwargs)

    return decorated


def _with_custom_gradient(f: Any, args: Any, kwargs: Any) -> Any:
    if kwargs:
        raise ValueError(
            "A function with a custom gradient takes positional arguments only: bind "
            f"{', '.join(kwargs)} with functools.partial or a lambda first."
        )
    graph = get_default_graph()
    inputs = [convert.convert_to_tensor(a) for a in args]
    before = _all_variables(graph)
    result, grad_fn = f(*inputs)
    _check_resources(_all_variables(graph), before)
    results = [convert.convert_to_tensor(r) for r in nest.flatten(result)]
    variables = _variables_between(inputs, results)
    if variables and not _takes_variables(grad_fn):
        raise TypeError(
            "If using @custom_gradient with a function that uses variables, then grad_fn must "
            "accept a keyword argument 'variables'."
        )

    def rule(op: Any, *dys: Any) -> list[Any]:
        given = dys[: len(results)]
        got = grad_fn(*given, variables=variables) if variables else (grad_fn(*given), [])
        of_inputs = _one_each("argument", got[0], inputs)
        return [*[None] * len(results), *of_inputs, *_one_each("variable", got[1], variables)]

    name = _engine.register_in(graph, rule)
    with graph.gradient_override_map({"IdentityN": name}):
        outputs = apply("IdentityN", [*results, *inputs, *variables])
    return nest.pack_sequence_as(result, outputs[: len(results)])


def _all_variables(graph: Any) -> list[Any]:
    keys = GraphKeys.GLOBAL_VARIABLES, GraphKeys.LOCAL_VARIABLES
    return [v for key in keys for v in graph.get_collection(key)]


def _check_resources(variables: Sequence[Any], known: Sequence[Any]) -> None:
    """Raises TypeError if one of the variables that are not known is a reference."""
    old = set(map(id, known))
    if any(v.dtype._is_ref_dtype for v in variables if id(v) not in old):
        raise TypeError(
            "All variables used by a function wrapped with @custom_gradient must be "
            "`ResourceVariable`s. Ensure that no `variable_scope` is created with "
            "`use_resource=False`."
        )


def get_dependent_variables(input_ops: Any, output_ops: Any) -> list[Any]:
    """The trainable variables between inputs and outputs: those whose change changes these."""
    outputs = [convert.convert_to_tensor(x) for x in nest.flatten(output_ops)]
    return _variables_between(nest.flatten(input_ops), outputs)


def recompute_grad(f: Any) -> Any:
    """`f`, whose gradient computes f's values again instead of keeping them.

    Gradients flow to the arguments and to the trainable resource variables that `f` reads.
    """

    @custom_gradient
    def recomputed(*args: Any) -> Any:
        def grad_fn(*dys: Any, variables: Any = None) -> Any:
            with control_dependencies(dys):
                inner = [apply("Identity", x) for x in args]
                again = f(*inner)
            got = gradients(nest.flatten(again), [*inner, *(variables or [])], list(dys))
            return (got[: len(args)], got[len(args) :]) if variables else got

        return f(*args), grad_fn

    return recomputed


def grad_pass_through(f: Any) -> Any:
    """`f` with the gradient of the identity: what comes in for its outputs goes to its inputs."""

    @functools.wraps(f)
    @custom_gradient
    def passed(*args: Any) -> Any:
        def grad_fn(*dys: Any, variables: Any = None) -> Any:
            return dys if variables is None else (dys, [None] * len(variables))

        return f(*args), grad_fn

    return passed


def _one_each(what: str, grads: Any, of: Sequence[Any]) -> list[Any]:
    flat = nest.flatten(grads)
    if len(flat) != len(of):
        raise ValueError(
            f"A custom gradient must give {len(of)} gradients, one for each {what}; it gave "
            f"{len(flat)}."
        )
    return flat


def _takes_variables(grad_fn: Any) -> bool:
    spec = inspect.getfullargspec(grad_fn)
    return "variables" in (*spec.args, *spec.kwonlyargs) or spec.varkw is not None


def _variables_between(inputs: Sequence[Any], results: Sequence[Any]) -> list[Any]:
    """The trainable variables that results hang on without going through the inputs."""
    trainable = {v.op: v for v in get_default_graph().get_collection(_TRAINABLE)}
    found: dict[Any, None] = {}
    stops, seen = set(inputs), set(inputs)
    pending = [r for r in results if r not in stops]
    while pending:
        op = pending.pop().op
        if op in trainable:
            found[op] = None
        new = [x for x in op.operands if isinstance(x, Tensor) and x not in seen]
        seen.update(new)
        pending += new
    return [trainable[op] for op in sorted(found, key=lambda op: op._id)]
