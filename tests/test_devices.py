"""Devices: soft placement with one warning, errors without it, the log, device functions."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import evergraph
from evergraph import tf
from evergraph.runtime import devices
from evergraph.runtime.devices import CPU, is_here
from evergraph.settings import settings


@pytest.fixture
def caught() -> Any:
    """The warnings of the test."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        yield found


def on_gpu(name: str = "a") -> Any:
    with tf.device("/gpu:0"):
        return tf.constant(1.0, name=name)  # asks for it


@pytest.mark.parametrize(
    ("device", "here"),
    [
        ("", True),
        ("/cpu:0", True),
        ("/device:CPU:0", True),
        ("/cpu:*", True),
        ("/device:XLA_CPU:0", True),
        ("/job:localhost/replica:0/task:0/device:CPU:0", True),
        ("/gpu:0", False),
        ("/device:TPU:0", False),
        ("/job:worker/cpu:0", False),
        ("/task:1/cpu:0", False),
    ],
)
def test_what_is_here(device: str, here: bool) -> None:
    assert is_here(device) == here


@pytest.mark.smoke
def test_soft_placement_warns_once_a_device(caught: Any) -> None:
    a, b = on_gpu(), on_gpu("b")
    with tf.device("/gpu:1"):
        c = a + b
    with tf.Session() as session:
        assert session.run([a, b]) == [1.0, 1.0]
        assert session.run(c) == 2.0
        assert session.run(c * 2.0) == 4.0
    assert [w.category for w in caught] == [evergraph.EvergraphWarning] * 2
    first, second = caught
    assert "no device:GPU:0" in str(first.message) and "device:GPU:1" in str(second.message)
    assert "allow_soft_placement=True" in str(first.message)
    assert first.filename == __file__
    with open(__file__) as f:
        assert "# asks for it" in f.read().splitlines()[first.lineno - 1]


def test_the_warning_has_switches(caught: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    a = on_gpu()
    with tf.Session(config=tf.ConfigProto(allow_soft_placement=True)) as session:
        assert session.run(a) == 1.0
    monkeypatch.setattr(settings, "warn", False)
    with tf.Session() as session:
        assert session.run(a) == 1.0
    assert not caught


def test_operations_that_do_not_run_are_not_placed(caught: Any) -> None:
    on_gpu()
    b = tf.constant(2.0)
    with tf.device("/cpu:0"):
        c = b + 1.0
    with tf.Session(config=tf.ConfigProto(allow_soft_placement=False)) as session:
        assert session.run(c) == 3.0
    assert not caught


def test_without_soft_placement_it_is_an_error_in_the_run() -> None:
    a = on_gpu()
    with tf.Session(config=tf.ConfigProto(allow_soft_placement=False)) as session:
        with pytest.raises(tf.errors.InvalidArgumentError) as error:
            session.run(a + 1.0)
        for part in ("Cannot assign a device for operation a", "/device:GPU:0", CPU, "# asks for"):
            assert part in str(error.value)
        assert error.value.op is a.op
        assert session.run(a + 1.0, {a: 2.0}) == 3.0


def test_a_config_that_says_nothing_is_soft_and_warns(caught: Any) -> None:
    for config in (None, tf.ConfigProto(), tf.ConfigProto(log_device_placement=False)):
        with tf.Session(config=config) as session:
            session.run(on_gpu())
    assert len(caught) == 3


def test_the_log_tells_each_operation_once(capfd: pytest.CaptureFixture[str]) -> None:
    a = tf.constant(1.0, name="a")
    b = tf.add(a, a, name="b")
    with tf.Session(config=tf.ConfigProto(log_device_placement=True)) as session:
        session.run(b)
        session.run(b)
        session.run([a, b])
    lines = capfd.readouterr().err.splitlines()
    assert lines == [f"a: (Const): {CPU}", f"b: (Add): {CPU}"]


def test_device_functions_and_specs(caught: Any) -> None:
    def by_type(op: Any) -> str:
        return "/gpu:0" if op.type == "Add" else "/cpu:0"

    with tf.device(by_type):
        a = tf.constant(1.0)
        b = tf.add(a, a)
    assert (a.device, b.device) == ("/cpu:0", "/gpu:0")
    with tf.Session() as session:
        assert session.run(b) == 2.0
    assert len(caught) == 1


def test_variables_and_gradients_follow_their_scopes() -> None:
    with tf.device("/gpu:0"):
        v = tf.Variable(1.0)
    with tf.device("/cpu:0"):
        loss = tf.exp(v)
    assert v.device == "/device:GPU:0" and v.initializer.device == "/device:GPU:0"
    assert loss.device == "/device:CPU:0"
    (plain,) = tf.gradients(loss, v)
    assert plain.device == ""
    (near,) = tf.gradients(loss, v.value(), colocate_gradients_with_ops=True)
    assert near.device == "/device:CPU:0"


def test_the_devices_of_this_machine() -> None:
    (cpu,) = devices.list_devices()
    assert (cpu.name, cpu.device_type, cpu.memory_limit) == (CPU, "CPU", 0)
    with tf.Session() as session:
        assert session.list_devices() == [cpu]
