"""The base of distributions: public methods that name scopes and fall back on each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from typing import Any

import numpy as np

from ...core.dtypes import DType, int32
from ...core.tensor import Tensor
from ...core.tensor_shape import TensorShape, as_shape
from ...core.values import constant_value
from .. import array_ops, math_ops
from ..framework import convert_to_tensor, name_scope
from . import kullback_leibler


class ReparameterizationType:
    """Whether gradients flow through samples to the parameters."""

    def __init__(self, rep_type: str) -> None:
        self._rep_type = rep_type

    def __repr__(self) -> str:
        return f"<ReparameterizationType: {self._rep_type}>"

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__


FULLY_REPARAMETERIZED = ReparameterizationType("FULLY_REPARAMETERIZED")
NOT_REPARAMETERIZED = ReparameterizationType("NOT_REPARAMETERIZED")


def parameter_shapes(names: Sequence[str], sample_shape: Any) -> dict[str, Tensor]:
    """For each parameter the shape that samples of `sample_shape` want."""
    shape = convert_to_tensor(sample_shape, dtype=int32)
    return dict.fromkeys(names, shape)


class Distribution:
    """A distribution, or a batch of them with parameters of `batch_shape`.

    A subclass gives what it knows (`_sample_n`, `_log_prob` or `_prob`, `_cdf`, `_mean`,
    `_variance` or `_stddev`, ...; the methods of the same name without underscore explain them)
    and its shapes: `_batch_shape`, `_event_shape` and their tensors. What it does not know raises
    NotImplementedError.
    """

    def __init__(
        self,
        dtype: DType,
        reparameterization_type: ReparameterizationType,
        validate_args: bool,
        allow_nan_stats: bool,
        parameters: dict[str, Any] | None = None,
        graph_parents: list[Tensor] | None = None,
        name: str | None = None,
    ) -> None:
        graph_parents = [] if graph_parents is None else graph_parents
        for i, parent in enumerate(graph_parents):
            if not isinstance(parent, Tensor):
                raise ValueError(f"Graph parent item {i} is not a Tensor; {parent}.")
        if not name or not name.endswith("/"):
            with name_scope(name or type(self).__name__) as scope:
                name = scope
        self._dtype = dtype
        self._reparameterization_type = reparameterization_type
        self._validate_args, self._allow_nan_stats = validate_args, allow_nan_stats
        self._parameters = dict(parameters or {})
        self._graph_parents, self._name = graph_parents, name

    # -- what it is ------------------------------------------------------------------------------
    @classmethod
    def param_shapes(
        cls, sample_shape: Any, name: str = "DistributionParamShapes"
    ) -> dict[str, Tensor]:
        """The shapes of the parameters for samples of a shape, by name."""
        with name_scope(name, values=[sample_shape]):
            return cls._param_shapes(sample_shape)

    @classmethod
    def param_static_shapes(cls, sample_shape: Any) -> dict[str, TensorShape]:
        """As `param_shapes`, known now; ValueError if they are not."""
        if isinstance(sample_shape, TensorShape):
            if not sample_shape.is_fully_defined():
                raise ValueError("TensorShape sample_shape must be fully defined")
            sample_shape = sample_shape.as_list()
        shapes = {}
        for name, shape in cls.param_shapes(sample_shape).items():
            value = constant_value(shape)
            if value is None:
                raise ValueError("sample_shape must be a fully-defined TensorShape or list/tuple")
            shapes[name] = TensorShape(value)
        return shapes

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        raise NotImplementedError("_param_shapes not implemented")

    @property
    def name(self) -> str:
        """The name scope of its operations, with a slash."""
        return self._name

    @property
    def dtype(self) -> DType:
        """The type of its samples."""
        return self._dtype

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments it was made of."""
        given = self._parameters.items()
        return {k: v for k, v in given if not k.startswith("__") and k != "self"}

    @property
    def reparameterization_type(self) -> ReparameterizationType:
        """Whether gradients flow through samples."""
        return self._reparameterization_type

    @property
    def allow_nan_stats(self) -> bool:
        """Whether what is not defined is NaN; an error of the run otherwise."""
        return self._allow_nan_stats

    @property
    def validate_args(self) -> bool:
        """Whether runs check parameters and values."""
        return self._validate_args

    def copy(self, **override_parameters_kwargs: Any) -> Distribution:
        """A distribution of the same arguments but for those given."""
        return type(self)(**{**self.parameters, **override_parameters_kwargs})

    # -- shapes ----------------------------------------------------------------------------------
    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        """The shape of the batch of distributions, int32."""
        with self._name_scope(name):
            if self.batch_shape.is_fully_defined():
                return convert_to_tensor(
                    self.batch_shape.as_list(), dtype=int32, name="batch_shape"
                )
            return self._batch_shape_tensor()

    def event_shape_tensor(self, name: str = "event_shape_tensor") -> Tensor:
        """The shape of one sample of one distribution, int32."""
        with self._name_scope(name):
            if self.event_shape.is_fully_defined():
                return convert_to_tensor(
                    self.event_shape.as_list(), dtype=int32, name="event_shape"
                )
            return self._event_shape_tensor()

    @property
    def batch_shape(self) -> TensorShape:
        """What is known of the batch's shape."""
        return as_shape(self._batch_shape())

    @property
    def event_shape(self) -> TensorShape:
        """What is known of an event's shape."""
        return as_shape(self._event_shape())

    def _batch_shape(self) -> Any:
        return TensorShape(None)

    def _event_shape(self) -> Any:
        return TensorShape(None)

    def _batch_shape_tensor(self) -> Tensor:
        raise self._lacks("batch_shape_tensor")

    def _event_shape_tensor(self) -> Tensor:
        raise self._lacks("event_shape_tensor")

    def is_scalar_event(self, name: str = "is_scalar_event") -> Tensor:
        """Whether events are scalars."""
        with self._name_scope(name):
            answer = _is_scalar(self.event_shape, self.event_shape_tensor)
            return convert_to_tensor(answer, name="is_scalar_event")

    def is_scalar_batch(self, name: str = "is_scalar_batch") -> Tensor:
        """Whether this is one distribution."""
        with self._name_scope(name):
            answer = _is_scalar(self.batch_shape, self.batch_shape_tensor)
            return convert_to_tensor(answer, name="is_scalar_batch")

    # -- samples ---------------------------------------------------------------------------------
    def sample(
        self, sample_shape: Any = (), seed: int | None = None, name: str = "sample"
    ) -> Tensor:
        """Samples, `sample_shape + batch_shape + event_shape`."""
        return self._call_sample_n(sample_shape, seed, name)

    def _call_sample_n(self, sample_shape: Any, seed: Any, name: str, **kwargs: Any) -> Tensor:
        with self._name_scope(name, [sample_shape]):
            sample_shape = convert_to_tensor(sample_shape, dtype=int32, name="sample_shape")
            sample_shape, n = _as_vector(sample_shape, "sample_shape")
            samples = self._sample_n(n, seed, **kwargs)
            rest = array_ops.shape(samples)[1:]
            samples = array_ops.reshape(samples, array_ops.concat([sample_shape, rest], 0))
            return self._with_known_shape(samples, sample_shape)

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        raise self._lacks("sample_n")

    def _with_known_shape(self, samples: Tensor, sample_shape: Tensor) -> Tensor:
        outer = TensorShape(constant_value(sample_shape))
        parts = (outer, self.batch_shape, self.event_shape)
        samples.set_shape(reduce(lambda a, b: a.concatenate(b), parts))
        return samples

    # -- probabilities ---------------------------------------------------------------------------
    def log_prob(self, value: Any, name: str = "log_prob") -> Tensor:
        """The logarithm of the density, or of the probability, at `value`."""
        return self._call_log_prob(value, name)

    def prob(self, value: Any, name: str = "prob") -> Tensor:
        """The density, or the probability, at `value`."""
        return self._call_prob(value, name)

    def log_cdf(self, value: Any, name: str = "log_cdf") -> Tensor:
        """The logarithm of `cdf`."""
        return self._call_log_cdf(value, name)

    def cdf(self, value: Any, name: str = "cdf") -> Tensor:
        """The probability that a sample is at most `value`."""
        return self._call_cdf(value, name)

    def log_survival_function(self, value: Any, name: str = "log_survival_function") -> Tensor:
        """The logarithm of `survival_function`."""
        return self._call_log_survival_function(value, name)

    def survival_function(self, value: Any, name: str = "survival_function") -> Tensor:
        """The probability that a sample is above `value`."""
        return self._call_survival_function(value, name)

    def quantile(self, value: Any, name: str = "quantile") -> Tensor:
        """Where `cdf` is `value`."""
        return self._call_quantile(value, name)

    def _call_log_prob(self, value: Any, name: str, **kwargs: Any) -> Tensor:
        with self._of_value(value, name) as x:
            return _first_known(
                lambda: self._log_prob(x, **kwargs), lambda: math_ops.log(self._prob(x, **kwargs))
            )

    def _call_prob(self, value: Any, name: str, **kwargs: Any) -> Tensor:
        with self._of_value(value, name) as x:
            return _first_known(
                lambda: self._prob(x, **kwargs), lambda: math_ops.exp(self._log_prob(x, **kwargs))
            )

    def _call_log_cdf(self, value: Any, name: str, **kwargs: Any) -> Tensor:
        with self._of_value(value, name) as x:
            return _first_known(
                lambda: self._log_cdf(x, **kwargs), lambda: math_ops.log(self._cdf(x, **kwargs))
            )

    def _call_cdf(self, value: Any, name: str, **kwargs: Any) -> Tensor:
        with self._of_value(value, name) as x:
            return _first_known(
                lambda: self._cdf(x, **kwargs), lambda: math_ops.exp(self._log_cdf(x, **kwargs))
            )

    def _call_log_survival_function(self, value: Any, name: str, **kwargs: Any) -> Tensor:
        with self._of_value(value, name) as x:
            return _first_known(
                lambda: self._log_survival_function(x, **kwargs),
                lambda: math_ops.log1p(-self.cdf(x, **kwargs)),
            )

    def _call_survival_function(self, value: Any, name: str, **kwargs: Any) -> Tensor:
        with self._of_value(value, name) as x:
            return _first_known(
                lambda: self._survival_function(x, **kwargs), lambda: 1.0 - self.cdf(x, **kwargs)
            )

    def _call_quantile(self, value: Any, name: str, **kwargs: Any) -> Tensor:
        with self._of_value(value, name) as x:
            return self._quantile(x, **kwargs)

    def _log_prob(self, value: Tensor) -> Tensor:
        raise self._lacks("log_prob")

    def _prob(self, value: Tensor) -> Tensor:
        raise self._lacks("prob")

    def _log_cdf(self, value: Tensor) -> Tensor:
        raise self._lacks("log_cdf")

    def _cdf(self, value: Tensor) -> Tensor:
        raise self._lacks("cdf")

    def _log_survival_function(self, value: Tensor) -> Tensor:
        raise self._lacks("log_survival_function")

    def _survival_function(self, value: Tensor) -> Tensor:
        raise self._lacks("survival_function")

    def _quantile(self, value: Tensor) -> Tensor:
        raise self._lacks("quantile")

    # -- statistics ------------------------------------------------------------------------------
    def entropy(self, name: str = "entropy") -> Tensor:
        """Shannon's entropy in nats."""
        with self._name_scope(name):
            return self._entropy()

    def mean(self, name: str = "mean") -> Tensor:
        """The mean."""
        with self._name_scope(name):
            return self._mean()

    def variance(self, name: str = "variance") -> Tensor:
        """The variance, of each component of an event."""
        with self._name_scope(name):
            return _first_known(self._variance, lambda: math_ops.square(self._stddev()))

    def stddev(self, name: str = "stddev") -> Tensor:
        """The standard deviation, of each component of an event."""
        with self._name_scope(name):
            return _first_known(self._stddev, lambda: math_ops.sqrt(self._variance()))

    def covariance(self, name: str = "covariance") -> Tensor:
        """The matrix of covariances of the components of an event."""
        with self._name_scope(name):
            return self._covariance()

    def mode(self, name: str = "mode") -> Tensor:
        """The most probable event."""
        with self._name_scope(name):
            return self._mode()

    def cross_entropy(self, other: Distribution, name: str = "cross_entropy") -> Tensor:
        """The entropy plus the divergence from `other`."""
        with self._name_scope(name):
            return self._cross_entropy(other)

    def kl_divergence(self, other: Distribution, name: str = "kl_divergence") -> Tensor:
        """The Kullback-Leibler divergence of `other` from this one."""
        with self._name_scope(name):
            return self._kl_divergence(other)

    def _cross_entropy(self, other: Distribution) -> Tensor:
        nan = self.allow_nan_stats
        return kullback_leibler.cross_entropy(self, other, allow_nan_stats=nan)

    def _kl_divergence(self, other: Distribution) -> Tensor:
        nan = self.allow_nan_stats
        return kullback_leibler.kl_divergence(self, other, allow_nan_stats=nan)

    def _entropy(self) -> Tensor:
        raise self._lacks("entropy")

    def _mean(self) -> Tensor:
        raise self._lacks("mean")

    def _variance(self) -> Tensor:
        raise self._lacks("variance")

    def _stddev(self) -> Tensor:
        raise self._lacks("stddev")

    def _covariance(self) -> Tensor:
        raise self._lacks("covariance")

    def _mode(self) -> Tensor:
        raise self._lacks("mode")

    # -- scopes and texts ------------------------------------------------------------------------
    @contextmanager
    def _name_scope(self, name: str | None = None, values: Sequence[Any] = ()) -> Iterator[str]:
        with (
            name_scope(self.name),
            name_scope(name, values=[*values, *self._graph_parents]) as scope,
        ):
            yield scope

    @contextmanager
    def _of_value(self, value: Any, name: str) -> Iterator[Tensor]:
        with self._name_scope(name, [value]):
            yield convert_to_tensor(value, name="value", preferred_dtype=self.dtype)

    def _lacks(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"{what} is not implemented: {type(self).__name__}")

    def __str__(self) -> str:
        shapes = {"batch_shape": self.batch_shape, "event_shape": self.event_shape}
        known = "".join(f", {k}={v}" for k, v in shapes.items() if v.ndims is not None)
        kind = f"tfp.distributions.{type(self).__name__}"
        return f'{kind}("{self.name}"{known}, dtype={self.dtype.name})'

    def __repr__(self) -> str:
        return (
            f"<tfp.distributions.{type(self).__name__} '{self.name}' "
            f"batch_shape={self.batch_shape} event_shape={self.event_shape} "
            f"dtype={self.dtype.name}>"
        )


class ScalarDistribution(Distribution):
    """A distribution of scalars whose parameters, those in `_broadcast`, broadcast."""

    _broadcast: tuple[Tensor, ...]

    def _batch_shape_tensor(self) -> Tensor:
        shapes = [array_ops.shape(x) for x in self._broadcast]
        return reduce(lambda a, b: array_ops.broadcast_dynamic_shape(b, a), reversed(shapes))

    def _batch_shape(self) -> Any:
        return reduce(array_ops.broadcast_static_shape, (x.shape for x in self._broadcast))

    def _event_shape_tensor(self) -> Tensor:
        return array_ops.constant([], dtype=int32)

    def _event_shape(self) -> Any:
        return TensorShape([])

    def _samples_shape(self, n: Any) -> Tensor:
        return array_ops.concat([[n], self.batch_shape_tensor()], 0)


def _first_known(first: Callable[[], Tensor], second: Callable[[], Tensor]) -> Tensor:
    """The first that is implemented; NotImplementedError of the first if neither is."""
    try:
        return first()
    except NotImplementedError as lacking:
        try:
            return second()
        except NotImplementedError:
            raise lacking from None


def _as_vector(x: Tensor, name: str) -> tuple[Any, Any]:
    """A shape as a vector, and how many elements it has, known now or in the run."""
    value = constant_value(x)
    number: Any = math_ops.reduce_prod(x) if value is None else np.prod(value, dtype=np.int32)
    rank = x.shape.ndims
    if rank is None:
        return array_ops.reshape(x, [-1]), number
    if rank == 0:
        if value is None:
            return array_ops.reshape(x, [1]), number
        return convert_to_tensor(np.array([value], np.int32), name=name), number
    if rank != 1:
        raise ValueError("Input is neither scalar nor vector.")
    return x, number


def _is_scalar(static: TensorShape, dynamic: Callable[[], Tensor]) -> Any:
    if static.ndims is not None:
        return static.ndims == 0
    shape = dynamic()
    if shape.shape.is_fully_defined():
        return shape.shape.as_list() == [0]
    return math_ops.equal(array_ops.shape(shape)[0], 0)
