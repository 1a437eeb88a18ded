"""Functions of TensorFlow's internal modules that have no public equal and that programs use.

Written against the face, which is imported when one of them is called.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any


def _tf() -> Any:
    return importlib.import_module("evergraph.tf")


def plain_decorator(*args: Any, **kwargs: Any) -> Any:
    """A decorator that changes nothing, used bare (`@d`) or with arguments (`@d("why", n=1)`)."""
    if len(args) == 1 and not kwargs and callable(args[0]):
        return args[0]
    return lambda decorated: decorated


def behaves_as_2() -> bool:
    """Whether the API behaves as in TensorFlow 2: it is TensorFlow 1's."""
    return False


def as_shape(shape: Any) -> Any:
    """`shape` as a TensorShape."""
    return _tf().TensorShape(shape)


def as_dimension(value: Any) -> Any:
    """`value` as a Dimension."""
    return _tf().Dimension(value)


def unknown_shape(rank: int | None = None, **kwargs: Any) -> Any:
    """The shape of which nothing is known, or only the rank (`ndims` names it too)."""
    rank = kwargs.get("ndims", rank)
    return _tf().TensorShape(None if rank is None else [None] * rank)


def scalar() -> Any:
    """The shape of a scalar."""
    return _tf().TensorShape([])


def vector(length: Any) -> Any:
    """The shape of a vector."""
    return _tf().TensorShape([length])


def matrix(rows: Any, cols: Any) -> Any:
    """The shape of a matrix."""
    return _tf().TensorShape([rows, cols])


def get_name_scope() -> str:
    """The current name scope of the default graph, without its closing slash."""
    return str(_tf().get_default_graph().get_name_scope())


def convert_n_to_tensor(
    values: Sequence[Any], dtype: Any = None, name: str | None = None, preferred_dtype: Any = None
) -> list[Any]:
    """Each value as a Tensor; the n-th is named `name_n`."""
    return [
        _tf().convert_to_tensor(
            value,
            dtype=dtype,
            name=None if name is None else f"{name}_{index}",
            preferred_dtype=preferred_dtype,
        )
        for index, value in enumerate(values)
    ]


def gradient_source(op_or_tensor: Any) -> str:
    """The innermost scope of gradients that an operation is in; ValueError if it is in none."""
    parts = str(op_or_tensor.name).split("/")
    depths = [i for i, part in enumerate(parts) if part.startswith("gradients")]
    if not depths:
        raise ValueError(
            "Expected op/tensor name to start with gradients (excluding scope), got: "
            + str(op_or_tensor.name)
        )
    return "/".join(parts[: depths[-1] + 1])


def list_local_devices(session_config: Any = None) -> list[Any]:
    """The devices of this process: `name`, `device_type` and `memory_limit` of each."""
    with _tf().Session(config=session_config) as session:
        return list(session.list_devices())


def never(*args: Any, **kwargs: Any) -> bool:
    """False, whatever is asked: for what TensorFlow 1's graphs are not."""
    return False


def scalar_shape(op: Any) -> list[Any]:
    """The shapes of an operation with one scalar output."""
    return [scalar()]


def compute_gradients(f: Callable[..., Any], x: Sequence[Any], delta: float = 1e-3) -> Any:
    """The Jacobians of `f(*x)` by each of x: a list by gradients, a list by differences.

    Each is a matrix [size of the output, size of the input]; of a complex tensor real and
    imaginary parts count in turn. It runs in the default session, or one of its own.
    Raises ValueError for x that is no list.
    """
    if not isinstance(x, list):
        raise ValueError(f"`x` must be a list; got {x!r}")
    from evergraph.tf.test.gradient_checker import jacobians_of

    pairs = jacobians_of(f, x, delta)
    return [a.T for a, _ in pairs], [b.T for _, b in pairs]


def max_error(grad1: Sequence[Any], grad2: Sequence[Any]) -> float:
    """The largest difference between two lists of Jacobians; 0 where they are empty."""
    pairs = zip(grad1, grad2, strict=True)
    return max((float(abs(a - b).max()) for a, b in pairs if a.size), default=0.0)


def getargspec(function: Any) -> Any:
    """The arguments of a function, as `inspect.getargspec` gave them until Python 3.11.

    Raises ValueError for arguments by keyword alone that have no defaults.
    """
    import inspect
    from collections import namedtuple

    spec = inspect.getfullargspec(function)
    if set(spec.kwonlyargs) - set(spec.kwonlydefaults or {}):
        raise ValueError("Function has keyword-only parameters, use getfullargspec().")
    ArgSpec = namedtuple("ArgSpec", "args varargs keywords defaults")
    return ArgSpec(spec.args, spec.varargs, spec.varkw, spec.defaults)


def listdiff(x: Any, y: Any, out_idx: Any = None, name: str | None = None) -> Any:
    """`tf.setdiff1d` under its name of TensorFlow 0: what of `x` is not in `y`, and where."""
    tf = _tf()
    return tf.setdiff1d(x, y, tf.int32 if out_idx is None else out_idx, name)


# Whether variables are resource variables when a program starts.
DEFAULT_USE_RESOURCE = False


def variable_op(
    shape: Any,
    dtype: Any,
    name: str = "Variable",
    set_shape: bool = True,
    container: str = "",
    shared_name: str = "",
) -> Any:
    """The buffer of a new variable; its shape is unknown to the graph without `set_shape`."""
    variable = _op("Variable")(
        shape if set_shape else None,
        dtype,
        container=container,
        shared_name=shared_name,
        name=name,
    )
    if set_shape:
        variable.set_shape(shape)
    return variable


def variable_op_v2(
    shape: Any, dtype: Any, name: str = "Variable", container: str = "", shared_name: str = ""
) -> Any:
    """The buffer of a new variable."""
    names = {"container": container, "shared_name": shared_name}
    return _op("VariableV2")(shape, dtype, name=name, **names)


def init_variable(v: Any, init: Any, name: str = "init") -> Any:
    """The operation that gives a variable its initial value: a tensor, or a function of none."""
    tf = _tf()
    outer = tf.name_scope(None, v.op.name + "/", [v, init])
    with outer, tf.name_scope(name) as scope, tf.colocate_with(v):
        value = init() if callable(init) else init
        return tf.assign(v, value, name=scope)


def _op(op_type: str) -> Callable[..., Any]:
    from evergraph.tf.op_functions import op_function

    return op_function(op_type)
