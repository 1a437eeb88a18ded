"""Distributions of a location and a scale: normal, Laplace, Student's t; and uniform ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...core.tensor import Tensor
from .. import array_ops, check_ops, math_ops
from ..framework import control_dependencies, name_scope
from ..grouping import with_dependencies
from ..random_ops import random_gamma, random_normal, random_uniform
from . import special_math
from .checks import gen_new_seed
from .distribution import FULLY_REPARAMETERIZED, ScalarDistribution, parameter_shapes
from .kullback_leibler import RegisterKL

_Shapes = dict[str, Tensor]


class Normal(ScalarDistribution):
    """The normal distribution of mean `loc` and standard deviation `scale`, which broadcast."""

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Normal",
    ) -> None:
        parameters = dict(locals())
        with name_scope(name, values=[loc, scale]) as name:
            checks = [check_ops.assert_positive(scale)] if validate_args else []
            with control_dependencies(checks):
                self._loc = array_ops.identity(loc, name="loc")
                self._scale = array_ops.identity(scale, name="scale")
                check_ops.assert_same_float_dtype([self._loc, self._scale])
        self._broadcast = (self._loc, self._scale)
        super().__init__(
            dtype=self._scale.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._loc, self._scale],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> _Shapes:
        return parameter_shapes(("loc", "scale"), sample_shape)

    @property
    def loc(self) -> Tensor:
        """The mean."""
        return self._loc

    @property
    def scale(self) -> Tensor:
        """The standard deviation."""
        return self._scale

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = self._samples_shape(n)
        dtype = self.loc.dtype
        standard = random_normal(shape=shape, mean=0.0, stddev=1.0, dtype=dtype, seed=seed)
        return standard * self.scale + self.loc

    def _log_prob(self, x: Tensor) -> Tensor:
        exponent = -0.5 * math_ops.square(self._z(x))
        return exponent - (0.5 * math.log(2.0 * math.pi) + math_ops.log(self.scale))

    def _log_cdf(self, x: Tensor) -> Tensor:
        return special_math.log_ndtr(self._z(x))

    def _cdf(self, x: Tensor) -> Tensor:
        return special_math.ndtr(self._z(x))

    def _log_survival_function(self, x: Tensor) -> Tensor:
        return special_math.log_ndtr(-self._z(x))

    def _survival_function(self, x: Tensor) -> Tensor:
        return special_math.ndtr(-self._z(x))

    def _quantile(self, p: Tensor) -> Tensor:
        z = special_math.ndtri(p)
        with name_scope("reconstruct", values=[z]):
            return z * self.scale + self.loc

    def _entropy(self) -> Tensor:
        scale = self.scale * array_ops.ones_like(self.loc)
        return 0.5 * math.log(2.0 * math.pi * math.e) + math_ops.log(scale)

    def _mean(self) -> Tensor:
        return self.loc * array_ops.ones_like(self.scale)

    def _stddev(self) -> Tensor:
        return self.scale * array_ops.ones_like(self.loc)

    def _mode(self) -> Tensor:
        return self._mean()

    def _z(self, x: Tensor) -> Tensor:
        with name_scope("standardize", values=[x]):
            return (x - self.loc) / self.scale


@RegisterKL(Normal, Normal)
def _kl_normal_normal(a: Normal, b: Normal, name: str | None = None) -> Tensor:
    with name_scope(name, "kl_normal_normal", [a.loc, b.loc]):
        one = array_ops.constant(1, dtype=a.dtype)
        two = array_ops.constant(2, dtype=a.dtype)
        half = array_ops.constant(0.5, dtype=a.dtype)
        variances = math_ops.square(a.scale), math_ops.square(b.scale)
        ratio = variances[0] / variances[1]
        distance = math_ops.squared_difference(a.loc, b.loc) / (two * variances[1])
        return distance + half * (ratio - one - math_ops.log(ratio))


class Laplace(ScalarDistribution):
    """Laplace's distribution, of density exp(-|x - loc| / scale) / (2 scale)."""

    def __init__(
        self,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Laplace",
    ) -> None:
        parameters = dict(locals())
        with name_scope(name, values=[loc, scale]) as name:
            checks = [check_ops.assert_positive(scale)] if validate_args else []
            with control_dependencies(checks):
                self._loc = array_ops.identity(loc, name="loc")
                self._scale = array_ops.identity(scale, name="scale")
                check_ops.assert_same_float_dtype([self._loc, self._scale])
        self._broadcast = (self._loc, self._scale)
        super().__init__(
            dtype=self._loc.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._loc, self._scale],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> _Shapes:
        return parameter_shapes(("loc", "scale"), sample_shape)

    @property
    def loc(self) -> Tensor:
        """The mean."""
        return self._loc

    @property
    def scale(self) -> Tensor:
        """The mean distance from `loc`."""
        return self._scale

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = self._samples_shape(n)
        number = self.dtype.as_numpy_dtype
        # The next number above -1 keeps the logarithm finite.
        lowest = np.nextafter(number(-1.0), number(0.0))
        u = random_uniform(shape=shape, minval=lowest, maxval=1.0, dtype=self.dtype, seed=seed)
        return self.loc - self.scale * math_ops.sign(u) * math_ops.log1p(-math_ops.abs(u))

    def _log_prob(self, x: Tensor) -> Tensor:
        exponent = -math_ops.abs(self._z(x))
        return exponent - (math.log(2.0) + math_ops.log(self.scale))

    def _prob(self, x: Tensor) -> Tensor:
        return math_ops.exp(self._log_prob(x))

    def _log_cdf(self, x: Tensor) -> Tensor:
        return special_math.log_cdf_laplace(self._z(x))

    def _log_survival_function(self, x: Tensor) -> Tensor:
        return special_math.log_cdf_laplace(-self._z(x))

    def _cdf(self, x: Tensor) -> Tensor:
        z = self._z(x)
        return 0.5 + 0.5 * math_ops.sign(z) * (1.0 - math_ops.exp(-math_ops.abs(z)))

    def _entropy(self) -> Tensor:
        scale = self.scale + array_ops.zeros_like(self.loc)
        return math.log(2.0) + 1.0 + math_ops.log(scale)

    def _mean(self) -> Tensor:
        return self.loc + array_ops.zeros_like(self.scale)

    def _stddev(self) -> Tensor:
        return math.sqrt(2.0) * self.scale + array_ops.zeros_like(self.loc)

    def _mode(self) -> Tensor:
        return self._mean()

    def _z(self, x: Tensor) -> Tensor:
        return (x - self.loc) / self.scale


class Uniform(ScalarDistribution):
    """The uniform distribution of the interval from `low` to `high`, without `high`."""

    def __init__(
        self,
        low: Any = 0.0,
        high: Any = 1.0,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Uniform",
    ) -> None:
        parameters = dict(locals())
        with name_scope(name, values=[low, high]) as name:
            message = "uniform not defined when low >= high."
            checks = [check_ops.assert_less(low, high, message=message)] if validate_args else []
            with control_dependencies(checks):
                self._low = array_ops.identity(low, name="low")
                self._high = array_ops.identity(high, name="high")
                check_ops.assert_same_float_dtype([self._low, self._high])
        self._broadcast = (self._low, self._high)
        super().__init__(
            dtype=self._low.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._low, self._high],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> _Shapes:
        return parameter_shapes(("low", "high"), sample_shape)

    @property
    def low(self) -> Tensor:
        """Where the interval begins."""
        return self._low

    @property
    def high(self) -> Tensor:
        """Where the interval ends."""
        return self._high

    def range(self, name: str = "range") -> Tensor:
        """The length of the interval."""
        with self._name_scope(name):
            return self.high - self.low

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = self._samples_shape(n)
        samples = random_uniform(shape=shape, dtype=self.dtype, seed=seed)
        return self.low + self.range() * samples

    def _prob(self, x: Tensor) -> Tensor:
        x = x * array_ops.ones(self.batch_shape_tensor(), dtype=x.dtype)
        unknown = math_ops.is_nan(x)
        outside = math_ops.logical_or(x < self.low, x >= self.high)
        zeros = array_ops.zeros_like(x)
        density = array_ops.where_v2(outside, zeros, array_ops.ones_like(x) / self.range())
        return array_ops.where_v2(unknown, x, density)

    def _cdf(self, x: Tensor) -> Tensor:
        shape = array_ops.shape(x)
        shape = array_ops.broadcast_dynamic_shape(shape, self.batch_shape_tensor())
        zeros = array_ops.zeros(shape, dtype=self.dtype)
        ones = array_ops.ones(shape, dtype=self.dtype)
        spread = x * ones
        inside = array_ops.where_v2(x < self.low, zeros, (spread - self.low) / self.range())
        return array_ops.where_v2(x >= self.high, ones, inside)

    def _entropy(self) -> Tensor:
        return math_ops.log(self.range())

    def _mean(self) -> Tensor:
        return (self.low + self.high) / 2.0

    def _variance(self) -> Tensor:
        return math_ops.square(self.range()) / 12.0

    def _stddev(self) -> Tensor:
        return self.range() / math.sqrt(12.0)


class StudentT(ScalarDistribution):
    """Student's t distribution of `df` degrees of freedom, scaled and moved.

    The mean is NaN for df <= 1; the variance infinite for df <= 2, NaN for df <= 1.
    """

    def __init__(
        self,
        df: Any,
        loc: Any,
        scale: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "StudentT",
    ) -> None:
        parameters = dict(locals())
        with name_scope(name, values=[df, loc, scale]) as name:
            checks = [check_ops.assert_positive(df)] if validate_args else []
            with control_dependencies(checks):
                self._df = array_ops.identity(df, name="df")
                self._loc = array_ops.identity(loc, name="loc")
                self._scale = array_ops.identity(scale, name="scale")
                check_ops.assert_same_float_dtype((self._df, self._loc, self._scale))
        self._broadcast = (self._df, self._loc, self._scale)
        super().__init__(
            dtype=self._scale.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._df, self._loc, self._scale],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> _Shapes:
        return parameter_shapes(("df", "loc", "scale"), sample_shape)

    @property
    def df(self) -> Tensor:
        """The degrees of freedom."""
        return self._df

    @property
    def loc(self) -> Tensor:
        """The centre."""
        return self._loc

    @property
    def scale(self) -> Tensor:
        """The factor of the standard distribution."""
        return self._scale

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        normal = random_normal(self._samples_shape(n), dtype=self.dtype, seed=seed)
        df = self.df * self._ones()
        other = gen_new_seed(seed, salt="student_t")
        gamma = random_gamma([n], 0.5 * df, beta=0.5, dtype=self.dtype, seed=other)
        samples = normal * math_ops.rsqrt(gamma / df)
        return samples * self.scale + self.loc

    def _log_prob(self, x: Tensor) -> Tensor:
        y = (x - self.loc) / self.scale
        kernel = -0.5 * (self.df + 1.0) * math_ops.log1p(y**2.0 / self.df)
        return kernel - self._log_normalization()

    def _log_normalization(self) -> Tensor:
        return (
            math_ops.log(math_ops.abs(self.scale))
            + 0.5 * math_ops.log(self.df)
            + 0.5 * math.log(math.pi)
            + math_ops.lgamma(0.5 * self.df)
            - math_ops.lgamma(0.5 * (self.df + 1.0))
        )

    def _cdf(self, x: Tensor) -> Tensor:
        y = (x - self.loc) / math_ops.abs(self.scale)
        share = self.df / (y**2.0 + self.df)
        left = 0.5 * math_ops.betainc(0.5 * self.df, 0.5, share)
        return array_ops.where_v2(math_ops.less(y, 0.0), left, 1.0 - left)

    def _entropy(self) -> Tensor:
        v = self._ones()[..., None]
        u = v * self.df[..., None]
        halves = array_ops.concat([u, v], -1) / 2.0
        digamma = math_ops.digamma
        return (
            math_ops.log(math_ops.abs(self.scale))
            + 0.5 * math_ops.log(self.df)
            + math_ops.lbeta(halves)
            + 0.5 * (self.df + 1.0) * (digamma(0.5 * (self.df + 1.0)) - digamma(0.5 * self.df))
        )

    def _mean(self) -> Tensor:
        return self._where_df_above_one(self.loc * self._ones(), "mean")

    def _variance(self) -> Tensor:
        many, rest = math_ops.greater(self.df, 2.0), self.df - 2.0
        rest = array_ops.where_v2(many, rest, array_ops.ones_like(self.df))
        variance = self._ones() * math_ops.square(self.scale) * self.df / rest
        finite = array_ops.where_v2(
            self.df > self._filled(2.0), variance, self._filled(np.inf, "inf")
        )
        return self._where_df_above_one(finite, "variance")

    def _mode(self) -> Tensor:
        return array_ops.identity(self.loc)

    def _ones(self) -> Tensor:
        return array_ops.ones(self.batch_shape_tensor(), dtype=self.dtype)

    def _filled(self, value: float, name: str | None = None) -> Tensor:
        number: Any = np.array(value, self.dtype.as_numpy_dtype)
        return array_ops.fill(self.batch_shape_tensor(), number, name=name)

    def _where_df_above_one(self, x: Tensor, what: str) -> Tensor:
        if self.allow_nan_stats:
            defined = math_ops.greater(self.df, self._ones())
            return array_ops.where_v2(defined, x, self._filled(np.nan, "nan"))
        message = f"{what} not defined for components of df <= 1"
        one = array_ops.ones([], dtype=self.dtype)
        return with_dependencies([check_ops.assert_less(one, self.df, message=message)], x)  # type: ignore[no-any-return]
