"""`emit`, the one door: dtypes, constants from Python values, attributes, errors, provenance."""

from __future__ import annotations

import linecache
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergraph import tf
from evergraph.core import opdef, provenance
from evergraph.core.convert import constant
from evergraph.core.emit import apply, emit, output_dtypes
from evergraph.core.graph import Graph, get_default_graph
from evergraph.core.tensor import Literal, Operation, Tensor, axes_literal
from evergraph.core.tensor_shape import Dimension


def placeholder(shape: Any = None, dtype: Any = tf.float32, name: str = "p") -> Any:
    return apply("Placeholder", dtype=dtype, shape=shape, name=name)


def graph_text() -> list[str]:
    """The graph's operations as text, in order."""
    return [op.line for op in get_default_graph().operations]


# -- operands --------------------------------------------------------------------------------
@pytest.mark.smoke
def test_python_values_become_constants_below_the_operation() -> None:
    x = placeholder()
    y = apply("AddV2", x, 1.0, name="add")
    assert graph_text() == ["p = Placeholder()", "add/y = Const()", "add = AddV2(p:0, add/y:0)"]
    assert y.dtype is tf.float32
    z = apply("AddV2", 1.0, x)
    assert z.op.inputs[0].name == "AddV2/x:0"


def test_constants_take_the_dtype_of_the_tensor_beside_them() -> None:
    x = placeholder(dtype=tf.float64)
    assert apply("AddV2", x, 1).op.inputs[1].dtype is tf.float64
    assert apply("AddV2", x, np.float64(1)).dtype is tf.float64
    assert apply("AddV2", x, 1, T=tf.float64).dtype is tf.float64
    assert apply("Maximum", 1, 2).dtype is tf.int32
    assert apply("Maximum", 1, 2, T=tf.float32).dtype is tf.float32


def test_defaults_of_type_attributes_are_preferred() -> None:
    y = apply("Sum", placeholder((2, 3)), [0])
    assert y.op.inputs[1].dtype is tf.int32 and y.op.attrs["Tidx"] is tf.int32
    y = apply("Sum", placeholder((2, 3)), constant(np.array([0], np.int64)))
    assert y.op.attrs["Tidx"] is tf.int64
    y = apply("Reshape", placeholder((2, 3)), [Dimension(3), -1])
    assert y.op.attrs["Tshape"] is tf.int32 and y.shape.as_list() == [3, 2]


def test_literals_need_no_operation() -> None:
    y = apply("Sum", placeholder((2, 3)), axes_literal([1]))
    assert [op.type for op in get_default_graph().operations] == ["Placeholder", "Sum"]
    assert isinstance(y.op.inputs[1], Literal) and y.shape.as_list() == [2]
    assert repr(y.op.inputs[1]) == "Literal([1])"


def test_lists_of_operands() -> None:
    x = placeholder((2,), tf.float64)
    y = apply("AddN", [x, [1, 2], x], name="n")
    assert y.op.attrs["N"] == 3 and y.op.attrs["T"] is tf.float64
    assert y.op.inputs[1].name == "n/inputs_1:0" and y.op.inputs[1].dtype is tf.float64
    y = apply("ConcatV2", [x, x], 0, name="c")
    assert y.shape.as_list() == [4] and y.op.inputs[2].name == "c/axis:0"


def test_one_output_a_list_or_the_operation() -> None:
    x = placeholder((4,))
    assert isinstance(apply("Neg", x), Tensor)
    parts = apply("Split", 0, x, num_split=2)
    assert isinstance(parts, list) and [p.name for p in parts] == ["Split:0", "Split:1"]
    only = apply("Split", 0, x, num_split=1)
    assert isinstance(only, list) and len(only) == 1
    assert isinstance(apply("NoOp"), Operation)


def test_dtypes_of_the_outputs() -> None:
    assert apply("Less", 1.0, 2.0).dtype is tf.bool
    assert apply("Shape", placeholder()).dtype is tf.int32
    assert apply("Shape", placeholder(), out_type=tf.int64).dtype is tf.int64
    assert apply("ArgMax", placeholder((2, 3)), 0).dtype is tf.int64
    variable = apply("VariableV2", shape=(2,), dtype=tf.float32)
    assert variable.dtype is tf.float32._as_ref
    definition = opdef.lookup("Unpack")
    assert output_dtypes(definition, {"num": 3, "T": tf.int8}) == [tf.int8] * 3


# -- errors of operands ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("build", "text"),
    [
        (
            lambda: apply("AddV2", placeholder(), placeholder(dtype=tf.int32)),
            "Input 'y' of 'AddV2' Op has type int32 that does not match type float32 of argument "
            "'x'",
        ),
        (
            lambda: apply("LogicalNot", placeholder()),
            "Input 'x' of 'LogicalNot' Op has type float32 that does not match expected type of "
            "bool",
        ),
        (
            lambda: apply("AddV2", placeholder(), "a"),
            "Expected float32 passed to parameter 'y' of op 'AddV2', got a of type 'str' instead",
        ),
        (
            lambda: apply("AddV2", placeholder(dtype=tf.int32), 1.5),
            "Expected int32 passed to parameter 'y' of op 'AddV2', got 1.5 of type 'float'",
        ),
        (
            lambda: apply("MatMul", placeholder(dtype=tf.bool), placeholder(dtype=tf.bool)),
            "Value passed to parameter 'a' has DataType bool not in list of allowed values: "
            "bfloat16, complex128",
        ),
        (
            lambda: apply("Sum", placeholder(), 1.5),
            "Value passed to parameter 'reduction_indices' has DataType float32 not in list of "
            "allowed values: int32, int64 (op 'Sum').",
        ),
        (lambda: apply("AddN", placeholder()), "Expected list for 'inputs' argument to 'AddN' Op"),
        (
            lambda: apply("AddN", [placeholder(), placeholder(dtype=tf.int32)]),
            "Tensors in list passed to 'inputs' of 'AddN' Op have types ['float32', 'int32'] that "
            "don't all match",
        ),
        (
            lambda: apply("Assign", placeholder(), 1.0),
            "'Assign' Op requires that input 'ref' be a mutable tensor (e.g.: a tf.Variable)",
        ),
        (
            lambda: apply("AddV2", [placeholder()], placeholder(dtype=tf.int32)),
            "Input 'y' of 'AddV2' Op has type int32 that does not match type float32",
        ),
        (lambda: apply("Neg"), "Op Neg takes 1 inputs, 0 given"),
        (lambda: apply("Neg", 1.0, 2.0), "Op Neg takes 1 inputs, 2 given"),
        (lambda: apply("Neg", object()), "Failed to convert object of type"),
    ],
)
def test_operands_of_the_wrong_type(build: Any, text: str) -> None:
    with pytest.raises(TypeError, match=re.escape(text)):
        build()


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda: apply("Neg", None), "Tried to convert 'x' to a tensor and failed"),
        (lambda: apply("AddV2", placeholder(), None), "Tried to convert 'y' to a tensor"),
        (lambda: apply("AddN", []), "with length 0 must be at least length 1"),
        (
            lambda: apply("MatMul", placeholder((2, 3)), placeholder((4, 5)), name="m"),
            "for 'm' (op: 'MatMul') with input shapes: [2,3], [4,5].",
        ),
        (
            lambda: apply("AddV2", placeholder((2, None)), placeholder((3, 1))),
            "Dimensions must be equal, but are 2 and 3 for 'AddV2' (op: 'AddV2') with input "
            "shapes: [2,?], [3,1].",
        ),
        (lambda: apply("Pack", [placeholder((2,)), placeholder((3,))]), "(op: 'Pack')"),
    ],
)
def test_operands_that_do_not_fit(build: Any, text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        build()


def test_unknown_ops() -> None:
    with pytest.raises(KeyError, match="NoSuchOp"):
        emit("NoSuchOp")


def test_a_failed_operation_is_not_in_the_graph() -> None:
    x = placeholder((2, 3))
    with pytest.raises(ValueError):
        apply("MatMul", x, x, name="m")
    with pytest.raises(TypeError):
        apply("LogicalNot", x)
    assert [op.type for op in get_default_graph().operations] == ["Placeholder"]
    assert x.consumers() == []


# -- attributes ------------------------------------------------------------------------------
def test_attributes_have_one_form() -> None:
    x = placeholder((2, 4, 4, 1))
    op = emit("Placeholder", (), {"dtype": "float64", "shape": [2, Dimension(None), np.int64(3)]})
    assert op.attrs == {"dtype": tf.float64, "shape": (2, None, 3)}
    op = emit("Cast", [x], {"DstT": np.int32})
    assert op.attrs["DstT"] is tf.int32 and op.attrs["Truncate"] is False
    op = emit("Squeeze", [x], {"squeeze_dims": [np.int64(3), 3.0]})
    assert op.attrs["squeeze_dims"] == (3, 3) and type(op.attrs["squeeze_dims"][0]) is int
    op = emit("MatMul", [[[1.0]], [[1.0]]], {"transpose_a": np.bool_(True)})
    assert op.attrs["transpose_a"] is True
    op = emit("BiasAdd", [x, [1.0]], {"data_format": b"NHWC"})
    assert op.attrs["data_format"] == "NHWC" and op.get_attr("data_format") == b"NHWC"
    op = emit("LeakyRelu", [x], {"alpha": 1, "_own": "kept"})
    assert type(op.attrs["alpha"]) is float and op.get_attr("_own") == b"kept"
    op = emit("StringJoin", [["a", "b"]], {"separator": b"\xff"})
    assert op.attrs["separator"] == b"\xff"


def test_none_asks_for_the_default() -> None:
    assert apply("Sum", [1.0], 0, keep_dims=None).op.attrs["keep_dims"] is False
    assert apply("Placeholder", dtype=tf.float32, shape=None).shape.ndims is None
    assert apply("Placeholder", dtype=tf.float32).op.attrs["shape"] is None


@pytest.mark.parametrize(
    ("op_type", "inputs", "attrs", "error", "text"),
    [
        ("Cast", [1.0], {}, TypeError, "needs the attribute 'DstT'"),
        ("Cast", [1.0], {"DstT": "nothing"}, TypeError, "must be of type type"),
        ("Cast", [1.0], {"DstT": tf.int32, "more": 1}, TypeError, "has no attribute 'more'"),
        ("MatMul", [[[1.0]], [[1.0]]], {"transpose_a": 1}, TypeError, "True or False"),
        ("Split", [0, [1.0, 2.0]], {"num_split": "2"}, TypeError, "expected an integer"),
        ("Split", [0, [1.0, 2.0]], {"num_split": 1.5}, TypeError, "expected an integer"),
        ("Split", [0, [1.0, 2.0]], {"num_split": 0}, ValueError, "less than minimum 1"),
        ("Squeeze", [[1.0]], {"squeeze_dims": 3}, TypeError, "expected a list"),
        ("BiasAdd", [[[1.0]], [1.0]], {"data_format": "NWHC"}, ValueError, 'not in: "NCHW"'),
        ("BiasAdd", [[[1.0]], [1.0]], {"data_format": 3}, TypeError, "expected a string"),
        ("Placeholder", [], {"dtype": tf.float32, "shape": ["a"]}, TypeError, "Dimension value"),
        ("Placeholder", [], {"dtype": tf.float32, "shape": [-2]}, ValueError, "must be >= 0"),
        ("LeakyRelu", [1.0], {"alpha": "a"}, TypeError, "expected a number"),
        ("IdentityN", [[]], {}, ValueError, "list of length 0 less than minimum 1"),
        ("ArgMax", [[1.0], 0], {"output_type": tf.float32}, TypeError, "allowed values: int32"),
        ("AddN", [[1.0, 2.0]], {"N": 3}, ValueError, "must match length 3"),
    ],
)
def test_attributes_that_are_refused(
    op_type: str, inputs: Any, attrs: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=re.escape(text)):
        emit(op_type, inputs, attrs)


_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.one_of(st.floats(-9, 9), st.sampled_from([float("nan"), float("inf")])),
    st.text(max_size=3),
    st.binary(max_size=2),
    st.lists(st.one_of(st.integers(-2, 5), st.none(), st.text(max_size=2)), max_size=3),
    st.sampled_from([tf.float32, tf.int32, "float32", np.float64, Dimension(2), object()]),
)
_ATTRS = [
    (op, name)
    for op in ("Sum", "MatMul", "Split", "Squeeze", "Placeholder", "Cast", "BiasAdd", "ArgMax")
    for name in opdef.lookup(op).attrs
] + [("Sum", "nothing")]


@given(st.sampled_from(_ATTRS), _VALUES)
def test_any_attribute_is_taken_or_refused_with_a_clear_error(case: Any, value: Any) -> None:
    op_type, name = case
    inputs: dict[str, list[Any]] = {
        "Sum": [[1.0], 0],
        "MatMul": [[[1.0]], [[1.0]]],
        "Split": [0, [1.0, 2.0]],
        "Squeeze": [[[1.0]]],
        "Placeholder": [],
        "Cast": [1.0],
        "BiasAdd": [[[1.0]], [1.0]],
        "ArgMax": [[1.0], 0],
    }
    attrs = {"dtype": tf.float32} if op_type == "Placeholder" else {}
    attrs |= {"num_split": 2} if op_type == "Split" else {}
    attrs |= {"DstT": tf.int32} if op_type == "Cast" else {}
    with Graph().as_default() as graph:
        try:
            op = emit(op_type, inputs[op_type], {**attrs, name: value})
        except (TypeError, ValueError) as error:
            assert str(error)
            assert all(op.type == "Const" for op in graph.operations)
        else:
            hash(op.attrs[name])


# -- where it was made -----------------------------------------------------------------------
def test_operations_remember_the_users_line() -> None:
    x = placeholder()
    y = x + 1.0  # the line
    for op in (y.op, y.op.inputs[1].op):
        code, line = op.site
        assert code.co_filename == __file__
        assert linecache.getline(__file__, line).strip() == "y = x + 1.0  # the line"
    assert provenance.describe(y.op.site) == f"{__file__}:{line}: y = x + 1.0  # the line"
    assert provenance.place(y.op.site) == f"{__file__}, line {line}"


def test_the_line_is_the_innermost_of_the_program() -> None:
    def helper(x: Any) -> Any:
        return apply("Neg", x)

    file, _, function, text = helper(placeholder()).op.traceback[-1]
    assert (file, function, text) == (__file__, "helper", 'return apply("Neg", x)')


def test_unknown_places() -> None:
    assert provenance.describe(None) == "an unknown line"
    assert provenance.place(None) == "an unknown place"
    assert provenance.user_site(10_000) is None


def test_scopes_apply_to_what_is_emitted() -> None:
    g = get_default_graph()
    first = emit("NoOp", name="first")
    with g.name_scope("s"), g.device("/cpu:0"), g.control_dependencies([first]):
        y = apply("AddV2", constant(1.0), 2.0, name="y")
    assert [op.name for op in g.operations] == ["first", "s/Const", "s/y/y", "s/y"]
    assert all(op.device == "/device:CPU:0" for op in g.operations[1:])
    assert [c.name for c in y.op.inputs[0].op.control_inputs] == ["first"]
    assert y.op.control_inputs == []
