"""`tf.io`: files, and what is read from them."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from ..namespaces import resolve

    return resolve("tf.io", name)
