"""`tf.keras`."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from ..namespaces import resolve

    return resolve("tf.keras", name)
