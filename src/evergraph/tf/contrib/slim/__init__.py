"""`tf.contrib.slim`: the names of contrib's layers, losses and argument scopes in one place."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    from ...namespaces import resolve
    from .. import layers, losses

    if name == "losses":
        return losses
    try:
        return resolve("tf.contrib.slim", name)
    except AttributeError:
        return getattr(layers, name)
