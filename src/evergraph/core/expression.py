"""Scalar expressions of elementwise ops: one text, read as a kernel here and inlined by fusers.

The text is a Python expression over the operands `x`, `y`, `z`, the attributes by name, and the
functions of the array API (`exp(x)`, `where(x > 0, x, 0)`).
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cache
from typing import Any

OPERANDS = ("x", "y", "z", "w")


@cache
def names_in(expr: str) -> frozenset[str]:
    """The names that occur in an expression."""
    return frozenset(
        n.id for n in ast.walk(ast.parse(expr, mode="eval")) if isinstance(n, ast.Name)
    )


@cache
def _function(expr: str, xp: Any, arity: int) -> Callable[..., Any]:
    """The expression as a function of the operands, and the attributes as keywords."""
    operands = OPERANDS[:arity]
    free = sorted(names_in(expr) - set(operands))
    functions = {n: getattr(xp, n) for n in free if hasattr(xp, n)}
    attrs = [n for n in free if n not in functions]
    parameters = ", ".join([*operands, *(["*", *attrs] if attrs else [])])
    scope: dict[str, Any] = dict(functions)
    return eval(f"lambda {parameters}: {expr}", scope)  # type: ignore[no-any-return]


def kernel_of(expr: str, arity: int) -> Callable[..., Any]:
    """The kernel `kernel(xp, inputs, attrs)` of an expression."""

    def kernel(xp: Any, inputs: Any, attrs: dict[str, Any]) -> Any:
        function = _function(expr, xp, arity)
        wanted = function.__kwdefaults__ or {}
        keywords = {k: attrs[k] for k in function.__code__.co_varnames[arity:] if k in attrs}
        return function(*inputs, **{**wanted, **keywords})

    return kernel
