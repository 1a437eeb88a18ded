"""`tf.debugging`: what only this namespace has; the rest is in `check_ops`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..core.emit import apply
from ..core.shape import Dim, show
from ..core.tensor import Operation, Tensor
from . import array_ops, check_ops
from .control_flow_ops import group
from .framework import control_dependencies, convert_to_tensor, name_scope

__all__ = ["assert_shapes"]

_ANY = (None, ".")
_REST = (Ellipsis, "*")


def __getattr__(name: str) -> Any:
    from . import namespaces

    return namespaces.resolve("tf.debugging", name)


class _Sizes:
    """The extents found so far under each symbol, and the checks that are left to the run."""

    def __init__(self, data: Any, summarize: Any, message: Any) -> None:
        self.data, self.summarize, self.message = data, summarize, message or ""
        self.known: dict[Any, tuple[Any, str]] = {}
        self.checks: list[Operation] = []

    def compare(self, x: Tensor, axis: int, symbol: Any) -> None:
        if symbol in _ANY:
            return
        actual = _extent(x, axis)
        if isinstance(symbol, int):
            self.demand(x, axis, actual, symbol, "Specified explicitly")
        elif symbol in self.known:
            self.demand(x, axis, actual, *self.known[symbol])
        else:
            self.known[symbol] = actual, f"Specified by tensor {x.name} dimension {axis}"

    def demand(self, x: Tensor, axis: int, actual: Any, wanted: Any, why: str) -> None:
        if isinstance(actual, int) and isinstance(wanted, int):
            if actual != wanted:
                raise ValueError(
                    f"{self.message}.  {why}.  Tensor {x.name} dimension {axis} must have size "
                    f"{wanted}.  Received size {actual}, shape {show(x.static_shape)}"
                )
            return
        where = f"Tensor {x.name} dimension"
        shown = [self.message, why, where, axis, "must have size", wanted, "Received shape: "]
        data = self.data or [*shown, array_ops.shape(x)]
        condition = apply("Equal", convert_to_tensor(actual), convert_to_tensor(wanted))
        self.checks.append(check_ops.Assert(condition, data, self.summarize))


def _extent(x: Tensor, axis: int) -> Any:
    known: Dim = None if x.static_shape is None else x.static_shape[axis]
    if known is not None:
        return known
    sizes: Any = array_ops.shape(x)
    return sizes[axis]


def _symbols(x: Tensor, shape: Any, message: Any) -> tuple[list[Any], bool]:
    """The symbols of a shape, and whether more axes may stand before them."""
    if not hasattr(shape, "__iter__"):
        raise ValueError(
            f"{message or ''}.  Tensor {x.name}.  Specified shape must be an iterable, not {shape}"
        )
    symbols = list(shape)
    if any(s in _REST for s in symbols[1:]):
        raise ValueError(
            f"{message or ''}.  Tensor {x.name}: `...` or `*` stands for any number of axes only "
            "as the first entry of a shape."
        )
    open_ended = bool(symbols) and symbols[0] in _REST
    return (symbols[1:], True) if open_ended else (symbols, False)


def assert_shapes(
    shapes: Mapping[Any, Any] | Iterable[tuple[Any, Any]],
    data: Any = None,
    summarize: Any = None,
    message: Any = None,
    name: Any = None,
) -> Operation:
    """Checks tensors' shapes: pairs of a tensor and its extents, numbers or symbols.

    A symbol stands for one extent everywhere; None and "." for any; `...` or "*" in front for any
    further axes. ValueError at once where what is known does not fit, else
    InvalidArgumentError in the run.
    """
    pairs = shapes.items() if isinstance(shapes, Mapping) else shapes
    with name_scope(name, "assert_shapes", [shapes, data]):
        sizes, ranks = _Sizes(data, summarize, message), []
        for value, shape in pairs:
            if shape is None:
                continue
            x = convert_to_tensor(value)
            symbols, open_ended = _symbols(x, shape, message)
            check = check_ops.assert_rank_at_least if open_ended else check_ops.assert_rank
            ranks.append(check(x, len(symbols), data=data, summarize=summarize, message=message))
            first = -len(symbols) if open_ended else 0
            with control_dependencies(ranks[-1:]):
                for axis, symbol in enumerate(symbols, first):
                    sizes.compare(x, axis, symbol)
        with control_dependencies(ranks):
            return group(*sizes.checks)
