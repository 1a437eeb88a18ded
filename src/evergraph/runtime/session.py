"""`Session`: runs parts of a graph and keeps its variables between runs."""

from __future__ import annotations

import atexit
import threading
import warnings
import weakref
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any

import numpy as np

from ..backends.contract import Backend
from ..backends.reference import ReferenceBackend
from ..backends.tracing import TracingBackend, recording
from ..core import context, dtypes
from ..core.convert import make_array
from ..core.graph import Graph, get_default_graph
from ..core.provenance import describe
from ..core.shape import compatible, show
from ..core.tensor import Operation, Tensor
from ..errors import InvalidArgumentError
from ..settings import settings
from . import profile, servers, traps
from .devices import DeviceAttributes, Placement, list_devices
from .feeds import feed_tensors_of, flat_feeds, register_feed
from .fetches import FetchPlan, register_expansion
from .nonfinite import Watch
from .partial import PartialRun
from .program import BoundProgram, program_for
from .variables import Store

RunObserver = Callable[["BaseSession"], None]
_observers: list[RunObserver] = []


@cache
def default_backend() -> Backend:
    """The backend that EVERGRAPH_BACKEND names; LLVM is loaded when the first program runs."""
    if settings.backend == "cpu":
        from ..backends.cpu.backend import CpuBackend

        return CpuBackend()
    return ReferenceBackend()


_tracing = TracingBackend()
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

    def __init__(
        self,
        session: BaseSession,
        fetches: Any,
        feeds: Sequence[Any],
        backend: Backend | None = None,
    ) -> None:
        graph = session.graph
        _check_edges(graph)
        self.mutations = graph.mutations
        self.feeds = tuple(_feed_tensor(graph, f) for f in feeds)
        self.converters = [_Feed(t) for t in self.feeds]
        self.plan = FetchPlan(graph, fetches)
        program = program_for(graph, self.plan.elements, self.feeds, backend or default_backend())
        session._placement.place(program.lowered.operations)
        self.program = program
        self.bound = BoundProgram(program, session._store)
        if settings.warn:
            self.bound.watch = Watch.of(self.bound, self.plan.tensors)
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


def _check_edges(graph: Graph) -> None:
    """Refuses graphs in which an operation was given an input of another dtype."""
    for op, index, x, expected in graph.extra.get("wrong_edges", ()):
        if op.operands[index] is x:
            raise InvalidArgumentError(
                None,
                op,
                f"Input {index} of node {op.name} was passed {x.dtype.name} from {x.name} "
                f"incompatible with expected {expected.name}.",
            )


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

    __slots__ = ("dtype", "is_text", "shape", "tensor")

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self.dtype = tensor.dtype.base_dtype.np_dtype
        self.shape = tensor.static_shape
        self.is_text = tensor.dtype.base_dtype is dtypes.string

    def __call__(self, value: Any) -> np.ndarray[Any, Any]:
        if type(value) is np.ndarray and value.dtype == self.dtype and not self.is_text:
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
            if isinstance(value, (int, float)):
                raise self._too_large(value)
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
            f"Type of feed value {str(value)[:200]} with type {type(value)} is not "
            f"compatible with Tensor type {self.tensor.dtype.name}. Try explicitly setting the "
            "type of the feed tensor to a larger type (e.g. int64)."
        )


class BaseSession:
    """Runs a graph. One session may be used by several threads at once.

    `target` is that of a server of this process, or empty; `config` is a ConfigProto.
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
        shared = servers.store_of(target) if isinstance(target, str) else None
        self._owns_store = shared is None
        self._store = Store() if shared is None else shared
        self._growth = traps.Growth.of(self._graph)
        soft, log = _placement_options(config)
        # The devices of a server's cluster are all here.
        self._placement = Placement(soft if self._owns_store else True, log)
        self._calls: dict[Any, _Call] = {}
        self._lock = threading.Lock()
        self._contexts: list[Any] = []
        self._partial_runs: dict[Any, PartialRun] = {}
        self._steps = 0
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
        count = 1 if self._config is None else self._config.device_count.get("CPU", 1)
        return list_devices(count)

    def close(self) -> None:
        """Frees its variables; runs after this raise RuntimeError."""
        self._look_back()
        self._closed = True
        self._calls.clear()
        if self._owns_store:
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
        if self._growth.version != self._graph.version:
            self._growth.note(self._graph)
        feed_dict = flat_feeds(feed_dict) if feed_dict else {}
        key = _call_key(fetches, feed_dict)
        call = None if key is None else self._calls.get(key)
        if call is None or call.mutations != self._graph.mutations:
            call = self._prepare(key, fetches, feed_dict)
        values = [f(v) for f, v in zip(call.converters, feed_dict.values(), strict=True)]
        if options is None and run_metadata is None:
            got = call(values)
        else:
            got = self._run_told(call, fetches, values, options, run_metadata)
        if run_metadata is not None or profile._active:
            self._measure(call, values, got, run_metadata)
        self._steps += 1
        if call.single is not None:
            return got[0]
        return call.plan.rebuild(got)

    def _prepare(self, key: Any, fetches: Any, feed_dict: dict[Any, Any]) -> _Call:
        self._check_open()
        with self._lock:
            call = _Call(self, fetches, list(feed_dict))
            if key is not None:
                self._calls[key] = call
        return call

    def _run_told(
        self, call: _Call, fetches: Any, values: list[Any], options: Any, metadata: Any
    ) -> list[Any]:
        """A run that says in `metadata` what the options ask for."""
        if metadata is None:
            return call(values)
        from . import run_metadata as tell

        metadata.Clear()
        if options is None or not options.trace_level:
            got = call(values)
        else:
            traced = _Call(self, fetches, call.feeds, _tracing)
            with recording() as records:
                got = traced(values)
            tell.add_step_stats(metadata, records)
        if options is not None and options.output_partition_graphs:
            metadata.partition_graphs.add().CopyFrom(self._program_graph(call))
        if self._is_costed():
            tell.add_cost_graph(metadata, call.program.lowered.operations)
        return got

    def _program_graph(self, call: _Call) -> Any:
        """What a call runs, as a GraphDef."""
        names = {op.name for op in call.program.lowered.operations}
        proto = self._graph.as_graph_def()  # type: ignore[attr-defined]
        kept = [n for n in proto.node if n.name in names]
        del proto.node[:]
        proto.node.extend(kept)
        return proto

    def _is_costed(self) -> bool:
        """Whether the configuration asks for the costs of this step."""
        if self._config is None:
            return False
        options, step = self._config.graph_options, self._steps + 1
        every: int = options.build_cost_model
        return bool(every > 0 and step > options.build_cost_model_after and step % every == 0)

    # -- runs in pieces ------------------------------------------------------------------------
    def partial_run_setup(self, fetches: Any, feeds: Any = None) -> str:
        """Announces a run in pieces, and returns its handle for `partial_run`.

        `fetches` and `feeds` are all that the pieces will fetch and feed. InvalidArgumentError if
        nothing is to be fetched, RuntimeError on a closed session or an empty graph.
        """
        self._check_open()
        keys = [k for feed in feeds or () for k in feed_tensors_of(feed)]
        piece = PartialRun(self._graph, fetches, [_feed_tensor(self._graph, k) for k in keys])
        with self._lock:
            handle = f"partial_run_{len(self._partial_runs)}"
            self._partial_runs[handle] = piece
        return handle

    def partial_run(self, handle: Any, fetches: Any, feed_dict: Any = None) -> Any:
        """The values of some fetches of a run that was set up, with some more feeds.

        Each may be fed and fetched once. InvalidArgumentError for handles that are none, and for
        what was not announced or has been fed or fetched before.
        """
        self._check_open()
        piece = self._partial_runs.get(handle)
        if piece is None:
            raise InvalidArgumentError(
                None, None, f"{handle!r} is no handle: call partial_run_setup before partial_run."
            )
        flat = flat_feeds(feed_dict) if feed_dict else {}
        tensors = {_feed_tensor(self._graph, k): v for k, v in flat.items()}
        fed = {t: _Feed(t)(v) for t, v in tensors.items()}
        value, ran = piece.run(fetches, fed, self._store, default_backend())
        self._placement.place(ran)
        return value

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        if not self._graph.operations:
            raise RuntimeError(
                "The Session graph is empty.  Add operations to the graph before calling run()."
            )

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
        if feed_list is not None and not isinstance(feed_list, (list, tuple)):
            raise TypeError("`feed_list` must be a list or tuple.")
        call = _Call(self, fetches, list(feed_list or ()))

        def run(*args: Any, **kwargs: Any) -> Any:
            if self._closed:
                raise RuntimeError("Attempted to use a closed Session.")
            if kwargs.keys() - (_RUN_KEYWORDS if accept_options else ()):
                raise TypeError(f"Unexpected keyword arguments: {sorted(kwargs)}")
            if len(args) != len(call.feeds):
                raise TypeError(
                    f"The callable takes {len(call.feeds)} values to feed, {len(args)} given."
                )
            values = [f(v) for f, v in zip(call.converters, args, strict=True)]
            got = self._run_told(
                call, fetches, values, kwargs.get("options"), kwargs.get("run_metadata")
            )
            return call.plan.rebuild(got)

        return run

    def _make_callable_from_options(self, callable_options: Any) -> Callable[..., Any]:
        """A function of the values of `callable_options.feed`; it returns a list."""
        fetches = [*callable_options.fetch, *callable_options.target]
        count = len(callable_options.fetch)
        run = self.make_callable(fetches, list(callable_options.feed), accept_options=True)

        def call(*args: Any, **kwargs: Any) -> Any:
            got = run(
                *args,
                options=callable_options.run_options,
                run_metadata=kwargs.get("run_metadata"),
            )
            return got[:count]

        return call

    # -- as a default --------------------------------------------------------------------------
    def as_default(self) -> AbstractContextManager[BaseSession]:
        """Makes this the default session of the thread inside a `with`; does not close it."""
        return _as_default(self)


_RUN_KEYWORDS = {"options", "run_metadata"}


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
        if self._contexts:
            raise RuntimeError(
                "Session context managers are not re-entrant. Use `Session.as_default()` if you "
                "want to enter a session multiple times."
            )
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
        """Forgets the variables of a server of this process, or those in some containers.

        Raises InvalidArgumentError for another target.
        """
        if servers.reset(target, containers):
            return
        raise InvalidArgumentError(
            "Session.reset needs a server's target; close the session and make a new one instead."
        )


class InteractiveSession(BaseSession):
    """A session that is the default one from when it is made until it is closed."""

    _active_session_count = 0

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        if InteractiveSession._active_session_count > 0:
            warnings.warn(
                "An interactive session is already active. This can cause out-of-memory errors in "
                "some cases. You must explicitly call `InteractiveSession.close()` to release "
                "resources held by the other session(s).",
                stacklevel=2,
            )
        InteractiveSession._active_session_count += 1
        self._own_graph = graph is not None
        if graph is not None:
            context.graphs.items.append(graph)
        context.sessions.items.append(self)

    def close(self) -> None:
        """Frees its variables and stops being the default."""
        if not self._closed:
            InteractiveSession._active_session_count -= 1
            context.sessions.remove(self, enforce_nesting=False)
            if self._own_graph:
                context.graphs.remove(self._graph, enforce_nesting=False)
        super().close()


def get_default_session() -> BaseSession | None:
    """The innermost default session of this thread, or None."""
    return context.sessions.top()


def register_session_run_conversion_functions(
    tensor_type: Any,
    fetch_function: Any,
    feed_function: Any = None,
    feed_function_for_partial_run: Any = None,
) -> None:
    """Makes objects of a type fetchable and feedable.

    `fetch_function(x)` gives the fetches and a function that joins their values;
    `feed_function(x, value)` pairs of tensor and value; `feed_function_for_partial_run(x)` the
    tensors. ValueError if the type is registered.
    """
    register_feed(tensor_type, feed_function, feed_function_for_partial_run)
    register_expansion(tensor_type, fetch_function)
