"""Random programs of branches and loops, run by the graph and by a Python interpreter of them.

A program is a block: a list of statements on three numbers a, b, c and a variable. The interpreter
carries first and second derivatives along, so values, gradients, gradients of gradients and what
the variable holds in the end are all compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from evergraph import tf


# -- programs ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Assign:
    """`target = kind(left, right)`."""

    target: int
    kind: str
    left: int
    right: int


@dataclass(frozen=True)
class If:
    """One of two blocks, as a number is above a bound or not."""

    number: int
    bound: float
    above: tuple[Any, ...]
    below: tuple[Any, ...]


@dataclass(frozen=True)
class Repeat:
    """A block several times, or none."""

    times: int
    body: tuple[Any, ...]


@dataclass(frozen=True)
class While:
    """A block as long as a number is below a bound, but not more than `limit` times."""

    number: int
    bound: float
    limit: int
    body: tuple[Any, ...]


@dataclass(frozen=True)
class Bump:
    """Adds a number to the variable."""

    number: int


@dataclass(frozen=True)
class Read:
    """`target = sin(target + variable)`."""

    target: int


NUMBERS = st.integers(0, 2)
BOUNDS = st.sampled_from([-0.5, -0.125, 0.0, 0.25, 0.75])
ASSIGNS = st.builds(Assign, NUMBERS, st.sampled_from(["mix", "sin", "product"]), NUMBERS, NUMBERS)


def blocks(inner: Any) -> Any:
    """Blocks of what `inner` gives."""
    return st.lists(inner, min_size=1, max_size=3).map(tuple)


SIMPLE = st.one_of(ASSIGNS, st.builds(Bump, NUMBERS), st.builds(Read, NUMBERS))
STATEMENTS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds(If, NUMBERS, BOUNDS, blocks(inner), blocks(inner)),
        st.builds(Repeat, st.integers(0, 3), blocks(inner)),
        st.builds(While, NUMBERS, BOUNDS, st.integers(0, 3), blocks(inner)),
    ),
    max_leaves=6,
)


# -- the interpreter ---------------------------------------------------------------------------
@dataclass(frozen=True)
class Jet:
    """A number with its gradient and its Hessian by the three inputs."""

    value: float
    slope: np.ndarray[Any, Any]
    curve: np.ndarray[Any, Any]

    def __add__(self, other: Jet) -> Jet:
        return Jet(self.value + other.value, self.slope + other.slope, self.curve + other.curve)

    def scaled(self, factor: float) -> Jet:
        """`factor` times the number."""
        return Jet(factor * self.value, factor * self.slope, factor * self.curve)

    def times(self, other: Jet) -> Jet:
        """The product."""
        mixed = np.outer(self.slope, other.slope)
        curve = self.value * other.curve + other.value * self.curve + mixed + mixed.T
        slope = self.value * other.slope + other.value * self.slope
        return Jet(self.value * other.value, slope, curve)

    def sin(self) -> Jet:
        """The sine."""
        s, c = np.sin(self.value), np.cos(self.value)
        return Jet(s, c * self.slope, c * self.curve - s * np.outer(self.slope, self.slope))


class Interpreter:
    """Runs blocks on three jets and a variable."""

    def __init__(self, start: Sequence[float], variable: float) -> None:
        none = np.zeros((3, 3))
        self.numbers = [Jet(x, np.eye(3)[i], none) for i, x in enumerate(start)]
        self.variable = variable

    def run(self, block: Sequence[Any]) -> None:
        """Runs a block."""
        for statement in block:
            self.step(statement)

    def step(self, s: Any) -> None:
        """Runs a statement."""
        x = self.numbers
        match s:
            case Assign(target, kind, left, right):
                a, b = x[left], x[right]
                mixed = a.scaled(0.5) + b.scaled(0.25)
                x[target] = {
                    "mix": lambda: mixed,
                    "sin": lambda: (a + b).sin(),
                    "product": lambda: a.times(b).sin(),
                }[kind]()
            case If(number, bound, above, below):
                self.run(above if x[number].value > bound else below)
            case Repeat(times, body):
                for _ in range(times):
                    self.run(body)
            case While(number, bound, limit, body):
                for _ in range(limit):
                    if not x[number].value < bound:
                        break
                    self.run(body)
            case Bump(number):
                self.variable += x[number].value
            case Read(target):
                moved = Jet(x[target].value + self.variable, x[target].slope, x[target].curve)
                x[target] = moved.sin()


# -- the graph ---------------------------------------------------------------------------------
class Builder:
    """Builds the same program of `tf.cond` and `tf.while_loop`."""

    def __init__(self, variable: Any) -> None:
        self.variable = variable

    def block(self, statements: Sequence[Any], x: list[Any]) -> list[Any]:
        """The three numbers after a block."""
        for statement in statements:
            x = self.step(statement, x)
        return x

    def step(self, s: Any, x: list[Any]) -> list[Any]:
        """The three numbers after a statement."""
        match s:
            case Assign(target, kind, left, right):
                return _replaced(x, target, _assigned(kind, x[left], x[right]))
            case If(number, bound, above, below):
                blocks = [lambda b=b: self.block(b, x) for b in (above, below)]
                return list(tf.cond(x[number] > bound, *blocks))
            case Repeat(times, body):
                turn = lambda i, *y: (i + 1, *self.block(body, list(y)))  # noqa: E731
                return list(tf.while_loop(lambda i, *_: i < times, turn, [0, *x])[1:])
            case While(number, bound, limit, body):
                return list(
                    tf.while_loop(
                        lambda *y: y[number] < bound,
                        lambda *y: self.block(body, list(y)),
                        x,
                        maximum_iterations=limit,
                    )
                )
            case Bump(number):
                with tf.control_dependencies(x):
                    bumped = self.variable.assign_add(x[number])
                with tf.control_dependencies([bumped]):
                    return [tf.identity(y) for y in x]
            case Read(target):
                with tf.control_dependencies(x):
                    value = self.variable.read_value()
                return _replaced(x, target, tf.sin(x[target] + value))
        raise AssertionError(s)


def _assigned(kind: str, a: Any, b: Any) -> Any:
    if kind == "mix":
        return a * 0.5 + b * 0.25
    return tf.sin(a + b) if kind == "sin" else tf.sin(a * b)


def _replaced(x: list[Any], place: int, value: Any) -> list[Any]:
    return [*x[:place], value, *x[place + 1 :]]


WEIGHTS = (1.0, -0.5, 0.25)
DIRECTION = np.array([0.5, 1.0, -2.0])


def built(block: Sequence[Any], start: Sequence[float], resource: bool) -> list[Any]:
    """What the graph gives: the numbers, the gradient, the Hessian's product, the variable."""
    with tf.Graph().as_default(), tf.Session() as session:
        v = tf.Variable(0.5, dtype=tf.float64, use_resource=resource)
        inputs = [tf.placeholder(tf.float64, []) for _ in start]
        feeds = dict(zip(inputs, start, strict=True))
        with tf.control_dependencies(inputs):
            numbers = Builder(v).block(block, [tf.identity(x) for x in inputs])
        session.run(v.initializer)
        values = session.run(numbers, feeds)
        left = session.run(v)
        total = tf.add_n([w * x for w, x in zip(WEIGHTS, numbers, strict=True)])
        slopes = _gradients(total, inputs)
        along = tf.add_n([w * s for w, s in zip(DIRECTION, slopes, strict=True)])
        session.run(v.initializer)
        return [values, *session.run([slopes, _gradients(along, inputs)], feeds), left]


def _gradients(y: Any, xs: list[Any]) -> list[Any]:
    grads = tf.gradients(y, xs)
    return [tf.zeros_like(x) if g is None else g for x, g in zip(xs, grads, strict=True)]


_INNER = (Assign(1, "sin", 0, 1), Bump(0), If(1, 0.25, (Assign(0, "product", 0, 1),), (Read(2),)))


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    blocks(STATEMENTS),
    st.tuples(*[st.floats(-1.0, 1.0, width=16)] * 3),
    st.booleans(),
)
@example((Repeat(2, (Repeat(3, _INNER), While(2, 0.75, 2, _INNER))),), (0.3, -0.7, 0.1), False)
@example((Repeat(1, (If(0, -0.5, (Bump(0),), (Repeat(1, (Read(0),)),)),)),), (0.5, 0.0, 0.0), False)
@example((If(0, 0.0, (While(1, 0.75, 3, _INNER),), ()), Read(0)), (0.3, -0.7, 0.1), True)
def test_random_programs(block: Any, start: tuple[float, ...], resource: bool) -> None:
    plain = Interpreter(start, 0.5)
    plain.run(block)
    total = plain.numbers[0].scaled(WEIGHTS[0])
    for weight, number in zip(WEIGHTS[1:], plain.numbers[1:], strict=True):
        total = total + number.scaled(weight)
    want = [[n.value for n in plain.numbers], total.slope, total.curve @ DIRECTION, plain.variable]
    for got, expected in zip(built(block, start, resource), want, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-9)
