"""Vectors that are not whole, and vectors turned: masks, masked accesses, transposition."""

from __future__ import annotations

from .ir import Emitter, Value, element_of, lanes_of

_SHORT = {"float": "f32", "double": "f64", "half": "f16"}


def short(kind: str) -> str:
    """An element type as intrinsics spell it."""
    return _SHORT.get(kind, kind)


def tail_mask(e: Emitter, left: Value, lanes: int) -> Value:
    """Which lanes are among the first `left` (an i64)."""
    numbers = ", ".join(f"i32 {k}" for k in range(lanes))
    count = e.splat(e.convert("trunc", left, "i32"), lanes)
    return e.op(f"icmp ult <{lanes} x i32> <{numbers}>, {count.name}", f"<{lanes} x i1>")


def masked_load(e: Emitter, kind: str, at: Value, mask: Value) -> Value:
    """A load of the lanes of a mask, zero in the others."""
    name = f"llvm.masked.load.v{lanes_of(kind)}{short(element_of(kind))}.p0"
    e.declare(f"declare {kind} @{name}(ptr, {mask.type}, {kind})")
    return e.op(f"call {kind} @{name}({at}, {mask}, {kind} zeroinitializer)", kind)


def masked_store(e: Emitter, value: Value, at: Value, mask: Value) -> None:
    """A store of the lanes of a mask."""
    kind = value.type
    name = f"llvm.masked.store.v{lanes_of(kind)}{short(element_of(kind))}.p0"
    e.declare(f"declare void @{name}({kind}, ptr, {mask.type})")
    e.add(f"call void @{name}({value}, {at}, {mask})")


def transposed(e: Emitter, rows: list[Value]) -> list[Value]:
    """As many vectors as each has lanes, as a matrix transposed: log2 steps of pairs."""
    lanes = len(rows)
    kind = rows[0].type
    step = lanes // 2
    while step:
        for i in range(lanes):
            if i & step:
                continue
            a, b = rows[i], rows[i + step]
            first = [c if not c & step else lanes + c - step for c in range(lanes)]
            second = [c + step if not c & step else lanes + c for c in range(lanes)]
            rows[i] = _shuffled(e, a, b, first, kind)
            rows[i + step] = _shuffled(e, a, b, second, kind)
        step //= 2
    return rows


def _shuffled(e: Emitter, a: Value, b: Value, places: list[int], kind: str) -> Value:
    mask = ", ".join(f"i32 {p}" for p in places)
    return e.op(f"shufflevector {a}, {b}, <{len(places)} x i32> <{mask}>", kind)
