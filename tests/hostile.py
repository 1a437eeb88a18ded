"""Bad arguments for every op: valid cases with one thing changed, and what a run makes of them."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from op_cases import Case

from evergraph import tf
from evergraph.core.dtypes import DType, as_dtype
from evergraph.core.emit import apply
from evergraph.core.opdef import AttrDef, lookup

Array = np.ndarray[Any, Any]
LARGE = (2**31 - 1, -(2**31))
SECONDS = 2.0
"""How long a run may take, refusing or not."""
REFUSALS = (tf.errors.OpError, ValueError, TypeError)


@dataclass(frozen=True)
class Mutant:
    """A case with one thing changed, and what that is."""

    case: Case
    change: str

    @property
    def id(self) -> str:
        """A name that tells the case and the change."""
        return f"{self.case.id}: {self.change}"


# -- changes of operands -----------------------------------------------------------------------
def reshaped(x: Array) -> Iterator[tuple[str, Array]]:
    """The operand with other ranks and extents."""
    yield "rank+1", x[None]
    yield "rank 0", x.ravel()[:1].reshape(()) if x.size else np.zeros((), x.dtype)
    yield "rank 1, empty", x.ravel()[:0]
    yield "rank 7", np.zeros((1,) * 7, x.dtype) if x.dtype != object else x.reshape(-1, *[1] * 6)
    if not x.ndim:
        return
    if len(x):
        yield "rank-1", np.asarray(x[0])
        yield "shorter", x[:-1]
    yield (
        "longer",
        np.concatenate([x, x[:1] if len(x) else np.zeros_like(x, shape=(1, *x.shape[1:]))]),
    )
    yield "no rows", x[:0]
    if x.ndim > 1:
        yield "no columns", x[..., :0]
        yield "wider", np.concatenate([x, x[..., :1]], -1)
        yield "narrower", x[..., :-1]
        if x.shape[-1]:
            yield "rows only", x[..., 0]


def revalued(x: Array, extents: list[int]) -> Iterator[tuple[str, Array]]:
    """The operand with other values, where it has any."""
    if not x.size:
        return
    if x.dtype.kind in "iu" and x.dtype.itemsize >= 4:
        values = [-1, 0, 1, max(extents, default=3), *LARGE]
        values += [2**63 - 1, -(2**63), 2**33] if x.dtype.itemsize == 8 else []
        yield from _with_values(x, [v for v in values if v >= 0 or x.dtype.kind == "i"])
    elif x.dtype.kind in "fc" or x.dtype.name == "bfloat16":
        yield from _with_values(x, [float("nan"), float("inf"), -1.0, 0.0, 1e30])
    elif x.dtype == object:
        yield from _with_values(x, [b"", b"\xff\xfe\x00", b"-1", b"99999999999999999999"])


def _with_values(x: Array, values: list[Any]) -> Iterator[tuple[str, Array]]:
    for v in values:
        yield f"all {v}", np.full_like(x, v)
        if x.size > 1:
            for name, at in (("first", 0), ("last", -1)):
                changed = x.copy()
                changed.reshape(-1)[at] = v
                yield f"{name} {v}", changed


def retyped(x: Array) -> Iterator[tuple[str, Array]]:
    """The operand in other dtypes."""
    for name in ("int32", "float32", "float64", "complex64", "bool", "int64"):
        if x.dtype != object and x.dtype != name:
            with np.errstate(all="ignore"):
                yield name, x.real.astype(name) if x.dtype.kind == "c" else x.astype(name)
    if x.dtype != object:
        yield "string", np.full(x.shape, b"a", object)
    else:
        yield "int32", np.zeros(x.shape, np.int32)


def changed_operands(case: Case) -> Iterator[Mutant]:
    """The case with each operand changed in each way."""
    extents = [d for x in case.flat for d in x.shape]
    for i, operand in enumerate(case.operands):
        for j, x in enumerate(operand if isinstance(operand, list) else [operand]):
            for how in (reshaped(x), revalued(x, extents), retyped(x)):
                for change, value in how:
                    new: Any = value
                    if isinstance(operand, list):
                        new = [*operand[:j], value, *operand[j + 1 :]]
                    operands = (*case.operands[:i], new, *case.operands[i + 1 :])
                    yield Mutant(replace(case, operands=operands), f"operand {i} {change}")
        if isinstance(operand, list) and operand:
            for change, new in (("one less", operand[:-1]), ("one more", [*operand, operand[0]])):
                operands = (*case.operands[:i], new, *case.operands[i + 1 :])
                yield Mutant(replace(case, operands=operands), f"operand {i} {change}")


# -- changes of attributes ---------------------------------------------------------------------
def other_values(spec: AttrDef, value: Any) -> list[Any]:
    """Values of an attribute that may not fit."""
    if spec.type == "int":
        return [-1, 0, 1, *LARGE]
    if spec.type == "float":
        return [float("nan"), float("inf"), -1.0, 0.0, 2.0]
    if spec.type == "bool":
        return [not value]
    if spec.type == "string":
        return ["", "BOGUS", *sorted(spec.allowed or ())]
    if spec.type == "type":
        return [as_dtype(n) for n in ("int32", "float32", "string", "bool", "complex64", "uint8")]
    if spec.type in ("list(int)", "shape"):
        value = list(value or ())
        out = [(), (*value, 1), tuple(value[:-1])]
        return out + [
            (*value[:k], v, *value[k + 1 :]) for k in range(len(value)) for v in (-1, 0, *LARGE)
        ]
    if spec.type in ("list(float)", "list(type)", "list(string)"):
        value = list(value or ())
        return [(), (*value, *value[:1]), tuple(value[:-1])]
    return []


def changed_attrs(case: Case) -> Iterator[Mutant]:
    """The case with each attribute changed that its operands do not give."""
    definition = lookup(case.op)
    for name, spec in definition.attrs.items():
        if name in definition.inferred_attrs:
            continue
        old = case.attrs.get(name, spec.default)
        for value in other_values(spec, old):
            if value != old:
                attrs = {**case.attrs, name: value}
                yield Mutant(replace(case, attrs=attrs), f"{name}={value!r}")


def mutants(case: Case) -> list[Mutant]:
    """All changes of a case."""
    return [*changed_operands(case), *changed_attrs(case)]


# -- running them ------------------------------------------------------------------------------
class TooLong(BaseException):
    """A run went on and on."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises TooLong in what takes longer and comes back to Python; measures the rest."""

    def stop(number: int, frame: Any) -> None:
        raise TooLong(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    start = time.perf_counter()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    if time.perf_counter() - start > seconds:
        raise TooLong(f"{time.perf_counter() - start:.1f} s")


def fed(x: Array) -> tf.Tensor:
    """A placeholder for a value of which the graph knows the dtype alone."""
    return tf.placeholder(as_dtype(x.dtype), None)


def constant(x: Array) -> tf.Tensor:
    """The value as a constant: the graph knows all of it."""
    return apply("Const", value=x, dtype=as_dtype(x.dtype))


def outcome(case: Case, operand: Callable[[Array], tf.Tensor] = fed) -> Any:
    """What a run gives: the values, or the exception that it raises."""
    try:
        with time_limit(SECONDS), tf.Graph().as_default(), tf.Session() as session:
            operands = [operand(x) for x in case.flat]
            rest = iter(operands)
            grouped = [
                [next(rest) for _ in x] if isinstance(x, list) else next(rest)
                for x in case.operands
            ]
            got = apply(case.op, *grouped, **typed_attrs(case))
            feeds = dict(zip(operands, case.flat, strict=True)) if operand is fed else None
            return session.run(got, feeds)
    except (Exception, TooLong) as error:
        return error


def typed_attrs(case: Case) -> dict[str, Any]:
    """The attributes, dtypes as dtypes."""
    kinds = lookup(case.op).attrs
    return {k: as_dtype(v) if kinds[k].type == "type" else v for k, v in case.attrs.items()}


def plain(attrs: dict[str, Any]) -> dict[str, Any]:
    """The attributes as TensorFlow takes them."""
    return {k: v.name if isinstance(v, DType) else v for k, v in attrs.items()}
