"""Graphs, nodes, tensors and functions as messages, and what of them is read back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from evergraph import tf
from evergraph.core import dtypes
from evergraph.core.emit import apply
from evergraph.formats import messages
from evergraph.formats.attr_values import decode, encode, kind_of, python_value
from evergraph.formats.graph_def import GRAPH_DEF_VERSION
from evergraph.formats.op_defs import op_def_of, registered_ops, summary
from evergraph.formats.tensors import array_of, shape_of, shape_proto, tensor_proto
from evergraph.tf.graph_functions import Defun

NUMERIC = (
    *("float32", "float64", "float16", "bfloat16", "bool", "complex64", "complex128"),
    *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
)


@pytest.fixture(autouse=True)
def graph() -> Any:
    """A graph of its own for each test."""
    with tf.Graph().as_default() as g:
        yield g


# -- tensors -----------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NUMERIC)
@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0, 2)])
def test_arrays_survive(name: str, shape: tuple[int, ...]) -> None:
    dtype = dtypes.as_dtype(name)
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype.np_dtype)
    back = array_of(tensor_proto(array, dtype))
    assert back.dtype == array.dtype and back.shape == shape
    np.testing.assert_array_equal(back, array)


@given(hnp.arrays(np.float32, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
@settings(max_examples=50, deadline=None)
def test_floats_survive_bit_by_bit(array: np.ndarray[Any, Any]) -> None:
    back = array_of(tensor_proto(array))
    assert back.tobytes() == array.tobytes() and back.shape == array.shape


@given(st.lists(st.binary(max_size=5), max_size=4))
@settings(max_examples=50, deadline=None)
def test_strings_survive(items: list[bytes]) -> None:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    assert array_of(tensor_proto(array, dtypes.string)).tolist() == items
    content = b"".join(bytes([len(i)]) for i in items) + b"".join(items)
    if content:
        proto = messages.TensorProto(dtype=messages.DT_STRING, tensor_content=content)
        proto.tensor_shape.dim.add(size=len(items))
        assert array_of(proto).tolist() == items


def test_a_value_that_fills_a_shape_is_written_once() -> None:
    node = tf.constant(2.5, shape=[100, 100]).op.node_def
    tensor = node.attr["value"].tensor
    assert list(tensor.float_val) == [2.5] and not tensor.tensor_content
    assert array_of(tensor).shape == (100, 100)
    big = tensor_proto(np.zeros((300, 300), np.float32))
    assert big.ByteSize() < 100 and array_of(big).sum() == 0.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dtype: DT_FLOAT tensor_shape { dim { size: 1000000 } dim { size: 1000000 } }", "2GB"),
        ("dtype: DT_FLOAT tensor_shape { dim { size: -2 } }", "negative"),
        ("dtype: DT_FLOAT tensor_shape { dim { size: -1 } }", "fully known"),
        ("dtype: DT_FLOAT tensor_shape { unknown_rank: true }", "fully known"),
        ("dtype: DT_FLOAT tensor_shape { dim { size: 2 } } tensor_content: 'abc'", "3 bytes"),
        ("dtype: DT_INT32 tensor_shape { } int_val: [1, 2]", "2 values"),
        ("dtype: DT_STRING tensor_shape { dim { size: 2 } } tensor_content: '\\377'", "fit"),
        (
            "dtype: DT_FLOAT tensor_shape { dim { size: 4294967296 } dim { size: 4294967296 } }",
            "more than 2",
        ),
    ],
)
def test_tensors_that_cannot_be_are_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        array_of(text_format.Parse(text, messages.TensorProto()))


def test_dtypes_without_values_are_refused() -> None:
    with pytest.raises(TypeError, match="resource"):
        array_of(messages.TensorProto(dtype=messages.DT_RESOURCE))
    with pytest.raises(TypeError):
        tensor_proto(np.zeros(2), dtypes.variant)


def test_missing_values_repeat_the_last() -> None:
    proto = messages.TensorProto(dtype=messages.DT_INT32, int_val=[1, 2])
    proto.tensor_shape.dim.add(size=4)
    assert array_of(proto).tolist() == [1, 2, 2, 2]
    del proto.int_val[:]
    assert array_of(proto).tolist() == [0, 0, 0, 0]


def test_make_tensor_proto_and_back() -> None:
    assert tf.make_ndarray(tf.make_tensor_proto([[1, 2]])).tolist() == [[1, 2]]
    proto = tf.make_tensor_proto(3.0, shape=[2, 2])
    assert list(proto.float_val) == [3.0] and tf.make_ndarray(proto).shape == (2, 2)
    assert tf.make_tensor_proto(proto) is proto
    with pytest.raises(TypeError, match="Expected Tensor's shape"):
        tf.make_tensor_proto([1, 2], shape=[3], verify_shape=True)
    with pytest.raises(ValueError, match="Too many elements"):
        tf.make_tensor_proto([1, 2, 3], shape=[2])
    with pytest.raises(TypeError, match="Expected Tensor's shape"):
        tf.make_tensor_proto([1, 2], shape=[3], allow_broadcast=True)
    with pytest.raises(ValueError, match="not both"):
        tf.make_tensor_proto(1, verify_shape=True, allow_broadcast=True)
    with pytest.raises(ValueError, match="None"):
        tf.make_tensor_proto(None)


@pytest.mark.oracle
@pytest.mark.parametrize("value", [1, [1.5, 2.5], [True, False], "text", [[1 + 2j]], [b"a", b""]])
def test_tensor_protos_are_those_of_tensorflow(value: Any) -> None:
    theirs = pytest.importorskip("tensorflow").make_tensor_proto(value)
    assert tf.make_tensor_proto(value).SerializeToString() == theirs.SerializeToString()


# -- shapes and attributes -----------------------------------------------------------------------
@given(st.none() | st.lists(st.none() | st.integers(0, 9), max_size=4))
@settings(max_examples=50, deadline=None)
def test_shapes_survive(dims: list[int | None] | None) -> None:
    shape = None if dims is None else tuple(dims)
    assert shape_of(shape_proto(shape)) == shape
    assert repr(tf.TensorShape(tf.TensorShape(dims).as_proto())) == repr(tf.TensorShape(dims))


ATTRIBUTES = [
    ("int", 3),
    ("float", 0.5),
    ("bool", True),
    ("string", "text"),
    ("string", b"\xff"),
    ("type", dtypes.int64),
    ("shape", (2, None)),
    ("shape", None),
    ("list(int)", (1, 2)),
    ("list(string)", ("a", "b")),
    ("list(type)", (dtypes.bool_,)),
    ("list(shape)", ((), None)),
    ("list(float)", ()),
]


@pytest.mark.parametrize(("kind", "value"), ATTRIBUTES)
def test_attributes_survive(kind: str, value: Any) -> None:
    assert decode(kind, encode(kind, value)) == value


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("int", "s: 'x'", "type 'string' when 'int'"),
        ("int", "", "missing value"),
        ("list(int)", "i: 3", r"type 'int' when 'list\(int\)'"),
        ("list(int)", "list { s: 'x' }", r"type 'list\(string\)' when"),
        ("int", "placeholder: 'T'", "placeholder"),
        ("type", "type: 999", "invalid DataType enum: 999"),
        ("type", "type: DT_INVALID", "invalid DataType"),
        ("type", "type: DT_FLOAT_REF", "reference type"),
        ("shape", "shape { dim { size: -7 } }", "negative"),
        ("tensor", "tensor { dtype: DT_RESOURCE }", "cannot be read"),
    ],
)
def test_attributes_of_another_kind_are_refused(kind: str, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        decode(kind, text_format.Parse(text, messages.AttrValue()))


def test_what_get_attr_gives() -> None:
    x = tf.placeholder(tf.float32, [None, 2])
    assert x.op.get_attr("dtype") is tf.float32
    assert x.op.get_attr("shape") == tf.TensorShape([None, 2]).as_proto()
    conv = tf.nn.conv2d(tf.zeros([1, 4, 4, 1]), tf.zeros([2, 2, 1, 1]), [1, 1, 1, 1], "SAME")
    assert conv.op.get_attr("strides") == [1, 1, 1, 1]
    assert conv.op.get_attr("padding") == b"SAME"
    value = tf.constant([1, 2]).op.get_attr("value")
    assert tf.make_ndarray(value).tolist() == [1, 2]
    with pytest.raises(ValueError, match="has no attr named 'lacking'"):
        x.op.get_attr("lacking")


def test_attributes_that_no_op_declares() -> None:
    op = tf.no_op()
    op._set_attr("_text", messages.AttrValue(s=b"a"))
    op._set_attr("_numbers", [1, 2])
    assert op.get_attr("_text") == b"a" and op.get_attr("_numbers") == [1, 2]
    assert op.node_def.attr["_text"].s == b"a"
    assert [kind_of(v) for v in (True, 1, 0.5, "x", tf.int32)] == [
        "bool",
        "int",
        "float",
        "string",
        "type",
    ]
    with pytest.raises(TypeError, match="cannot be the value"):
        kind_of(object())
    assert python_value(messages.AttrValue()) == []
    op._set_attr("_class", messages.AttrValue(list=messages.AttrValue.ListValue(s=[b"loc:@y"])))
    assert op.colocation_groups() == [b"loc:@y"]


# -- nodes and graphs ----------------------------------------------------------------------------
def test_a_node() -> None:
    a, ones = tf.constant(1.0, name="a"), tf.ones([4])
    with tf.device("/gpu:1"), tf.control_dependencies([a]):
        axis = tf.constant(0)
    with tf.device("/gpu:1"), tf.control_dependencies([a]):
        b = tf.split(ones, 2, axis, name="b")[1]
    with tf.colocate_with(a.op):
        node = tf.add(b, b, name="c").op.node_def
    assert list(node.input) == ["b:1", "b:1"] and list(node.attr["_class"].list.s) == [b"loc:@a"]
    split = b.op.node_def
    assert split.device == "/device:GPU:1" and list(split.input)[2:] == ["^a"]
    assert str(b.op) == str(split)
    assert b._as_node_def_input() == "b:1"


def test_a_graph(graph: Any) -> None:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    version = graph.version
    tf.square(x, name="y")
    proto = graph.as_graph_def(add_shapes=True)
    assert [n.name for n in proto.node] == ["x", "y"]
    assert proto.versions.producer == GRAPH_DEF_VERSION == tf.GRAPH_DEF_VERSION
    (shape,) = proto.node[1].attr["_output_shapes"].list.shape
    assert [d.size for d in shape.dim] == [-1, 3]
    assert [n.name for n in graph.as_graph_def(from_version=version).node] == ["y"]
    assert graph._as_graph_def()[1] == graph.version
    assert "_output_shapes" not in graph.as_graph_def().node[0].attr


def test_operands_by_value_become_constants(graph: Any) -> None:
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    tf.gradients(tf.reduce_sum(tf.nn.softmax(x)), [x])
    literal_free = {n.name: n for n in graph.as_graph_def().node}
    assert len(literal_free) > len(graph.get_operations())
    for node in literal_free.values():
        for name in node.input:
            assert name.lstrip("^").partition(":")[0] in literal_free
    assert [n.name for n in graph.as_graph_def().node] == list(literal_free)  # the same each time


def test_a_session_has_its_graph_def() -> None:
    tf.constant(1.0, name="c")
    config = tf.ConfigProto()
    config.graph_options.infer_shapes = True
    with tf.Session() as plain, tf.Session(config=config) as shaped:
        assert "_output_shapes" not in plain.graph_def.node[0].attr
        assert "_output_shapes" in shaped.graph_def.node[0].attr


def test_op_defs() -> None:
    proto = op_def_of("Concat")
    assert [a.name for a in proto.input_arg] == ["concat_dim", "values"]
    assert proto.input_arg[1].number_attr == "N"
    assert {a.name: (a.type, a.minimum) for a in proto.attr} == {"N": ("int", 2), "T": ("type", 0)}
    assert op_def_of("RandomUniform").is_stateful and op_def_of("Assign").allows_uninitialized_input
    assert op_def_of("NoSuchOp") is None and op_def_of("_Arg") is None
    assert "MatMul" in registered_ops()
    matmul = tf.matmul(tf.ones([1, 1]), tf.ones([1, 1])).op
    assert "name=MatMul; signature=a:T, b:T -> product:T" in summary(matmul.definition)
    assert matmul.op_def.name == "MatMul"


@pytest.mark.oracle
def test_op_defs_are_those_of_tensorflow() -> None:
    pytest.importorskip("tensorflow")
    from tensorflow.python.framework import op_def_registry

    different = []
    for name in [
        "MatMul",
        "Concat",
        "Sum",
        "Switch",
        "While",
        "Placeholder",
        "RandomUniform",
        "Assign",
        "Unpack",
    ]:
        ours, theirs = op_def_of(name), op_def_registry.get(name)
        for side in ("input_arg", "output_arg"):
            rows = [
                [(a.name, a.type, a.type_attr, a.number_attr, a.is_ref) for a in getattr(o, side)]
                for o in (ours, theirs)
            ]
            if rows[0] != rows[1]:
                different.append((name, side))
    assert not different


# -- functions -----------------------------------------------------------------------------------
def test_functions_go_with_the_graph(graph: Any) -> None:
    @Defun(tf.float32, func_name="Twice")
    def twice(x: Any) -> Any:
        return x + x

    y = twice(tf.constant(3.0))
    proto = graph.as_graph_def()
    (function,) = [f for f in proto.library.function if f.signature.name == "Twice"]
    assert len(function.signature.input_arg) == 1 and len(function.ret) == 1
    with tf.Graph().as_default(), tf.Session() as session:
        (z,) = tf.import_graph_def(proto, return_elements=[y.name], name="")
        assert session.run(z) == 6.0


def test_swish_is_a_function_of_the_library(graph: Any) -> None:
    y = tf.nn.swish(tf.constant([1.0]))
    proto = graph.as_graph_def()
    assert [f.signature.name for f in proto.library.function] == ["swish_f32"]
    with tf.Graph().as_default(), tf.Session() as session:
        (z,) = tf.import_graph_def(proto, return_elements=[y.name], name="")
        np.testing.assert_allclose(session.run(z), [0.7310586], rtol=1e-6)


LIBRARY = """
node {{ name: "x" op: "Const" attr {{ key: "dtype" value {{ type: DT_FLOAT }} }}
  attr {{ key: "value"
    value {{ tensor {{ dtype: DT_FLOAT tensor_shape {{ }} float_val: 2 }} }} }} }}
node {{ name: "y" op: "F" input: "x" }}
library {{ {functions} }}
"""
FUNCTION = """
function {{
  signature {{ name: "{name}" input_arg {{ name: "a" type: DT_FLOAT }}
    output_arg {{ name: "b" type: DT_FLOAT }} }}
  node_def {{ {body} }}
  ret {{ key: "b" value: "{ret}" }}
}}
"""
T = "attr {{ key: 'T' value {{ type: DT_FLOAT }} }}".replace("{{", "{").replace("}}", "}")


def _calls(*functions: tuple[str, str, str]) -> Any:
    text = "".join(FUNCTION.format(name=n, body=b, ret=r) for n, b, r in functions)
    return text_format.Parse(LIBRARY.format(functions=text), messages.GraphDef())


def _run_y(proto: Any) -> Any:
    with tf.Graph().as_default(), tf.Session() as session:
        (y,) = tf.import_graph_def(proto, return_elements=["y:0"], name="")
        return session.run(y)


def test_a_function_read_from_text() -> None:
    body = f"name: 's' op: 'Square' input: 'a' {T}"
    assert _run_y(_calls(("F", body, "s:y:0"))) == 4.0
    split = (
        "name: 'c' op: 'Const' attr { key: 'dtype' value { type: DT_INT32 } } attr { key: 'value' "
        "value { tensor { dtype: DT_INT32 tensor_shape { } int_val: 0 } } } } node_def { "
        f"name: 'e' op: 'ExpandDims' input: 'a' input: 'c:output:0' {T} }} node_def {{ "
        f"name: 'u' op: 'Unpack' input: 'e:output:0' {T} attr {{ key: 'num' value {{ i: 1 }} }}"
    )
    assert _run_y(_calls(("F", split, "u:output:0"))) == 2.0


@pytest.mark.parametrize(
    ("functions", "says"),
    [
        ([("F", "name: 's' op: 'F' input: 'a'", "s:b:0")], "recursion"),
        (
            [
                ("F", "name: 's' op: 'G' input: 'a'", "s:b:0"),
                ("G", "name: 's' op: 'F' input: 'a'", "s:b:0"),
            ],
            "recursion",
        ),
        ([("F", f"name: 's' op: 'Square' input: 'q' {T}", "s:y:0")], "Unknown input node 'q'"),
        ([("F", f"name: 's' op: 'Square' input: 'a' {T}", "s:z:0")], "names no output"),
        ([("F", f"name: 's' op: 'Square' input: 'a' {T}", "s:y:9")], "not in its body"),
        ([("F", f"name: 's' op: 'Square' input: 'a' {T}", "t:y:0")], "names no output"),
        ([("G", f"name: 's' op: 'Square' input: 'a' {T}", "s:y:0")], "not registered 'F'"),
    ],
)
def test_functions_that_cannot_be_are_refused(functions: Any, says: str) -> None:
    with pytest.raises((ValueError, tf.errors.NotFoundError), match=says):
        _run_y(_calls(*functions))


def test_calls_that_double_are_refused() -> None:
    """A library of 60 functions that each call the next twice stands for 2**60 operations."""
    step = "name: 's' op: 'F{0}' input: 'a' }} node_def {{ name: 't' op: 'F{0}' input: 's:b:0'"
    functions = [("F" if i == 0 else f"F{i}", step.format(i + 1), "t:b:0") for i in range(60)]
    functions.append(("F60", f"name: 's' op: 'Square' input: 'a' {T}", "s:y:0"))
    with pytest.raises(ValueError, match="operations"):
        _run_y(_calls(*functions))


@pytest.mark.parametrize("depth", [40, 3000])
def test_a_long_chain_of_calls(depth: int) -> None:
    functions = [
        ("F" if i == 0 else f"F{i}", f"name: 's' op: 'F{i + 1}' input: 'a'", "s:b:0")
        for i in range(depth)
    ]
    functions.append((f"F{depth}", f"name: 's' op: 'Square' input: 'a' {T}", "s:y:0"))
    if depth < 50:
        assert _run_y(_calls(*functions)) == 4.0
    else:
        with pytest.raises(ValueError, match="deep"):
            _run_y(_calls(*functions))


def test_two_functions_of_one_name_are_refused(graph: Any) -> None:
    one = _calls(("F", f"name: 's' op: 'Square' input: 'a' {T}", "s:y:0"))
    other = _calls(("F", f"name: 's' op: 'Neg' input: 'a' {T}", "s:y:0"))
    tf.import_graph_def(one, name="one")
    tf.import_graph_def(one, name="two")
    with pytest.raises(ValueError, match="different function"):
        tf.import_graph_def(other, name="three")


def test_initialised_values_are_written_as_branches(graph: Any) -> None:
    v = tf.Variable(2.0)
    w = tf.Variable(v.initialized_value() * 3.0)
    types = {n.op for n in graph.as_graph_def().node}
    assert not any(t.startswith("_") for t in types)
    assert {"RefSwitch", "Merge", "IsVariableInitialized"} <= types
    with tf.Session() as session:
        session.run(w.initializer)
        assert session.run(w) == 6.0


# -- operations of nodes -------------------------------------------------------------------------
def test_create_op(graph: Any) -> None:
    x = tf.constant([1.0, 2.0])
    op = graph.create_op("Square", [x], [tf.float32], name="s")
    assert op.name == "s" and op.outputs[0].shape.as_list() == [2]
    cast = graph.create_op("Cast", [x], attrs={"DstT": messages.AttrValue(type=messages.DT_INT32)})
    assert cast.outputs[0].dtype is tf.int32
    with pytest.raises(tf.errors.NotFoundError, match="'NoSuchOp'"):
        graph.create_op("NoSuchOp", [])
    with pytest.raises(TypeError, match="Input #0 is not a tensor"):
        graph.create_op("Square", [1.0])
    with pytest.raises(ValueError, match="incompatible with expected"):
        graph.create_op("MatMul", [tf.ones([1, 1]), tf.ones([1, 1], tf.int32)])
    graph.finalize()
    with pytest.raises(RuntimeError, match="finalized"):
        graph.create_op("NoOp", [])


def test_an_operation_of_a_node_def(graph: Any) -> None:
    x = tf.constant(3.0)
    node = messages.NodeDef(name="mine", op="Square", device="/cpu:0")
    op = tf.Operation(node, graph, [x], [tf.float32])
    assert isinstance(op, tf.Operation) and graph.get_operation_by_name("mine") is op
    assert x.consumers() == [op] and op.outputs[0].op is op
    with tf.Session() as session:
        assert session.run(op.outputs[0]) == 9.0
    with pytest.raises(TypeError, match="needs to be a NodeDef"):
        tf.Operation("Square", graph, [x])
    with pytest.raises(TypeError, match="needs to be a Graph"):
        tf.Operation(node, None, [x])


def test_wrong_inputs_given_later(graph: Any) -> None:
    x, y = tf.constant([1.0]), tf.constant([2.0])
    z = apply("Neg", x)
    with pytest.raises(tf.errors.OutOfRangeError, match=r"Input index \[1\]"):
        z.op._update_input(1, y)
    with pytest.raises(tf.errors.InvalidArgumentError, match="incompatible shapes"):
        z.op._update_input(0, tf.constant([1.0, 2.0]))
    with tf.Graph().as_default(), pytest.raises(ValueError, match="same graph"):
        z.op._update_input(0, tf.constant([2.0]))
    z.op._update_input(0, tf.constant([1]))
    with (
        tf.Session() as session,
        pytest.raises(tf.errors.InvalidArgumentError, match="passed int32"),
    ):
        session.run(z)
