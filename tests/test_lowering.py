"""Values of variables within one run: what is computed, what is fetched, and in which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergraph import tf
from evergraph.core.convert import constant
from evergraph.core.emit import apply, emit
from evergraph.core.graph import Graph
from evergraph.core.tensor import Operation, Tensor
from evergraph.core.text import to_text
from evergraph.core.verify import verify
from evergraph.errors import FailedPreconditionError
from evergraph.transform.lower import lower, needed_operations, variable_of

KINDS = ["ref", "resource"]


class Var:
    """A variable of either kind, from bare operations."""

    def __init__(self, kind: str, value: float, name: str = "w") -> None:
        self.kind = kind
        attrs = {"shape": (), "dtype": tf.float32, "name": name}
        self.handle = apply("VariableV2" if kind == "ref" else "VarHandleOp", **attrs)
        self.init = self.assign(value)

    def assign(self, value: Any) -> Operation:
        if self.kind == "ref":
            return apply("Assign", self.handle, value).op
        return emit("AssignVariableOp", [self.handle, value], {"dtype": tf.float32})

    def add(self, value: Any) -> Operation:
        if self.kind == "ref":
            return apply("AssignAdd", self.handle, value).op
        return emit("AssignAddVariableOp", [self.handle, value], {"dtype": tf.float32})

    def read(self) -> Tensor:
        """A value computed with the variable."""
        if self.kind == "ref":
            return apply("Mul", self.handle, 1.0)
        return apply("ReadVariableOp", self.handle, dtype=tf.float32)


def run(fetches: Any, *variables: Var) -> Any:
    """Initialises the variables, runs, and gives what came out, as floats."""
    with tf.Session() as session:
        session.run([v.init for v in variables])
        return tf.contrib.framework.nest.map_structure(_plain, session.run(fetches))


def _plain(x: Any) -> Any:
    return x if x is None else np.asarray(x).tolist()


def after(*ops: Any) -> Any:
    return tf.control_dependencies(list(ops))


# -- the table of TensorFlow 1.15 ------------------------------------------------------------
def trained() -> tuple[Any, Any, Any]:
    """A variable that is 1 before a step and 0.8 after it: the variable, its loss, the step."""
    w = tf.Variable(1.0, name="w", use_resource=False)
    loss = w * 2.0
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    return w, loss, step


@pytest.mark.smoke
def test_fetched_references_show_the_value_after_the_step() -> None:
    w, loss, step = trained()
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        fetches = [step, w, tf.identity(w), w.read_value(), w.value(), loss, w * 1.0]
        got = session.run(fetches)
        assert got[0] is None
        assert got[1:5] == pytest.approx([0.8] * 4)
        assert got[5:] == pytest.approx([2.0, 1.0])


def test_the_global_step_shows_the_step_that_was_done() -> None:
    w = tf.Variable(1.0, use_resource=False)
    global_step = tf.train.get_or_create_global_step()
    optimizer = tf.train.GradientDescentOptimizer(0.1)
    step = optimizer.minimize(w * 2.0, global_step=global_step)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        assert [session.run([step, global_step])[1] for _ in range(3)] == [1, 2, 3]


def test_resource_variables_show_the_value_before_the_step() -> None:
    w = tf.Variable(1.0, use_resource=True)
    loss = w * 2.0
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        _, value, loss_value, product = session.run([step, w.read_value(), loss, w * 1.0])
        assert (value, loss_value, product) == (1.0, 2.0, 1.0)
        assert session.run(w) == pytest.approx(0.8)


def test_every_fetch_of_a_reference_shows_the_last_value() -> None:
    a = tf.Variable(1.0, use_resource=False)
    with tf.Session() as session:
        session.run(a.initializer)
        assert session.run([tf.assign(a, a + 1.0), tf.assign_add(a, 10.0), a]) == [12.0] * 3


def test_gradients_are_computed_from_the_values_before_any_update() -> None:
    a, b = (tf.Variable(v, use_resource=False) for v in (2.0, 3.0))
    loss = a * b
    optimizer = tf.train.GradientDescentOptimizer(1.0)
    step = optimizer.apply_gradients(zip(tf.gradients(loss, [a, b]), [a, b], strict=True))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step)
        assert session.run([a, b]) == [2.0 - 3.0, 3.0 - 2.0]


# -- order by data and by control ------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_a_control_dependency_orders_a_read_after_an_update(kind: str) -> None:
    w = Var(kind, 1.0)
    update = w.add(10.0)
    before = w.read()
    with after(update):
        later = w.read()
        with tf.control_dependencies(None):
            free = w.read()
    assert run([before, later, free], w) == [1.0, 11.0, 1.0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_read_that_an_update_waits_for_sees_the_old_value(kind: str) -> None:
    w = Var(kind, 1.0)
    old = w.read()
    with after(old):
        update = w.assign(5.0)
    with after(update):
        difference = w.read() - old
    assert run([old, difference], w) == [1.0, 4.0]


@pytest.mark.parametrize("kind", KINDS)
def test_order_reaches_through_other_operations(kind: str) -> None:
    w = Var(kind, 1.0)
    with after(w.add(10.0)):
        x = constant(0.0)
    y = apply("Neg", apply("Neg", x))
    with after(y):
        later = w.read()
    assert run(later, w) == 11.0


@pytest.mark.parametrize("kind", KINDS)
def test_updates_without_an_order_happen_as_they_were_made(kind: str) -> None:
    w = Var(kind, 1.0)
    updates = [w.add(1.0), w.assign(5.0), w.add(0.5)]
    assert run([updates[::-1]], w) == [[None, None, None]]
    with tf.Session() as session:
        session.run(w.init)
        session.run(updates)
        assert session.run(w.read()) == 5.5


def test_the_output_of_an_update_is_the_value_that_it_left() -> None:
    w = Var("ref", 1.0)
    first = apply("AssignAdd", w.handle, 10.0)
    second = apply("AssignAdd", first, 100.0)
    third = apply("Assign", second, apply("Neg", first))
    assert run([first * 1.0, second * 1.0, third * 1.0], w) == [11.0, 111.0, -11.0]
    assert run([first, second, third], w) == [-11.0, -11.0, -11.0]


def test_an_update_reads_its_operand_by_the_same_rules() -> None:
    w = Var("ref", 1.0)
    first = apply("AssignAdd", w.handle, 10.0)
    unordered = apply("AssignAdd", w.handle, w.handle)
    with after(first):
        ordered = apply("AssignAdd", w.handle, w.handle)
    assert run(unordered, w) == 2.0
    assert run(ordered, w) == 22.0
    assert run([first, unordered], w) == [12.0, 12.0]


def test_an_identity_of_a_reference_is_another_name_of_it() -> None:
    w = Var("ref", 1.0)
    name = apply("Identity", apply("Identity", w.handle))
    with after(name):
        update = w.add(10.0)
    with after(update):
        difference = w.read() - name
        copy = w.read()
    assert run([difference, copy, name], w) == [0.0, 11.0, 11.0]


def test_a_copy_of_a_reference_keeps_the_value() -> None:
    w = Var("ref", 1.0)
    copy = w.handle + 0.0
    with after(copy):
        update = w.add(10.0)
    with after(update):
        difference = w.read() - copy
    assert run([difference, copy], w) == [10.0, 1.0]


def test_several_variables_keep_apart() -> None:
    a, b = Var("ref", 1.0, "a"), Var("ref", 2.0, "b")
    swap = [a.assign(b.read()), b.assign(a.read())]
    assert run([swap, a.handle, b.handle], a, b) == [[None, None], 2.0, 1.0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_group_in_a_chain(kind: str) -> None:
    w = Var(kind, 0.0)
    op = emit("NoOp")
    for i in range(1, 4):
        with after(op):
            op = w.assign(w.read() * 10.0 + float(i))
    with after(op):
        last = w.read()
    assert run(last, w) == 123.0


# -- initialisation --------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_whether_a_variable_is_initialized(kind: str) -> None:
    w = Var(kind, 1.0)
    query = "IsVariableInitialized" if kind == "ref" else "VarIsInitializedOp"
    before = apply(query, w.handle)
    with after(w.init):
        later = apply(query, w.handle)
    with tf.Session() as session:
        assert session.run(before) is np.False_
        assert session.run([before, later]) == [False, True]
        assert session.run([before, later]) == [True, True]


@pytest.mark.parametrize("kind", KINDS)
def test_reading_what_was_never_initialized(kind: str) -> None:
    w = Var(kind, 1.0)
    with tf.Session() as session:
        for fetch in (w.read(), w.add(1.0)):
            with pytest.raises(FailedPreconditionError, match="uninitialized value w"):
                session.run(fetch)
        with after(w.init):
            fine = w.read()
        assert session.run(fine) == 1.0


def test_an_assignment_does_not_need_the_old_value() -> None:
    w = Var("ref", 1.0)
    assert run(w.assign(3.0)) is None
    with tf.Session() as session:
        assert session.run(apply("Assign", w.handle, 7.0)) == 7.0
        assert session.run([w.assign(3.0), w.handle])[1] == 3.0


def test_an_initializer_that_reads_another_variable_needs_it() -> None:
    a = Var("ref", 1.0, "a")
    b = apply("VariableV2", shape=(), dtype=tf.float32, name="b")
    init = apply("Assign", b, a.read())
    with tf.Session() as session:
        with pytest.raises(FailedPreconditionError, match="uninitialized value a"):
            session.run([a.init, init])
        session.run(a.init)
        assert session.run(init) == 1.0


# -- fetches and feeds -----------------------------------------------------------------------
def test_fetching_a_chain_of_identities() -> None:
    x = apply("Placeholder", dtype=tf.float32, shape=())
    y = apply("Identity", apply("Identity", x))
    with tf.Session() as session:
        assert session.run([y, x, y.op, y], {x: 3.0}) == [3.0, 3.0, None, 3.0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_fed_read_is_what_was_fed(kind: str) -> None:
    w = Var(kind, 1.0)
    read = w.read()
    double = read * 2.0
    with tf.Session() as session:
        assert session.run([read, double], {read: 5.0}) == [5.0, 10.0]


def test_a_fed_reference_hides_the_variable() -> None:
    w = Var("ref", 1.0)
    name = apply("Identity", w.handle)
    double = name * 2.0
    with tf.Session() as session:
        session.run(w.init)
        assert session.run([w.handle, double], {w.handle: 5.0}) == [5.0, 10.0]
        assert session.run([w.handle, double], {name: 5.0}) == [1.0, 10.0]
        assert session.run([w.handle, double]) == [1.0, 2.0]


def test_only_what_is_needed_runs() -> None:
    x = apply("Placeholder", dtype=tf.float32, shape=())
    y = x * 2.0
    z = y + 1.0
    order = needed_operations([z.op], {y})
    assert [op.type for op in order] == ["Const", "AddV2"]
    with tf.Session() as session:
        assert session.run(z, {y: 1.0}) == 2.0


def test_an_input_that_was_changed_later() -> None:
    a, b = constant(1.0), None
    y = a + 1.0
    b = y.graph.as_graph_element(constant(5.0))
    with tf.Session() as session:
        assert session.run(y) == 2.0
        y.op._update_input(0, b)
        assert session.run(y) == 6.0
        order = needed_operations([y.op], set())
        assert [op.type for op in order] == ["Const", "Const", "AddV2"]


def test_a_cycle_is_an_error() -> None:
    a = constant(1.0)
    y = a + 1.0
    z = y + 1.0
    y.op._update_input(0, z)
    with (
        tf.Session() as session,
        pytest.raises(tf.errors.InvalidArgumentError, match="a cycle with"),
    ):
        session.run(z)


def test_the_variable_behind_a_handle() -> None:
    w = Var("ref", 1.0)
    first = apply("AssignAdd", w.handle, 1.0)
    assert variable_of(apply("Assign", first, 2.0)) is w.handle.op
    r = Var("resource", 1.0, "r")
    assert variable_of(apply("Identity", r.handle)) is r.handle.op


def test_handles_have_no_value_of_their_own() -> None:
    r = Var("resource", 1.0)
    not_a_variable = apply("Placeholder", dtype=tf.resource, shape=())
    with pytest.raises((ValueError, TypeError), match="handle"):
        variable_of(apply("Identity", not_a_variable))
    with tf.Session() as session:
        session.run(r.init)
        assert session.run(apply("Identity", r.read())) == 1.0


def test_a_lowered_function_is_valid_and_has_no_state() -> None:
    w = Var("ref", 1.0)
    x = apply("Placeholder", dtype=tf.float32, shape=(None,))
    y = x * w.handle
    with after(y):
        update = w.add(2.0)
    lowered = lower([x], [y, w.handle, update])
    verify(lowered.function)
    assert to_text(lowered.function).splitlines() == [
        "func(%0: float32[?], %1: float32[])",
        "  %2: float32[?] = Mul(%0, %1)",
        "  %3: float32[] = Const() {dtype=float32, value=2.0:float32}",
        "  %4: float32[] = AssignAdd(%1, %3)",
        "  return %2, %4, %4",
    ]
    assert lowered.variables == lowered.updated == [w.handle.op]
    assert lowered.fetch_count == 2 and lowered.update_operations == [update]


# -- random programs -------------------------------------------------------------------------
@dataclass
class Step:
    """One operation of a random program: what it does, on which variable, after which others."""

    kind: str  # read, assign, add
    variable: int
    operand: int | None  # an earlier read, None for a constant
    after: list[int] = field(default_factory=list)


NUMBERS = [1.0, 20.0, 300.0, 4000.0]


@st.composite
def steps(draw: Any, chained: bool) -> list[Step]:
    out: list[Step] = []
    for i in range(draw(st.integers(1, 8))):
        reads = [j for j, s in enumerate(out) if s.kind == "read"]
        operand = draw(st.sampled_from([None, *reads]))
        before = [i - 1] if chained and i else []
        if not chained and i:
            before = draw(st.lists(st.integers(0, i - 1), max_size=2, unique=True))
        kind = draw(st.sampled_from(["read", "assign", "add"]))
        out.append(Step(kind, draw(st.integers(0, 1)), operand, before))
    return out


def build(program: list[Step], variables: list[Var]) -> list[Any]:
    made: list[Any] = []
    for i, s in enumerate(program):
        w = variables[s.variable]
        with after(*[made[j] for j in s.after]):
            value = float(i + 1) if s.operand is None else made[s.operand]
            if s.kind == "read":
                made.append(w.read())
            else:
                made.append(w.assign(value) if s.kind == "assign" else w.add(value))
    return made


def sequential(program: list[Step]) -> tuple[list[Any], list[float]]:
    """What the program does when each step is done before the next begins."""
    state, seen = NUMBERS[:2], []
    for i, s in enumerate(program):
        value = float(i + 1) if s.operand is None else seen[s.operand]
        if s.kind == "assign":
            state[s.variable] = value
        elif s.kind == "add":
            state[s.variable] += value
        seen.append(state[s.variable] if s.kind == "read" else None)
    return seen, state


def by_the_rules(program: list[Step]) -> tuple[list[Any], list[float]]:
    """What it does by the rules: updates as made, reads see those that they come after."""
    history: list[list[float]] = [[n] for n in NUMBERS[:2]]
    seen: list[Any] = []
    known: list[list[int]] = []  # for each step and variable, the last update it comes after
    for i, s in enumerate(program):
        parents = [*s.after, *([] if s.operand is None or s.kind == "read" else [s.operand])]
        last = [max([known[p][v] for p in parents], default=0) for v in (0, 1)]
        value = float(i + 1) if s.operand is None else seen[s.operand]
        past = history[s.variable]
        if s.kind != "read":
            past.append(value if s.kind == "assign" else past[-1] + value)
            last[s.variable] = len(past) - 1
        seen.append(past[last[s.variable]] if s.kind == "read" else None)
        known.append(last)
    return seen, [h[-1] for h in history]


def outcome(program: list[Step], kind: str) -> tuple[list[Any], list[float]]:
    with Graph().as_default() as graph, tf.Session(graph=graph) as session:
        variables = [Var(kind, n, f"v{i}") for i, n in enumerate(NUMBERS[:2])]
        made = build(program, variables)
        session.run([v.init for v in variables])
        got = session.run(made)
        state = session.run([v.read() for v in variables])
    return [_plain(x) for x in got], [_plain(x) for x in state]


@given(steps(chained=True), st.sampled_from(KINDS))
def test_chained_programs_run_like_any_program(program: list[Step], kind: str) -> None:
    assert outcome(program, kind) == sequential(program)


@given(steps(chained=False), st.sampled_from(KINDS))
def test_programs_without_a_whole_order_follow_the_rules(program: list[Step], kind: str) -> None:
    assert outcome(program, kind) == by_the_rules(program)


@given(steps(chained=False), st.data())
def test_fetching_more_changes_no_value(program: list[Step], data: Any) -> None:
    """A read is the same whatever is fetched beside it, if the same updates are done."""
    with Graph().as_default() as graph, tf.Session(graph=graph) as session:
        variables = [Var("ref", n, f"v{i}") for i, n in enumerate(NUMBERS[:2])]
        made = build(program, variables)
        updates = [m for m in made if isinstance(m, Operation)]
        some = data.draw(st.lists(st.sampled_from(made), unique=True))
        inits = [v.init for v in variables]
        session.run(inits)
        everything = dict(zip(made, session.run(made), strict=True))
        session.run(inits)
        part = session.run(updates + some)[len(updates) :]
        assert part == [everything[m] for m in some]
