"""`tf.linalg`: what is not also a root name."""

from __future__ import annotations

from typing import Any

from .matrix_ops import adjoint, logdet, matvec, normalize, slogdet

__all__ = ["adjoint", "logdet", "matvec", "normalize", "slogdet"]


def __getattr__(name: str) -> Any:
    from .namespaces import resolve

    return resolve("tf.linalg", name)
