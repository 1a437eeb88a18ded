"""`tf.CriticalSection`: parts of a graph that run one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from ..core.dtypes import resource
from ..core.emit import apply
from ..core.graph import get_default_graph
from ..core.tensor import Operation, Tensor
from . import nest
from .framework import init_scope, name_scope
from .grouping import group
from .grouping import tuple as tf_tuple
from .tensor_array_ops import TensorArray

__all__ = ["CriticalSection"]

CRITICAL_SECTIONS = "critical_sections"
CRITICAL_SECTION_EXECUTIONS = "critical_section_executions"


class _ExecutionSignature(NamedTuple):
    """One execution: its lock, and the resources that it uses."""

    op: Operation
    handle: Tensor
    resources: list[Tensor]
    exclusive_resource_access: bool


class CriticalSection:
    """Runs what is given to `execute` one after another, in the order in which it was given.

    Sections of one `shared_name` are one. Raises NotImplementedError for a
    `critical_section_def`.
    """

    def __init__(
        self,
        name: str | None = None,
        shared_name: str | None = None,
        critical_section_def: Any = None,
        import_scope: str | None = None,
    ) -> None:
        if critical_section_def is not None:
            if name is not None:
                raise ValueError("critical_section_def and shared_name are mutually exclusive.")
            raise NotImplementedError("Make a critical section by its name or shared_name.")
        with name_scope(name, "CriticalSection", []) as scope, init_scope():
            self._handle: Tensor = apply(
                "MutexV2", shared_name=scope if shared_name is None else shared_name, name=scope
            )
        get_default_graph().add_to_collection(CRITICAL_SECTIONS, self)

    @property
    def name(self) -> str:
        """The name of its operation."""
        return str(self._handle.op.name)

    def execute(
        self,
        fn: Callable[[], Any],
        exclusive_resource_access: bool = True,
        name: str | None = None,
    ) -> Any:
        """What `fn()` gives; its operations run while those of no other execution do.

        Raises ValueError if `fn` uses this section, and if it uses resources that another section
        uses while one of the two asks for `exclusive_resource_access`.
        """
        graph = get_default_graph()
        with name_scope(name, "critical_section_execute", []):
            lock: Tensor = apply("MutexLock", self._handle)
            count = len(graph.operations)
            with graph.control_dependencies([lock]):
                result = fn()
            created = graph.operations[count:]
            _wait_for_arguments(created, lock.op)
            resources = list(dict.fromkeys(_resources(created)))
            self._check_resources(resources, exclusive_resource_access)
            flat = [_identity(x) for x in nest.flatten(result)]
            with graph.control_dependencies(flat):
                with graph.colocate_with(self._handle if self._handle.graph is graph else lock):
                    unlock = apply("ConsumeMutexLock", lock)
                result = nest.pack_sequence_as(result, tf_tuple(nest.flatten(result)))
            with graph.control_dependencies([unlock]):
                outputs = nest.map_structure(_identity, result)
            signature = _ExecutionSignature(
                lock.op, self._handle, resources, exclusive_resource_access
            )
            graph.add_to_collection(CRITICAL_SECTION_EXECUTIONS, signature)
            return outputs

    def _is_own(self, x: Tensor) -> bool:
        """Whether a resource is the mutex of this section."""
        if x.op.type != "MutexV2":
            return False
        return bool(x.op.attrs["shared_name"] == self._handle.op.attrs["shared_name"])

    def _check_resources(self, resources: Sequence[Tensor], exclusive: bool) -> None:
        if any(self._is_own(_source(x)) for x in resources):
            raise ValueError(
                "The function fn attempts to directly access the CriticalSection in which it "
                "would be running.  This is illegal and would cause deadlocks."
            )
        mine = {_source(x) for x in resources}
        for other in get_default_graph().get_collection(CRITICAL_SECTION_EXECUTIONS):
            if self._is_own(other.handle):
                continue
            shared = mine & {_source(x) for x in other.resources}
            if shared and (exclusive or other.exclusive_resource_access):
                raise ValueError(
                    f"This execution would access resources: {list(shared)}. Either this section "
                    f"({self.name}) or {other.handle.op.name} requested exclusive resource access "
                    "of them: pass exclusive_resource_access=False to both."
                )


def _identity(x: Any) -> Any:
    if isinstance(x, TensorArray):
        return x.identity()
    return group(x) if isinstance(x, Operation) else apply("Identity", x)


def _source(x: Tensor) -> Tensor:
    """A resource where it was made, outside of branches and loops."""
    while x.op.type in ("Switch", "Enter", "Identity"):
        source = x.op.operands[0]
        if not isinstance(source, Tensor):
            break
        x = source
    return x


def _resources(created: Iterable[Operation]) -> Iterable[Tensor]:
    for op in created:
        for x in op.inputs:
            if isinstance(x, Tensor) and x.dtype.base_dtype == resource:
                yield x


def _wait_for_arguments(created: Sequence[Operation], lock: Operation) -> None:
    """The lock comes after all that the section takes from outside."""
    known = {
        lock,
        *created,
        *lock._control_inputs,
        *(x.op for x in lock.inputs if isinstance(x, Tensor)),
    }
    found = [x.op for op in created for x in op.inputs if isinstance(x, Tensor)]
    found += [c for op in created for c in op._control_inputs]
    outside = [op for op in dict.fromkeys(found) if op not in known]
    if outside:
        lock._add_control_input(group(*outside))
