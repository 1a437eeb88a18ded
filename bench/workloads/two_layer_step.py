"""A step of a two-layer ReLU network on random data: loss, gradients and update.

N, D, H = 64, 1000, 100; the loss is the mean over the batch of squared distances. In graphs it is
one `Session.run([loss, updates])` that feeds the batch; NumPy's step is written by hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.workload import Metric, Subject, Workload, limited_config, tensorflow_v1, threads, timed

N, D, H = 64, 1000, 100
RATE = 1e-5
CHECKED_STEPS = 3


def _arrays() -> list[np.ndarray[Any, Any]]:
    """x, y, w1, w2, the same for everyone."""
    rng = np.random.default_rng(0)
    shapes = (N, D), (N, D), (D, H), (H, D)
    return [rng.standard_normal(shape, np.float32) for shape in shapes]


def _subject(step: Any) -> Subject:
    return Subject(timed(step), [float(step()) for _ in range(CHECKED_STEPS)])


def _graph(tf: Any) -> Subject:
    batch_x, batch_y, first, second = _arrays()
    x = tf.placeholder(tf.float32, shape=(N, D))
    y = tf.placeholder(tf.float32, shape=(N, D))
    w1, w2 = tf.Variable(first), tf.Variable(second)
    h = tf.maximum(tf.matmul(x, w1), 0)
    diff = tf.matmul(h, w2) - y
    loss = tf.reduce_mean(tf.reduce_sum(diff**2, axis=1))
    updates = tf.train.GradientDescentOptimizer(RATE).minimize(loss)
    session = tf.Session(config=limited_config(tf))
    session.run(tf.global_variables_initializer())
    return _subject(lambda: session.run([loss, updates], {x: batch_x, y: batch_y})[0])


def _evergraph() -> Subject:
    from evergraph import tf

    return _graph(tf)


def _tensorflow() -> Subject:
    return _graph(tensorflow_v1())


def _numpy() -> Subject:
    x, y, w1, w2 = _arrays()

    def step() -> Any:
        hidden = x.dot(w1)
        h = np.maximum(hidden, 0)
        diff = h.dot(w2) - y
        loss = np.mean(np.sum(diff**2, axis=1))
        grad_y = diff * (2.0 / N)
        grad_w2 = h.T.dot(grad_y)
        grad_h = grad_y.dot(w2.T)
        grad_h[hidden < 0] = 0
        grad_w1 = x.T.dot(grad_h)
        np.subtract(w1, RATE * grad_w1, out=w1)
        np.subtract(w2, RATE * grad_w2, out=w2)
        return loss

    return _subject(step)


def _torch() -> Subject:
    import torch

    torch.set_num_threads(threads())
    x, y, w1, w2 = map(torch.from_numpy, _arrays())
    weights = [w1.requires_grad_(), w2.requires_grad_()]
    optimizer = torch.optim.SGD(weights, RATE)

    def step() -> float:
        optimizer.zero_grad()
        diff = (x @ w1).clamp(min=0) @ w2 - y
        loss = (diff**2).sum(1).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    return _subject(step)


def _jax() -> Subject:
    import jax
    import jax.numpy as jnp

    x, y, *weights = map(jnp.asarray, _arrays())

    def loss_of(weights: Any) -> Any:
        diff = jnp.maximum(x @ weights[0], 0) @ weights[1] - y
        return jnp.mean(jnp.sum(diff**2, axis=1))

    @jax.jit
    def update(weights: Any) -> Any:
        loss, grads = jax.value_and_grad(loss_of)(weights)
        return loss, [w - RATE * g for w, g in zip(weights, grads, strict=True)]

    def step() -> float:
        nonlocal weights
        loss, weights = update(weights)
        return float(loss)

    return _subject(step)


WORKLOAD = Workload(
    title="Two-layer network, loss and update",
    metrics={"time": Metric("a step")},
    subjects={
        "evergraph": _evergraph,
        "tensorflow": _tensorflow,
        "torch": _torch,
        "jax": _jax,
        "numpy": _numpy,
    },
)
