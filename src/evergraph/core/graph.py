"""`Graph`: an append-only list of operations with names, scopes, devices and collections."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ..errors import UnimplementedError
from . import context
from .scopes import ControlDependencies, DeviceScope, merge_device
from .tensor import Operation, Tensor

_VALID_OP_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_./>-]*\Z")
_VALID_SCOPE_NAME = re.compile(r"[A-Za-z0-9_./>-]*\Z")


class _Scopes(threading.local):
    """The `with` blocks of a graph that a thread is in."""

    def __init__(self) -> None:
        self.names = ""
        self.control: list[ControlDependencies] = []
        self.devices: list[DeviceScope] = []
        self.colocation: list[Operation] = []
        self.context: Any = None


class Graph:
    """A computation: operations in the order they were made, each after what it reads.

    `seed` is the graph-level random seed, `version` counts changes. Scopes (`name_scope`,
    `device`, `control_dependencies` ...) apply to what their thread makes inside them.
    """

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.seed: int | None = None
        self.version = 0
        self.mutations = 0
        self.finalized = False
        self.building_function = False
        # How a graph that captures what it uses from outside sees the inputs of an operation.
        self.captured_inputs: Callable[[Sequence[Any]], list[Any]] | None = None
        self.extra: dict[str, Any] = {}
        self._scopes = _Scopes()
        self.original_op: Operation | None = None
        self.attr_scope: dict[str, Any] = {}
        self.gradient_overrides: dict[str, str] = {}
        self.container_name = ""
        self.has_contexts = False
        self._by_name: dict[str, Operation] = {}
        self._names_in_use: dict[str, int] = {}
        self._collections: dict[Any, list[Any]] = {}
        self._unfeedable: set[Tensor] = set()
        self._unfetchable: set[Operation] = set()
        self._lock = threading.RLock()

    # -- the thread's scopes -------------------------------------------------------------------
    @property
    def name_stack(self) -> str:
        """The name scope, without a trailing slash."""
        return self._scopes.names

    @name_stack.setter
    def name_stack(self, names: str) -> None:
        self._scopes.names = names

    @property
    def control_stack(self) -> list[ControlDependencies]:
        """The `control_dependencies` blocks."""
        return self._scopes.control

    @control_stack.setter
    def control_stack(self, stack: list[ControlDependencies]) -> None:
        self._scopes.control = stack

    @property
    def device_stack(self) -> list[DeviceScope]:
        """The `device` blocks."""
        return self._scopes.devices

    @device_stack.setter
    def device_stack(self, stack: list[DeviceScope]) -> None:
        self._scopes.devices = stack

    @property
    def colocation_stack(self) -> list[Operation]:
        """The operations of the `colocate_with` blocks."""
        return self._scopes.colocation

    @colocation_stack.setter
    def colocation_stack(self, stack: list[Operation]) -> None:
        self._scopes.colocation = stack

    @property
    def control_flow_context(self) -> Any:
        """The branch or loop that is being built."""
        return self._scopes.context

    @control_flow_context.setter
    def control_flow_context(self, context: Any) -> None:
        self._scopes.context = context

    @property
    def _building_function(self) -> bool:
        return self.building_function

    @_building_function.setter
    def _building_function(self, building: bool) -> None:
        self.building_function = building

    def switch_to_thread_local(self) -> None:
        """Keeps the scopes of threads apart, as they always are here: there is nothing to do."""

    @contextmanager
    def _original_op(self, op: Operation) -> Iterator[None]:
        old, self.original_op = self.original_op, op
        try:
            yield
        finally:
            self.original_op = old

    # -- adding operations ---------------------------------------------------------------------
    def append(self, op: Operation) -> None:
        """Adds an operation that `emit` has made; RuntimeError when the graph is finalized."""
        self._check_not_finalized()
        with self._lock:
            self.adopt(op)
            self._by_name[op.name] = op

    def adopt(self, op: Operation) -> None:
        """Adds an operation that keeps a name from elsewhere, so cannot be found by it here."""
        op._id = len(self.operations)
        self.operations.append(op)
        self.version = op._id + 1

    def _check_not_finalized(self) -> None:
        if self.finalized:
            raise RuntimeError(
                "Graph is finalized and cannot be modified: build every operation before the "
                "training loop (this one was asked for after graph.finalize())."
            )

    def changed(self) -> None:
        """Notes that an operation was changed after it was made: compiled programs are void."""
        self.version += 1
        self.mutations += 1

    def finalize(self) -> None:
        """From now on adding an operation raises RuntimeError."""
        self.finalized = True

    def _unsafe_unfinalize(self) -> None:
        self.finalized = False

    def _get_control_flow_context(self) -> Any:
        return self.control_flow_context

    def _set_control_flow_context(self, context: Any) -> None:
        self.control_flow_context = context

    # -- names ---------------------------------------------------------------------------------
    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """`name` in the current scope, with `_1`, `_2` ... where it is taken.

        Names are compared without case, as TensorFlow 1.15 does.
        """
        scope = self._scopes.names
        if scope:
            name = f"{scope}/{name}"
        with self._lock:
            return self._unique(name, mark_as_used)

    def _unique(self, name: str, mark_as_used: bool) -> str:
        key = name.lower()
        used = self._names_in_use
        count = used.get(key, 0)
        if mark_as_used:
            used[key] = count + 1
        if count == 0:
            return name
        base = key
        while key in used:
            key = f"{base}_{count}"
            count += 1
        if mark_as_used:
            used[base] = count
            used[key] = 1
        return f"{name}_{count - 1}"

    def op_name(self, name: str) -> str:
        """A checked, unique name for a new operation; a trailing `/` takes the name as it is."""
        if not name:
            raise ValueError("An operation's name must not be empty.")
        name = name.decode() if isinstance(name, bytes) else name
        exact = name[-1] == "/"
        rule = _VALID_SCOPE_NAME if self.name_stack and not exact else _VALID_OP_NAME
        if not rule.match(name):
            raise ValueError(f"{name!r} is not a valid operation name.")
        if not exact:
            return self.unique_name(name)
        if name[:-1] in self._by_name:
            raise ValueError(
                f"Duplicate node name in graph: {name[:-1]!r}. A name that ends in `/` is taken "
                "as it is, so it serves one operation."
            )
        return name[:-1]

    @contextmanager
    def name_scope(self, name: str | None) -> Iterator[str]:
        """Prefixes the names of what is made inside; gives the scope's name with a slash.

        A name that ends in `/` re-enters that scope; None or an empty one is the root.
        """
        old = self.name_stack
        if name and not (_VALID_SCOPE_NAME if old else _VALID_OP_NAME).match(name):
            raise ValueError(f"{name!r} is not a valid scope name.")
        if not name:
            new = ""
        elif name[-1] == "/":
            new = name[:-1]
        else:
            new = self.unique_name(name)
        self.name_stack = new
        try:
            yield new + "/" if name else ""
        finally:
            self.name_stack = old

    def get_name_scope(self) -> str:
        """The current scope, without a trailing slash."""
        return self.name_stack

    # -- looking things up ---------------------------------------------------------------------
    def get_operations(self) -> list[Operation]:
        """All operations, in the order they were made."""
        return list(self.operations)

    def get_operation_by_name(self, name: str) -> Operation:
        """The operation of this name; KeyError if there is none."""
        if not isinstance(name, str):
            raise TypeError(f"Operation names are strings (or similar), not {type(name).__name__}.")
        return self.as_graph_element(name, allow_tensor=False)  # type: ignore[return-value]

    def get_tensor_by_name(self, name: str) -> Tensor:
        """The tensor of this name (`operation:0`); KeyError if there is none."""
        if not isinstance(name, str):
            raise TypeError(f"Tensor names are strings (or similar), not {type(name).__name__}.")
        return self.as_graph_element(name, allow_operation=False)  # type: ignore[return-value]

    def as_graph_element(
        self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True
    ) -> Tensor | Operation:
        """The tensor or operation that `obj` is, stands for, or names.

        Raises TypeError for other objects, ValueError for those of another graph and for names
        of a form that is not allowed, KeyError for names that nothing has.
        """
        allowed = [n for n, ok in (("Tensor", allow_tensor), ("Operation", allow_operation)) if ok]
        element = obj._as_graph_element() if hasattr(obj, "_as_graph_element") else obj
        if isinstance(element, bytes):
            element = element.decode()
        if isinstance(element, str):
            return self._element_by_name(element, allow_tensor, allow_operation)
        kinds = ((Tensor, allow_tensor), (Operation, allow_operation))
        if any(isinstance(element, kind) and allow for kind, allow in kinds):
            if element.graph is not self:
                kind = type(element).__name__
                raise ValueError(f"{kind} {element} is not an element of this graph.")
            return element  # type: ignore[no-any-return]
        raise TypeError(f"Can not convert a {type(obj).__name__} into a {' or '.join(allowed)}.")

    def _element_by_name(self, name: str, tensor: bool, operation: bool) -> Tensor | Operation:
        op_name, colon, index = name.rpartition(":")
        if not colon:
            return self._operation_by_name(name, operation)
        if not tensor:
            raise ValueError(f"Name {name!r} appears to refer to a Tensor, not an Operation.")
        if not op_name or not index.isdigit():
            raise ValueError(f"The name {name!r} looks like a Tensor name, but is not a valid one.")
        op = self._by_name.get(op_name)
        if op is None:
            raise KeyError(
                f"The name {name!r} refers to a Tensor which does not exist: the operation "
                f"{op_name!r} does not exist in the graph."
            )
        if int(index) >= len(op.outputs):
            raise KeyError(
                f"The name {name!r} refers to a Tensor which does not exist: the operation "
                f"{op_name!r} has only {len(op.outputs)} outputs."
            )
        return op.outputs[int(index)]

    def _operation_by_name(self, name: str, allowed: bool) -> Operation:
        op = self._by_name.get(name)
        if not allowed:
            hint = f": did you mean {name + ':0'!r}?" if op is not None else "."
            raise ValueError(
                f"The name {name!r} looks like an (invalid) Operation name, not a Tensor. "
                f'Tensor names must be of the form "<op_name>:<output_index>"{hint}'
            )
        if op is None:
            raise KeyError(f"The name {name!r} refers to an Operation not in the graph.")
        return op

    # -- scopes --------------------------------------------------------------------------------
    def as_default(self) -> AbstractContextManager[Graph]:
        """Makes this the default graph of the thread inside a `with`."""
        return _as_default(self)

    @contextmanager
    def control_dependencies(self, control_inputs: Sequence[Any] | None) -> Iterator[None]:
        """What is made inside runs after `control_inputs`; None lifts the outer ones.

        None also leaves the branch or loop that is being built.
        """
        old, context = self.control_stack, self.control_flow_context
        if control_inputs is None:
            self.control_stack = []
            self.control_flow_context = None
        else:
            outer = {op for block in old for op in block.ops}
            ops = dict.fromkeys(map(self._control_op, control_inputs))
            new = {op: None for op in ops if op not in outer}
            self.control_stack = [*old, ControlDependencies(new)]
        try:
            yield
        finally:
            self.control_stack, self.control_flow_context = old, context

    def _control_op(self, x: Any) -> Operation:
        # Waiting for a variable behind a handle means its handle, or the assignment that an
        # assigned variable stands for: that reads nothing.
        if hasattr(x, "_handle") and hasattr(x, "op"):
            return x.op  # type: ignore[no-any-return]
        x = getattr(x, "values", x) if hasattr(x, "indices") else x
        element = self.as_graph_element(x)
        return element.op if isinstance(element, Tensor) else element

    @contextmanager
    def device(self, device_name_or_function: Any) -> Iterator[None]:
        """What is made inside asks for this device: a string, a function of the op, or None."""
        old = self.device_stack
        if isinstance(device_name_or_function, str):
            merge_device("", device_name_or_function)  # refuses a malformed name here
        own = self.device_stack = [*old, DeviceScope(device_name_or_function)]
        try:
            yield
        finally:
            if self.device_stack is not own:
                raise RuntimeError("Exiting device scope without proper scope nesting")
            self.device_stack = old

    @contextmanager
    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Iterator[None]:
        """What is made inside goes to the device of `op`."""
        if op is None and not ignore_existing:
            raise ValueError("Trying to reset colocation (op is None) but ignore_existing is False")
        old_groups, old_devices = self.colocation_stack, self.device_stack
        target = None if op is None else self._control_op(op)
        self.colocation_stack = [] if ignore_existing else list(old_groups)
        self.device_stack = []
        if target is not None:
            self.colocation_stack = [*self.colocation_stack, target]
        try:
            yield
        finally:
            self.colocation_stack, self.device_stack = old_groups, old_devices

    @property
    def _container(self) -> str:
        return self.container_name

    @property
    def _variable_creator_stack(self) -> Any:
        return self.extra.get("variable_creators", ())

    @_variable_creator_stack.setter
    def _variable_creator_stack(self, creators: Any) -> None:
        self.extra["variable_creators"] = creators

    @contextmanager
    def container(self, container_name: str) -> Iterator[str]:
        """Variables and other stateful operations made inside live in this container."""
        old = self.container_name
        self.container_name = container_name
        try:
            yield container_name
        finally:
            self.container_name = old

    @contextmanager
    def gradient_override_map(self, op_type_map: dict[str, str]) -> Iterator[None]:
        """Ops of these types made inside take the gradient registered under another name."""
        if not isinstance(op_type_map, dict):
            raise TypeError("op_type_map must be a dictionary mapping strings to strings")
        for key, value in op_type_map.items():
            if not isinstance(key, str) or not isinstance(value, str):
                raise TypeError("op_type_map must map strings to strings")
        old = self.gradient_overrides
        self.gradient_overrides = {**old, **op_type_map}
        try:
            yield
        finally:
            self.gradient_overrides = old

    @contextmanager
    def _kernel_label_map(self, op_to_kernel_label_map: dict[str, str]) -> Iterator[None]:
        """Which of an op's kernels ops made inside use: each has one here, so no label is known."""
        if op_to_kernel_label_map:
            raise UnimplementedError(
                f"Ops have no labelled kernels here: {sorted(op_to_kernel_label_map)}. Choose a "
                "backend with EVERGRAPH_BACKEND instead."
            )
        yield

    @contextmanager
    def _attr_scope(self, attr_map: dict[str, Any]) -> Iterator[None]:
        old = self.attr_scope
        self.attr_scope = {k: v for k, v in {**old, **attr_map}.items() if v is not None}
        try:
            yield
        finally:
            self.attr_scope = old

    # -- collections ---------------------------------------------------------------------------
    def add_to_collection(self, name: Any, value: Any) -> None:
        """Appends `value` to the collection; RuntimeError when the graph is finalized."""
        self._check_not_finalized()
        self._collections.setdefault(name, []).append(value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        """Appends `value` to each of the collections, once to each."""
        for name in (names,) if isinstance(names, str) else dict.fromkeys(names):
            self.add_to_collection(name, value)

    def get_collection_ref(self, name: Any) -> list[Any]:
        """The collection's own list."""
        return self._collections.setdefault(name, [])

    def get_collection(self, name: Any, scope: str | None = None) -> list[Any]:
        """A copy of the collection; with `scope`, of the items whose names start with a match."""
        items = self._collections.get(name, [])
        if scope is None:
            return list(items)
        pattern = re.compile(scope)
        return [i for i in items if hasattr(i, "name") and pattern.match(i.name)]

    def get_all_collection_keys(self) -> list[Any]:
        """The names of all collections."""
        return [k for k in self._collections if isinstance(k, str)]

    @property
    def collections(self) -> list[Any]:
        """The names of all collections."""
        return list(self._collections)

    def clear_collection(self, name: Any) -> None:
        """Empties the collection."""
        self._collections.pop(name, None)

    # -- what may be fed and fetched -----------------------------------------------------------
    def prevent_feeding(self, tensor: Tensor) -> None:
        """Makes feeding this tensor an error."""
        self._unfeedable.add(tensor)

    def is_feedable(self, tensor: Tensor) -> bool:
        """Whether the tensor may be fed."""
        return tensor not in self._unfeedable

    def prevent_fetching(self, op: Operation) -> None:
        """Makes fetching this operation an error."""
        self._unfetchable.add(op)

    def is_fetchable(self, tensor_or_op: Any) -> bool:
        """Whether the tensor or operation may be fetched."""
        op = tensor_or_op.op if isinstance(tensor_or_op, Tensor) else tensor_or_op
        return op not in self._unfetchable

    def __repr__(self) -> str:
        return f"<Graph of {len(self.operations)} operations>"


@contextmanager
def _as_default(graph: Graph) -> Iterator[Graph]:
    stack = context.graphs
    stack.items.append(graph)
    try:
        yield graph
    finally:
        stack.remove(graph)


_global_default: Graph | None = None
_global_lock = threading.Lock()


def get_default_graph() -> Graph:
    """The innermost graph of `as_default` in this thread, or the process-wide default graph."""
    items = context.graphs.items
    return items[-1] if items else global_default_graph()


def global_default_graph() -> Graph:
    """The process-wide default graph, made when first asked for."""
    global _global_default
    if _global_default is None:
        with _global_lock:
            if _global_default is None:
                _global_default = Graph()
    return _global_default


def reset_default_graph() -> None:
    """Replaces the process-wide default graph by an empty one.

    Raises AssertionError inside a `with graph.as_default():` block.
    """
    global _global_default
    if context.graphs.items:
        raise AssertionError("Do not use tf.reset_default_graph() to clear nested graphs.")
    _global_default = None
