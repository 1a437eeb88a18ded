"""Distributions of classes and of their counts."""

from __future__ import annotations

from typing import Any

from ...core.dtypes import DType, bool_, int32, int64
from ...core.tensor import Tensor
from ...core.tensor_shape import TensorShape
from .. import array_ops, check_ops, math_ops, nn
from ..framework import convert_to_tensor, name_scope
from ..functional_ops import map_fn
from ..grouping import with_dependencies
from ..random_ops import multinomial, random_gamma, random_uniform
from . import checks
from .distribution import NOT_REPARAMETERIZED, Distribution
from .gamma_family import positive
from .kullback_leibler import RegisterKL


class Bernoulli(Distribution):
    """1 with probability `probs`, or sigmoid(`logits`), else 0."""

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: DType = int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Bernoulli",
    ) -> None:
        parameters = dict(locals())
        with name_scope(name) as name:
            self._logits, self._probs = checks.get_logits_and_probs(
                logits=logits, probs=probs, validate_args=validate_args, name=name
            )
        super().__init__(
            dtype=dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._logits, self._probs],
            name=name,
        )

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return {"logits": convert_to_tensor(sample_shape, dtype=int32)}

    @property
    def logits(self) -> Tensor:
        """The log odds of 1."""
        return self._logits

    @property
    def probs(self) -> Tensor:
        """The probability of 1."""
        return self._probs

    def _batch_shape_tensor(self) -> Tensor:
        return array_ops.shape(self._logits)

    def _batch_shape(self) -> Any:
        return self._logits.shape

    def _event_shape_tensor(self) -> Tensor:
        return array_ops.constant([], dtype=int32)

    def _event_shape(self) -> Any:
        return TensorShape([])

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        shape = array_ops.concat([[n], self.batch_shape_tensor()], 0)
        uniform = random_uniform(shape, seed=seed, dtype=self.probs.dtype)
        return math_ops.cast(math_ops.less(uniform, self.probs), self.dtype)  # type: ignore[no-any-return]

    def _log_prob(self, event: Tensor) -> Tensor:
        if self.validate_args:
            event = checks.embed_check_integer_casting_closed(event, target_dtype=bool_)
        event, logits = math_ops.cast(event, self.logits.dtype), self.logits
        if not (event.shape.is_fully_defined() and event.shape == logits.shape):
            logits, event = (
                array_ops.ones_like(event) * logits,
                array_ops.ones_like(logits) * event,
            )
        return -nn.sigmoid_cross_entropy_with_logits(labels=event, logits=logits)

    def _entropy(self) -> Tensor:
        logits = self.logits
        return -logits * (math_ops.sigmoid(logits) - 1) + nn.softplus(-logits)

    def _mean(self) -> Tensor:
        return array_ops.identity(self.probs)

    def _variance(self) -> Tensor:
        return self._mean() * (1.0 - self.probs)

    def _mode(self) -> Tensor:
        return math_ops.cast(self.probs > 0.5, self.dtype)  # type: ignore[no-any-return]


@RegisterKL(Bernoulli, Bernoulli)
def _kl_bernoulli_bernoulli(a: Bernoulli, b: Bernoulli, name: str | None = None) -> Tensor:
    with name_scope(name, "kl_bernoulli_bernoulli", values=[a.logits, b.logits]):
        of_ones = nn.softplus(-b.logits) - nn.softplus(-a.logits)
        of_zeros = nn.softplus(b.logits) - nn.softplus(a.logits)
        return math_ops.sigmoid(a.logits) * of_ones + math_ops.sigmoid(-a.logits) * of_zeros


class Categorical(Distribution):
    """A class from 0, of probabilities `probs`, or softmax(`logits`), along the last axis."""

    def __init__(
        self,
        logits: Any = None,
        probs: Any = None,
        dtype: DType = int32,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Categorical",
    ) -> None:
        parameters = dict(locals())
        with name_scope(name, values=[logits, probs]) as name:
            self._logits, self._probs = checks.get_logits_and_probs(
                logits=logits,
                probs=probs,
                validate_args=validate_args,
                multidimensional=True,
                name=name,
            )
            if validate_args:
                self._logits = checks.embed_check_categorical_event_shape(self._logits)
            self._note_shapes()
        super().__init__(
            dtype=dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._logits, self._probs],
            name=name,
        )

    def _note_shapes(self) -> None:
        """Rank of the batch, number of classes and shape of the batch: constants if known."""
        static = self._logits.shape.with_rank_at_least(1)
        if static.ndims is not None:
            rank = convert_to_tensor(static.ndims - 1, dtype=int32, name="batch_rank")
        else:
            with name_scope("batch_rank"):
                rank = array_ops.rank(self._logits) - 1
        shape = array_ops.shape(self._logits, name="logits_shape")
        size = None if static.ndims is None else static.as_list()[-1]
        if size is not None:
            self._event_size = convert_to_tensor(size, dtype=int32, name="event_size")
        else:
            with name_scope("event_size"):
                self._event_size = shape[rank]
        if static[:-1].is_fully_defined():
            batch = static[:-1].as_list()
            self._batch_shape_value = array_ops.constant(batch, dtype=int32, name="batch_shape")
        else:
            with name_scope("batch_shape"):
                self._batch_shape_value = shape[:-1]
        self._batch_rank = rank

    @staticmethod
    def _param_shapes(sample_shape: Any) -> dict[str, Tensor]:
        return {"logits": convert_to_tensor(sample_shape, dtype=int32)}

    @property
    def event_size(self) -> Tensor:
        """The number of classes, a scalar int32."""
        return self._event_size

    @property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities, up to a constant."""
        return self._logits

    @property
    def probs(self) -> Tensor:
        """The probabilities of the classes."""
        return self._probs

    def _batch_shape_tensor(self) -> Tensor:
        return array_ops.identity(self._batch_shape_value)

    def _batch_shape(self) -> Any:
        return self.logits.shape[:-1]

    def _event_shape_tensor(self) -> Tensor:
        return array_ops.constant([], dtype=int32)

    def _event_shape(self) -> Any:
        return TensorShape([])

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        logits = self.logits
        if logits.shape.ndims != 2:
            logits = array_ops.reshape(logits, [-1, self.event_size])
        dtype = int64 if self.dtype.size > 4 else int32
        draws = array_ops.transpose(multinomial(logits, n, seed=seed, output_dtype=dtype))
        shape = array_ops.concat([[n], self.batch_shape_tensor()], 0)
        return math_ops.cast(array_ops.reshape(draws, shape), self.dtype)  # type: ignore[no-any-return]

    def _event(self, k: Any, parameter: Tensor) -> tuple[Tensor, Tensor]:
        k = convert_to_tensor(k, name="k")
        if self.validate_args:
            k = checks.embed_check_integer_casting_closed(k, target_dtype=int32)
        return _broadcast_event(k, parameter, self.dtype)

    def _cdf(self, k: Tensor) -> Tensor:
        k, probs = self._event(k, self.probs)
        rows = array_ops.reshape(probs, (-1, self._event_size))
        below = array_ops.sequence_mask(array_ops.reshape(k, [-1]), self._event_size)
        counted = array_ops.where(below, rows, array_ops.zeros_like(rows))
        return array_ops.reshape(math_ops.reduce_sum(counted, axis=-1), array_ops.shape(k))

    def _log_prob(self, k: Tensor) -> Tensor:
        k, logits = self._event(k, self.logits)
        return -nn.sparse_softmax_cross_entropy_with_logits(labels=k, logits=logits)

    def _entropy(self) -> Tensor:
        return -math_ops.reduce_sum(nn.log_softmax(self.logits) * self.probs, axis=-1)

    def _mode(self) -> Tensor:
        mode = math_ops.cast(math_ops.argmax(self.logits, axis=self._batch_rank), self.dtype)
        mode.set_shape(self.batch_shape)
        return mode  # type: ignore[no-any-return]


def _broadcast_event(event: Tensor, parameter: Tensor, dtype: DType) -> tuple[Tensor, Tensor]:
    """Classes and parameters of one batch shape."""
    if event.dtype.is_floating:
        event = math_ops.cast(event, dtype=int32)
    elif not event.dtype.is_integer:
        raise TypeError(f"`value` should have integer `dtype` or `self.dtype` ({dtype})")
    batch = parameter.shape[:-1]
    if batch.is_fully_defined() and event.shape.is_fully_defined() and batch == event.shape:
        return event, parameter
    parameter *= array_ops.ones_like(event[..., None], dtype=parameter.dtype)
    shape = array_ops.shape(parameter)[:-1]
    event *= array_ops.ones(shape, dtype=event.dtype)
    if parameter.shape.ndims is not None:
        event.set_shape(parameter.shape[:-1])
    return event, parameter


@RegisterKL(Categorical, Categorical)
def _kl_categorical_categorical(a: Categorical, b: Categorical, name: str | None = None) -> Tensor:
    with name_scope(name, "kl_categorical_categorical", values=[a.logits, b.logits]):
        change = nn.log_softmax(a.logits) - nn.log_softmax(b.logits)
        return math_ops.reduce_sum(nn.softmax(a.logits) * change, axis=-1)


class _Counts(Distribution):
    """How often each class came in `total_count` draws, in the last axis."""

    _total_count: Tensor

    @property
    def total_count(self) -> Tensor:
        """The number of draws."""
        return self._total_count

    def _note_total_count(self, total_count: Any, validate_args: bool) -> None:
        self._total_count = convert_to_tensor(total_count, name="total_count")
        if validate_args:
            total = checks.embed_check_nonnegative_integer_form(self._total_count)
            self._total_count = total

    def _checked(self, counts: Tensor) -> Tensor:
        if not self.validate_args:
            return counts
        counts = checks.embed_check_nonnegative_integer_form(counts)
        total = math_ops.reduce_sum(counts, -1)
        message = "counts last-dimension must sum to `self.total_count`"
        check = check_ops.assert_equal(self.total_count, total, message=message)
        return with_dependencies([check], counts)  # type: ignore[no-any-return]

    def _counted(self, draws: Tensor, n: Any, k: Tensor) -> Tensor:
        """The counts of draws [..., draws], shaped [n, batch, classes]."""
        counts = math_ops.reduce_sum(array_ops.one_hot(draws, depth=k), -2)
        return array_ops.reshape(counts, self._final_shape(n, k))

    def _final_shape(self, n: Any, k: Tensor) -> Tensor:
        return array_ops.concat([[n], self.batch_shape_tensor(), [k]], 0)


class Multinomial(_Counts):
    """Counts of `total_count` draws of the classes with probabilities `probs`, or by `logits`."""

    def __init__(
        self,
        total_count: Any,
        logits: Any = None,
        probs: Any = None,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "Multinomial",
    ) -> None:
        parameters = dict(locals())
        with name_scope(name, values=[total_count, logits, probs]) as name:
            self._note_total_count(total_count, validate_args)
            self._logits, self._probs = checks.get_logits_and_probs(
                logits=logits,
                probs=probs,
                multidimensional=True,
                validate_args=validate_args,
                name=name,
            )
            self._mean_value = self._total_count[..., None] * self._probs
        super().__init__(
            dtype=self._probs.dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._total_count, self._logits, self._probs],
            name=name,
        )

    @property
    def logits(self) -> Tensor:
        """The logarithms of the probabilities, up to a constant."""
        return self._logits

    @property
    def probs(self) -> Tensor:
        """The probabilities of the classes."""
        return self._probs

    def _batch_shape_tensor(self) -> Tensor:
        return array_ops.shape(self._mean_value)[:-1]

    def _batch_shape(self) -> Any:
        return self._mean_value.shape.with_rank_at_least(1)[:-1]

    def _event_shape_tensor(self) -> Tensor:
        return array_ops.shape(self._mean_value)[-1:]

    def _event_shape(self) -> Any:
        return self._mean_value.shape.with_rank_at_least(1)[-1:]

    def _sample_n(self, n: Any, seed: int | None = None) -> Tensor:
        draws = math_ops.cast(self.total_count, dtype=int32)
        k = self.event_shape_tensor()[0]
        draws = array_ops.ones_like(self.logits[..., 0], dtype=draws.dtype) * draws
        logits = array_ops.ones_like(draws[..., None], dtype=self.logits.dtype) * self.logits

        def one(row: Any) -> Tensor:
            drawn = multinomial(row[0][None, ...], row[1], seed)
            drawn = array_ops.reshape(drawn, shape=[n, -1])
            return math_ops.reduce_sum(array_ops.one_hot(drawn, depth=k), axis=-2)

        rows = [array_ops.reshape(logits, [-1, k]), n * array_ops.reshape(draws, [-1])]
        counts = array_ops.transpose(map_fn(one, rows, dtype=self.dtype), perm=[1, 0, 2])
        return array_ops.reshape(counts, self._final_shape(n, k))

    def _log_prob(self, counts: Tensor) -> Tensor:
        kernel = math_ops.reduce_sum(self._checked(counts) * nn.log_softmax(self.logits), -1)
        orders = checks.log_combinations(self.total_count, self._checked(counts))
        return kernel - -orders

    def _mean(self) -> Tensor:
        return array_ops.identity(self._mean_value)

    def _covariance(self) -> Tensor:
        probs = self._each_probs()
        products = -math_ops.matmul(self._mean_value[..., None], probs[..., None, :])
        return array_ops.matrix_set_diag(products, self._variance())

    def _variance(self) -> Tensor:
        probs = self._each_probs()
        return self._mean_value - self._mean_value * probs

    def _each_probs(self) -> Tensor:
        return self.probs * array_ops.ones_like(self.total_count)[..., None]


class DirichletMultinomial(_Counts):
    """Counts of `total_count` draws by probabilities that are Dirichlet(`concentration`)."""

    def __init__(
        self,
        total_count: Any,
        concentration: Any,
        validate_args: bool = False,
        allow_nan_stats: bool = True,
        name: str = "DirichletMultinomial",
    ) -> None:
        parameters = dict(locals())
        with name_scope(name, values=[total_count, concentration]) as name:
            self._note_total_count(total_count, validate_args)
            if validate_args:
                concentration = convert_to_tensor(concentration, name="concentration")
                concentration = checks.embed_check_categorical_event_shape(concentration)
            self._concentration = positive(concentration, "concentration", validate_args)
            self._total_concentration = math_ops.reduce_sum(self._concentration, -1)
        super().__init__(
            dtype=self._concentration.dtype,
            reparameterization_type=NOT_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._total_count, self._concentration],
            name=name,
        )

    @property
    def concentration(self) -> Tensor:
        """The weights of the classes."""
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
        number = math_ops.cast(self.total_count, dtype=int32)
        k = self.event_shape_tensor()[0]
        gamma = random_gamma(shape=[n], alpha=self.concentration, dtype=self.dtype, seed=seed)
        logits = array_ops.reshape(math_ops.log(gamma), shape=[-1, k])
        other = checks.gen_new_seed(seed, salt="dirichlet_multinomial")
        draws = multinomial(logits=logits, num_samples=number, seed=other)
        return math_ops.cast(self._counted(draws, n, k), self.dtype)  # type: ignore[no-any-return]

    def _log_prob(self, counts: Tensor) -> Tensor:
        counts = self._checked(counts)
        after, before = self.concentration + counts, self.concentration
        ordered = math_ops.lbeta(after) - math_ops.lbeta(before)
        return ordered + checks.log_combinations(self.total_count, counts)

    def _prob(self, counts: Tensor) -> Tensor:
        return math_ops.exp(self._log_prob(counts))

    def _mean(self) -> Tensor:
        return self.total_count * (self.concentration / self.total_concentration[..., None])

    def _covariance(self) -> Tensor:
        x = self._scale() * self._mean()
        products = -math_ops.matmul(x[..., None], x[..., None, :])
        return array_ops.matrix_set_diag(products, self._variance())

    def _variance(self) -> Tensor:
        scale = self._scale()
        x = scale * self._mean()
        return x * (self.total_count * scale - x)

    def _scale(self) -> Tensor:
        total = self.total_concentration[..., None]
        return math_ops.sqrt((1.0 + total / self.total_count) / (1.0 + total))
