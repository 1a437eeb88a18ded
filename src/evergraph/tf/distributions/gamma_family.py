"""Distributions of positive numbers and of shares: gamma, exponential, beta, Dirichlet."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...core.tensor import Tensor
from .. import array_ops, check_ops, math_ops
from ..framework import control_dependencies, convert_to_tensor, name_scope
from ..grouping import with_dependencies
from ..random_ops import random_gamma, random_uniform
from .checks import gen_new_seed, xlogy
from .distribution import (
    FULLY_REPARAMETERIZED,
    Distribution,
    ScalarDistribution,
    parameter_shapes,
)
from .kullback_leibler import RegisterKL

_Shapes = dict[str, Tensor]


def _nan(shape: Tensor, dtype: Any) -> Tensor:
    return array_ops.fill(shape, np.array(np.nan, dtype.as_numpy_dtype), name="nan")


def positive(concentration: Any, name: str, validate_args: bool) -> Tensor:
    """A parameter as a tensor, checked in the run to be positive if `validate_args`."""
    tensor = convert_to_tensor(concentration, name=name)
    if not validate_args:
        return tensor
    message = "Concentration parameter must be positive."
    return with_dependencies([check_ops.assert_positive(tensor, message=message)], tensor)  # type: ignore[no-any-return]


class Gamma(ScalarDistribution):
    """The gamma distribution, of density proportional to x^(concentration-1) exp(-rate x)."""

    def __init__(
        self,
        concentration: Any,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Gamma",
    ) -> None:
        parameters = dict(locals())
        with name_scope(name, values=[concentration, rate]) as name:
            checks = (
                [check_ops.assert_positive(concentration), check_ops.assert_positive(rate)]
                if validate_args
                else []
            )
            with control_dependencies(checks):
                self._concentration = array_ops.identity(concentration, name="concentration")
                self._rate = array_ops.identity(rate, name="rate")
                check_ops.assert_same_float_dtype([self._concentration, self._rate])
        self._broadcast = (self._concentration, self._rate)
        super().__init__(
            dtype=self._concentration.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._concentration, self._rate],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> _Shapes:
        return parameter_shapes(("concentration", "rate"), sample_shape)

    @property
    def concentration(self) -> Tensor:
        """The shape parameter."""
        return self._concentration

    @property
    def rate(self) -> Tensor:
        """The inverse of the scale."""
        return self._rate

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        return random_gamma(
            shape=[n], alpha=self.concentration, beta=self.rate, dtype=self.dtype, seed=seed
        )

    def _log_prob(self, x: Tensor) -> Tensor:
        x = self._checked(x)
        kernel = xlogy(self.concentration - 1.0, x) - self.rate * x
        return kernel - self._log_normalization()

    def _log_normalization(self) -> Tensor:
        return math_ops.lgamma(self.concentration) - self.concentration * math_ops.log(self.rate)

    def _cdf(self, x: Tensor) -> Tensor:
        x = self._checked(x)
        return math_ops.igamma(self.concentration, self.rate * x)

    def _entropy(self) -> Tensor:
        return (
            self.concentration
            - math_ops.log(self.rate)
            + math_ops.lgamma(self.concentration)
            + (1.0 - self.concentration) * math_ops.digamma(self.concentration)
        )

    def _mean(self) -> Tensor:
        return self.concentration / self.rate

    def _variance(self) -> Tensor:
        return self.concentration / math_ops.square(self.rate)

    def _stddev(self) -> Tensor:
        return math_ops.sqrt(self.concentration) / self.rate

    def _mode(self) -> Tensor:
        mode = (self.concentration - 1.0) / self.rate
        if self.allow_nan_stats:
            nan = _nan(self.batch_shape_tensor(), self.dtype)
            return array_ops.where_v2(self.concentration > 1.0, mode, nan)
        one = array_ops.ones([], self.dtype)
        message = "mode not defined when any concentration <= 1"
        check = check_ops.assert_less(one, self.concentration, message=message)
        return with_dependencies([check], mode)  # type: ignore[no-any-return]

    def _checked(self, x: Tensor) -> Tensor:
        check_ops.assert_same_float_dtype(tensors=[x], dtype=self.dtype)
        if not self.validate_args:
            return x
        return with_dependencies([check_ops.assert_positive(x)], x)  # type: ignore[no-any-return]


@RegisterKL(Gamma, Gamma)
def _kl_gamma_gamma(a: Gamma, b: Gamma, name: str | None = None) -> Tensor:
    values = [a.concentration, a.rate, b.concentration, b.rate]
    with name_scope(name, "kl_gamma_gamma", values=values):
        return (
            (a.concentration - b.concentration) * math_ops.digamma(a.concentration)
            + math_ops.lgamma(b.concentration)
            - math_ops.lgamma(a.concentration)
            + b.concentration * math_ops.log(a.rate)
            - b.concentration * math_ops.log(b.rate)
            + a.concentration * (b.rate / a.rate - 1.0)
        )


class Exponential(Gamma):
    """The exponential distribution, of density rate * exp(-rate x)."""

    def __init__(
        self,
        rate: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Exponential",
    ) -> None:
        parameters = dict(locals())
        with name_scope(name, values=[rate]) as name:
            given = convert_to_tensor(rate, name="rate")
        super().__init__(
            concentration=array_ops.ones([], dtype=given.dtype),
            rate=given,
            allow_nan_stats=allow_nan_stats,
            validate_args=validate_args,
            name=name,
        )
        self._parameters = parameters

    @staticmethod
    def _param_shapes(sample_shape: Any) -> _Shapes:
        return parameter_shapes(("rate",), sample_shape)

    def _log_survival_function(self, value: Tensor) -> Tensor:
        return self._log_prob(value) - math_ops.log(self._rate)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array_ops.concat([[n], array_ops.shape(self._rate)], 0)
        # Above 0, so that the logarithm stays finite.
        lowest = np.finfo(self.dtype.as_numpy_dtype).tiny
        u = random_uniform(shape, minval=lowest, maxval=1.0, seed=seed, dtype=self.dtype)
        return -math_ops.log(u) / self._rate


class Beta(Distribution):
    """The beta distribution of numbers in [0, 1].

    The density is proportional to x^(concentration1 - 1) (1 - x)^(concentration0 - 1).
    """

    def __init__(
        self,
        concentration1: Any = None,
        concentration0: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Beta",
    ) -> None:
        parameters = dict(locals())
        with name_scope(name, values=[concentration1, concentration0]) as name:
            self._concentration1 = positive(concentration1, "concentration1", validate_args)
            self._concentration0 = positive(concentration0, "concentration0", validate_args)
            check_ops.assert_same_float_dtype([self._concentration1, self._concentration0])
            self._total_concentration = self._concentration1 + self._concentration0
        super().__init__(
            dtype=self._total_concentration.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[
                self._concentration1,
                self._concentration0,
                self._total_concentration,
            ],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> _Shapes:
        return parameter_shapes(("concentration1", "concentration0"), sample_shape)

    @property
    def concentration1(self) -> Tensor:
        """The weight of values near 1."""
        return self._concentration1

    @property
    def concentration0(self) -> Tensor:
        """The weight of values near 0."""
        return self._concentration0

    @property
    def total_concentration(self) -> Tensor:
        """The sum of both."""
        return self._total_concentration

    def _batch_shape_tensor(self) -> Tensor:
        return array_ops.shape(self.total_concentration)

    def _batch_shape(self) -> Any:
        return self.total_concentration.shape

    def _event_shape_tensor(self) -> Tensor:
        return array_ops.constant([], dtype="int32")

    def _event_shape(self) -> Any:
        return ()

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        total, dtype = self.total_concentration, self.dtype
        alphas = [
            array_ops.ones_like(total, dtype=dtype) * concentration
            for concentration in (self.concentration1, self.concentration0)
        ]
        ones = random_gamma(shape=[n], alpha=alphas[0], dtype=dtype, seed=seed)
        other = gen_new_seed(seed, "beta")
        zeros = random_gamma(shape=[n], alpha=alphas[1], dtype=dtype, seed=other)
        return ones / (ones + zeros)

    def _log_prob(self, x: Tensor) -> Tensor:
        x = self._checked(x)
        left = xlogy(self.concentration1 - 1.0, x)
        kernel = left + (self.concentration0 - 1.0) * math_ops.log1p(-x)
        return kernel - self._log_normalization()

    def _log_normalization(self) -> Tensor:
        return (
            math_ops.lgamma(self.concentration1)
            + math_ops.lgamma(self.concentration0)
            - math_ops.lgamma(self.total_concentration)
        )

    def _prob(self, x: Tensor) -> Tensor:
        return math_ops.exp(self._log_prob(x))

    def _log_cdf(self, x: Tensor) -> Tensor:
        return math_ops.log(self._cdf(x))

    def _cdf(self, x: Tensor) -> Tensor:
        return math_ops.betainc(self.concentration1, self.concentration0, x)

    def _entropy(self) -> Tensor:
        return (
            self._log_normalization()
            - (self.concentration1 - 1.0) * math_ops.digamma(self.concentration1)
            - (self.concentration0 - 1.0) * math_ops.digamma(self.concentration0)
            + (self.total_concentration - 2.0) * math_ops.digamma(self.total_concentration)
        )

    def _mean(self) -> Tensor:
        return self._concentration1 / self._total_concentration

    def _variance(self) -> Tensor:
        return self._mean() * (1.0 - self._mean()) / (1.0 + self.total_concentration)

    def _mode(self) -> Tensor:
        mode = (self.concentration1 - 1.0) / (self.total_concentration - 2.0)
        if self.allow_nan_stats:
            nan = _nan(self.batch_shape_tensor(), self.dtype)
            defined = math_ops.logical_and(self.concentration1 > 1.0, self.concentration0 > 1.0)
            return array_ops.where_v2(defined, mode, nan)
        checks = [
            check_ops.assert_less(
                array_ops.ones([], dtype=self.dtype), c, message=f"Mode undefined for {which} <= 1."
            )
            for c, which in (
                (self.concentration1, "concentration1"),
                (self.concentration0, "concentration0"),
            )
        ]
        return with_dependencies(checks, mode)  # type: ignore[no-any-return]

    def _checked(self, x: Tensor) -> Tensor:
        if not self.validate_args:
            return x
        one = array_ops.ones([], self.dtype)
        checks = [
            check_ops.assert_positive(x, message="sample must be positive"),
            check_ops.assert_less(x, one, message="sample must be less than `1`."),
        ]
        return with_dependencies(checks, x)  # type: ignore[no-any-return]


@RegisterKL(Beta, Beta)
def _kl_beta_beta(a: Beta, b: Beta, name: str | None = None) -> Tensor:
    values = [x for d in (a, b) for x in d._graph_parents]
    with name_scope(name, "kl_beta_beta", values=values):
        change = b._log_normalization() - a._log_normalization()
        return (
            change
            - math_ops.digamma(a.concentration1) * (b.concentration1 - a.concentration1)
            - math_ops.digamma(a.concentration0) * (b.concentration0 - a.concentration0)
            + math_ops.digamma(a.total_concentration)
            * (b.total_concentration - a.total_concentration)
        )


class Dirichlet(Distribution):
    """The Dirichlet distribution of shares that sum to 1, in the last axis.

    The density is proportional to the product of x_i^(concentration_i - 1).
    """

    def __init__(
        self,
        concentration: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Dirichlet",
    ) -> None:
        parameters = dict(locals())
        with name_scope(name, values=[concentration]) as name:
            self._concentration = _checked_concentration(concentration, validate_args)
            self._total_concentration = math_ops.reduce_sum(self._concentration, -1)
        super().__init__(
            dtype=self._concentration.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._concentration, self._total_concentration],
            name=name,
        )

    @property
    def concentration(self) -> Tensor:
        """The weights of the shares."""
        return self._concentration

    @property
    def total_concentration(self) -> Tensor:
        """The sum of the weights."""
        return self._total_concentration

    def _batch_shape_tensor(self) -> Tensor:
        return array_ops.shape(self.total_concentration)

    def _batch_shape(self) -> Any:
        return self.total_concentration.shape

    def _event_shape_tensor(self) -> Tensor:
        return array_ops.shape(self.concentration)[-1:]

    def _event_shape(self) -> Any:
        return self.concentration.shape.with_rank_at_least(1)[-1:]

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        gamma = random_gamma(shape=[n], alpha=self.concentration, dtype=self.dtype, seed=seed)
        return gamma / math_ops.reduce_sum(gamma, -1, keepdims=True)

    def _log_prob(self, x: Tensor) -> Tensor:
        x = self._checked(x)
        kernel = math_ops.reduce_sum(xlogy(self.concentration - 1.0, x), -1)
        return kernel - math_ops.lbeta(self.concentration)

    def _prob(self, x: Tensor) -> Tensor:
        return math_ops.exp(self._log_prob(x))

    def _entropy(self) -> Tensor:
        k = math_ops.cast(self.event_shape_tensor()[0], self.dtype)
        total = self.total_concentration
        whole = math_ops.lbeta(self.concentration) + (total - k) * math_ops.digamma(total)
        parts = (self.concentration - 1.0) * math_ops.digamma(self.concentration)
        return whole - math_ops.reduce_sum(parts, axis=-1)  # type: ignore[no-any-return]

    def _mean(self) -> Tensor:
        return self.concentration / self.total_concentration[..., None]

    def _covariance(self) -> Tensor:
        x = self._scale() * self._mean()
        products = -math_ops.matmul(x[..., None], x[..., None, :])
        return array_ops.matrix_set_diag(products, self._variance())

    def _variance(self) -> Tensor:
        scale = self._scale()
        x = scale * self._mean()
        return x * (scale - x)

    def _scale(self) -> Tensor:
        return math_ops.rsqrt(1.0 + self.total_concentration[..., None])

    def _mode(self) -> Tensor:
        k = math_ops.cast(self.event_shape_tensor()[0], self.dtype)
        mode = (self.concentration - 1.0) / (self.total_concentration[..., None] - k)
        if self.allow_nan_stats:
            nan = _nan(array_ops.shape(mode), self.dtype)
            # The axis stays, so that one condition holds for all shares of a distribution.
            defined = math_ops.reduce_all(self.concentration > 1.0, axis=-1, keepdims=True)
            return array_ops.where_v2(defined, mode, nan)
        one = array_ops.ones([], self.dtype)
        message = "Mode undefined when any concentration <= 1"
        check = check_ops.assert_less(one, self.concentration, message=message)
        return with_dependencies([check], mode)  # type: ignore[no-any-return]

    def _checked(self, x: Tensor) -> Tensor:
        if not self.validate_args:
            return x
        one, total = array_ops.ones([], dtype=self.dtype), math_ops.reduce_sum(x, -1)
        checks = [
            check_ops.assert_positive(x, message="samples must be positive"),
            check_ops.assert_near(one, total, message="sample last-dimension must sum to `1`"),
        ]
        return with_dependencies(checks, x)  # type: ignore[no-any-return]


def _checked_concentration(concentration: Any, validate_args: bool) -> Tensor:
    tensor = convert_to_tensor(concentration, name="concentration")
    if not validate_args:
        return tensor
    what = "Concentration parameter must"
    size = array_ops.shape(tensor)[-1]
    checks = [
        check_ops.assert_positive(tensor, message=f"{what} be positive."),
        check_ops.assert_rank_at_least(tensor, 1, message=f"{what} have >=1 dimensions."),
        check_ops.assert_less(1, size, message=f"{what} have event_size >= 2."),
    ]
    return with_dependencies(checks, tensor)  # type: ignore[no-any-return]


@RegisterKL(Dirichlet, Dirichlet)
def _kl_dirichlet_dirichlet(a: Dirichlet, b: Dirichlet, name: str | None = None) -> Tensor:
    values = [a.concentration, b.concentration]
    with name_scope(name, "kl_dirichlet_dirichlet", values=values):
        total = math_ops.reduce_sum(a.concentration, axis=-1, keepdims=True)
        of_total = math_ops.digamma(total)
        logs = math_ops.digamma(a.concentration) - of_total
        change = a.concentration - b.concentration
        return (
            math_ops.reduce_sum(change * logs, axis=-1)
            - math_ops.lbeta(a.concentration)
            + math_ops.lbeta(b.concentration)
        )
