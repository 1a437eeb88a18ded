"""`tf.GradientTape`: gradients through the operations that were made while the tape ran."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

from ..core.graph import Graph, get_default_graph
from ..core.shape import is_known
from ..core.tensor import Operation, Tensor
from ..errors import UnimplementedError
from . import array_ops, logging, nest
from .framework import convert_to_tensor
from .gradients_impl import UnconnectedGradients, gradients
from .variables import Variable

__all__ = ["GradientTape"]

_READS = ("ReadVariableOp", "Identity")


class GradientTape:
    """Notes which operations are made inside its `with` block, and differentiates through them.

    Gradients flow only through those, and only to what the tape watches: trainable variables, and
    tensors given to `watch`. What was made before or after the block counts as a constant.

    Args:
        persistent: whether `gradient` and `jacobian` may be called more than once.
        watch_accessed_variables: whether trainable variables are watched without being asked for.
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._watch_accessed_variables = watch_accessed_variables
        self._recording = False
        self._used = False
        self._spans: list[tuple[Graph, int, int | None]] = []
        self._watched: dict[int, Any] = {}

    def __enter__(self) -> GradientTape:
        self._start()
        return self

    def __exit__(self, typ: Any, value: Any, traceback: Any) -> None:
        if self._recording:
            self._stop()

    def _start(self) -> None:
        if self._recording:
            raise ValueError("Tape is already recording.")
        graph = get_default_graph()
        self._spans.append((graph, len(graph.operations), None))
        self._recording = True

    def _stop(self) -> None:
        if not self._recording:
            raise ValueError("Tape is not recording.")
        graph, first, _ = self._spans[-1]
        self._spans[-1] = (graph, first, len(graph.operations))
        self._recording = False

    def _has(self, op: Operation) -> bool:
        """Whether the operation was made while the tape ran."""
        return any(
            op.graph is graph and first <= op._id and (end is None or op._id < end)
            for graph, first, end in self._spans
        )

    # -- what is watched ---------------------------------------------------------------------

    def watch(self, tensor: Any) -> None:
        """Makes the tape watch tensors or variables (or a nest of them).

        Raises ValueError for anything else.
        """
        for x in nest.flatten(tensor):
            if not isinstance(x, (Tensor, Variable)):
                raise ValueError(f"Passed in object of type {type(x)}, not tf.Tensor")
            if not (x.dtype.is_floating or x.dtype.is_complex):
                logging.log_first_n(
                    logging.WARN, "The dtype of a watched tensor must be floating, got %r.", 5, x
                )
            key = _source(x)
            self._watched[id(key)] = x

    def watched_variables(self) -> tuple[Any, ...]:
        """The variables that the tape watches: those given to `watch`, and those that it read."""
        found = [x for x in self._watched.values() if isinstance(x, Variable)]
        if self._watch_accessed_variables:
            found += [v for v in _trainable(self._spans) if self._reads(v) and v not in found]
        return tuple(found)

    def _reads(self, variable: Any) -> bool:
        return any(self._has(op) for op in _source(variable)._consumers)

    def _watches(self, x: Any) -> bool:
        if id(_source(x)) in self._watched:
            return True
        return self._watch_accessed_variables and bool(getattr(x, "trainable", False))

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Inside this context nothing is noted; gradients may be taken there."""
        self._stop()
        try:
            yield
        finally:
            self._start()

    def reset(self) -> None:
        """Forgets everything that was noted and watched."""
        if self._recording:
            self._stop()
            self._forget()
            self._start()
        else:
            self._forget()

    def _forget(self) -> None:
        self._spans, self._watched, self._used = [], {}, False

    # -- gradients ---------------------------------------------------------------------------

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """The derivatives of the sum of `target` (or a nest of targets) by each of `sources`.

        The result has the structure of `sources`, with None (or zeros) for what is not watched or
        not connected. Raises RuntimeError at a second call, unless the tape is persistent.
        """
        self._use("gradient")
        targets = [convert_to_tensor(t) for t in nest.flatten(target)]
        given = None if output_gradients is None else nest.flatten(output_gradients)
        flat = nest.flatten(sources)
        grads = self._gradients(targets, flat, given, unconnected_gradients)
        if not self._persistent:
            self._used = True
        return nest.pack_sequence_as(sources, grads)

    def _use(self, method: str) -> None:
        if self._used:
            raise RuntimeError(
                f"GradientTape.{method} can only be called once on non-persistent tapes: make the "
                "tape with persistent=True."
            )
        if self._recording and not self._persistent:
            self._stop()

    def _gradients(
        self, targets: Sequence[Tensor], sources: Sequence[Any], given: Any, unconnected: Any
    ) -> list[Any]:
        keys = [_source(x) for x in sources]
        stops = self._borders(targets, keys)
        weights = [
            array_ops.ones_like(t) if w is None and t.dtype.is_complex else w
            for t, w in zip(targets, given or [None] * len(targets), strict=True)
        ]
        watched = [self._watches(x) for x in sources]
        asked = [k for k, w in zip(keys, watched, strict=True) if w]
        found = iter(
            gradients(
                targets,
                asked,
                grad_ys=weights,
                stop_gradients=stops,
                unconnected_gradients=unconnected,
            )
        )
        zero = UnconnectedGradients(unconnected) is UnconnectedGradients.ZERO
        return [
            next(found) if w else (array_ops.zeros_like(x) if zero else None)
            for x, w in zip(sources, watched, strict=True)
        ]

    def _borders(self, targets: Sequence[Tensor], sources: Sequence[Tensor]) -> list[Tensor]:
        """The tensors behind which the tape knows nothing: those whose operation it has not noted.

        What reads a source that is a variable does not count: it may be older than the tape.
        """
        ends = set(sources)
        borders = {x for x in ends if not self._has(x.op)}
        seen: set[Tensor] = set()
        pending = list(targets)
        while pending:
            x = pending.pop()
            if x in seen or x in borders:
                continue
            seen.add(x)
            inputs = [i for i in x.op.operands if isinstance(i, Tensor)]
            if self._has(x.op):
                pending += inputs
            elif x.op.type not in _READS or not ends.intersection(inputs):
                borders.add(x)
        return list(borders)

    # -- Jacobians ---------------------------------------------------------------------------

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The derivatives of each element of `target`: `target.shape + source.shape` a source.

        Raises UnimplementedError for a target of unknown shape.
        """
        target = convert_to_tensor(target)
        size = _known_size(target.static_shape, "jacobian")
        self._use("jacobian")
        rows = array_ops.reshape(target, [-1])
        parts = [_only(rows, i, size) for i in range(size)]
        flat = nest.flatten(sources)
        found = self._rows(target, parts, flat, unconnected_gradients)
        shape = list(target.static_shape or ())
        jacobians = [
            None if grads is None else _stacked(grads, shape, _source_shape(x))
            for grads, x in zip(found, flat, strict=True)
        ]
        self._used = not self._persistent
        return nest.pack_sequence_as(sources, jacobians)

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The Jacobian of each row: `[batch] + target.shape[1:] + source.shape[1:]`.

        Row i of `target` must depend on row i of `source` alone. Raises ValueError for batches
        that are known to differ, UnimplementedError for rows of unknown shape.
        """
        target = convert_to_tensor(target)
        mine, its = target.static_shape, source.get_shape()
        known = mine is not None and its.ndims is not None
        if mine and known and not its[0].is_compatible_with(mine[0]):
            raise ValueError(
                f"Need first dimension of target shape and source shape to match: {mine} and {its}"
            )
        size = _known_size(None if mine is None else mine[1:], "batch_jacobian")
        self._use("batch_jacobian")
        rows = array_ops.reshape(target, [-1, size])
        parts = [_only(rows, i, size) for i in range(size)]
        (found,) = self._rows(target, parts, [source], unconnected_gradients)
        self._used = not self._persistent
        if found is None:
            return None
        stacked = array_ops.stack(found, axis=1)
        shape: Any = array_ops.shape(stacked)
        to = array_ops.concat([shape[:1], list((mine or ())[1:]), shape[2:]], 0)
        return array_ops.reshape(stacked, to)

    def _rows(
        self, target: Tensor, parts: Iterable[Tensor], sources: Sequence[Any], unconnected: Any
    ) -> list[Any]:
        """For each source, the gradients weighted by each of `parts`; None if not connected."""
        weighted = [array_ops.reshape(p, array_ops.shape(target)) for p in parts]
        grads = [self._gradients([target], sources, [w], unconnected) for w in weighted]
        columns = [list(column) for column in zip(*grads, strict=True)]
        return [
            None if any(g is None for g in column) else [convert_to_tensor(g) for g in column]
            for column in columns
        ]


def _source(x: Any) -> Tensor:
    """The tensor that stands for a source: a variable's handle or reference."""
    if isinstance(x, Tensor):
        return x
    handle = getattr(x, "handle", None)
    if isinstance(handle, Tensor):
        return handle
    ref: Tensor = x._ref() if isinstance(x, Variable) else convert_to_tensor(x)
    return ref


def _trainable(spans: Sequence[tuple[Graph, int, int | None]]) -> list[Any]:
    graphs = {id(graph): graph for graph, _, _ in spans}.values()
    return [v for g in graphs for v in g.get_collection("trainable_variables")]


def _known_size(shape: Any, method: str) -> int:
    if not is_known(shape):
        raise UnimplementedError(
            f"GradientTape.{method} needs a target of known shape: give it one with set_shape(), "
            "or take tape.gradient of its elements."
        )
    return prod(shape)


def _only(rows: Tensor, index: int, size: int) -> Tensor:
    """Weights that keep one column (or element) of `rows`: 1 there and 0 elsewhere."""
    chosen = array_ops.one_hot(index, size, dtype=rows.dtype.base_dtype)
    return array_ops.ones_like(rows) * chosen


def _source_shape(x: Any) -> Any:
    shape = x.get_shape()
    return shape.as_list() if shape.is_fully_defined() else array_ops.shape(x)


def _stacked(grads: Sequence[Tensor], target: list[Any], source: Any) -> Tensor:
    if not grads:
        return array_ops.zeros(array_ops.concat([target, source], 0))
    to = [*target, *source] if isinstance(source, list) else array_ops.concat([target, source], 0)
    return array_ops.reshape(array_ops.stack(list(grads)), to)
