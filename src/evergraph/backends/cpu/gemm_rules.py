"""Matrix products as launches: rows by op type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.tensor import Operation
from .layout import Shape, View

if TYPE_CHECKING:
    from .plan import Planner

_DTYPES = tuple(map(np.dtype, (np.float32, np.float64, np.int32, np.int64)))


def _swapped(x: View) -> View:
    shape = (*x.shape[:-2], x.shape[-1], x.shape[-2])
    strides = (*x.strides[:-2], x.strides[-1], x.strides[-2])
    return View(x.buffer, x.dtype, shape, strides, x.offset)


def _matmul(p: Planner, op: Operation, values: Any, outs: Sequence[Shape]) -> list[View]:
    from .gemm import batch_matmul

    a, b = (p.view(x) for x in op.operands)
    turned = ("transpose_a", "transpose_b") if op.type == "MatMul" else ("adj_x", "adj_y")
    a, b = (_swapped(x) if op.attrs[t] else x for x, t in zip((a, b), turned, strict=True))
    out = p.new(op.outputs[0].dtype.base_dtype.np_dtype, outs[0])
    p.heavy(batch_matmul(a, b, out, p.target, p.threads), [a, b], [out])
    return [out]


def _supported(op: Operation) -> bool:
    return op.outputs[0].dtype.base_dtype.np_dtype in _DTYPES


_TYPES = ("MatMul", "BatchMatMul", "BatchMatMulV2")
RULES = dict.fromkeys(_TYPES, _matmul)
CONDITIONS: dict[str, Callable[[Operation], bool]] = dict.fromkeys(_TYPES, _supported)
