"""Divergences between distributions, found by their classes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any, TypeVar

from ...core.tensor import Tensor
from .. import array_ops, math_ops
from ..check_ops import Assert
from ..framework import control_dependencies, name_scope

F = TypeVar("F", bound=Callable[..., Tensor])
_FUNCTIONS: dict[tuple[type, type], Callable[..., Tensor]] = {}


def _registered(a: type, b: type) -> Callable[..., Tensor] | None:
    """The function for the nearest bases of both classes."""
    ranked = [
        (i + j, _FUNCTIONS[base_a, base_b])
        for (i, base_a), (j, base_b) in product(enumerate(a.__mro__), enumerate(b.__mro__))
        if (base_a, base_b) in _FUNCTIONS
    ]
    return min(ranked, key=lambda pair: pair[0])[1] if ranked else None


def kl_divergence(
    distribution_a: Any, distribution_b: Any, allow_nan_stats: bool = True, name: str | None = None
) -> Tensor:
    """The Kullback-Leibler divergence E_a[log a(X) - log b(X)] of each pair of the batch.

    Raises NotImplementedError if none is registered for these classes. Without `allow_nan_stats`
    the run raises InvalidArgumentError for NaN.
    """
    types = type(distribution_a), type(distribution_b)
    function = _registered(*types)
    if function is None:
        raise NotImplementedError(
            "No KL(distribution_a || distribution_b) registered for distribution_a type "
            f"{types[0].__name__} and distribution_b type {types[1].__name__}. "
            "tf.distributions.RegisterKL registers one."
        )
    with name_scope("KullbackLeibler"):
        divergence = function(distribution_a, distribution_b, name=name)
        if allow_nan_stats:
            return divergence
        divergence = array_ops.identity(divergence, name="kl")
        message = (
            f"KL calculation between {distribution_a.name} and {distribution_b.name} returned NaN "
            "values (and was called with allow_nan_stats=False). Values:"
        )
        fine = math_ops.logical_not(math_ops.reduce_any(math_ops.is_nan(divergence)))
        with control_dependencies([Assert(fine, [message, divergence])]):
            return array_ops.identity(divergence, name="checked_kl")


def cross_entropy(
    ref: Any, other: Any, allow_nan_stats: bool = True, name: str | None = None
) -> Tensor:
    """The entropy of `ref` plus the divergence of `other` from it."""
    with name_scope(name, "cross_entropy"):
        return ref.entropy() + kl_divergence(ref, other, allow_nan_stats=allow_nan_stats)  # type: ignore[no-any-return]


class RegisterKL:
    """Registers a function `(a, b, name=None)` as the divergence between two classes.

    `@RegisterKL(A, B)`. Raises TypeError for what cannot be called, ValueError for a pair that has
    one already.
    """

    def __init__(self, dist_cls_a: type, dist_cls_b: type) -> None:
        self._key = (dist_cls_a, dist_cls_b)

    def __call__(self, kl_fn: F) -> F:
        if not callable(kl_fn):
            raise TypeError(f"kl_fn must be callable, received: {kl_fn}")
        if self._key in _FUNCTIONS:
            names = " || ".join(cls.__name__ for cls in self._key)
            raise ValueError(f"KL({names}) has already been registered to: {_FUNCTIONS[self._key]}")
        _FUNCTIONS[self._key] = kl_fn
        return kl_fn
