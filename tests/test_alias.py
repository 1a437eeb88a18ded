"""`import tensorflow` and what lies below it resolve to evergraph, by the alias table."""

from __future__ import annotations

import importlib
import subprocess
import sys
import types

import pytest

import evergraph
from evergraph import tf as face
from evergraph.compat import alias, alias_table
from evergraph.errors import UnimplementedError


@pytest.fixture
def installed(monkeypatch):
    """The alias installed, with no real TensorFlow in the way; undone afterwards."""
    present = {n: m for n, m in sys.modules.items() if n.partition(".")[0] == "tensorflow"}
    for name in present:
        monkeypatch.delitem(sys.modules, name)
    evergraph.install_as_tensorflow()
    yield importlib.import_module("tensorflow")
    alias.uninstall()


@pytest.mark.smoke
def test_the_usual_imports(installed):
    import tensorflow as tf
    import tensorflow.contrib.layers as layers
    from tensorflow.contrib.layers import xavier_initializer
    from tensorflow.examples.tutorials.mnist import input_data
    from tensorflow.python.framework import ops
    from tensorflow.python.ops import array_ops, math_ops, nn_ops

    assert tf.placeholder is face.placeholder and tf.__version__ == face.__version__
    assert layers is tf.contrib.layers and layers.xavier_initializer is xavier_initializer
    assert xavier_initializer is face.contrib.layers.xavier_initializer
    assert input_data.read_data_sets.__module__ == "evergraph.tf.examples.mnist"
    assert tf.examples.tutorials.mnist.input_data is input_data
    assert ops.get_default_graph is face.get_default_graph
    assert math_ops.reduce_sum is face.reduce_sum and array_ops.reshape is face.reshape
    assert nn_ops.relu is face.nn.relu


@pytest.mark.smoke
def test_other_names_of_the_same_modules(installed):
    tf1 = importlib.import_module("tensorflow.compat.v1")
    assert tf1 is installed
    assert importlib.import_module("tensorflow.compat.v1.nn") is installed.nn
    assert installed.compat.v1 is installed
    flags = importlib.import_module("tensorflow.python.platform.flags")
    assert flags is installed.flags
    variables = importlib.import_module("tensorflow.python.ops.variables")
    assert variables.VariableV1 is face.Variable
    assert variables.Variable is not face.Variable


def test_namespaces_are_one_object_whichever_way_they_are_reached(installed):
    reached = installed.contrib.framework
    assert importlib.import_module("tensorflow.contrib.framework") is reached
    assert importlib.import_module("tensorflow").contrib.framework is reached


def test_hand_written_rows(installed):
    from tensorflow.python.framework import tensor_shape, tensor_util
    from tensorflow.python.layers import utils
    from tensorflow.python.ops import control_flow_ops, math_ops

    assert tensor_shape.scalar().ndims == 0 and tensor_shape.vector(3).as_list() == [3]
    assert tensor_shape.unknown_shape(2).as_list() == [None, None]
    assert tensor_shape.unknown_shape().ndims is None
    assert math_ops.mul is face.multiply
    assert utils.smart_cond(True, lambda: 1, lambda: 2) == 1
    with face.Graph().as_default(), face.Session() as session:
        assert utils.smart_cond(face.constant(False), lambda: 1, lambda: 2) == 2
        assert tensor_util.constant_value(face.constant([1, 2])).tolist() == [1, 2]
        late = control_flow_ops.with_dependencies([face.no_op()], face.constant(3))
        assert session.run(late) == 3
        with pytest.raises(TypeError, match="callable"):
            utils.smart_cond(True, 1, 2)


@pytest.mark.parametrize(("module", "name"), list(alias_table.ROWS))
def test_every_row_points_to_something(installed, module, name):
    target = alias_table.ROWS[module, name]
    try:
        value = getattr(importlib.import_module(module), name)
    except AttributeError:
        # A public symbol that the face does not have yet; it says so.
        assert ":" not in target
    else:
        assert value is not None


def test_known_public_symbols_resolve_from_internal_modules(installed):
    checked = 0
    for module, names in alias_table.internal_names().items():
        for name, public in names.items():
            expected = alias._public(public) if public else alias._ABSENT
            if expected is alias._ABSENT or (module, name) in alias_table.ROWS:
                continue
            value = getattr(importlib.import_module(module), name)
            assert value is expected or isinstance(value, types.ModuleType), (module, name)
            checked += 1
    assert checked > 200


def test_what_is_lacking_raises_where_it_is_used(installed):
    from tensorflow.contrib import slim
    from tensorflow.contrib.tensor_forest.python import tensor_forest
    from tensorflow.python.ops.gen_math_ops import no_such_op

    for use in (
        lambda: tensor_forest.ForestHParams(),
        lambda: no_such_op(1),
        lambda: slim.no_such_thing,
        lambda: types.new_class("Mine", (no_such_op,)),
        lambda: list(no_such_op),
        lambda: installed.no_such_thing,
    ):
        with pytest.raises(AttributeError) as error:
            use()
        assert isinstance(error.value, UnimplementedError)
        assert any(name in str(error.value) for name in ("no_such", "ForestHParams"))
    assert not hasattr(installed, "no_such_thing")


def test_a_lacking_symbol_is_no_attribute_after_its_import(installed):
    from tensorflow.contrib.slim import arg_scope_that_is_not_there

    assert "lacks" in repr(arg_scope_that_is_not_there)
    with pytest.raises(AttributeError):
        installed.contrib.slim.arg_scope_that_is_not_there  # noqa: B018


def test_a_program_that_tries_learns_that_it_is_missing(installed):
    try:
        from tensorflow.python.ops.rnn_cell_impl import _no_such_linear
    except ImportError:
        _no_such_linear = None
    assert _no_such_linear is None


@pytest.mark.parametrize("statement", ["import tensorflow.foo", "from tensorflow import foo"])
def test_what_tensorflow_never_had_is_an_import_error(installed, statement):
    with pytest.raises(ImportError):
        exec(statement, {})


@pytest.mark.parametrize(
    ("symbol", "near"),
    [
        ("tf.mul", "tf.multiply"),
        ("tf.matmull", "tf.matmul"),
        ("tf.nn.softmx", "tf.nn.softmax"),
        ("tf.train.SummaryWriter", "tf.summary.FileWriter"),
        ("tf.contrib.foo.matmul", "tf.matmul"),
        ("tf.qqqqqqqqqq", None),
    ],
)
def test_the_nearest_name(symbol, near):
    assert alias.nearest(symbol) == near


def test_star_import_and_dir(installed):
    names: dict = {}
    exec("from tensorflow.python.ops.math_ops import *", names)
    assert names["add"] is face.add
    assert "placeholder" in dir(installed) and "no_such_thing" not in dir(installed)


def test_installing_twice_does_nothing_more(installed):
    evergraph.install_as_tensorflow()
    assert sum(isinstance(f, alias.AliasFinder) for f in sys.meta_path) == 1
    assert importlib.import_module("tensorflow") is installed


def test_a_real_tensorflow_is_not_overridden(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", types.ModuleType("tensorflow"))
    with pytest.raises(RuntimeError, match="already imported"):
        evergraph.install_as_tensorflow()


def test_without_installing_nothing_changes():
    code = (
        "import evergraph, sys\n"
        "from evergraph import tf\n"
        "assert not any('alias' in type(f).__module__ for f in sys.meta_path)\n"
        "assert 'tensorflow' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
