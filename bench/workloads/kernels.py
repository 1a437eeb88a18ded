"""Single operations as programs use them: fused loops, matrix products, convolutions, an update.

Each is one `Session.run`; what it computes is assigned to a variable, so that nothing is fed or
fetched. PyTorch computes the same eagerly. The rows are those of the engine's study.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.workload import (
    Metric,
    Subject,
    Workload,
    limited_config,
    seconds,
    tensorflow_v1,
    threads,
)

Work = Callable[[], object]
PRODUCTS = {
    "gemm 64x1000x100": (64, 1000, 100, False, False),
    "gemm 1000x64x100, A transposed": (1000, 64, 100, True, False),
    "gemm 512": (512, 512, 512, False, False),
    "gemm 1024": (1024, 1024, 1024, False, False),
    "gemm 1024, A transposed": (1024, 1024, 1024, True, False),
    "gemm 1024, B transposed": (1024, 1024, 1024, False, True),
    "gemm 32x4096x1024": (32, 4096, 1024, False, False),
    "gemv 1x1024x1024": (1, 1024, 1024, False, False),
}
CONVOLUTIONS = {
    "conv 3x3 64ch 56px b8": (8, 56, 64, 3, 64, 1),
    "conv 3x3 256ch 14px b8": (8, 14, 256, 3, 256, 1),
    "conv 1x1 256-64 56px b8": (8, 56, 256, 1, 64, 1),
    "conv 7x7/2 3-64 224px b4": (4, 224, 3, 7, 64, 2),
    "conv 5x5 1-32 28px b64": (64, 28, 1, 5, 32, 1),
}
BOTH_WAYS = tuple(CONVOLUTIONS)[:3]
LOOPS = ("gelu 4M", "softmax 4096x1024", "layer norm 4096x1024", "Adam update of 10M", "copy 16 MB")
NAMES = [*LOOPS, *PRODUCTS, *CONVOLUTIONS, *(f"{n}, with gradients" for n in BOTH_WAYS)]


def _array(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def _operands(m: int, k: int, n: int, left: bool, right: bool) -> list[np.ndarray[Any, Any]]:
    return [_array(*((k, m) if left else (m, k))), _array(*((n, k) if right else (k, n)))]


def _subject(works: dict[str, Work], numbers: list[float]) -> Subject:
    return Subject(lambda: {name: seconds(work) for name, work in works.items()}, numbers)


# -- graphs --------------------------------------------------------------------------------------


def _loops_of(tf: Any) -> dict[str, Any]:
    x = tf.Variable(_array(4 << 20))
    rows = tf.Variable(_array(4096, 1024))
    scale, shift = tf.Variable(_array(1024)), tf.Variable(_array(1024))
    mean, variance = tf.nn.moments(rows, [1], keep_dims=True)
    weights, gradient = tf.Variable(_array(10_000_000)), tf.constant(1e-3, shape=[10_000_000])
    update = tf.train.AdamOptimizer().apply_gradients([(gradient, weights)])
    inner = 0.7978845608 * (x + 0.044715 * x * x * x)
    return {
        "gelu 4M": 0.5 * x * (1.0 + tf.tanh(inner)),
        "softmax 4096x1024": tf.nn.softmax(rows),
        "layer norm 4096x1024": (rows - mean) * tf.rsqrt(variance + 1e-5) * scale + shift,
        "Adam update of 10M": update,
        "copy 16 MB": x + 0.5,
    }


def _graph(tf: Any) -> Subject:
    results = _loops_of(tf)
    for name, (m, k, n, left, right) in PRODUCTS.items():
        a, b = map(tf.Variable, _operands(m, k, n, left, right))
        results[name] = tf.matmul(a, b, left, right)
    for name, (batch, size, depth, taps, out, stride) in CONVOLUTIONS.items():
        x, w = (
            tf.Variable(_array(batch, size, size, depth)),
            tf.Variable(_array(taps, taps, depth, out)),
        )
        y = tf.nn.conv2d(x, w, [1, stride, stride, 1], "SAME")
        results[name] = y
        if name in BOTH_WAYS:
            results[f"{name}, with gradients"] = [
                y,
                *tf.gradients(y, [x, w], tf.constant(_array(*y.shape.as_list()))),
            ]
    kept = {n: r if isinstance(r, tf.Operation) else _kept(tf, r) for n, r in results.items()}
    session = tf.Session(config=limited_config(tf))
    session.run(tf.global_variables_initializer())
    works = {name: (lambda op=op: session.run(op)) for name, op in kept.items()}
    numbers = [float(np.abs(session.run(results[n])).mean()) for n in PRODUCTS]
    return _subject(works, numbers)


def _kept(tf: Any, result: Any) -> Any:
    """An operation that leaves results in variables."""
    several = result if isinstance(result, list) else [result]
    return tf.group(*(tf.Variable(tf.zeros(r.shape)).assign(r) for r in several))


def _evergraph() -> Subject:
    from evergraph import tf

    return _graph(tf)


def _tensorflow() -> Subject:
    return _graph(tensorflow_v1())


# -- peers ---------------------------------------------------------------------------------------


def _torch() -> Subject:
    import torch
    from torch.nn import functional

    torch.set_num_threads(threads())
    make = lambda *s: torch.from_numpy(_array(*s))  # noqa: E731
    x, rows, scale, shift = make(4 << 20), make(4096, 1024), make(1024), make(1024)
    weights = make(10_000_000).requires_grad_()
    weights.grad = torch.full((10_000_000,), 1e-3)
    adam = torch.optim.Adam([weights], fused=True)
    works: dict[str, Work] = {
        "gelu 4M": lambda: functional.gelu(x, approximate="tanh"),
        "softmax 4096x1024": lambda: torch.softmax(rows, 1),
        "layer norm 4096x1024": lambda: functional.layer_norm(rows, (1024,), scale, shift),
        "Adam update of 10M": lambda: adam.step(),
        "copy 16 MB": lambda: x + 0.5,
    }
    numbers = []
    for name, (m, k, n, left, right) in PRODUCTS.items():
        a, b = map(torch.from_numpy, _operands(m, k, n, left, right))
        a, b = a.T if left else a, b.T if right else b
        works[name] = lambda a=a, b=b: a @ b
        numbers.append(float((a @ b).abs().mean()))
    for name, shape in CONVOLUTIONS.items():
        works[name] = _torch_convolution(torch, shape, False)
        if name in BOTH_WAYS:
            works[f"{name}, with gradients"] = _torch_convolution(torch, shape, True)
    return _subject(works, numbers)


def _torch_convolution(torch: Any, shape: tuple[int, ...], both: bool) -> Work:
    batch, size, depth, taps, out, stride = shape
    # Channels last, as the graphs have them: PyTorch's faster layout on CPUs.
    x = torch.from_numpy(_array(batch, size, size, depth)).permute(0, 3, 1, 2)
    w = torch.from_numpy(_array(taps, taps, depth, out)).permute(3, 2, 0, 1)
    w = w.contiguous(memory_format=torch.channels_last)
    total = max((-(-size // stride) - 1) * stride + taps - size, 0)
    before, after = total // 2, total - total // 2
    pad = before
    if before != after:
        x = torch.nn.functional.pad(x, (before, after, before, after))
        x, pad = x.contiguous(memory_format=torch.channels_last), 0
    if both:
        x.requires_grad_()
        w.requires_grad_()
    forward = lambda: torch.nn.functional.conv2d(x, w, stride=stride, padding=pad)  # noqa: E731
    y = forward()
    dy = torch.ones_like(y)
    return (lambda: torch.autograd.grad(forward(), [x, w], dy)) if both else forward


def _numpy() -> Subject:
    works: dict[str, Work] = {}
    numbers = []
    for name, (m, k, n, left, right) in PRODUCTS.items():
        a, b = _operands(m, k, n, left, right)
        a, b = a.T if left else a, b.T if right else b
        works[name] = lambda a=a, b=b: a @ b
        numbers.append(float(np.abs(a @ b).mean()))
    x = _array(4 << 20)
    works["copy 16 MB"] = lambda: x + np.float32(0.5)
    return _subject(works, numbers)


WORKLOAD = Workload(
    "Single operations",
    {name: Metric(name) for name in NAMES},
    {"evergraph": _evergraph, "tensorflow": _tensorflow, "torch": _torch, "numpy": _numpy},
    rounds=10,
    slot=0.8,
)
