"""The update ops as functions: `apply_adam(var, m, v, ..., grad)`, `resource_apply_adam(...)`.

Optimizers of one's own call them. A function takes the op's inputs, then its attributes, then
`name`, by position or keyword, and gives the updated variable (an operation for resources).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ...core.emit import apply
from ...core.opdef import OpDef, lookup
from ...ops.training import RULES

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def _op_names() -> list[str]:
    names = []
    for rule in RULES:
        for sparse in ("", "Sparse") if rule.sparse else ("",):
            names += [f"{sparse}Apply{rule.name}"] if rule.ref else []
            names.append(f"Resource{sparse}Apply{rule.name}")
    return names


def _function(name: str, op: OpDef) -> Callable[..., Any]:
    inputs = [argument.name for argument in op.inputs]
    attrs = [attr for attr in op.attrs if attr not in op.inferred_attrs]

    def function(*args: Any, **kwargs: Any) -> Any:
        given = dict(zip([*inputs, *attrs, "name"], args, strict=False))
        given.update(kwargs)
        if len(args) > len(inputs) + len(attrs) + 1 or not given.keys() >= set(inputs):
            raise TypeError(f"{name}() takes ({', '.join([*inputs, *attrs])}, name=None).")
        return apply(op.name, *(given.pop(n) for n in inputs), **given)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Adds the op `{op.name}`."
    return function


_FUNCTIONS = {
    name: _function(name, lookup(op))
    for name, op in ((_WORDS.sub("_", op).lower(), op) for op in _op_names())
}
globals().update(_FUNCTIONS)
__all__ = sorted(_FUNCTIONS)
