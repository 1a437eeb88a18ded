"""Random graphs, built by the same code with evergraph's face or with TensorFlow's.

`build(tf, seed)` adds a graph to the default graph of that module and returns feeds by name and
the names of what is fetched. Values stay in a range where both round alike.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

Tensors = list[Any]

UNARY = {
    "Abs": {},
    "Atan": {},
    "Cos": {},
    "Elu": "features",
    "Erf": {},
    "Floor": {},
    "Identity": "input",
    "Neg": {},
    "OnesLike": {},
    "Relu": "features",
    "Relu6": "features",
    "Selu": "features",
    "Sigmoid": {},
    "Sign": {},
    "Sin": {},
    "Softmax": "logits",
    "Softplus": "features",
    "Softsign": "features",
    "Square": {},
    "Tanh": {},
    "ZerosLike": {},
}
BINARY = ("AddV2", "Maximum", "Minimum", "Mul", "SquaredDifference", "Sub")
REDUCTIONS = ("Max", "Mean", "Min", "Sum")


class _Builder:
    """One graph in the making: float tensors of shape [3, 4] to choose from."""

    def __init__(self, tf: Any, seed: int) -> None:
        self.tf = tf
        self.raw = tf.raw_ops
        self.random = random.Random(seed)
        self.pool: Tensors = []
        self.feeds: dict[str, Any] = {}

    def placeholder(self) -> Any:
        shape = self.random.choice([[3, 4], [None, 4], None])
        x = self.tf.placeholder(self.tf.float32, shape, name="x")
        values = np.random.RandomState(self.random.randrange(1 << 30)).randn(3, 4)
        self.feeds[x.name] = values.astype(np.float32)
        return x

    def pick(self) -> Any:
        return self.random.choice(self.pool)

    # -- steps: each gives a tensor of shape [3, 4] -------------------------------------------
    def unary(self) -> Any:
        name = self.random.choice(list(UNARY))
        return getattr(self.raw, name)(**{UNARY[name] or "x": self.pick()})

    def binary(self) -> Any:
        name = self.random.choice(BINARY)
        return getattr(self.raw, name)(x=self.pick(), y=self.pick())

    def constant(self) -> Any:
        shape = self.random.choice([[], [4], [3, 1], [3, 4]])
        values = np.random.RandomState(self.random.randrange(1 << 30)).randn(*shape)
        return self.pick() + self.tf.constant(np.asarray(values, np.float32))

    def filled(self) -> Any:
        return self.pick() * self.tf.constant(self.random.random(), shape=[3, 4])

    def reduction(self) -> Any:
        name = self.random.choice(REDUCTIONS)
        axis = self.random.choice([0, 1, [0, 1]])
        kept = getattr(self.raw, name)(input=self.pick(), axis=axis, keep_dims=True)
        return kept + self.pick()

    def matmul(self) -> Any:
        tf = self.tf
        square = tf.matmul(self.pick(), self.pick(), transpose_b=True) * 0.1
        return tf.matmul(square, self.pick())

    def reshaped(self) -> Any:
        tf = self.tf
        x = tf.reshape(tf.transpose(self.pick()), self.random.choice([[2, 6], [12], [-1, 2]]))
        return tf.reshape(x, [3, 4])

    def concatenated(self) -> Any:
        tf = self.tf
        x = tf.concat([self.pick(), self.pick()], 1)
        parts = tf.split(x, 2, 1)
        return parts[self.random.randrange(2)]

    def stacked(self) -> Any:
        tf = self.tf
        count = self.random.randint(1, 3)
        x = tf.stack([self.pick() for _ in range(count)])
        return tf.unstack(x, count)[0] if self.random.random() < 0.5 else tf.reduce_sum(x, 0)

    def sliced(self) -> Any:
        tf = self.tf
        return tf.concat([self.pick()[1:], self.pick()[:1]], 0)

    def gathered(self) -> Any:
        return self.tf.gather(self.pick(), [self.random.randrange(3) for _ in range(3)])

    def selected(self) -> Any:
        tf = self.tf
        a, b = self.pick(), self.pick()
        return tf.where(
            tf.greater(tf.reshape(a, [3, 4]), 0.0), tf.reshape(b, [3, 4]), tf.cast(a, tf.float32)
        )

    def cast(self) -> Any:
        tf = self.tf
        kind = self.random.choice([tf.float64, tf.int32, tf.int64])
        return tf.cast(tf.cast(tf.clip_by_value(self.pick(), -1e3, 1e3), kind), tf.float32)

    def ordered(self) -> Any:
        tf = self.tf
        with tf.control_dependencies([self.pick()]):
            return tf.identity(self.pick())

    def scoped(self) -> Any:
        with self.tf.name_scope("scope"):
            return self.unary()

    def conditional(self) -> Any:
        tf = self.tf
        a, b = self.pick(), self.pick()
        return tf.cond(tf.reduce_sum(a) > 0.0, lambda: tf.tanh(b) + a, lambda: b * 0.5)

    def loop(self) -> Any:
        tf = self.tf
        a, n = self.pick(), self.random.randint(0, 4)
        shapes = [tf.TensorShape([]), tf.TensorShape(None)]
        return tf.while_loop(
            lambda i, x: i < n, lambda i, x: (i + 1, tf.tanh(x) + a), [0, a], shapes
        )[1]


_METHODS = """
    unary unary unary binary binary constant filled reduction matmul reshaped concatenated
    stacked sliced gathered selected cast ordered scoped
"""
PLAIN = [*_METHODS.split()]
WITH_CONTROL_FLOW = [*PLAIN, "conditional", "loop"]


def build(
    tf: Any,
    seed: int,
    steps: int = 12,
    kinds: list[str] = WITH_CONTROL_FLOW,
    gradients: float = 0.3,
) -> tuple[dict[str, Any], list[str]]:
    """A graph of `steps` random steps; what is fed, and the names of its last tensors.

    `gradients` is the probability that gradients of the last one are among them.
    """
    b = _Builder(tf, seed)
    b.pool = [b.placeholder() for _ in range(2)]
    for _ in range(steps):
        make: Callable[[], Any] = getattr(b, b.random.choice(kinds))
        # Large values would round differently in sums of another order.
        b.pool.append(tf.clip_by_value(make(), -4.0, 4.0))
    fetches = b.pool[-3:]
    if b.random.random() < gradients:
        fetches = fetches + [g for g in tf.gradients(b.pool[-1], b.pool[:2]) if g is not None]
    return b.feeds, [x.name for x in fetches]
