"""Runs a golden case on evergraph and compares it with what TensorFlow 1.15.5 gave.

A case is a line of `expressions.txt` (family, tab, expression) or a function of `programs.py`.
Variables get values made from their names, so nothing hangs on random initialisers.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from evergraph import tf

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from support import I, R, fill, plain  # noqa: E402

Case = Callable[[dict[str, Any]], Any]


@cache
def golden() -> dict[str, Any]:
    """What TensorFlow gave, by case."""
    with gzip.open(HERE / "golden.json.gz", "rt") as f:
        return json.load(f)


def cases() -> Iterator[tuple[str, str, Case]]:
    """(name, kind, builder) of every case, recorded or not."""
    for line in (HERE / "expressions.txt").read_text().splitlines():
        family, _, text = line.partition("\t")
        if text:
            yield f"{family}/{text}", "expression", lambda env, text=text: eval(text, env)
    import programs

    for name in programs.ORDER:
        yield name, "program", programs.CASES[name]


def environment() -> dict[str, Any]:
    """The names that a case sees."""
    constants: dict[Any, Any] = {}

    def K(a: Any) -> Any:
        key = (a.tobytes(), a.shape, str(a.dtype))
        if key not in constants:
            constants[key] = tf.constant(a)
        return constants[key]

    def G(f: Any, *arrays: Any) -> Any:
        xs = [tf.constant(a) for a in arrays]
        y = f(*xs)
        y0 = y[0] if isinstance(y, (list, tuple)) else y
        w = tf.cast(tf.reshape(tf.range(tf.size(y0)), tf.shape(y0)), y0.dtype) * 0.1 + 1.0
        return [y0, *tf.gradients(y0 * w, xs)]

    own = {"K": K, "G": G, "D": _described, "example": _example}
    return {"tf": tf, "C": _Contrib(), "np": np, "R": R, "I": I, **own}


def _described(distribution: Any, x: Any) -> dict[str, Any]:
    """What a distribution tells of itself, as far as it has it."""
    x = tf.constant(x)
    out = {"log_prob": distribution.log_prob(x)}
    for names, args in (
        (("mean", "variance", "stddev", "mode", "entropy"), ()),
        (("cdf", "survival_function"), (x,)),
    ):
        for name in names:
            with contextlib.suppress(NotImplementedError):
                out[name] = getattr(distribution, name)(*args)
    out["sample_shape"] = tf.shape(distribution.sample(5, seed=1))
    return out


def _example(**features: list[Any]) -> bytes:
    """A serialised Example; the list of each feature is of the type of its first value."""
    kinds = {
        int: ("int64_list", tf.train.Int64List),
        float: ("float_list", tf.train.FloatList),
        bytes: ("bytes_list", tf.train.BytesList),
    }
    lists = {}
    for key, value in features.items():
        field, message = kinds[type(value[0])]
        lists[key] = tf.train.Feature(**{field: message(value=value)})
    return tf.train.Example(features=tf.train.Features(feature=lists)).SerializeToString()


class _Contrib:
    def __getattr__(self, name: str) -> Any:
        return getattr(tf.contrib, name)


_FETCHABLE = (
    "Tensor",
    "Operation",
    "IndexedSlices",
    "SparseTensor",
    "RaggedTensor",
    "RefVariable",
    "ResourceVariable",
    "Variable",
)


def _fetchable(x: Any) -> bool:
    return type(x).__name__ in _FETCHABLE


def _together(session: Any, x: Any, feed: Any) -> Any:
    """The structure's values from one run; what is no graph element stays."""
    flat: list[Any] = []

    def walk(v: Any) -> Any:
        if _fetchable(v):
            flat.append(v)
            return ("#", len(flat) - 1)
        if isinstance(v, dict):
            return {k: walk(u) for k, u in v.items()}
        if isinstance(v, (list, tuple)):
            return [walk(u) for u in v]
        return ("=", v)

    shape = walk(x)
    got = session.run(flat, feed) if flat else []

    def back(v: Any) -> Any:
        if isinstance(v, tuple):
            return got[v[1]] if v[0] == "#" else v[1]
        if isinstance(v, dict):
            return {k: back(u) for k, u in v.items()}
        return [back(u) for u in v]

    return back(shape)


def _evaluate(session: Any, x: Any, feed: Any) -> Any:
    if _fetchable(x):
        return session.run(x, feed)
    if hasattr(x, "_fields"):
        return type(x)(*[_together(session, list(x), feed)[i] for i in range(len(x))])
    return _together(session, x, feed)


def _start(session: Any) -> None:
    session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    for v in tf.trainable_variables():
        v.load(fill(v.op.name, v.shape.as_list(), v.dtype.base_dtype.as_numpy_dtype), session)


def _names(collection: str) -> list[str]:
    return [getattr(x, "name", str(x)) for x in tf.get_collection(collection)]


def run(build: Case, kind: str) -> dict[str, Any]:
    """What a case gives: facts, values, steps, names; or the exception it raises."""
    tf.reset_default_graph()
    env = environment()
    try:
        case = build(env)
        return _run(case if kind == "program" else {"fetch": case})
    except Exception as e:
        return {"raises": type(e).__name__, "message": str(e).split("\n")[0][:300]}


def _run(case: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    ops = [[o.name, o.type] for o in tf.get_default_graph().get_operations()][:400]
    feed = case.get("feed", {})
    if "facts" in case:
        out["facts"] = plain(case["facts"])
    with tf.Session() as session:
        _start(session)
        if "fetch" in case:
            out["values"] = plain(_evaluate(session, case["fetch"], feed))
        if "steps" in case:
            train, watch, n = case["steps"]
            out["steps"] = [plain(_together(session, [watch, train], feed)[0]) for _ in range(n)]
            out["after"] = {v.name: plain(session.run(v)) for v in tf.global_variables()}
        if "then" in case:
            out["then"] = plain(case["then"](session))
    out["ops"] = ops
    variables = tf.global_variables()
    out["variables"] = [[v.name, v.shape.as_list(), v.dtype.base_dtype.name] for v in variables]
    out["trainable"] = [v.name for v in tf.trainable_variables()]
    keys = tf.GraphKeys
    for key in (
        keys.UPDATE_OPS,
        keys.REGULARIZATION_LOSSES,
        keys.LOSSES,
        keys.SUMMARIES,
        keys.LOCAL_VARIABLES,
    ):
        if tf.get_collection(key):
            out.setdefault("collections", {})[key] = _names(key)
    return out


def forward(result: dict[str, Any]) -> list[tuple[str, str]]:
    """The ops before the first gradient: what seeds count."""
    ops = [tuple(op) for op in result.get("ops", [])]
    cut = [i for i, (name, _) in enumerate(ops) if "gradients" in name.split("/")[0]]
    return ops[: cut[0]] if cut else ops


def same(a: Any, b: Any, tolerance: float = 2e-5) -> bool:
    """Whether two results agree; numbers to a relative tolerance."""
    if isinstance(a, dict) and isinstance(b, dict):
        return set(a) == set(b) and all(same(a[k], b[k], tolerance) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if (isinstance(a, float) and isinstance(b, (int, float))) or (
        isinstance(b, float) and isinstance(a, (int, float))
    ):
        return abs(a - b) <= tolerance * max(1.0, abs(a), abs(b))
    return a == b


def differences(want: dict[str, Any], got: dict[str, Any]) -> list[str]:
    """The parts of a result in which the two differ (ops and messages aside)."""
    got = json.loads(json.dumps(got))
    parts = (set(want) | set(got)) - {"ops", "message"}
    return sorted(p for p in parts if not same(want.get(p), got.get(p)))
