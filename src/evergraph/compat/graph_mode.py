"""What TensorFlow's `eager.context` has, for programs that build graphs: that they do."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

GRAPH_MODE, EAGER_MODE = 0, 1
SYNC, ASYNC = 0, 1
DEVICE_PLACEMENT_EXPLICIT, DEVICE_PLACEMENT_WARN = 0, 1
DEVICE_PLACEMENT_SILENT, DEVICE_PLACEMENT_SILENT_FOR_INT32 = 2, 3


def _tf() -> Any:
    return importlib.import_module("evergraph.tf")


def executing_eagerly() -> bool:
    """Whether operations run as they are made: no, they are recorded."""
    return False


in_eager_mode = executing_eagerly


def in_graph_mode() -> bool:
    """Whether operations are recorded: yes."""
    return True


def graph_mode() -> AbstractContextManager[None]:
    """A block that records operations, as all code does."""
    return nullcontext()


@contextmanager
def eager_mode() -> Iterator[None]:
    """Raises UnimplementedError: operations do not run as they are made."""
    raise _tf().errors.UnimplementedError(
        None, None, "Eager execution is not supported: run the graph in a tf.Session."
    )
    yield


def device(name: Any) -> Any:
    """The device of the operations made in a block."""
    return _tf().device(name)


def num_gpus() -> int:
    """The number of GPUs that programs run on here."""
    return sum(d.device_type == "GPU" for d in list_devices())


def list_devices() -> list[Any]:
    """The devices of this process."""
    from evergraph.runtime.devices import list_devices as devices

    return list(devices())


def global_seed() -> int | None:
    """The seed of the default graph."""
    seed: int | None = _tf().get_default_graph().seed
    return seed


def set_global_seed(seed: int) -> None:
    """Sets the seed of the default graph."""
    _tf().set_random_seed(seed)


class Context:
    """The state of this process, as `context()` gives it."""

    executing_eagerly = staticmethod(executing_eagerly)
    num_gpus = staticmethod(num_gpus)
    device = staticmethod(device)
    device_name = ""
    execution_mode = SYNC
    device_policy = DEVICE_PLACEMENT_SILENT

    def devices(self) -> list[str]:
        """The names of the devices of this process."""
        return [d.name for d in list_devices()]

    def ensure_initialized(self) -> None:
        """Finds the devices, which else are found when a session is made."""
        list_devices()


_context = Context()


def context() -> Context:
    """The state of this process."""
    return _context
