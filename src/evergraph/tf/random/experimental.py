"""`tf.random.experimental`: random numbers whose state is a variable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.dtypes import as_dtype, float32, int32, int64, uint64
from ...core.tensor import Tensor
from .. import array_ops
from ..emitting import emit_tensor
from ..framework import convert_to_tensor, name_scope
from ..op_functions import op_function
from ..resource_variables import ResourceVariable

__all__ = ["Generator", "create_rng_state", "get_global_generator", "set_global_generator"]

RNG_ALG_PHILOX = 1
RNG_ALG_THREEFRY = 2
DEFAULT_ALGORITHM = RNG_ALG_PHILOX
PHILOX_STATE_SIZE = 3
THREEFRY_STATE_SIZE = 2
STATE_TYPE = int64
_SIZES = {RNG_ALG_PHILOX: PHILOX_STATE_SIZE, RNG_ALG_THREEFRY: THREEFRY_STATE_SIZE}
_SPAN = 1 << 64


def uint_to_int(n: Any) -> Any:
    """An unsigned number of 64 bits as the signed one of the same bits."""
    return n - _SPAN if n > _SPAN // 2 - 1 else n


def _state_size(alg: Any) -> int:
    if alg not in _SIZES:
        raise ValueError(f"Unsupported algorithm id: {alg}")
    return _SIZES[alg]


def create_rng_state(seed: Any, algorithm: Any) -> np.ndarray[Any, Any]:
    """The state, a vector of int64, that a seed stands for.

    seed: a number, cut into pieces of 64 bits, or a sequence of such pieces.
    """
    size = _state_size(algorithm)
    if isinstance(seed, (int, np.integer)):
        pieces = [(int(seed) >> (64 * i)) & (_SPAN - 1) for i in range(size)]
    else:
        pieces = list(seed)
    state = np.asarray([uint_to_int(p) for p in pieces], dtype=np.int64)
    if state.ndim != 1:
        raise ValueError(f"seed should only have one dimension; got shape: {state.shape}")
    state = state[:size]
    return np.pad(state, [(size - state.size, 0)])


def non_deterministic_ints(shape: Any, dtype: Any = int64) -> Tensor:
    """Integers from the operating system: others in each run."""
    return emit_tensor("NonDeterministicInts", shape, dtype=as_dtype(dtype))


def _state_tensor(value: Any) -> Tensor:
    if isinstance(value, list):
        value = [v if isinstance(v, Tensor) else uint_to_int(v) for v in value]
    return convert_to_tensor(value, STATE_TYPE)


def _key_counter(key: Any, counter: Any, alg: Any) -> Tensor:
    counts, own = _state_tensor(counter), _state_tensor(key)
    counts.shape.assert_is_compatible_with([_state_size(alg) - 1])
    own.shape.assert_is_compatible_with([])
    return array_ops.concat([counts, array_ops.reshape(own, [1])], 0)


def _shape_tensor(shape: Any) -> Tensor:
    empty = isinstance(shape, (tuple, list)) and not shape
    return convert_to_tensor(shape, int64 if empty else None, name="shape")


class Generator:
    """A source of random numbers whose state is a variable of the graph.

    Made by `from_seed`, `from_state`, `from_key_counter` or `from_non_deterministic_state`. A draw
    moves the state on; order draws by control dependencies where their order matters.
    """

    def __init__(self, copy_from: Any = None, state: Any = None, alg: Any = None) -> None:
        if copy_from is not None:
            if alg is not None or state is not None:
                raise ValueError("copy_from stands for state and alg: give it alone.")
            state, self._alg = copy_from.state, copy_from.algorithm
        else:
            if alg is None or state is None:
                raise ValueError("state and alg are both needed.")
            state, self._alg = _state_tensor(state), alg
            state.shape.assert_is_compatible_with([_state_size(alg)])
        self._state_var = ResourceVariable(state, dtype=STATE_TYPE, trainable=False)

    @classmethod
    def from_state(cls, state: Any, alg: Any) -> Generator:
        """A generator that starts with this state."""
        return cls(alg=alg, state=state)

    @classmethod
    def from_seed(cls, seed: Any, alg: Any = None) -> Generator:
        """A generator that starts with the state of a seed, see `create_rng_state`."""
        algorithm = DEFAULT_ALGORITHM if alg is None else alg
        return cls(state=create_rng_state(seed, algorithm), alg=algorithm)

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A generator that starts somewhere else in each session."""
        algorithm = DEFAULT_ALGORITHM if alg is None else alg
        state = non_deterministic_ints([_state_size(algorithm)])
        return cls(state=state, alg=algorithm)

    @classmethod
    def from_key_counter(cls, key: Any, counter: Any, alg: Any) -> Generator:
        """A generator that starts with this key (a scalar) and counter (a vector)."""
        return cls(state=_key_counter(key, counter, alg), alg=alg)

    def reset(self, state: Any) -> Any:
        """The operation that gives it another state."""
        value = _state_tensor(state)
        value.shape.assert_is_compatible_with([_state_size(self._alg)])
        return self._state_var.assign(value)

    def reset_from_seed(self, seed: Any) -> Any:
        """The operation that gives it the state of a seed."""
        return self._state_var.assign(create_rng_state(seed, self._alg))

    def reset_from_key_counter(self, key: Any, counter: Any) -> Any:
        """The operation that gives it this key and counter."""
        return self._state_var.assign(_key_counter(key, counter, self._alg))

    @property
    def state(self) -> Any:
        """The variable that holds its state."""
        return self._state_var

    @property
    def algorithm(self) -> Any:
        """The number of its algorithm; 1 is Philox."""
        return self._alg

    @property
    def key(self) -> Any:
        """The key in its state."""
        _state_size(self._alg)
        return self._state_var[-1]

    def skip(self, delta: Any) -> Any:
        """The operation that moves the state on as `delta` drawn numbers would."""
        return op_function("RngSkip")(self._state_var.handle, self._alg, delta)

    def _draw(self, op_type: str, shape: Any, *operands: Any, **attrs: Any) -> Tensor:
        handle = self._state_var.handle
        return emit_tensor(op_type, handle, self._alg, shape, *operands, **attrs)

    def _scaled(
        self, op_type: str, scope: str, shape: Any, mean: Any, stddev: Any, dtype: Any, name: Any
    ) -> Tensor:
        kind = as_dtype(dtype)
        with name_scope(name, scope, [shape, mean, stddev]) as full:
            dims = _shape_tensor(shape)
            center = convert_to_tensor(mean, kind, name="mean")
            scale = convert_to_tensor(stddev, kind, name="stddev")
            values: Any = self._draw(op_type, dims, dtype=kind)
            return emit_tensor("Add", values * scale, center, name=full)

    def normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = float32,
        name: Any = None,
    ) -> Tensor:
        """Normally distributed values."""
        op_type = "StatefulStandardNormalV2"
        return self._scaled(op_type, "stateful_normal", shape, mean, stddev, dtype, name)

    def truncated_normal(
        self,
        shape: Any,
        mean: Any = 0.0,
        stddev: Any = 1.0,
        dtype: Any = float32,
        name: Any = None,
    ) -> Tensor:
        """Normally distributed values within two standard deviations."""
        op_type = "StatefulTruncatedNormal"
        return self._scaled(op_type, "truncated_normal", shape, mean, stddev, dtype, name)

    def uniform(
        self,
        shape: Any,
        minval: Any = 0,
        maxval: Any = None,
        dtype: Any = float32,
        name: Any = None,
    ) -> Tensor:
        """Values in [minval, maxval); for integers `maxval` must be given."""
        kind = as_dtype(dtype)
        if maxval is None:
            if kind.is_integer:
                raise ValueError(f"Must specify maxval for integer dtype {kind!r}")
            maxval = 1
        with name_scope(name, "stateful_uniform", [shape, minval, maxval]) as scope:
            dims = _shape_tensor(shape)
            low: Any = convert_to_tensor(minval, kind, name="min")
            high: Any = convert_to_tensor(maxval, kind, name="max")
            if kind.is_integer:
                return self._draw("StatefulUniformInt", dims, low, high, name=scope)
            values: Any = self._draw("StatefulUniform", dims, dtype=kind)
            return emit_tensor("Add", values * (high - low), low, name=scope)

    def uniform_full_int(self, shape: Any, dtype: Any = uint64, name: Any = None) -> Tensor:
        """Integers over the whole range of a type of 32 or 64 bits."""
        with name_scope(name, "stateful_uniform_full_int", [shape]) as scope:
            dims = _shape_tensor(shape)
            return self._draw("StatefulUniformFullInt", dims, dtype=as_dtype(dtype), name=scope)

    def binomial(
        self, shape: Any, counts: Any, probs: Any, dtype: Any = int32, name: Any = None
    ) -> Tensor:
        """Numbers of successes in `counts` trials; parameters are scalars, or one a row."""
        with name_scope(name, "binomial", [shape, counts, probs]) as scope:
            trials = convert_to_tensor(counts, name="counts")
            chances = convert_to_tensor(probs, name="probs")
            dims = _shape_tensor(shape)
            options = {"dtype": as_dtype(dtype), "name": scope}
            return self._draw("StatefulRandomBinomial", dims, trials, chances, **options)

    def make_seeds(self, count: Any = 1) -> Tensor:
        """Seeds for stateless ops, [2, count]."""
        _state_size(self._alg)
        keys = self.uniform_full_int([count], dtype=int64)
        return array_ops.stack([keys, array_ops.zeros_like(keys)])

    def split(self, count: Any = 1) -> list[Generator]:
        """Generators of their own streams, with keys drawn from this one."""
        keys: Any = self.uniform_full_int([count], dtype=int64)
        zeros = [0] * (_state_size(self._alg) - 1)
        parts: Sequence[Tensor] = array_ops.unstack(keys, num=count)
        return [Generator(state=array_ops.stack([*zeros, k]), alg=self._alg) for k in parts]


_global: list[Generator] = []


def get_global_generator() -> Generator:
    """The generator that programs share; made without a seed when it is first asked for."""
    if not _global:
        _global.append(Generator.from_non_deterministic_state())
    return _global[0]


def set_global_generator(generator: Any) -> None:
    """Makes a generator the one that programs share."""
    _global[:] = [generator]
