"""The TensorFlow 1.15 API on evergraph's engine: `from evergraph import tf`.

Names, signatures and behaviour are TensorFlow 1.15's. A name that is not here raises an
UnimplementedError when it is used, with the nearest alternative.
"""

from __future__ import annotations

from importlib import import_module as _import_module
from typing import Any

from .. import ops as _ops
from .namespaces import resolve as _resolve

_ops.register_all()

__version__ = VERSION = "1.15.5"
GIT_VERSION = COMPILER_VERSION = "evergraph"
GRAPH_DEF_VERSION = 134
GRAPH_DEF_VERSION_MIN_CONSUMER = GRAPH_DEF_VERSION_MIN_PRODUCER = 0

_ROOTS = (
    "array_ops",
    "check_ops",
    "clip_ops",
    "control_flow_ops",
    "framework",
    "gradients_impl",
    "graph_keys",
    "init_ops",
    "math_ops",
    "random_ops",
    "state_ops",
    "template",
    "variable_scope",
    "variables",
)
for _root in _ROOTS:
    try:
        _module = _import_module(f"{__name__}.{_root}")
    except ImportError:
        continue
    for _name in _module.__all__:
        globals()[_name] = getattr(_module, _name)


def __getattr__(name: str) -> Any:
    value = _resolve("tf", name)
    globals()[name] = value
    return value
