"""Functions as text and back, and the verifier: what a valid function is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evergraph import tf
from evergraph.core.convert import constant
from evergraph.core.emit import apply
from evergraph.core.function import Function, argument, evaluate, trace
from evergraph.core.graph import Graph
from evergraph.core.tensor import Literal, Tensor, axes_literal
from evergraph.core.text import from_text, to_text
from evergraph.core.verify import verify
from evergraph.errors import InternalError

TEXTS = [
    """\
func(%0: float32[?,3], %1: float32[3])
  %2: float32[?,3] = AddV2(%0, %1)
  %3: float32[?] = Sum(%2, [1]:int32)
  return %3""",
    """\
func(%0: float32[2,2])
  %1: float32[2,2] = MatMul(%0, %0) {transpose_b=true}
  %2: float32[2,2] = Mul(%1, 0.5:float32)
  return %2, %1, [1, 2]:int64""",
    """\
func(%0: float64[4], %1: float64[4])
  %2: float64[4] = AddN(%0, %1, %0)
  %3: float64[8] = ConcatV2(%2, %0, 0:int32)
  %4: float64[2], %5: float64[2] = Split(0:int32, %2) {num_split=2}
  return %3, %4, %5""",
    """\
func(%0: int32, %1: bool[])
  %2: float32 = Cast(%0) {DstT=float32}
  %3: bool[] = LogicalNot(%1)
  return %2, %3""",
    """\
func()
  %0: float32[2] = Const() {dtype=float32, value=[1.5, -2.0]:float32}
  %1: float32[2] = Neg(%0)
  return %1""",
    """\
func(%0: float32[2])
  return %0""",
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_there_and_back(text: str) -> None:
    function = from_text(text)
    verify(function)
    assert to_text(function) == text
    assert to_text(from_text(to_text(function))) == text


@pytest.mark.smoke
def test_a_parsed_function_computes() -> None:
    x = np.array([[1.0, 2.0, 3.0]], np.float32)
    (got,) = evaluate(from_text(TEXTS[0]), [x, np.ones(3, np.float32)])
    assert got.tolist() == [9.0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32(1.5), "1.5:float32"),
        (np.array([[1, 2]], np.int64), "[[1, 2]]:int64"),
        (np.array(True), "true:bool"),
        (np.float32("nan"), "NaN:float32"),
        (np.float32("-inf"), "-Infinity:float32"),
        (np.array([], np.int32), "[]:int32"),
        (np.array([1 + 2j, -1j], np.complex64), "[[1.0, 2.0], [-0.0, -1.0]]:complex64"),
        (np.array([b"a", b"\xff"], object), "<string[2]>"),
        (np.zeros((5, 5), np.float32), "<float32[5,5]>"),
    ],
)
def test_literals(value: Any, text: str) -> None:
    function = Function(Graph(), [], [Literal(value)])
    assert to_text(function) == f"func()\n  return {text}"
    if not text.startswith("<"):
        (back,) = from_text(to_text(function)).outputs
        assert isinstance(back, Literal) and back.value.dtype == np.asarray(value).dtype
        np.testing.assert_array_equal(back.value, value)


def test_attributes_that_defaults_and_operands_tell_are_left_out() -> None:
    def build(x: Any) -> Any:
        return apply("Sum", x, axes_literal([0]), keep_dims=True), apply("Sum", x, axes_literal(0))

    text = to_text(trace(build, [(tf.float32, (2, 3))], {}))
    assert "%1: float32[1,3] = Sum(%0, [0]:int32) {keep_dims=true}" in text
    assert "%2: float32[3] = Sum(%0, 0:int32)\n" in text


def test_lists_of_dtypes_and_shapes() -> None:
    def build(x: Any) -> Any:
        return apply("IdentityN", [x, constant(1)])

    text = to_text(trace(build, [(tf.float32, None)], {}))
    assert "%2: float32, %3: int32[] = IdentityN(%0, %1)" in text
    assert to_text(from_text(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "func(%0: float32)\n  %1: float32 = Neg(%7)\n  return %1",
        "func(%0: float32)\n  what is this\n  return %0",
        "func(%0: float32)\n  return %3",
        "func(%0: float32)\n  return <float32[50]>",
        "func(%0: float32)\n  %1: float32 = Neg(%0)",
        "no function",
        "",
    ],
)
def test_what_is_no_function(text: str) -> None:
    with pytest.raises(ValueError):
        from_text(text)


def test_a_text_that_claims_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"gives float32\[2\], not float32\[3\]"):
        from_text("func(%0: float32[2])\n  %1: float32[3] = Neg(%0)\n  return %1")


# -- the verifier ----------------------------------------------------------------------------
def _function() -> tuple[Function, Tensor]:
    graph = Graph()
    x = argument(graph, 0, tf.float32, (2, 3))
    y = apply("Neg", x)
    return Function(graph, [x], [apply("Exp", y)]), y


def test_a_valid_function_passes() -> None:
    verify(_function()[0])


def test_an_operand_that_comes_later() -> None:
    function, _ = _function()
    ops = function.graph.operations
    ops[1], ops[2] = ops[2], ops[1]
    with pytest.raises(InternalError, match="reads Neg:0, which comes later or never"):
        verify(function)


def test_an_operand_from_elsewhere() -> None:
    function, y = _function()
    y.op.operands = (_function()[1],)
    with pytest.raises(InternalError, match="comes later or never"):
        verify(function)


def test_an_output_from_elsewhere() -> None:
    function, _ = _function()
    function.outputs.append(_function()[1])
    with pytest.raises(InternalError, match="not of this function"):
        verify(function)


def test_a_wrong_dtype() -> None:
    function, y = _function()
    y.dtype = tf.int32
    with pytest.raises(InternalError, match="where the table says"):
        verify(function)


def test_a_wrong_shape() -> None:
    function, y = _function()
    y.static_shape = (7,)
    with pytest.raises(InternalError, match=r"claims shape \(7,\), the rule says \(2, 3\)"):
        verify(function)


def test_a_missing_output() -> None:
    function, y = _function()
    y.op.outputs.clear()
    with pytest.raises(InternalError):
        verify(function)
