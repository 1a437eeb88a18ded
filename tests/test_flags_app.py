"""`tf.flags`, `tf.app`, `tf.logging`, `tf.compat`, `tf.errors`: what surrounds programs."""

from __future__ import annotations

import logging
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from evergraph import tf


def _program(tmp_path, text, *args):
    path = tmp_path / "program.py"
    path.write_text("from evergraph import tf\n" + text)
    return subprocess.run([sys.executable, path, *args], capture_output=True, text=True)


# -- flags: each program in a process of its own, as flags are the process's -------------------
DEFINE = (
    "flags = tf.app.flags\n"
    "flags.DEFINE_string('name', 'x', 'a name')\n"
    "flags.DEFINE_integer('steps', 10, 'how many')\n"
    "flags.DEFINE_float('rate', 0.5, 'how fast')\n"
    "flags.DEFINE_boolean('train', True, 'whether')\n"
    "flags.DEFINE_bool('test', False, 'whether')\n"
    "FLAGS = flags.FLAGS\n"
)


def test_flags_are_parsed_when_first_read(tmp_path):
    show = "print(FLAGS.name, FLAGS.steps, FLAGS.rate, FLAGS.train, FLAGS.test)\n"
    args = ("--name=y", "--steps", "3", "--notrain", "--test", "--rate=1e-2", "--other=1")
    done = _program(tmp_path, DEFINE + show, *args)
    assert done.stdout == "y 3 0.01 False True\n", done.stderr
    assert _program(tmp_path, DEFINE + show).stdout == "x 10 0.5 True False\n"


def test_run_calls_main_with_what_is_left(tmp_path):
    main = (
        "def main(argv):\n"
        "  print(FLAGS.steps, argv[1:])\n"
        "  return 3\n"
        "if __name__ == '__main__':\n"
        "  tf.app.run()\n"
    )
    done = _program(tmp_path, DEFINE + main, "--steps=4", "file", "--unknown=5")
    assert done.stdout == "4 ['file', '--unknown=5']\n", done.stderr
    assert done.returncode == 3


def test_run_with_arguments(tmp_path):
    text = DEFINE + "tf.app.run(main=lambda argv: print(argv, FLAGS.name), argv=['p', '--name=q'])"
    assert _program(tmp_path, text).stdout == "['p'] q\n"


def test_a_flag_defined_twice(tmp_path):
    again = (
        "try:\n"
        "  flags.DEFINE_string('name', 'z', 'again')\n"
        "except flags.DuplicateFlagError as error:\n"
        "  import absl.flags\n"
        "  print(type(error) is absl.flags.DuplicateFlagError, error)\n"
    )
    done = _program(tmp_path, DEFINE + again)
    assert done.stdout.startswith("True The flag 'name' is defined twice."), done.stderr


def test_names_that_absl_has_too(tmp_path):
    text = (
        "tf.flags.DEFINE_string('log_dir', 'logs', 'where')\n"
        "tf.flags.DEFINE_integer('v', 7, 'volume')\n"
        "def main(_):\n"
        "  print(tf.flags.FLAGS.log_dir, tf.flags.FLAGS.v)\n"
        "  try:\n"
        "    tf.flags.DEFINE_string('log_dir', 'other', 'where')\n"
        "  except tf.flags.DuplicateFlagError:\n"
        "    print('twice')\n"
        "tf.app.run()\n"
    )
    done = _program(tmp_path, text, "--v=8")
    assert done.stdout == "logs 8\ntwice\n", done.stderr


def test_old_names_of_arguments(tmp_path):
    text = (
        "tf.flags.DEFINE_string(flag_name='a', default_value='b', docstring='c')\n"
        "tf.flags.FLAGS._parse_flags(['--a=d'])\n"
        "print(tf.flags.FLAGS.a)\n"
    )
    done = _program(tmp_path, text)
    assert done.stdout == "d\n" and "deprecated" in done.stderr


def test_flags_as_a_collection(tmp_path):
    text = (
        "print('name' in FLAGS, len(FLAGS) > 4, 'steps' in list(FLAGS), FLAGS['steps'].value)\n"
        "FLAGS.steps = 12\n"
        "print(FLAGS.steps, FLAGS.flag_values_dict()['steps'], 'steps' in FLAGS.__flags)\n"
        "delattr(FLAGS, 'name')\n"
        "print('name' in FLAGS, hasattr(FLAGS, 'name'))\n"
        "flags.mark_flag_as_required('rate')\n"
        "print(FLAGS.__class__.__name__ and 'train' in dir(FLAGS), 'how many' in str(FLAGS))\n"
    )
    done = _program(tmp_path, DEFINE + text)
    assert done.stdout.splitlines() == [
        "True True True 10",
        "12 12 True",
        "False False",
        "True True",
    ], done.stderr


def test_help(tmp_path):
    done = _program(tmp_path, DEFINE + "tf.app.run(main=print)", "--help")
    assert "how many" in done.stdout and done.returncode == 1


def test_absl_is_loaded_when_it_is_used():
    code = "import sys, evergraph.tf; print('absl' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


# -- logging -----------------------------------------------------------------------------------
def test_log_lines(tmp_path):
    text = (
        "tf.logging.info('not shown')\n"
        "tf.logging.warn('shown %d', 1)\n"
        "print(tf.logging.get_verbosity())\n"
        "tf.logging.set_verbosity(tf.logging.INFO)\n"
        "def main(_):\n"
        "  tf.logging.info('in main')\n"
        "  for i in range(5):\n"
        "    tf.logging.log_every_n(tf.logging.INFO, 'every %d', 2, i)\n"
        "    tf.logging.log_first_n(tf.logging.INFO, 'first %d', 1, i)\n"
        "  tf.logging.log_if(tf.logging.INFO, 'never', False)\n"
        "  tf.logging.flush()\n"
        "tf.app.run()\n"
    )
    done = _program(tmp_path, text)
    assert done.stdout == "30\n"
    assert done.stderr.splitlines() == [
        "WARNING:tensorflow:shown 1",
        "INFO:tensorflow:in main",
        "INFO:tensorflow:every 0",
        "INFO:tensorflow:first 0",
        "INFO:tensorflow:every 2",
        "INFO:tensorflow:every 4",
    ]


def test_records_name_the_callers_line(caplog):
    with caplog.at_level(logging.DEBUG, "tensorflow"):
        tf.logging.debug("a")
        tf.logging.log(tf.logging.WARN, "b")
        tf.logging.vlog(tf.logging.ERROR, "c")
        tf.logging.fatal("d")
        tf.logging.TaskLevelStatusMessage("100% done")
        tf.logging.log_if(tf.logging.INFO, "e", True)
    assert [r.levelno for r in caplog.records] == [10, 30, 40, 50, 40, 20]
    assert {r.filename for r in caplog.records} == {"test_flags_app.py"}


def test_a_programs_own_logging_is_left_alone(tmp_path):
    text = (
        "import logging\n"
        "logging.basicConfig(format='[%(name)s] %(message)s')\n"
        "tf.logging.error('once')\n"
    )
    assert _program(tmp_path, text).stderr == "[tensorflow] once\n"


# -- compat, errors, resources -----------------------------------------------------------------
def test_text_and_bytes():
    compat = tf.compat
    assert compat.as_str(b"a") == compat.as_text("a") == compat.as_str_any(b"a") == "a"
    assert compat.as_bytes("grün") == "grün".encode() and compat.as_bytes(bytearray(b"x")) == b"x"
    assert compat.as_str_any(12) == "12" and compat.path_to_str(pathlib.Path("a/b")) == "a/b"
    assert compat.path_to_str("a") == "a"
    for function in (compat.as_bytes, compat.as_text, compat.as_str):
        with pytest.raises(TypeError, match="Expected binary or unicode"):
            function(1)


def test_number_types():
    assert isinstance(np.int32(1), tf.compat.integral_types)
    assert isinstance(np.float32(1), tf.compat.real_types) and isinstance(2, tf.compat.real_types)
    assert not isinstance(1j, tf.compat.real_types) and isinstance(1j, tf.compat.complex_types)
    assert isinstance("a", tf.compat.bytes_or_text_types)


def test_v1_is_the_face():
    assert tf.compat.v1 is tf
    assert tf.compat.v1.Session is tf.Session
    with pytest.raises(AttributeError):
        _ = tf.compat.no_such_name
    assert tf.compat.dimension_value(tf.Dimension(3)) == 3
    assert tf.compat.dimension_at_index(tf.TensorShape([2, 4]), 1) == tf.Dimension(4)


def test_forward_compatibility(monkeypatch):
    assert tf.compat.forward_compatible(2019, 1, 1) and not tf.compat.forward_compatible(2030, 1, 1)
    with tf.compat.forward_compatibility_horizon(2031, 1, 1):
        assert tf.compat.forward_compatible(2030, 1, 1)
    monkeypatch.setenv("TF_FORWARD_COMPATIBILITY_DELTA_DAYS", "5000")
    assert tf.compat.forward_compatible(2030, 1, 1)


def test_errors_are_the_engines():
    import evergraph.errors

    for name in tf.errors.__all__:
        assert getattr(tf.errors, name) is getattr(evergraph.errors, name)
    assert tf.errors.exception_type_from_error_code(3) is tf.errors.InvalidArgumentError
    error = tf.errors.NotFoundError(None, None, "gone")
    assert error.message == "gone" and error.error_code == tf.errors.NOT_FOUND


def test_files_beside_a_module():
    from evergraph.tf import resource_loader

    here = pathlib.Path(__file__).parent
    assert resource_loader.get_path_to_datafile("x.txt") == str(here / "x.txt")
    assert resource_loader.get_data_files_path() == str(here)
    assert resource_loader.get_root_dir_with_all_resources() == str(here)
    assert resource_loader.readahead_file_path("a") == "a"


def test_the_names_that_programs_import(tmp_path):
    text = (
        "import evergraph\n"
        "evergraph.install_as_tensorflow()\n"
        "import tensorflow as tf\n"
        "from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2\n"
        "from tensorflow.python.compat import compat as dates\n"
        "from tensorflow.python.framework import errors_impl, test_util\n"
        "from tensorflow.python.platform import app, flags, gfile, googletest, resource_loader\n"
        "from tensorflow.python.util import compat\n"
        "assert config_pb2.ConfigProto is tf.ConfigProto\n"
        "assert rewriter_config_pb2.RewriterConfig.OFF == 2\n"
        "assert dates.forward_compatible is tf.compat.forward_compatible\n"
        "assert compat.as_str is tf.compat.as_str and tf.compat.v1.Session is tf.Session\n"
        "assert errors_impl.NotFoundError is tf.errors.NotFoundError\n"
        "assert test_util.TensorFlowTestCase is googletest.TestCase is tf.test.TestCase\n"
        "assert app.run is tf.app.run and gfile.Open is tf.io.gfile.GFile\n"
        "assert tf.app.flags.FLAGS is flags.FLAGS is tf.flags.FLAGS\n"
        "assert resource_loader.get_path_to_datafile('x').endswith('/x')\n"
        "print('all')\n"
    )
    done = _program(tmp_path, text)
    assert done.stdout == "all\n", done.stderr
