"""`TensorShape` and `Dimension` behave as in TensorFlow 1.15: extents are objects."""

from __future__ import annotations

import operator
import pickle
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from evergraph.core import tensor_shape
from evergraph.core.tensor_shape import Dimension, TensorShape, as_shape, to_shape, unknown_shape

SHAPES: list[Any] = [None, [], [3], [None], [2, 3], [None, 3], [2, None], [0, 4], [1, 2, 3]]


# -- Dimension -------------------------------------------------------------------------------
@pytest.mark.parametrize("op", [operator.add, operator.sub, operator.mul, operator.floordiv])
def test_arithmetic_stays_a_dimension(op: Any) -> None:
    for a, b in ((Dimension(7), Dimension(2)), (Dimension(7), 2), (7, Dimension(2))):
        got = op(a, b)
        assert type(got) is Dimension
        assert got.value == op(7, 2)
    assert type(Dimension(7) % 4) is Dimension and (Dimension(7) % 4).value == 3
    assert (7 % Dimension(4)).value == 3


@pytest.mark.parametrize(
    "op", [operator.add, operator.sub, operator.mul, operator.floordiv, operator.mod]
)
def test_unknown_extents_stay_unknown(op: Any) -> None:
    for a, b in ((None, 2), (7, None), (None, None)):
        got = op(Dimension(a), Dimension(b))
        assert type(got) is Dimension and got.value is None
    assert op(Dimension(None), 3).value is None
    assert op(3, Dimension(None)).value is None


def test_chained_products_of_extents() -> None:
    shape = TensorShape([4, 5, 6])
    product = shape[0] * shape[1] * shape[2]
    assert type(product) is Dimension and int(product) == 120
    assert type(1 * shape[1]) is Dimension
    assert np.prod(shape.as_list()) == 120


def test_true_division_is_refused() -> None:
    for f in (lambda: Dimension(4) / 2, lambda: 4 / Dimension(2), lambda: Dimension(4) / 2.0):
        with pytest.raises(TypeError, match="//"):
            f()


@pytest.mark.parametrize("other", ["x", object(), 2.5, [1]])
@pytest.mark.parametrize("op", [operator.add, operator.sub, operator.mod, operator.floordiv])
def test_arithmetic_with_other_objects_is_a_type_error(op: Any, other: Any) -> None:
    with pytest.raises(TypeError):
        op(Dimension(3), other)


def test_sequences_are_repeated_as_by_an_int() -> None:
    assert Dimension(3) * "x" == "xxx" and [None] * Dimension(2) == [None, None]


def test_another_class_may_take_over_an_operation() -> None:
    class Other:
        def __radd__(self, other: Any) -> str:
            return "taken"

        __rsub__ = __rmul__ = __rfloordiv__ = __radd__

    d = Dimension(3)
    assert d + Other() == d - Other() == d * Other() == d // Other() == "taken"


def test_a_negative_result_is_an_error() -> None:
    with pytest.raises(ValueError, match="must be >= 0"):
        Dimension(2) - 5


def test_comparisons() -> None:
    two, three = Dimension(2), Dimension(3)
    assert two < three and two <= 3 and three > 2 and three >= 3
    assert two == 2 and two != 3 and not two == 3  # noqa: SIM201
    assert two != "x" and not two == "x"  # noqa: SIM201


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_comparisons_with_the_unknown_give_none(name: str) -> None:
    op = getattr(operator, name)
    assert op(Dimension(None), Dimension(2)) is None
    assert op(Dimension(2), Dimension(None)) is None
    assert op(Dimension(None), 2) is None


def test_as_an_int() -> None:
    d = Dimension(5)
    assert int(d) == 5 and list(range(d)) == [0, 1, 2, 3, 4] and "abcdef"[d] == "f"
    assert np.zeros([d, d]).shape == (5, 5)
    assert bool(d) and not Dimension(0)
    assert {d: 1}[Dimension(5)] == 1
    with pytest.raises(TypeError):
        int(Dimension(None))
    with pytest.raises(TypeError):
        range(Dimension(None))


def test_text_of_a_dimension() -> None:
    assert (str(Dimension(5)), repr(Dimension(5))) == ("5", "Dimension(5)")
    assert (str(Dimension(None)), repr(Dimension(None))) == ("?", "Dimension(None)")
    assert f"{Dimension(None)}x{Dimension(3)}" == "?x3"


@pytest.mark.parametrize(
    ("value", "want"),
    [(3, 3), (None, None), (Dimension(4), 4), (np.int64(2), 2), (np.array(2), 2), (True, 1)],
)
def test_values_of_a_dimension(value: Any, want: Any) -> None:
    assert Dimension(value).value == want
    assert type(Dimension(value).value) is type(want)


def test_whole_floats_are_extents_as_in_tensorflow_1() -> None:
    assert Dimension(392.0).value == 392 and type(Dimension(392.0).value) is int
    assert TensorShape([None, 784 / 2]).as_list() == [None, 392]
    with pytest.raises(ValueError, match=r"2\.5"):
        Dimension(2.5)


@pytest.mark.parametrize("value", ["x", "3", b"3", [], {}, object(), np.arange(3)])
def test_what_is_no_extent(value: Any) -> None:
    with pytest.raises(TypeError):
        Dimension(value)


@pytest.mark.parametrize("value", [-1, np.int32(-3), float("nan"), float("inf")])
def test_what_no_extent_can_be(value: Any) -> None:
    with pytest.raises(ValueError):
        Dimension(value)


def test_merging_extents() -> None:
    assert Dimension(None).merge_with(3).value == 3
    assert Dimension(3).merge_with(Dimension(None)).value == 3
    assert Dimension(3).merge_with(3).value == 3
    with pytest.raises(ValueError, match="3 and 4 are not compatible"):
        Dimension(3).merge_with(4)
    assert Dimension(3).is_compatible_with(None) and not Dimension(3).is_compatible_with(4)


def test_copies_of_a_dimension() -> None:
    assert pickle.loads(pickle.dumps(Dimension(3))) == 3
    assert pickle.loads(pickle.dumps(Dimension(None))).value is None


# -- TensorShape -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("dims", "text", "representation"),
    [
        (None, "<unknown>", "TensorShape(None)"),
        ([], "()", "TensorShape([])"),
        ([3], "(3,)", "TensorShape([Dimension(3)])"),
        ([None], "(?,)", "TensorShape([Dimension(None)])"),
        ([2, None], "(2, ?)", "TensorShape([Dimension(2), Dimension(None)])"),
    ],
)
def test_text_of_a_shape(dims: Any, text: str, representation: str) -> None:
    assert (str(TensorShape(dims)), repr(TensorShape(dims))) == (text, representation)


@pytest.mark.parametrize("dims", SHAPES)
def test_what_a_shape_tells(dims: Any) -> None:
    shape = TensorShape(dims)
    known = dims is not None and None not in dims
    assert bool(shape) == (dims is not None)
    assert shape.ndims == shape.rank == (None if dims is None else len(dims))
    assert shape.is_fully_defined() == known
    assert shape.num_elements() == (int(np.prod(dims)) if known else None)
    if dims is None:
        assert shape.dims is None
    else:
        assert shape.as_list() == dims and [d.value for d in shape.dims] == dims
        assert [type(d) for d in shape] == [Dimension] * len(dims)
        assert len(shape) == len(dims)
    assert pickle.loads(pickle.dumps(shape))._dims == shape._dims


def test_a_shape_of_unknown_rank_has_no_length() -> None:
    shape = TensorShape(None)
    for f in (lambda: len(shape), lambda: list(shape), shape.as_list):
        with pytest.raises(ValueError, match="unknown"):
            f()


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (5, (5,)),
        (Dimension(5), (5,)),
        ((1, Dimension(2), None), (1, 2, None)),
        (np.array([2, 3]), (2, 3)),
        (TensorShape([4, None]), (4, None)),
        (range(1, 3), (1, 2)),
        (np.int32(3), (3,)),
        ((True, 2), (1, 2)),
    ],
)
def test_what_describes_a_shape(value: Any, want: Any) -> None:
    assert to_shape(value) == want
    assert all(d is None or type(d) is int for d in to_shape(value))
    assert as_shape(value)._dims == want


def test_serialised_shapes() -> None:
    def proto(unknown: bool, *sizes: int) -> Any:
        return SimpleNamespace(unknown_rank=unknown, dim=[SimpleNamespace(size=n) for n in sizes])

    assert to_shape(proto(False, 2, -1)) == (2, None) and to_shape(proto(False)) == ()
    assert to_shape(proto(True)) is None


@pytest.mark.parametrize("value", ["", "3", b"12", "abc", ["x"], object(), [[1, 2]], {"a": 1}])
def test_what_describes_no_shape(value: Any) -> None:
    with pytest.raises(TypeError):
        TensorShape(value)


def test_negative_extents_are_refused() -> None:
    with pytest.raises(ValueError, match="must be >= 0"):
        TensorShape([2, -1])


def test_items_and_slices() -> None:
    shape = TensorShape([2, None, 4])
    assert type(shape[0]) is Dimension and shape[0] == 2 and shape[-1] == 4
    assert type(shape[1:]) is TensorShape and shape[1:].as_list() == [None, 4]
    assert shape[::2].as_list() == [2, 4] and shape[:0].as_list() == []
    with pytest.raises(IndexError):
        shape[3]


def test_items_and_slices_of_unknown_rank() -> None:
    shape = TensorShape(None)
    assert type(shape[5]) is Dimension and shape[5].value is None
    assert shape[1:4].as_list() == [None, None, None]
    assert shape[3:1].ndims == 0
    for part in (shape[1:], shape[-2:], shape[:-1], shape[:]):
        assert part.ndims is None


def test_equality() -> None:
    assert TensorShape([2, 3]) == [2, 3] and TensorShape([2, 3]) == (2, 3)
    assert TensorShape([2, 3]) != [2, 4] and TensorShape([2]) != [2, 2]
    assert TensorShape([2]) == 2
    assert TensorShape(None) == None  # noqa: E711
    assert TensorShape([]) == [] and TensorShape([2]) != "x"
    assert len({TensorShape([2, 3]), TensorShape((2, 3)), TensorShape([3])}) == 2


def test_inequality_of_the_unknown_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown"):
        _ = TensorShape(None) != TensorShape([1])


def test_merging() -> None:
    assert TensorShape([None, 3]).merge_with([2, None]).as_list() == [2, 3]
    assert TensorShape(None).merge_with([2, None]).as_list() == [2, None]
    assert TensorShape([2]).merge_with(None).as_list() == [2]
    for other in ([3], [2, 2], []):
        with pytest.raises(ValueError, match="not compatible"):
            TensorShape([2]).merge_with(other)


def test_compatibility() -> None:
    shape = TensorShape([32, None])
    for other in ([32, 784], [None, None], None, [32, 1], [None, 5]):
        assert shape.is_compatible_with(other)
        assert as_shape(other).is_compatible_with(shape)
        shape.assert_is_compatible_with(other)
    for other in ([32], [32, None, 1], [64, None], []):
        assert not shape.is_compatible_with(other)
        with pytest.raises(ValueError, match="are incompatible"):
            shape.assert_is_compatible_with(other)


def test_ranks() -> None:
    shape = TensorShape([2, None])
    assert shape.with_rank(2).as_list() == [2, None]
    assert TensorShape(None).with_rank(2).as_list() == [None, None]
    assert shape.with_rank_at_least(2) is shape and shape.with_rank_at_most(2) is shape
    shape.assert_has_rank(2)
    shape.assert_same_rank([5, 6])
    for call, text in (
        (lambda: shape.with_rank(3), "must have rank 3"),
        (lambda: shape.with_rank_at_least(3), "rank at least 3"),
        (lambda: shape.with_rank_at_most(1), "rank at most 1"),
        (lambda: shape.assert_has_rank(1), "must have rank 1"),
        (lambda: shape.assert_same_rank([1]), "must have the same rank"),
        (shape.assert_is_fully_defined, "not fully defined"),
    ):
        with pytest.raises(ValueError, match=text):
            call()


def test_concatenation() -> None:
    assert TensorShape([2]).concatenate([None, 3]).as_list() == [2, None, 3]
    three = [3]
    assert (TensorShape([2]) + three).as_list() == [2, 3]
    assert (three + TensorShape([2])).as_list() == [3, 2]
    assert (TensorShape([2]) + None).ndims is None
    assert TensorShape(None).concatenate([2]).ndims is None


def test_most_specific_compatible_shape() -> None:
    def common(a: Any, b: Any) -> Any:
        return TensorShape(a).most_specific_compatible_shape(b)._dims

    assert common([2, 1], [5, 1]) == (None, 1)
    assert common([1, 2], [1, 2]) == (1, 2)
    assert common([None, 2], [None, 3]) == (None, None)
    assert common([1], [1, 2]) is None and common(None, [1]) is None


def test_helpers() -> None:
    assert unknown_shape().ndims is None and unknown_shape(2).as_list() == [None, None]
    assert tensor_shape.scalar().as_list() == []
    assert tensor_shape.vector(3).as_list() == [3]
    assert tensor_shape.matrix(None, 3).as_list() == [None, 3]
    assert tensor_shape.dimension_value(Dimension(3)) == 3
    assert tensor_shape.dimension_value(7) == 7 and tensor_shape.dimension_value(None) is None
    assert tensor_shape.dimension_at_index(TensorShape([2, None]), 0).value == 2
    assert tensor_shape.dimension_at_index(TensorShape(None), 5).value is None


# -- against TensorFlow ----------------------------------------------------------------------
@pytest.mark.oracle
def test_the_same_as_tensorflow() -> None:
    theirs = pytest.importorskip("tensorflow.compat.v1")
    theirs.disable_v2_tensorshape()
    try:
        for a in SHAPES:
            ours, other = TensorShape(a), theirs.TensorShape(a)
            assert repr(ours) == repr(other) and str(ours) == str(other)
            assert ours.is_fully_defined() == other.is_fully_defined()
            assert ours.num_elements() == other.num_elements()
            for b in SHAPES:
                _compare_pairs(theirs, a, b)
    finally:
        theirs.enable_v2_tensorshape()


def _compare_pairs(theirs: Any, a: Any, b: Any) -> None:
    for name in (
        "merge_with",
        "concatenate",
        "is_compatible_with",
        "most_specific_compatible_shape",
        "assert_same_rank",
    ):
        got = _outcome(TensorShape(a), TensorShape(b), name)
        want = _outcome(theirs.TensorShape(a), theirs.TensorShape(b), name)
        if name == "most_specific_compatible_shape" and None in (a or []) and None in (b or []):
            continue  # 1.15 and 2.21 differ in how they compare unknown extents
        assert got == want, (name, a, b)


def _outcome(a: Any, b: Any, method: str) -> str:
    try:
        return str(getattr(a, method)(b))
    except ValueError:
        return "ValueError"
