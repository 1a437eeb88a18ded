"""Servers of this process: sessions of one target share the variables of its cluster."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from .variables import Store

_lock = threading.Lock()
_stores: dict[str, Store] = {}


def add(targets: Iterable[str]) -> None:
    """Makes these targets known; those of one cluster share their variables."""
    names = list(targets)
    with _lock:
        known = [_stores[name] for name in names if name in _stores]
        store = known[0] if known else Store()
        for name in names:
            _stores.setdefault(name, store)


def store_of(target: str) -> Store | None:
    """The variables of a server; None if the target names no server of this process."""
    with _lock:
        return _stores.get(target)


def reset(target: str, containers: Iterable[str] | None = None) -> bool:
    """Forgets the variables of a server, or those in some containers; False if there is none."""
    store = store_of(target)
    if store is None:
        return False
    store.clear(containers)
    return True
