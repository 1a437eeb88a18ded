"""Graphs that are read: names, inputs, errors; random graphs there and back, and damaged ones."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import mutated
from random_graphs import PLAIN, build

from evergraph import tf
from evergraph.formats import messages

Error = (ValueError, tf.errors.OpError)


@pytest.fixture(autouse=True)
def graph() -> Any:
    """A graph of its own for each test."""
    with tf.Graph().as_default() as g:
        yield g


def parse(text: str) -> Any:
    """A GraphDef of its text."""
    return text_format.Parse(text, messages.GraphDef())


FLOAT = "attr { key: 'T' value { type: DT_FLOAT } }"
A = (
    "node { name: 'a' op: 'Const' attr { key: 'dtype' value { type: DT_FLOAT } } attr { key: "
    "'value' value { tensor { dtype: DT_FLOAT tensor_shape { } float_val: 2 } } } }"
)
B = f"node {{ name: 'b' op: 'Square' input: 'a' {FLOAT} }}"
C = f"node {{ name: 'c' op: 'Add' input: 'a' input: 'b' input: '^b' {FLOAT} }}"


# -- names ---------------------------------------------------------------------------------------
def test_the_scope_of_an_import(graph: Any) -> None:
    proto = parse(C + B + A)  # in any order
    assert tf.import_graph_def(proto) is None
    assert sorted(op.name for op in graph.get_operations()) == ["import/a", "import/b", "import/c"]
    c = graph.get_operation_by_name("import/c")
    assert [o.name for o in c.control_inputs] == ["import/b"]
    for name, prefix in ((None, "import_1/"), ("x", "x/"), ("x", "x_1/"), ("y/", "y/")):
        (found,) = tf.import_graph_def(proto, return_elements=["b"], name=name)
        assert found.name == f"{prefix}b"
    with tf.name_scope("outer"):
        (found,) = tf.import_graph_def(proto, return_elements=["b:0"], name="in")
        assert found.name == "outer/in/b:0"
    assert tf.identity(1.0, name="import").op.name == "import_2"


def test_names_that_are_taken(graph: Any) -> None:
    proto = parse(A + B)
    assert [e.name for e in tf.import_graph_def(proto, return_elements=["a", "b"], name="")] == [
        "a",
        "b",
    ]
    again = tf.import_graph_def(proto, return_elements=["a", "b"], name="")
    assert [e.name for e in again] == ["a_1", "b_1"]
    assert again[1].inputs[0].op is again[0]
    assert tf.constant(1.0, name="a").op.name == "a_2"
    tf.constant(1.0, name="c/d")
    scoped = parse("node { name: 'c' op: 'NoOp' }")
    assert tf.import_graph_def(scoped, return_elements=["c"], name="")[0].name == "c_1"


def test_where_things_are_placed(graph: Any) -> None:
    proto = parse(A + B)
    proto.node[0].device = "/device:GPU:1"
    proto.node[1].attr["_class"].list.s.append(b"loc:@a")
    with tf.device("/job:worker"):
        a, b = tf.import_graph_def(proto, return_elements=["a", "b"])
    assert a.device == "/job:worker/device:GPU:1"
    assert b.colocation_groups() == [b"loc:@import/a"]
    proto.node[1].attr["_class"].list.s.append(b"loc:@nowhere")
    with pytest.raises(ValueError, match="colocated with unknown node 'nowhere'"):
        tf.import_graph_def(proto)


def test_what_surrounds_an_import(graph: Any) -> None:
    first = tf.constant(1.0, name="first")
    with tf.control_dependencies([first]):
        a, b = tf.import_graph_def(parse(A + B), return_elements=["a", "b"])
    assert a.control_inputs == [first.op] and b.control_inputs == []
    with tf.Session() as session:
        y = tf.cond(
            first > 0.0,
            lambda: tf.import_graph_def(parse(A + B), return_elements=["b:0"])[0],
            lambda: first,
        )
        assert session.run(y) == 4.0


# -- inputs and results --------------------------------------------------------------------------
def test_input_map(graph: Any) -> None:
    x = tf.constant(5.0)
    (c,) = tf.import_graph_def(parse(A + B + C), {"a": x, b"b:0": 7.0}, ["c:0"])
    with tf.Session() as session:
        assert session.run(c) == 12.0
    assert "import/_inputs/Const" in [op.name for op in graph.get_operations()]
    (d,) = tf.import_graph_def(parse(A + B + C), {"^b": x}, ["c"])
    assert d.control_inputs == [x.op]


@pytest.mark.parametrize(
    ("arguments", "kind", "says"),
    [
        ({"input_map": {"lacking": 1.0}}, ValueError, r"\[lacking:0\]"),
        ({"input_map": {"b:7": 1.0}}, ValueError, r"\[b:7\]"),
        ({"input_map": {"a:b": 1.0}}, ValueError, "Cannot convert 'a:b' to a tensor name"),
        ({"input_map": [1.0]}, TypeError, "input_map must be a dictionary"),
        ({"input_map": {"a": 1.0}, "name": ""}, ValueError, "non-empty `name`"),
        ({"input_map": {"a": 1}}, ValueError, "passed int32"),
        ({"return_elements": ["lacking"]}, ValueError, "return node 'lacking' not found"),
        ({"return_elements": ["lacking:0"]}, ValueError, "return tensor 'lacking:0' not found"),
        ({"return_elements": ["b:3"]}, ValueError, "Invalid return output 3 of node 'b'"),
        ({"return_elements": [7]}, TypeError, "list of strings"),
        ({"return_elements": "b"}, TypeError, "list of strings"),
    ],
)
def test_arguments_that_do_not_fit(arguments: Any, kind: Any, says: str) -> None:
    with pytest.raises(kind, match=says):
        tf.import_graph_def(parse(A + B + C), **arguments)


def test_other_messages(graph: Any) -> None:
    with pytest.raises(TypeError, match="must be a GraphDef"):
        tf.import_graph_def("graph")
    with pytest.raises(TypeError, match="must be a GraphDef"):
        tf.import_graph_def(messages.NodeDef())


# -- what is refused -----------------------------------------------------------------------------
def node(text: str) -> str:
    """A node after `a` and `b`."""
    return A + B + f"node {{ {text} }}"


def attr(name: str, value: str) -> str:
    """An attribute of a node."""
    return f"attr {{ key: '{name}' value {{ {value} }} }}"


BIG = "i: 1099511627776"
INT = attr("T", "type: DT_INT32")
SPLIT = f"name: 'x' op: 'Split' input: ['axis', 'a'] {FLOAT} {attr('num_split', BIG)}"
AXIS = A.replace("'a'", "'axis'").replace("FLOAT", "INT32").replace("float_val", "int_val")
ARG = f"name: 'x' op: '_Arg' {FLOAT} {attr('index', 'i: 0')}"
SHAPE = "list { shape { dim { size: 3 } } }"
Y = f"node {{ name: 'y' op: 'Square' input: 'x' {FLOAT} }}"


def square(more: str, attrs: str = FLOAT) -> str:
    """A `Square` after `a` and `b`."""
    return node(f"name: 'x' op: 'Square' {more} {attrs}")


REFUSED = [
    (node("name: 'x' op: 'NoSuchOp'"), "not registered 'NoSuchOp'.*'x'"),
    (node("name: 'a' op: 'NoOp'"), "'a' is not unique"),
    (node("name: '' op: 'NoOp'"), "invalid characters"),
    (node("name: '_x' op: 'NoOp'"), "invalid characters"),
    (node("name: 'x:0' op: 'NoOp'"), "invalid characters"),
    (node("name: 'x'"), "does not specify an operation"),
    (node("name: 'x' op: 'NoOp' input: '^gone'"), r"Unknown input node '\^gone'"),
    (node(f"name: 'x' op: 'NoOp' {FLOAT}"), "mentions attr 'T' not in Op<name=NoOp"),
    (node(f"name: 'x' op: 'Placeholder' {attr('dtype', 'i: 1')}"), "type 'int' when 'type'"),
    (node(f"name: 'x' op: 'AddN' input: 'a' {FLOAT} {attr('N', BIG)}"), "not match 1 inputs"),
    (node(f"name: 'x' op: 'AddN' input: 'a' {FLOAT} {attr('N', 'i: -1')}"), "minimum"),
    (node(f"name: 'x' op: 'MatMul' input: ['a', 'a'] {FLOAT}"), "rank"),
    (node(ARG), "not registered '_Arg'"),
    (AXIS + node(SPLIT), "would have 1099511627776 outputs"),
    (square("input: 'gone:1'"), "Unknown input node 'gone:1'"),
    (square("input: 'a:1'"), "invalid output 1 of source node a"),
    (square("input: '^a' input: 'a'"), "must come after regular"),
    (square(""), "do not match 0 inputs"),
    (square("input: ['a', 'a']"), "do not match 2 inputs"),
    (square("input: 'a'", ""), "missing attr 'T'"),
    (square("input: 'a'", INT), "Input 0 of node x was passed float32 from a:0"),
    (square("input: 'a'", attr("T", "type: DT_STRING")), "allowed values"),
    (square("input: 'y'") + Y, "2 nodes in a cycle"),
    (square("input: 'x'"), "1 nodes in a cycle"),
    (square("input: 'a'", FLOAT + attr("_output_shapes", SHAPE)), "inconsistent"),
    (square("input: 'a'", FLOAT + attr("_output_shapes", "list { }")), "shapes for 0"),
    (A.replace("DT_FLOAT } } attr", "DT_INT32 } } attr", 1), "holds a tensor"),
    (A + "versions { producer: 1 min_consumer: 100000 }", "above current version"),
    (A + "versions { producer: -1 }", "below min producer"),
    (A + "versions { bad_consumers: 134 }", "disallows consumer"),
]


@pytest.mark.parametrize(("text", "says"), REFUSED)
def test_what_is_refused_leaves_no_trace(graph: Any, text: str, says: str) -> None:
    kept = tf.constant(1.0, name="kept")
    before = (len(graph.get_operations()), graph.version, dict(graph._names_in_use))
    with pytest.raises(Error, match=says):
        tf.import_graph_def(parse(text), {"a:0": kept} if "'a:0'" in text else None, name="")
    assert (len(graph.get_operations()), graph.version, graph._names_in_use) == before
    assert kept.consumers() == []


def test_shapes_that_are_written_are_believed(graph: Any) -> None:
    text = (
        "node { name: 'x' op: 'Placeholder' attr { key: 'dtype' value { type: DT_FLOAT } } "
        "attr { key: '_output_shapes' value { list { shape { dim { size: 3 } } } } } }"
    )
    (x,) = tf.import_graph_def(parse(text), return_elements=["x:0"])
    assert x.shape.as_list() == [3] and "_output_shapes" not in x.op.node_def.attr


def test_a_finalized_graph(graph: Any) -> None:
    graph.finalize()
    with pytest.raises(RuntimeError, match="finalized"):
        tf.import_graph_def(parse(A), name="")


def test_attributes_of_other_versions(graph: Any) -> None:
    later = square("input: 'a'", FLOAT + attr("new", "b: false"))
    tf.import_graph_def(parse(later + "versions { producer: 1000 }"))
    with pytest.raises(ValueError, match="mentions attr 'new'"):
        tf.import_graph_def(parse(later))
    ops = messages.OpList()
    ops.op.add(name="Square").attr.add(name="new", type="bool").default_value.b = False
    tf.import_graph_def(parse(later), producer_op_list=ops)
    with pytest.raises(ValueError, match="mentions attr 'new'"):
        tf.import_graph_def(parse(later.replace("b: false", "b: true")), producer_op_list=ops)
    total = f"name: 'x' op: 'Sum' input: ['a', 'b'] {FLOAT} {attr('Tidx', 'type: DT_INT32')}"
    missing = parse(node(total))
    with pytest.raises(ValueError, match="incompatible"):
        tf.import_graph_def(missing)
    assert missing.node[2].attr["keep_dims"].b is False  # defaults are written into the message


def test_long_chains(graph: Any) -> None:
    """No recursion: neither the import nor a run nor the export."""
    text = A + "".join(
        f"node {{ name: 'n{i}' op: 'Identity' input: '{f'n{i - 1}' if i else 'a'}' {FLOAT} }}"
        for i in range(5000)
    )
    (last,) = tf.import_graph_def(parse(text), return_elements=["n4999:0"], name="")
    with tf.Session() as session:
        assert session.run(last) == 2.0
    assert len(graph.as_graph_def().node) == 5001


# -- there and back ------------------------------------------------------------------------------
def run(feeds: dict[str, Any], fetches: list[str]) -> Any:
    """Values in the default graph."""
    with tf.Session() as session:
        return session.run(fetches, feeds)


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_random_graphs_there_and_back(seed: int) -> None:
    with tf.Graph().as_default() as g:
        feeds, fetches = build(tf, seed)
        proto = g.as_graph_def(add_shapes=seed % 2 == 0)
        want = run(feeds, fetches)
    again = messages.GraphDef.FromString(proto.SerializeToString())
    in_text = text_format.Parse(str(proto), messages.GraphDef())
    for copy in (again, in_text):
        with tf.Graph().as_default() as g:
            tf.import_graph_def(copy, name="")
            for a, b in zip(want, run(feeds, fetches), strict=True):
                np.testing.assert_array_equal(a, b)
            assert {n.name for n in g.as_graph_def().node} == {n.name for n in proto.node}


def test_state_and_training_survive(graph: Any) -> None:
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    h = tf.layers.dense(x, 4, tf.nn.relu, kernel_initializer=tf.ones_initializer(), name="h")
    r = tf.get_variable("r", initializer=2.0, use_resource=True)
    loss = tf.reduce_sum(h * r, name="loss")
    train = tf.train.MomentumOptimizer(0.01, 0.9).minimize(loss, name="train")
    init = tf.global_variables_initializer()
    feed = {"x:0": np.ones((2, 3), np.float32)}

    def losses() -> list[float]:
        with tf.Session() as session:
            session.run(init.name)
            out = []
            for _ in range(3):
                session.run(train.name, feed)
                out.append(float(session.run("loss:0", feed)))
            return out

    want = losses()
    proto = graph.as_graph_def()
    with tf.Graph().as_default():
        tf.import_graph_def(proto, name="")
        assert losses() == want
    assert want[2] < want[0]


def test_write_graph(graph: Any, tmp_path: Path) -> None:
    tf.constant(1.0, name="c")
    as_text = tf.train.write_graph(graph, str(tmp_path / "new"), "g.pbtxt")
    as_bytes = tf.io.write_graph(graph.as_graph_def(), tmp_path, "g.pb", as_text=False)
    want = graph.as_graph_def()
    assert text_format.Parse(Path(as_text).read_text(), messages.GraphDef()) == want
    assert messages.GraphDef.FromString(Path(as_bytes).read_bytes()) == want
    assert sorted(p.name for p in tmp_path.iterdir()) == ["g.pb", "new"]


# -- TensorFlow ----------------------------------------------------------------------------------
def _carried(source: Any, target: Any, seed: int) -> None:
    with source.Graph().as_default() as g:
        feeds, fetches = build(source, seed)
        data = g.as_graph_def(add_shapes=seed % 2 == 0).SerializeToString()
        with source.Session() as session:
            want = session.run(fetches, feeds)
    with target.Graph().as_default():
        target.import_graph_def(target.GraphDef.FromString(data), name="")
        with target.Session() as session:
            got = session.run(fetches, feeds)
    for name, a, b in zip(fetches, want, got, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4, err_msg=name)


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(25))
def test_tensorflow_runs_what_is_written(seed: int) -> None:
    pytest.importorskip("tensorflow")
    import tensorflow.compat.v1 as theirs

    _carried(tf, theirs, seed)


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(25))
def test_what_tensorflow_writes_runs(seed: int) -> None:
    pytest.importorskip("tensorflow")
    import tensorflow.compat.v1 as theirs

    _carried(theirs, tf, seed)


# -- damaged graphs ------------------------------------------------------------------------------
def _damaged(seed: int) -> Any:
    rng = random.Random(seed)
    with tf.Graph().as_default() as g:
        build(tf, seed % 8, kinds=PLAIN if seed % 2 else [*PLAIN, "conditional", "loop"])
        proto = g.as_graph_def(add_shapes=seed % 3 == 0)
    return mutated(proto, rng)


@pytest.mark.parametrize("chunk", range(8))
def test_damaged_graphs_are_refused_or_run(chunk: int) -> None:
    """Whatever a message says: an error of ours, or a graph; never a crash or a long wait."""
    for seed in range(chunk * 60, chunk * 60 + 60):
        proto = _damaged(seed)
        with tf.Graph().as_default() as g:
            try:
                tf.import_graph_def(proto, name="")
            except Error:
                assert not g.get_operations()
                continue
            g.as_graph_def()
            outputs = [op.outputs[0] for op in g.get_operations() if op.outputs]
            with tf.Session() as session:
                for out in random.Random(seed).sample(outputs, min(2, len(outputs))):
                    with suppress(TypeError, *Error):  # feeds of other dtypes or shapes, too
                        session.run(out, {"x:0": np.ones((3, 4)), "x_1:0": np.ones((3, 4))})


@given(st.integers(0, 10**9), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_damaged_bytes(seed: int, count: int) -> None:
    from google.protobuf.message import DecodeError

    rng = random.Random(seed)
    with tf.Graph().as_default() as g:
        build(tf, seed % 5, steps=4, kinds=PLAIN)
        data = bytearray(g.as_graph_def().SerializeToString())
    for _ in range(count):
        data[rng.randrange(len(data))] = rng.randrange(256)
    try:
        proto = messages.GraphDef.FromString(bytes(data[: rng.choice([len(data), -1, -20])]))
    except DecodeError:
        return
    with tf.Graph().as_default(), suppress(*Error):
        tf.import_graph_def(proto, name="")
