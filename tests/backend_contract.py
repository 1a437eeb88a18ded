"""What every backend must do: a suite of tests to inherit.

    class TestMine(BackendContract):
        def backend(self):
            return MyBackend()

Tests of what a backend does not support are skipped, so that the report shows what it lacks.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from evergraph.backends.contract import Backend, Executable, OperationFailed, Segment
from evergraph.core.function import Function, evaluate
from evergraph.core.text import from_text

HEAD = "func(%0: float32[?,?], %1: float32[?,?])"
CHAIN = f"""\
{HEAD}
  %2: float32[?,?] = AddV2(%0, %1)
  %3: float32[?,?] = Neg(%2)
  %4: float32[?,?] = Mul(%3, 2.0:float32)
  return %4"""
PRODUCT = f"""\
{HEAD}
  %2: float32[?,?] = MatMul(%0, %1)
  %3: float32[?,?] = Neg(%2)
  return %3"""
SHAPES = [((2, 3), (2, 3)), ((1, 3), (4, 1)), ((5, 1), (5, 7)), ((0, 3), (1, 3)), ((1, 1), (1, 1))]


def numbers(shape: tuple[int, ...], dtype: Any = np.float32) -> Any:
    """Small distinct numbers."""
    count = int(np.prod(shape))
    return (np.arange(count) % 7 - 2).reshape(shape).astype(dtype)


class BackendContract(ABC):
    """The tests. `backend` makes the backend that they test."""

    @abstractmethod
    def backend(self) -> Backend:
        """A backend."""

    def compiled(self, function: Function, donated: dict[int, int] | None = None) -> Executable:
        """The function as this backend compiles it; skips the test if it lacks an op."""
        backend = self.backend()
        for op in function.graph.operations:
            if op.type != "_Arg" and not backend.supports(op):
                pytest.skip(f"{backend.name} does not support {op.type}")
        return backend.compile(Segment(function, donated or {}))

    def run(
        self, executable: Executable, inputs: Sequence[Any], states: Sequence[Any] = ()
    ) -> list[Any]:
        """Binds to the shapes of the inputs and runs."""
        binding = executable.bind(tuple(np.shape(x) for x in inputs))
        return list(binding.run(list(inputs), list(states)))

    def check(self, text: str, *inputs: Any) -> None:
        """The backend gives what the kernels give, in shape, dtype and value."""
        function = from_text(text)
        got = self.run(self.compiled(function), inputs)
        with np.errstate(all="ignore"):
            want = evaluate(function, inputs)
        assert len(got) == len(want)
        for g, w, out in zip(got, want, function.outputs, strict=True):
            assert np.shape(g) == np.shape(w)
            assert np.asarray(g).dtype == np.asarray(w).dtype == out.dtype.np_dtype
            np.testing.assert_allclose(g, w, rtol=1e-5)

    # -- values ------------------------------------------------------------------------------
    def test_has_a_name(self) -> None:
        assert self.backend().name and isinstance(self.backend().name, str)

    @pytest.mark.parametrize("shapes", SHAPES)
    def test_elementwise_chain(self, shapes: Any) -> None:
        self.check(CHAIN, *map(numbers, shapes))

    @pytest.mark.parametrize("shapes", [((2, 3), (3, 4)), ((1, 5), (5, 1)), ((0, 2), (2, 3))])
    def test_product(self, shapes: Any) -> None:
        self.check(PRODUCT, *map(numbers, shapes))

    @pytest.mark.parametrize("dtype", ["float16", "float64", "int32", "int64", "complex64"])
    def test_dtypes(self, dtype: str) -> None:
        kind = f"{dtype}[?]"
        text = (
            f"func(%0: {kind})\n  %1: {kind} = AddV2(%0, %0)\n  %2: {kind} = Neg(%1)\n  return %2"
        )
        self.check(text, numbers((4,), dtype))

    def test_special_numbers(self) -> None:
        special = np.array([[np.nan, np.inf, -np.inf, -0.0, 1e-42, 3.4e38]], np.float32)
        self.check(CHAIN, special, special)

    def test_scalars(self) -> None:
        kind = "float32[]"
        text = f"func(%0: {kind})\n  %1: {kind} = Neg(%0)\n  return %1"
        self.check(text, np.float32(3))
        self.check(text, np.array(3, np.float32))

    def test_several_results_in_any_order(self) -> None:
        self.check(
            f"{HEAD}\n  %2: float32[?,?] = Neg(%0)\n  %3: float32[?,?] = AddV2(%2, %1)\n"
            "  return %3, %2, %3",
            *map(numbers, SHAPES[0]),
        )

    def test_operations_with_several_outputs(self) -> None:
        for n, outputs in ((1, "%1: float32[4]"), (2, "%1: float32[2], %2: float32[2]")):
            results = ", ".join(f"%{i + 1}" for i in range(n))
            self.check(
                f"func(%0: float32[4])\n  {outputs} = Split(0:int32, %0) {{num_split={n}}}\n"
                f"  return {results}",
                numbers((4,)),
            )

    def test_reductions_over_axes_and_reshapes(self) -> None:
        self.check(
            "func(%0: float32[?,3])\n  %1: float32[3] = Sum(%0, [0]:int32)\n"
            "  %2: float32[?] = Reshape(%0, [-1]:int32)\n  %3: float32[] = Max(%2, [0]:int32)\n"
            "  return %1, %3",
            numbers((4, 3)),
        )

    def test_text(self) -> None:
        function = from_text(
            "func(%0: string[?])\n  %1: string[?] = StringJoin(%0, %0)\n  return %1"
        )
        source = np.array([b"a", b"bc"], object)
        (got,) = self.run(self.compiled(function), [source])
        assert got.tolist() == [b"aa", b"bcbc"]

    # -- shapes ------------------------------------------------------------------------------
    def test_one_executable_serves_all_shapes(self) -> None:
        function = from_text(CHAIN)
        executable = self.compiled(function)
        for shapes in (*SHAPES, *SHAPES):
            inputs = list(map(numbers, shapes))
            (got,) = self.run(executable, inputs)
            np.testing.assert_array_equal(got, evaluate(function, inputs)[0])

    def test_bindings_live_side_by_side(self) -> None:
        executable = self.compiled(from_text(CHAIN))
        small, large = executable.bind(((1, 2), (1, 2))), executable.bind(((30, 2), (30, 2)))
        for _ in range(2):
            for binding, n in ((small, 1), (large, 30), (small, 1)):
                (got,) = binding.run([np.ones((n, 2), np.float32)] * 2, [])
                assert got.shape == (n, 2) and (got == -4.0).all()

    # -- memory ------------------------------------------------------------------------------
    def test_inputs_are_not_changed(self) -> None:
        inputs = list(map(numbers, SHAPES[0]))
        kept = [x.copy() for x in inputs]
        executable = self.compiled(from_text(CHAIN))
        for _ in range(3):
            self.run(executable, inputs)
        for x, k in zip(inputs, kept, strict=True):
            np.testing.assert_array_equal(x, k)

    def test_inputs_may_be_read_only_and_strided(self) -> None:
        base = numbers((6, 8))
        base.flags.writeable = False
        for a, b in ((base, base), (base.T, base.T), (base[::2, ::-2], base[::2, ::-2])):
            self.check(CHAIN, a, b)

    def test_results_of_a_run_survive_the_next(self) -> None:
        executable = self.compiled(from_text(CHAIN))
        binding = executable.bind(((1, 2), (1, 2)))
        one = np.ones((1, 2), np.float32)
        (first,) = binding.run([one, one], [])
        binding.run([one * 9, one], [])
        assert first.tolist() == [[-4.0, -4.0]]

    def test_literals_are_not_changed(self) -> None:
        text = "func(%0: float32[2])\n  %1: float32[2] = AddV2(%0, [1.0, 2.0]:float32)\n  return %1"
        executable = self.compiled(from_text(text))
        for _ in range(3):
            (got,) = self.run(executable, [np.zeros(2, np.float32)])
            assert got.tolist() == [1.0, 2.0]
            np.asarray(got)[...] = 7

    def test_donated_inputs_may_be_taken(self) -> None:
        executable = self.compiled(from_text(CHAIN), donated={0: 0})
        for _ in range(2):
            a, b = map(numbers, SHAPES[0])
            want = -(a + b) * 2
            (got,) = self.run(executable, [a, b])
            np.testing.assert_array_equal(got, want)
            np.testing.assert_array_equal(b, numbers(SHAPES[0][1]))

    # -- state, errors, threads --------------------------------------------------------------
    def test_stateful_operations_get_their_states_in_order(self) -> None:
        row = "RandomUniform([3]:int32) {dtype=float32, seed=1, seed2="
        text = (
            f"func()\n  %0: float32[3] = {row}1}}\n  %1: float32[3] = {row}2}}\n  return %0, %1, %0"
        )
        segment = Segment(from_text(text))
        executable = self.compiled(segment.function)

        def states() -> list[Any]:
            return [op.definition.state(op.attrs) for op in segment.stateful]  # type: ignore[misc]

        kept = states()
        first, again = self.run(executable, [], kept), self.run(executable, [], kept)
        anew = self.run(executable, [], states())
        np.testing.assert_array_equal(first[0], anew[0])
        np.testing.assert_array_equal(first[1], anew[1])
        np.testing.assert_array_equal(first[0], first[2])
        assert not np.array_equal(first[0], again[0]) and not np.array_equal(first[0], first[1])

    @pytest.mark.parametrize(
        ("text", "op_type", "shapes"),
        [(PRODUCT, "MatMul", ((2, 3), (2, 3))), (CHAIN, "AddV2", ((2, 3), (4, 5)))],
    )
    def test_what_does_not_fit_names_the_operation(
        self, text: str, op_type: str, shapes: Any
    ) -> None:
        executable = self.compiled(from_text(text))
        with pytest.raises((OperationFailed, ValueError)) as caught:
            self.run(executable, list(map(numbers, shapes)))
        if isinstance(caught.value, OperationFailed):
            assert caught.value.op.type == op_type and str(caught.value.cause)
            assert caught.value.shapes in (None, shapes)

    def test_an_error_in_one_run_does_not_spoil_the_next(self) -> None:
        executable = self.compiled(from_text(PRODUCT))
        with pytest.raises((OperationFailed, ValueError)):
            self.run(executable, [numbers((2, 3)), numbers((2, 3))])
        (got,) = self.run(executable, [numbers((2, 3)), numbers((3, 2))])
        np.testing.assert_allclose(got, -(numbers((2, 3)) @ numbers((3, 2))))

    def test_threads_may_run_one_binding_at_once(self) -> None:
        function = from_text(CHAIN)
        binding = self.compiled(function).bind(((20, 20), (20, 20)))
        wrong: list[Any] = []

        def work(n: int) -> None:
            x = np.full((20, 20), n, np.float32)
            for _ in range(50):
                (got,) = binding.run([x, x], [])
                if not (got == -4 * n).all():
                    wrong.append(n)

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not wrong
