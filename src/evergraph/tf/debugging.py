"""`tf.debugging`: what only this namespace has; the rest is in `check_ops`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..core.emit import apply
from ..core.shape import show
from ..core.tensor import Operation, Tensor
from ..runtime import devices
from . import array_ops, check_ops
from .control_flow_ops import group
from .framework import control_dependencies, convert_to_tensor, name_scope
from .selection_ops import where_v2

__all__ = ["assert_shapes", "get_log_device_placement", "set_log_device_placement"]

_ANY = (None, ".")
_REST = (Ellipsis, "*")


def __getattr__(name: str) -> Any:
    from . import namespaces

    return namespaces.resolve("tf.debugging", name)


def set_log_device_placement(enabled: bool) -> None:
    """Whether sessions that are made from now on print where operations run."""
    devices.log_all = bool(enabled)


def get_log_device_placement() -> bool:
    """Whether sessions print where operations run, as `set_log_device_placement` says."""
    return devices.log_all


class _Sizes:
    """The extents found so far under each symbol, and the checks that are left to the run."""

    def __init__(self, data: Any, summarize: Any, message: Any) -> None:
        self.data, self.summarize, self.message = data, summarize, message or ""
        self.known: dict[Any, tuple[Any, str]] = {}
        self.checks: list[Operation] = []

    def compare(self, x: Tensor, axis: int, actual: Any, symbol: Any) -> None:
        if symbol in _ANY:
            return
        fixed = _as_number(symbol)
        if fixed is not None:
            self.demand(x, axis, actual, fixed, "Specified explicitly")
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


def _as_number(symbol: Any) -> int | None:
    """The extent that a symbol says itself (`3` or "3"), or None."""
    try:
        return int(symbol)
    except (TypeError, ValueError):
        return None


def _extents(x: Tensor) -> Any:
    """The extents of a tensor, numbers or tensors; a scalar counts as one element."""
    dims = x.static_shape
    if dims == ():
        return [1]
    sizes: Any = array_ops.shape(x)
    if dims is not None:
        return [sizes[axis] if d is None else d for axis, d in enumerate(dims)]
    return where_v2(apply("Equal", array_ops.rank(x), 0), convert_to_tensor([1]), sizes)


def _symbols(x: Tensor, shape: Any, message: Any) -> tuple[list[Any], bool]:
    """The symbols of a shape, and whether more axes may stand before them."""
    if not hasattr(shape, "__iter__") and not hasattr(shape, "__getitem__"):
        raise ValueError(
            f"{message or ''}.  Tensor {x.name}.  Specified shape must be an iterable.  An "
            "iterable has the attribute `__iter__` or `__getitem__`.  Received specified shape: "
            f"{shape}"
        )
    symbols = list(shape)
    for i, symbol in enumerate(symbols[1:], 1):
        if symbol in _REST:
            raise ValueError(
                f"{message or ''}.  Tensor {x.name} specified shape index {i}.  Symbol `...` or "
                "`*` for a variable number of unspecified dimensions is only allowed as the first "
                "entry"
            )
    open_ended = bool(symbols) and symbols[0] in _REST
    symbols = symbols[1:] if open_ended else symbols
    return symbols or [1], open_ended


def _rank_check(x: Tensor, symbols: list[Any], open_ended: bool, options: Any) -> list[Operation]:
    """What checks the rank: a scalar and a vector of one element are not told apart."""
    if len(symbols) == 1:
        return [] if open_ended else [check_ops.assert_rank_in(x, [0, 1], **options)]
    check = check_ops.assert_rank_at_least if open_ended else check_ops.assert_rank
    return [check(x, len(symbols), **options)]


def assert_shapes(
    shapes: Mapping[Any, Any] | Iterable[tuple[Any, Any]],
    data: Any = None,
    summarize: Any = None,
    message: Any = None,
    name: Any = None,
) -> Operation:
    """Checks tensors' shapes: pairs of a tensor and its extents, numbers or symbols.

    A symbol stands for one extent everywhere; None and "." for any; `...` or "*" in front for any
    further axes. A scalar counts as a vector of one element. ValueError at once where what is
    known does not fit, else InvalidArgumentError in the run.
    """
    pairs = shapes.items() if isinstance(shapes, Mapping) else shapes
    options = {"data": data, "summarize": summarize, "message": message}
    with name_scope(name, "assert_shapes", [shapes, data]):
        sizes, ranks = _Sizes(data, summarize, message), []
        tensors = [(convert_to_tensor(x), shape) for x, shape in pairs if shape is not None]
        wanted = [(x, _extents(x), *_symbols(x, shape, message)) for x, shape in tensors]
        for x, _, symbols, open_ended in wanted:
            ranks += _rank_check(x, symbols, open_ended, options)
        for x, extents, symbols, open_ended in wanted:
            first = -len(symbols) if open_ended else 0
            for axis, symbol in enumerate(symbols, first):
                sizes.compare(x, axis, extents[axis], symbol)
        with control_dependencies(ranks):
            return group(*sizes.checks)
