"""`tf.test.TestCase`: a fresh default graph and fixed seeds for each test, and sessions."""

from __future__ import annotations

import os
import random
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ...core import context
from ...core.graph import get_default_graph, reset_default_graph
from ...formats import messages
from ...runtime.session import Session, get_default_session
from .assertions import Assertions
from .platform import get_temp_dir, gpu_device_name

GRAPH_SEED = 87654321


class CapturedWrites:
    """What was written to a stream while it was captured."""

    def __init__(self, path: str) -> None:
        self._path = path

    def contents(self) -> str:
        """All of it, as text."""
        return Path(self._path).read_text()


class _CheckedThread:
    """A thread whose errors fail the test that made it."""

    def __init__(self, testcase: Any, target: Any, args: Any, kwargs: Any) -> None:
        self._testcase = testcase
        self._call = target, args or (), kwargs or {}
        self._thread = threading.Thread(target=self._run)
        self._error: Exception | None = None
        self._joined = False

    def _run(self) -> None:
        target, args, kwargs = self._call
        try:
            target(*args, **kwargs)
        except Exception as error:
            self._error = error

    def start(self) -> None:
        """Starts it; once only."""
        self._thread.start()

    def join(self) -> None:
        """Waits for its end; fails the test if it raised."""
        self._joined = True
        self._thread.join()
        if self._error is not None:
            self._testcase.fail(f"Error in checkedThread: {self._error}")

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._thread.is_alive()

    def check_termination(self) -> None:
        """Fails the test unless the thread was joined."""
        if not self._joined:
            self._testcase.fail("A checked thread was not joined.")


class TestCase(Assertions):
    """A test of graphs: each method starts with an empty default graph and the same seeds."""

    def __init__(self, methodName: str = "runTest") -> None:
        super().__init__(methodName)
        self._threads: list[_CheckedThread] = []
        self._folder: str | None = None
        self._cached: Any = None
        self._cached_for: Any = None

    def id(self) -> str:
        """The test's name. Without the spaces of parameters: tests make names of scopes of it."""
        return str(super().id()).replace(" ", "")

    def setUp(self) -> None:
        """Empties the defaults and seeds `random`, NumPy and the default graph."""
        super().setUp()
        if self._testMethodName == "test_session":
            self.skipTest("Not a test.")
        self._close_cached_session()
        random.seed(GRAPH_SEED)
        np.random.seed(GRAPH_SEED)
        context.graphs.items.clear()
        reset_default_graph()
        get_default_graph().seed = GRAPH_SEED

    def tearDown(self) -> None:
        """Closes the cached session; fails if a checked thread was not joined."""
        for thread in self._threads:
            thread.check_termination()
        self._close_cached_session()
        super().tearDown()

    def _close_cached_session(self) -> None:
        if self._cached is not None:
            self._cached.close()
        self._cached = None

    def get_temp_dir(self) -> str:
        """A folder for this test's files, the same one whenever the test asks."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(dir=get_temp_dir())
        return self._folder

    @contextmanager
    def captureWritesToStream(self, stream: Any) -> Iterator[CapturedWrites]:
        """Captures what goes to a stream with a file descriptor (`sys.stdout`, `sys.stderr`)."""
        stream.flush()
        number = stream.fileno()
        handle, path = tempfile.mkstemp(dir=self.get_temp_dir())
        before = os.dup(number)
        os.dup2(handle, number)
        try:
            yield CapturedWrites(path)
        finally:
            stream.flush()
            os.dup2(before, number)
            os.close(before)
            os.close(handle)

    def checkedThread(self, target: Any, args: Any = None, kwargs: Any = None) -> _CheckedThread:
        """A thread whose errors fail this test; `start` and `join` it."""
        thread = _CheckedThread(self, target, args, kwargs)
        self._threads.append(thread)
        return thread

    # -- sessions --------------------------------------------------------------------------
    def evaluate(self, tensors: Any) -> Any:
        """The values of a tensor or a structure of them, in the default or the cached session."""
        session = get_default_session()
        if session is not None:
            return session.run(tensors)
        with self._opened_cached(None, None, False, False) as session:
            return session.run(tensors)

    @contextmanager
    def session(
        self, graph: Any = None, config: Any = None, use_gpu: Any = False, force_gpu: Any = False
    ) -> Iterator[Any]:
        """A new session as the default one, closed at the end of the block.

        Without `use_gpu`, operations made in the block are placed on the CPU; `force_gpu` asks
        for a GPU and takes no other device.
        """
        with (
            self._new_session(graph, config, force_gpu) as session,
            self._placed(session, use_gpu, force_gpu),
        ):
            yield session

    @contextmanager
    def cached_session(
        self, graph: Any = None, config: Any = None, use_gpu: Any = False, force_gpu: Any = False
    ) -> Iterator[Any]:
        """One session for the whole test method: the same in every such block.

        Raises ValueError if a later block asks for another graph, config or `force_gpu`.
        """
        self._check_same(graph, config, force_gpu)
        with self._opened_cached(graph, config, use_gpu, force_gpu) as session:
            yield session

    @contextmanager
    def test_session(
        self, graph: Any = None, config: Any = None, use_gpu: Any = False, force_gpu: Any = False
    ) -> Iterator[Any]:
        """`cached_session`, or with a graph `session`; the old name of both."""
        opened = self._opened_cached if graph is None else self.session
        with opened(graph, config, use_gpu, force_gpu) as session:
            yield session

    def _check_same(self, graph: Any, config: Any, force_gpu: Any) -> None:
        if self._cached is None:
            return
        names = ("graph", "config", "force_gpu value")
        asked = (graph, config, force_gpu)
        for name, before, now in zip(names, self._cached_for, asked, strict=True):
            if before is not now:
                raise ValueError(
                    f"The {name} used to get the cached session is different than the one that "
                    "was used to create the session. Maybe create a new session with "
                    "self.session()"
                )

    @contextmanager
    def _opened_cached(
        self, graph: Any, config: Any, use_gpu: Any, force_gpu: Any
    ) -> Iterator[Any]:
        if self._cached is None:
            self._cached = self._new_session(graph, config, force_gpu)
            self._cached_for = graph, config, force_gpu
        with self._placed(self._cached, use_gpu, force_gpu) as session:
            yield session

    def _new_session(self, graph: Any, config: Any, force_gpu: Any) -> Session:
        if config is None:
            config = messages.ConfigProto(allow_soft_placement=not force_gpu)
        elif force_gpu and config.allow_soft_placement:
            config = messages.ConfigProto(allow_soft_placement=False)
        return Session(graph=graph, config=config)

    @contextmanager
    def _placed(self, session: Any, use_gpu: Any, force_gpu: Any) -> Iterator[Any]:
        """The session and its graph as defaults, with the device that a test asks for."""
        device = "/device:CPU:0"
        if force_gpu:
            device = gpu_device_name() or "/device:GPU:0"
        with session.graph.as_default(), session.as_default():
            if use_gpu and not force_gpu:
                yield session
            else:
                with session.graph.device(device):
                    yield session
