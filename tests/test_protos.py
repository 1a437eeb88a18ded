"""TensorFlow's messages: fields, presence, bytes, and the descriptor set that is shipped."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from evergraph.formats import messages
from evergraph.tf import protos

ROOT = Path(__file__).resolve().parents[1]


def _config():
    config = messages.ConfigProto(device_count={"GPU": 0}, allow_soft_placement=True)
    config.gpu_options.allow_growth = True
    config.gpu_options.per_process_gpu_memory_fraction = 0.25
    config.session_inter_op_thread_pool.add().num_threads = 3
    config.graph_options.optimizer_options.opt_level = messages.OptimizerOptions.L0
    rewrites = config.graph_options.rewrite_options
    rewrites.constant_folding = messages.RewriterConfig.OFF
    rewrites.optimizers.append("constfold")
    return config


def test_the_shipped_descriptors_are_what_the_proto_files_say():
    pytest.importorskip("grpc_tools")
    command = [sys.executable, ROOT / "tools" / "build_protos.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.smoke
def test_presence_of_a_false_field_is_known():
    config = messages.ConfigProto()
    assert not config.HasField("allow_soft_placement")
    config.allow_soft_placement = False
    assert config.HasField("allow_soft_placement")
    assert not config.log_device_placement


def test_nested_options_and_enums():
    config = _config()
    assert config.device_count["GPU"] == 0
    assert config.graph_options.rewrite_options.constant_folding == 2
    assert messages.OptimizerOptions.ON_1 == 1
    assert messages.RunOptions.FULL_TRACE == 3
    assert messages.DT_FLOAT == messages.DataType.Value("DT_FLOAT") == 1
    with pytest.raises(ValueError):
        messages.ConfigProto(no_such_field=1)


def test_copies_and_pickles():
    config = _config()
    assert copy.deepcopy(config) == config
    assert pickle.loads(pickle.dumps(config)) == config
    assert messages.ConfigProto.FromString(config.SerializeToString()) == config


def test_traffic_is_a_field_of_run_metadata():
    metadata = messages.RunMetadata()
    metadata.traffic.bytes_moved = 12
    metadata.step_stats.dev_stats.add(device="/cpu:0").node_stats.add(node_name="a")
    assert messages.RunMetadata.FromString(metadata.SerializeToString()) == metadata


def test_unknown_names():
    with pytest.raises(AttributeError, match="NoSuchMessage"):
        _ = messages.NoSuchMessage
    with pytest.raises(AttributeError, match="no attribute"):
        _ = protos.StepStats
    assert {"ConfigProto", "StepStats", "DT_FLOAT"} <= set(dir(messages))


@pytest.mark.parametrize("name", protos.__all__)
def test_the_face_has_them(name):
    assert getattr(protos, name) is getattr(messages, name)


def test_protobuf_is_not_loaded_by_the_face():
    code = "import sys, evergraph.tf, evergraph.tf.protos; print('google.protobuf' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.oracle
def test_bytes_are_those_of_tensorflow():
    config_pb2 = pytest.importorskip("tensorflow.core.protobuf.config_pb2")
    ours = _config()
    theirs = config_pb2.ConfigProto.FromString(ours.SerializeToString())
    assert str(theirs) == str(ours)
    data = theirs.SerializeToString(deterministic=True)
    assert data == ours.SerializeToString(deterministic=True)


@pytest.mark.oracle
@pytest.mark.parametrize("name", ["ConfigProto", "RunOptions", "RunMetadata"])
def test_numbers_and_types_of_fields_are_those_of_tensorflow(name):
    config_pb2 = pytest.importorskip("tensorflow.core.protobuf.config_pb2")
    ours = dict(_fields(getattr(messages, name).DESCRIPTOR))
    theirs = dict(_fields(getattr(config_pb2, name).DESCRIPTOR))
    # Of later versions of TensorFlow, fields are missing that 1.15 has not.
    assert {k: v for k, v in ours.items() if "traffic" not in k} == {
        k: v for k, v in theirs.items() if k in ours and "traffic" not in k
    }


def _fields(descriptor, path=""):
    """The path of every field below a message, with its number and type."""
    for field in descriptor.fields:
        here = f"{path}.{field.name}"
        yield here, (field.number, field.type)
        if field.message_type is not None and here.count(".") < 6:
            yield from _fields(field.message_type, here)
