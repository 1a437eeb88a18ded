"""Matrix products of the CPU engine against NumPy in float64, between forbidden pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from cpu_launches import guarded_copy, placed, run, target_at
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evergraph.backends.cpu import gemm_code, gemm_kernel, gemv_code
from evergraph.backends.cpu.fuse import Unsupported
from evergraph.backends.cpu.gemm import batch_matmul, matmul
from evergraph.backends.cpu.host import Target, host, target_of
from evergraph.backends.cpu.jit import Library, library

Array = np.ndarray[Any, Any]
EXTENTS = st.sampled_from([0, 1, 2, 3, 5, 7, 8, 13, 16, 17, 31, 33, 64, 100, 129])
LAYOUTS = st.sampled_from(["rows", "columns", "strided", "reversed", "one row", "one column"])
TOLERANCE: dict[Any, float] = {
    np.float32: 4e-6,
    np.float64: 1e-14,
    np.int32: 0.0,
    np.int64: 0.0,
    np.float16: 1e-3,
    ml_dtypes.bfloat16: 8e-3,
}
"""Errors, of the sum of the magnitudes that are added up."""
LEVELS = ("avx512", "avx2", "baseline")
QUICK = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def level_here(level: str) -> Target:
    """This machine at a level of vectors, skipped where it cannot run that."""
    here = host()
    order = ("baseline", "avx2", "avx512")
    most = {64: "avx512", 32: "avx2"}.get(here.vector_bytes, "baseline")
    if not here.is_x86 or order.index(level) > order.index(most):
        pytest.skip(f"this processor has no {level}")
    return target_at(level)


def numbers(shape: tuple[int, ...], dtype: Any, seed: int) -> Array:
    """Small numbers, whole ones for integers."""
    return (np.random.default_rng(seed).normal(size=shape) * 4).astype(dtype)


def laid_out(x: Array, layout: str, at_end: bool) -> Array:
    """The same matrix, in memory of another layout; broadcast ones repeat a row or column."""
    if layout == "columns":
        return guarded_copy(np.ascontiguousarray(x.T), at_end).T
    if layout == "strided" and x.size:
        room = guarded_copy(np.zeros((2 * x.shape[0] - 1, 3 * x.shape[1] - 2), x.dtype), at_end)
        room[::2, ::3] = x
        return room[::2, ::3]
    if layout == "reversed":
        return guarded_copy(x[::-1, ::-1], at_end)[::-1, ::-1]
    if layout == "one row" and x.size:
        return np.broadcast_to(guarded_copy(x[:1], at_end), x.shape)
    if layout == "one column" and x.size:
        return np.broadcast_to(guarded_copy(x[:, :1], at_end), x.shape)
    return guarded_copy(x, at_end)


def magnitudes(a: Array, b: Array) -> Array:
    """What errors are measured by: the sums of the terms' magnitudes."""
    return np.matmul(np.abs(a.astype(np.float64)), np.abs(b.astype(np.float64)))


def close(got: Array, want: Array, scale: Array, dtype: Any) -> None:
    """The error is small beside what was added up."""
    assert got.shape == want.shape
    assert np.all(np.abs(got.astype(np.float64) - want) <= TOLERANCE[dtype] * scale)


def check(
    extents: tuple[int, int, int], layouts: tuple[str, str, str], dtype: Any, target: Target,
    threads: int = 1, at_end: bool = True, add: bool = False, alpha: float = 1.0,
) -> None:  # fmt: skip
    """One product."""
    m, k, n = extents
    a = laid_out(numbers((m, k), dtype, 1), layouts[0], at_end)
    b = laid_out(numbers((k, n), dtype, 2), layouts[1], at_end)
    out = laid_out(numbers((m, n), dtype, 3), layouts[2], at_end)
    want = alpha * (a.astype(np.float64) @ b.astype(np.float64))
    scale = magnitudes(a, b) + (np.abs(out.astype(np.float64)) if add else 0.0)
    want = want + out.astype(np.float64) if add else want
    views = placed(a), placed(b), placed(out)
    launches = matmul(*views, target, threads, accumulate=add, alpha=alpha)
    assert bool(launches) == bool(m and n and (k or not add))
    run(launches, threads, target, at_end)
    close(out, want, scale, dtype)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@QUICK
@given(
    st.tuples(EXTENTS, EXTENTS, EXTENTS),
    st.tuples(LAYOUTS, LAYOUTS, st.sampled_from(["rows", "columns", "strided"])),
    st.integers(1, 4), st.booleans(), st.booleans(), st.sampled_from([1.0, -0.5]),
)  # fmt: skip
def test_any_strides(
    level: str, dtype: Any, extents: tuple[int, int, int], layouts: tuple[str, str, str],
    threads: int, at_end: bool, add: bool, alpha: float,
) -> None:  # fmt: skip
    check(extents, layouts, dtype, level_here(level), threads, at_end, add, alpha)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float16, ml_dtypes.bfloat16])
@QUICK
@given(
    st.tuples(EXTENTS, EXTENTS, EXTENTS),
    st.tuples(LAYOUTS, LAYOUTS, st.sampled_from(["rows", "columns"])),
    st.integers(1, 2), st.booleans(),
)  # fmt: skip
def test_other_dtypes(
    level: str, dtype: Any, extents: tuple[int, int, int], layouts: tuple[str, str, str],
    threads: int, add: bool,
) -> None:  # fmt: skip
    target = level_here(level)
    if dtype is np.float16 and not target.has_half:
        a = placed(np.ones((2, 2), dtype))
        with pytest.raises(Unsupported):
            matmul(a, a, a, target, 1)
        return
    check(extents, layouts, dtype, target, threads, add=add)


SHAPES = [
    (1, 1000, 1000), (1000, 1000, 1), (1, 100_000, 1), (3, 5000, 2), (10, 3000, 64),
    (64, 9000, 10), (300, 400, 500), (129, 1025, 97), (4, 2000, 1100), (260, 3, 270),
]  # fmt: skip


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("layouts", [("rows",) * 3, ("columns", "rows", "rows"),
                                     ("rows", "columns", "rows")])  # fmt: skip
def test_blocks_and_parts(level: str, threads: int, layouts: tuple[str, str, str]) -> None:
    """Several blocks of K, columns and rows; sums cut along K."""
    for extents in SHAPES:
        check(extents, layouts, np.float32, level_here(level), threads)


BATCHES = st.lists(st.sampled_from([1, 2, 3]), max_size=4)


@QUICK
@given(
    BATCHES, st.tuples(EXTENTS, EXTENTS, EXTENTS), st.integers(0, 15), st.integers(0, 15),
    st.booleans(), st.integers(1, 3), st.sampled_from([np.float32, np.float64, np.int32]),
)  # fmt: skip
def test_batches(
    batch: list[int], extents: tuple[int, int, int], left: int, right: int, swap: bool,
    threads: int, dtype: Any,
) -> None:  # fmt: skip
    """Batch axes that broadcast: an operand lacks the first ones, or has one of some."""
    m, k, n = extents

    def operand(rows: int, columns: int, which: int) -> Array:
        own = [1 if which >> i & 1 else extent for i, extent in enumerate(batch)]
        own = own[1:] if which == 15 else own
        if swap:
            return guarded_copy(numbers((*own, columns, rows), dtype, which)).swapaxes(-1, -2)
        return guarded_copy(numbers((*own, rows, columns), dtype, which))

    a, b = operand(m, k, left), operand(k, n, right)
    out = guarded_copy(np.zeros((*batch, m, n), dtype))
    run(batch_matmul(placed(a), placed(b), placed(out), host(), threads), threads)
    want = np.matmul(a.astype(np.float64), b.astype(np.float64))
    close(out, np.broadcast_to(want, out.shape), magnitudes(a, b), dtype)


def test_batches_lie_anywhere() -> None:
    """Five batch axes whose strides do not collapse."""
    a = numbers((2, 3, 2, 2, 3, 4, 5), np.float32, 1).transpose(4, 0, 3, 1, 2, 5, 6)
    b = numbers((3, 2, 2, 3, 2, 5, 6), np.float32, 2)
    out = np.zeros((3, 2, 2, 3, 2, 4, 6), np.float32)
    run(batch_matmul(placed(a), placed(b), placed(out), host(), 2), 2)
    close(out, a.astype(np.float64) @ b.astype(np.float64), magnitudes(a, b), np.float32)


def test_nothing_to_add_up() -> None:
    a, b, out = np.ones((3, 0), np.float32), np.ones((0, 4), np.float32), np.ones((3, 4), "f4")
    run(matmul(placed(a), placed(b), placed(out), host(), 2))
    assert not out.any()
    assert matmul(placed(a), placed(b), placed(out), host(), 2, accumulate=True) == []
    assert matmul(placed(b), placed(b[:, :0]), placed(out[:0, :0]), host(), 2) == []


def test_what_is_not_a_number_spreads() -> None:
    a, b = np.ones((20, 30), np.float32), np.ones((30, 40), np.float32)
    a[3, 4], b[5, 6], out = np.nan, np.inf, np.zeros((20, 40), np.float32)
    run(matmul(placed(a), placed(b), placed(out), host(), 1))
    assert np.isnan(out[3]).all()
    assert np.isinf(np.delete(out, 3, 0)[:, 6]).all()
    assert np.isfinite(np.delete(np.delete(out, 3, 0), 6, 1)).all()


def test_the_same_each_time() -> None:
    """Sums cut along K are added in one order."""
    a, b = numbers((8, 50_000), np.float32, 1), numbers((50_000, 8), np.float32, 2)
    outs = [np.zeros((8, 8), np.float32) for _ in range(5)]
    for out in outs:
        run(matmul(placed(a), placed(b), placed(out), host(), 4), 4)
    assert all(np.array_equal(outs[0], out) for out in outs[1:])


def test_other_shapes_compile_nothing() -> None:
    def product(m: int, k: int, n: int) -> None:
        check((m, k, n), ("rows", "rows", "rows"), np.float32, host(), 1)

    product(40, 50, 60)
    loaded = set(library().addresses)
    for extents in [(41, 51, 61), (200, 300, 17 * 48), (20, 7, 99), (9, 1000, 100)]:
        product(*extents)
    assert set(library().addresses) == loaded


def test_small_products_run_alone() -> None:
    a = placed(np.zeros((32, 32), np.float32))
    assert [x.parts for x in matmul(a, a, a, host(), 4)] == [1]
    big = placed(np.zeros((256, 256), np.float32))
    assert [x.parts for x in matmul(big, big, big, host(), 4)] == [4]


def test_blocks_follow_the_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor with larger caches packs larger blocks."""
    monkeypatch.setattr("evergraph.backends.cpu.gemm.table", lambda *_: [])
    a = placed(np.zeros((2000, 2000), np.float32))
    first = gemm_code.SLOTS.index("depth")

    def blocks(l1: int, l2: int) -> tuple[Any, ...]:
        (launch,) = matmul(a, a, a, replace(host(), l1=l1, l2=l2), 1)
        return tuple(launch.slots[first : first + 2])

    small, large = blocks(32 << 10, 256 << 10), blocks(64 << 10, 4 << 20)
    assert small[0] < large[0] and small[1] < large[1]


NEON = {"neon": True, "fp-armv8": True}


@pytest.mark.parametrize("element", ["float", "double"])
def test_neon_code(element: str) -> None:
    """For ARM the code is generated: its inner loop multiplies and adds in registers."""
    target = target_of("aarch64-unknown-linux-gnu", "generic", NEON)
    lib = Library(target)
    text = lib.assembly(gemm_kernel.emit_table(target, element))
    suffix = ".4s" if element == "float" else ".2d"
    assert sum("fmla" in x and suffix in x for x in text.splitlines()) >= 8 * 3
    loops = _loops(text, "fmla", 24)
    assert not [x for x in loops if "str" in x and "[sp" in x], "a tile is spilled"
    for pack in ("rows", "columns", "none"):
        assert lib.assembly(gemm_code.emit(gemm_code.Kind(element, pack, True), target))
    for by_rows in (True, False):
        assert "fmla" in lib.assembly(gemv_code.emit(element, by_rows, target))


@pytest.mark.parametrize("level", LEVELS)
def test_tiles_stay_in_registers(level: str) -> None:
    """The inner loop of the largest tile neither spills nor reloads its sums."""
    target = target_of("x86_64-unknown-linux-gnu", "x86-64-v3", _features(level), level)
    lib = Library(target)
    rows, vectors = gemm_kernel.tile(target)
    text = lib.assembly(gemm_kernel.emit_micro(target, "float", rows, vectors).text(
        gemm_kernel._PARAMETERS))  # fmt: skip
    word = "fmadd" if target.has_fma else "mulps"
    loops = _loops(text, word, rows * vectors)
    assert loops
    assert not [x for x in loops if "mm" in x and x.endswith("(%rsp)")], "a tile is spilled"


def _features(level: str) -> dict[str, bool]:
    names = ["avx2", "fma", "f16c"]
    if level == "avx512":
        names += ["avx512f", "avx512bw", "avx512vl", "avx512dq"]
    return dict.fromkeys(names, True)


def _loops(text: str, word: str, count: int) -> list[str]:
    """The lines of the basic blocks that have at least so many of these instructions."""
    out: list[str] = []
    block: list[str] = []
    for line in [*text.splitlines(), ".end:"]:
        if line.startswith("."):
            out += block if sum(word in x for x in block) >= count else []
            block = []
        else:
            block.append(line)
    return out
