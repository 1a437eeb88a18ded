"""Partial shapes: broadcasting, merging and reducing never say more than NumPy does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evergraph.core import shape as s

extents = st.integers(0, 4)
concrete = st.lists(extents, max_size=4).map(tuple)


@st.composite
def partial(draw: Any, of: Any = concrete) -> tuple[Any, tuple[int, ...]]:
    """A partial shape, and a concrete one that is a case of it."""
    full = draw(of)
    if draw(st.integers(0, 5)) == 0:
        return None, full
    hidden = draw(st.lists(st.booleans(), min_size=len(full), max_size=len(full)))
    return tuple(None if h else d for d, h in zip(full, hidden, strict=True)), full


@st.composite
def broadcastable(draw: Any) -> list[tuple[int, ...]]:
    """Some concrete shapes that NumPy broadcasts with each other."""
    full = draw(concrete)
    out = []
    for _ in range(draw(st.integers(1, 3))):
        tail = full[draw(st.integers(0, len(full))) :]
        ones = draw(st.lists(st.booleans(), min_size=len(tail), max_size=len(tail)))
        out.append(tuple(1 if one else d for d, one in zip(tail, ones, strict=True)))
    return out


@given(concrete, concrete)
def test_broadcasting_of_known_shapes_is_numpys(a: Any, b: Any) -> None:
    try:
        want = np.broadcast_shapes(a, b)
    except ValueError:
        with pytest.raises(ValueError, match="Dimensions must be equal"):
            s.broadcast(a, b)
    else:
        assert s.broadcast(a, b) == want


@given(broadcastable(), st.data())
def test_broadcasting_of_partial_shapes_holds_in_every_run(full: Any, data: Any) -> None:
    shown = [data.draw(partial(st.just(f)))[0] for f in full]
    got = s.broadcast_all(shown)
    want = np.broadcast_shapes(*full)
    assert s.compatible(got, want)
    if all(map(s.is_known, shown)):
        assert got == want
    if None in shown:
        assert got is None


@given(partial(), partial())
def test_broadcasting_refuses_only_what_cannot_be(one: Any, two: Any) -> None:
    """If the partial shapes clash, so does every pair of concrete ones."""
    (a, full_a), (b, full_b) = one, two
    try:
        s.broadcast(a, b)
    except ValueError:
        with pytest.raises(ValueError):
            np.broadcast_shapes(full_a, full_b)


@given(partial(), partial())
def test_broadcasting_is_symmetric(one: Any, two: Any) -> None:
    assert _outcome(s.broadcast, one[0], two[0]) == _outcome(s.broadcast, two[0], one[0])


@given(partial(), partial())
def test_merging_keeps_what_both_say(one: Any, two: Any) -> None:
    a, b = one[0], two[0]
    if not s.compatible(a, b):
        with pytest.raises(ValueError, match="not compatible"):
            s.merge(a, b)
        return
    got = s.merge(a, b)
    assert got == s.merge(b, a)
    assert s.compatible(got, a) and s.compatible(got, b)
    for known in (a, b):
        if known is not None:
            assert got is not None
            assert all(d is None or d == g for d, g in zip(known, got, strict=True))


@given(concrete, st.data())
def test_views_of_one_shape_merge_to_it(full: Any, data: Any) -> None:
    a = data.draw(partial(st.just(full)))[0]
    b = data.draw(partial(st.just(full)))[0]
    assert s.compatible(s.merge(a, b), full)
    assert s.merge(a, full) == full
    assert s.merge(a, a) == a


@given(concrete, st.booleans(), st.data())
def test_reducing_is_numpys(full: Any, keep: bool, data: Any) -> None:
    rank = len(full)
    indices = st.integers(-rank, rank - 1) if rank else st.nothing()
    axes = data.draw(st.lists(indices, max_size=rank))
    assume(len({a % rank for a in axes}) == len(axes))
    want = np.zeros(full).sum(axis=tuple(axes), keepdims=keep).shape
    assert s.reduced(full, axes, keep) == want
    shown = data.draw(partial(st.just(full)))[0]
    assert s.compatible(s.reduced(shown, axes, keep), want)
    assert s.compatible(s.reduced(shown, None, keep), want)


def test_reducing_with_axes_out_of_range() -> None:
    for axis in (2, -3):
        with pytest.raises(ValueError, match="out of range"):
            s.reduced((2, 3), [axis], False)


@pytest.mark.parametrize(
    ("axis", "rank", "want"), [(0, 1, 0), (-1, 3, 2), (2, 3, 2), (-3, 3, 0), (0, 0, None)]
)
def test_normal_axis(axis: int, rank: int, want: int | None) -> None:
    if want is None:
        with pytest.raises(ValueError, match="rank 0"):
            s.normal_axis(axis, rank)
    else:
        assert s.normal_axis(axis, rank) == want


def test_ranks() -> None:
    assert s.with_rank(None, 2) == (None, None)
    assert s.with_rank((3, None), 2) == (3, None)
    assert s.with_rank_at_least(None, 2) is None
    assert s.with_rank_at_least((1, 2, 3), 2) == (1, 2, 3)
    with pytest.raises(ValueError, match="must be rank 1 but is rank 2"):
        s.with_rank((2, 3), 1)
    with pytest.raises(ValueError, match="at least rank 3 but is rank 1"):
        s.with_rank_at_least((2,), 3)


@given(partial())
def test_sizes(one: Any) -> None:
    shown, full = one
    size = s.size_of(shown)
    assert size is None or size == int(np.prod(full, dtype=np.int64))
    assert (size is not None) == s.is_known(shown)


def test_text() -> None:
    cases = [
        (None, "<unknown>", "<unknown>"),
        ((), "()", "[]"),
        ((3,), "(3,)", "[3]"),
        ((None, 2), "(?, 2)", "[?,2]"),
    ]
    for shape, round_, square in cases:
        assert (s.show(shape), s.show_brackets(shape)) == (round_, square)


def _outcome(function: Any, *args: Any) -> Any:
    try:
        return function(*args)
    except ValueError:
        return ValueError
