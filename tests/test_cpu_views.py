"""Views of memory without the memory: strides of reshaped arrays against NumPy's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import as_strided

from evergraph.backends.cpu.layout import Buffer, View
from evergraph.backends.cpu.views import reshaped


def _factored(size: int, draw: Any) -> tuple[int, ...]:
    shape, rest = [], size
    while rest > 1 and len(shape) < 4:
        d = draw(st.sampled_from([d for d in range(1, rest + 1) if rest % d == 0]))
        shape.append(d)
        rest //= d
    return (*shape, rest) if rest > 1 else tuple(shape)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.data())
def test_reshaped_views_are_numpys(data: st.DataObject) -> None:
    size = data.draw(st.sampled_from([1, 2, 4, 6, 8, 12, 24]))
    shape, target = _factored(size, data.draw), _factored(size, data.draw)
    steps = data.draw(st.lists(st.integers(1, 2), min_size=len(shape), max_size=len(shape)))
    whole = np.arange(math.prod(d * s for d, s in zip(shape, steps, strict=True)))
    whole = whole.reshape([d * s for d, s in zip(shape, steps, strict=True)])
    x = whole[(*(slice(None, None, s) for s in steps), ...)]
    x = x.transpose(data.draw(st.permutations(range(len(shape)))))
    view = reshaped(View(Buffer("arena", 0), x.dtype, x.shape, x.strides), target)
    want = x.reshape(target)
    assert (view is not None) == np.shares_memory(want, x)
    if view is not None:
        np.testing.assert_array_equal(as_strided(x, target, view.strides), want)
