"""`tf.CriticalSection`: what runs in one runs in turns, and only what a run asks for."""

from __future__ import annotations

from typing import Any

import pytest

from evergraph import tf


def counting(section: Any, v: Any, by: float = 1.0) -> Any:
    """Reads a variable, adds to it, and gives what was read."""

    def fn() -> Any:
        old = v.read_value()
        with tf.control_dependencies([old]), tf.control_dependencies([v.assign_add(by)]):
            return tf.identity(old)

    return section.execute(fn)


def counter() -> Any:
    return tf.Variable(0.0, use_resource=True)


def test_executions_take_turns() -> None:
    section, v = tf.CriticalSection(), counter()
    results = [counting(section, v) for _ in range(5)]
    made = {op.type for op in tf.get_default_graph().get_operations()}
    assert {"MutexV2", "MutexLock", "ConsumeMutexLock"} <= made
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(results) == [0, 1, 2, 3, 4]
        assert session.run(results) == [5, 6, 7, 8, 9]


def test_what_is_not_asked_for_does_not_run() -> None:
    section, v = tf.CriticalSection(), counter()
    results = [counting(section, v, by) for by in (1.0, 10.0, 100.0)]
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run([results[2], results[0]]) == [1, 0]
        assert session.run(v) == 101


@pytest.mark.parametrize("on", [True, False])
def test_in_branches_and_loops(on: bool) -> None:
    section, v = tf.CriticalSection(), counter()
    choice = tf.placeholder_with_default(on, [])
    chosen = [tf.cond(choice, lambda: counting(section, v), lambda: -1.0) for _ in range(3)]
    after = counting(section, v)
    loop = tf.while_loop(lambda i, _: i < 3, lambda i, _: (i + 1, counting(section, v)), [0, 0.0])
    with tf.Session() as session:
        session.run(v.initializer)
        got = session.run([*chosen, after, loop[1]])
    assert got == ([0, 1, 2, 3, 6] if on else [-1, -1, -1, 0, 3])


def test_a_section_inside_itself_is_refused() -> None:
    section = tf.CriticalSection()
    with pytest.raises(ValueError, match="directly access the CriticalSection"):
        section.execute(lambda: section.execute(lambda: tf.constant(1.0)))


def test_resources_of_two_sections() -> None:
    first, second, v = tf.CriticalSection(), tf.CriticalSection(), counter()
    first.execute(lambda: v + 1)
    with pytest.raises(ValueError, match="exclusive resource access"):
        second.execute(lambda: v + 1)
    w = counter()
    first.execute(lambda: w + 1, exclusive_resource_access=False)
    second.execute(lambda: w + 1, exclusive_resource_access=False)


def test_an_operation_as_result() -> None:
    section, v = tf.CriticalSection(), counter()
    done = section.execute(lambda: v.assign_add(1.0).op)
    with tf.Session() as session:
        session.run(v.initializer)
        session.run(done)
        assert session.run(v) == 1
