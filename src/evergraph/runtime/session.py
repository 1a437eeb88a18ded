"""`Session`: runs parts of a graph and keeps its variables between runs."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from ..backends.reference import ReferenceBackend
from ..core import context
from ..core.convert import make_array
from ..core.graph import Graph, get_default_graph
from ..core.provenance import describe
from ..core.shape import compatible, show
from ..core.tensor import Operation, Tensor
from ..errors import InvalidArgumentError
from . import profile, traps
from .devices import DeviceAttributes, Placement, list_devices
from .fetches import FetchPlan
from .program import BoundProgram, program_for
from .variables import Store

RunObserver = Callable[["BaseSession"], None]
_observers: list[RunObserver] = []
_backend = ReferenceBackend()
_open: weakref.WeakSet[BaseSession] = weakref.WeakSet()


@atexit.register
def _look_back_at_the_end() -> None:
    """Programs need not close their sessions."""
    for session in list(_open):
        session._look_back()


def add_run_observer(observer: RunObserver) -> None:
    """Calls `observer(session)` before every run of every session."""
    _observers.append(observer)


def remove_run_observer(observer: RunObserver) -> None:
    """Takes an observer off again."""
    _observers.remove(observer)


class _Call:
    """A prepared run: fetches and feeds of one form, bound to a session."""

    def __init__(self, session: BaseSession, fetches: Any, feeds: Sequence[Any]) -> None:
        graph = session.graph
        self.mutations = graph.mutations
        self.feeds = tuple(_feed_tensor(graph, f) for f in feeds)
        self.converters = [_Feed(t) for t in self.feeds]
        self.plan = FetchPlan(graph, fetches)
        program = program_for(graph, self.plan.elements, self.feeds, _backend)
        session._placement.place(program.lowered.operations)
        self.program = program
        self.bound = BoundProgram(program, session._store)
        self.single = fetches if isinstance(fetches, Tensor) else None
        traps.note_run(graph, program.lowered.update_operations, self.feeds)

    def __call__(self, values: list[Any]) -> list[Any]:
        bound = self.bound
        got = bound.run(values)
        if bound.runs == traps.FED_AGAIN:
            traps.check_weights_fed(self.plan.graph, self.plan.elements, self.feeds)
        elif bound.runs == traps.SURELY_A_LOOP:
            self.look_back()
        return [x[()] if type(x) is np.ndarray and not x.ndim else x for x in got]

    def look_back(self) -> None:
        """Warns if it was run again and again and trained nothing, and no other run did."""
        if self.bound.runs >= traps.LOOKS_LIKE_A_LOOP and not self.bound.updated:
            plan = self.plan
            traps.check_updates_never_run(plan.graph, plan.elements, self.program.variables)


def _feed_tensor(graph: Graph, key: Any) -> Tensor:
    try:
        tensor = graph.as_graph_element(key, allow_operation=False)
    except Exception as error:
        message = error.args[0] if error.args else error
        raise TypeError(f"Cannot interpret feed_dict key as Tensor: {message}") from None
    assert isinstance(tensor, Tensor)
    if not graph.is_feedable(tensor):
        raise ValueError(f"Tensor {tensor} may not be fed.")
    return tensor


class _Feed:
    """Checks and converts what is fed to one tensor."""

    __slots__ = ("dtype", "shape", "tensor")

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self.dtype = tensor.dtype.base_dtype.np_dtype
        self.shape = tensor.static_shape

    def __call__(self, value: Any) -> np.ndarray[Any, Any]:
        if type(value) is np.ndarray and value.dtype == self.dtype:
            array = value
        else:
            array = self._converted(value)
        if array.shape != self.shape and not compatible(self.shape, array.shape):
            raise ValueError(
                f"Cannot feed value of shape {array.shape} for Tensor {self.tensor.name!r}, "
                f"which has shape {show(self.shape)!r} (made at {describe(self.tensor.op.site)})"
            )
        return array

    def _converted(self, value: Any) -> np.ndarray[Any, Any]:
        if isinstance(value, (Tensor, Operation)) or hasattr(value, "_as_graph_element"):
            raise TypeError(
                "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include "
                "Python scalars, strings, lists, numpy ndarrays, or TensorHandles. "
                f"For reference, the tensor object was {value!s} which was passed to the feed "
                f"with key {self.tensor!s}."
            )
        if self.dtype == object:
            return make_array(value, self.tensor.dtype)
        if type(value) is int and self.dtype.kind in "iu":
            info = np.iinfo(self.dtype)
            if not info.min <= value <= info.max:
                raise self._too_large(value)
        if value is None:
            raise TypeError(f"No value is fed to {self.tensor.name!r}, but None.")
        try:
            return np.asarray(value, dtype=self.dtype)
        except OverflowError:
            raise self._too_large(value) from None

    def _too_large(self, value: Any) -> TypeError:
        return TypeError(
            f"Type of feed value {str(value)[:200]} with type {type(value).__name__} is not "
            f"compatible with Tensor type {self.tensor.dtype.name}. Try explicitly setting the "
            "type of the feed tensor to a larger type (e.g. int64)."
        )


class BaseSession:
    """Runs a graph. One session may be used by several threads at once.

    `target` names a server and must be empty; `config` is a ConfigProto.
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        if graph is not None and not isinstance(graph, Graph):
            raise TypeError("graph must be a tf.Graph, but got " + str(type(graph)))
        self._graph = get_default_graph() if graph is None else graph
        if target is not None and not isinstance(target, (str, bytes)):
            raise TypeError(f"target must be a string, but got {target!r}")
        if config is not None and not hasattr(config, "allow_soft_placement"):
            raise TypeError("config must be a tf.ConfigProto, but got " + str(type(config)))
        self._target = target
        self._config = config
        self._closed = False
        self._store = Store()
        self._placement = Placement(*_placement_options(config))
        self._calls: dict[Any, _Call] = {}
        self._lock = threading.Lock()
        self._contexts: list[Any] = []
        _open.add(self)

    @property
    def graph(self) -> Graph:
        """The graph that it runs."""
        return self._graph

    @property
    def sess_str(self) -> str:
        """The target."""
        return self._target

    def list_devices(self) -> list[DeviceAttributes]:
        """The devices of this session."""
        return list_devices()

    def close(self) -> None:
        """Frees its variables; runs after this raise RuntimeError."""
        self._look_back()
        self._closed = True
        self._calls.clear()
        self._store.clear()

    def _look_back(self) -> None:
        # What was never run is known at the end alone: a program may first look, then train.
        for call in list(self._calls.values()):
            call.look_back()

    # -- running -------------------------------------------------------------------------------
    def run(
        self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None
    ) -> Any:
        """The values of `fetches`: a tensor, operation or name, or a structure of such.

        `feed_dict` gives values to tensors for this run. Raises RuntimeError on a closed session,
        TypeError and ValueError for fetches and feeds that do not fit, `tf.errors` for what goes
        wrong in the graph.
        """
        for observer in _observers:
            observer(self)
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        feed_dict = _flat_feeds(feed_dict) if feed_dict else {}
        key = _call_key(fetches, feed_dict)
        call = None if key is None else self._calls.get(key)
        if call is None or call.mutations != self._graph.mutations:
            call = self._prepare(key, fetches, feed_dict)
        values = [f(v) for f, v in zip(call.converters, feed_dict.values(), strict=True)]
        got = call(values)
        if run_metadata is not None or profile._active:
            self._measure(call, values, got, run_metadata)
        if call.single is not None:
            return got[0]
        return call.plan.rebuild(got)

    def _prepare(self, key: Any, fetches: Any, feed_dict: dict[Any, Any]) -> _Call:
        if not self._graph.operations:
            raise RuntimeError(
                "The Session graph is empty.  Add operations to the graph before calling run()."
            )
        with self._lock:
            call = _Call(self, fetches, list(feed_dict))
            if key is not None:
                self._calls[key] = call
        return call

    def _measure(self, call: _Call, fed: list[Any], got: list[Any], metadata: Any) -> None:
        traffic = profile.measure(call.feeds, fed, call.plan.tensors, got)
        if metadata is not None and hasattr(metadata, "traffic"):
            metadata.traffic.bytes_fed = traffic.bytes_fed
            metadata.traffic.bytes_fetched = traffic.bytes_fetched
            metadata.traffic.bytes_moved = traffic.bytes_moved

    def make_callable(
        self, fetches: Any, feed_list: Sequence[Any] | None = None, accept_options: bool = False
    ) -> Callable[..., Any]:
        """A function that runs these fetches; its arguments are the values of `feed_list`."""
        call = _Call(self, fetches, list(feed_list or ()))

        def run(*args: Any, **kwargs: Any) -> Any:
            if self._closed:
                raise RuntimeError("Attempted to use a closed Session.")
            if kwargs and not accept_options:
                raise TypeError(f"Unexpected keyword arguments: {sorted(kwargs)}")
            if len(args) != len(call.feeds):
                raise TypeError(
                    f"The callable takes {len(call.feeds)} values to feed, {len(args)} given."
                )
            values = [f(v) for f, v in zip(call.converters, args, strict=True)]
            return call.plan.rebuild(call(values))

        return run

    # -- as a default --------------------------------------------------------------------------
    def as_default(self) -> AbstractContextManager[BaseSession]:
        """Makes this the default session of the thread inside a `with`; does not close it."""
        return _as_default(self)


def _placement_options(config: Any) -> tuple[bool | None, bool]:
    if config is None:
        return None, False
    said = config.HasField("allow_soft_placement")
    soft = bool(config.allow_soft_placement) if said else None
    return soft, bool(config.log_device_placement)


def _call_key(fetches: Any, feed_dict: dict[Any, Any]) -> Any:
    """A hashable key of a run's form, None where there is none: it is prepared each time."""
    try:
        key = _fetch_key(fetches)
    except TypeError:
        return None
    return (key, *feed_dict) if feed_dict else key


def _fetch_key(fetches: Any) -> Any:
    """A hashable key of a fetch structure; TypeError if a part of it has none."""
    kind = type(fetches)
    if kind is Tensor or kind is Operation or kind is str:
        return fetches
    if kind is list:
        return (list, *map(_fetch_key, fetches))
    if isinstance(fetches, tuple):
        return (kind, *map(_fetch_key, fetches))
    if isinstance(fetches, dict):
        return (kind, *((k, _fetch_key(v)) for k, v in fetches.items()))
    hash(fetches)
    return fetches


def _flat_feeds(feed_dict: Any) -> dict[Any, Any]:
    """The feeds by tensor: feeds of composite objects (tuples, slices) taken apart."""
    if type(feed_dict) is dict and all(type(k) is Tensor for k in feed_dict):
        return feed_dict
    if not hasattr(feed_dict, "items"):
        raise TypeError(f"feed_dict must be a dictionary, not {type(feed_dict).__name__}.")
    flat: dict[Any, Any] = {}
    for key, value in feed_dict.items():
        if isinstance(key, tuple):
            _add_tuple(flat, key, value)
        elif hasattr(key, "_components"):
            _add_tuple(flat, tuple(p for p in key._components() if p is not None), tuple(value))
        elif hasattr(key, "_feeds"):  # RaggedTensor
            flat.update(key._feeds(value))
        else:
            flat[key] = value
    return flat


def _add_tuple(flat: dict[Any, Any], keys: tuple[Any, ...], values: Any) -> None:
    if len(keys) != len(values):
        raise ValueError(f"A feed of {len(keys)} tensors needs as many values, not {len(values)}.")
    flat.update(zip(keys, values, strict=True))


@contextmanager
def _as_default(session: BaseSession) -> Any:
    stack = context.sessions
    stack.items.append(session)
    try:
        yield session
    finally:
        stack.remove(session)


class Session(BaseSession):
    """A session; in a `with` block it is the default session, its graph the default graph."""

    def __enter__(self) -> Session:
        scopes = (self.graph.as_default(), self.as_default())
        for scope in scopes:
            scope.__enter__()
        self._contexts.append(scopes)
        return self

    def __exit__(self, exec_type: Any, exec_value: Any, exec_tb: Any) -> None:
        for scope in reversed(self._contexts.pop()):
            scope.__exit__(exec_type, exec_value, exec_tb)
        self.close()

    @staticmethod
    def reset(target: str, containers: Any = None, config: Any = None) -> None:
        """Clears the variables of a server; this process has none, so that is an error."""
        raise InvalidArgumentError(
            "Session.reset needs a server's target; close the session and make a new one instead."
        )


class InteractiveSession(BaseSession):
    """A session that is the default one from when it is made until it is closed."""

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        self._own_graph = graph is not None
        if graph is not None:
            context.graphs.items.append(graph)
        context.sessions.items.append(self)

    def close(self) -> None:
        """Frees its variables and stops being the default."""
        if not self._closed:
            context.sessions.remove(self, enforce_nesting=False)
            if self._own_graph:
                context.graphs.remove(self._graph, enforce_nesting=False)
        super().close()


def get_default_session() -> BaseSession | None:
    """The innermost default session of this thread, or None."""
    return context.sessions.top()
