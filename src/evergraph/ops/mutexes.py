"""Locks: operations between a `MutexLock` and its `ConsumeMutexLock` run in turns.

A run orders its operations before it starts (`transform.turns`), so nothing ever waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.opdef import Array, Attrs, define
from .tensor_array import _scalars


class Mutex:
    """What the resource of a mutex is in a run: its name."""

    shape = ()
    ndim = 0

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<mutex {self.name}>"


def _mutex(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Any:
    return Mutex(f"{attrs['container']}/{attrs['shared_name']}")


define(
    "MutexV2",
    "-> resource:resource",
    "container:string=''; shared_name:string=''",
    shape=_scalars(1),
    kernel=_mutex,
    stateful=True,
)
define(
    "MutexLock",
    "mutex:resource -> mutex_lock:variant",
    shape=_scalars(1),
    kernel=lambda xp, inputs, attrs: inputs[0],
    stateful=True,
)
define(
    "ConsumeMutexLock",
    "mutex_lock:variant ->",
    kernel=lambda xp, inputs, attrs: (),
    stateful=True,
)
