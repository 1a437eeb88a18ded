"""The compiler's passes, in order. Each takes a valid function and gives a valid function."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from ..core.function import Function, inner_functions
from ..core.graph import get_default_graph
from ..core.tensor import Operand, Operation
from ..core.text import to_text
from ..core.verify import verify
from ..settings import settings
from .cse import merge_equal
from .fold import fold
from .open import open_defined
from .order import order_for_memory
from .prune import prune
from .rewrite import copy_operation, rewrite
from .shapes import unify_shapes
from .simplify import simplify

Pass = Callable[[Function], Function]

PASSES: tuple[Pass, ...] = (
    order_for_memory,
    open_defined,
    fold,
    simplify,
    unify_shapes,
    fold,
    merge_equal,
    prune,
)


def optimize(function: Function) -> Function:
    """The function after all passes. EVERGRAPH_DEBUG=1 prints it, =passes each step as well."""
    function = _with_inner_optimized(function)
    if settings.debug >= 2:
        _show("lowered", function)
    for transform in PASSES:
        function = transform(function)
        if settings.debug >= 2:
            _show(transform.__name__, function)
    if settings.debug == 1:
        _show("compiled", function)
    return function


def _with_inner_optimized(function: Function) -> Function:
    """The function with those of its branches and loops after all passes."""
    if not any(inner_functions(op) for op in function.graph.operations):
        return function

    def visit(op: Operation, operands: list[Operand]) -> Sequence[Operand] | None:
        inner = inner_functions(op)
        if not inner:
            return None
        new = copy_operation(get_default_graph(), op, operands)
        new.attrs = {**op.attrs, **{k: optimize(f) for k, f in inner.items()}}
        return new.outputs

    return rewrite(function, visit)


def _show(title: str, function: Function) -> None:
    print(f"-- {title} ({len(function.graph.operations)} operations)", file=sys.stderr)
    print(to_text(function), file=sys.stderr)
    verify(function)
