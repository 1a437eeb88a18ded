"""Orders and groups of operations, conditionals and loops: the names of `control_flow_ops`."""

from __future__ import annotations

from .grouping import group, no_op, tuple, with_dependencies

__all__ = ["group", "no_op", "tuple"]
