"""Moving averages of variables and tensors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...core import dtypes
from ...core.graph import get_default_graph
from ...core.tensor import Operation, Tensor
from .. import control_flow_ops, init_ops, math_ops, state_ops, variables
from ..framework import convert_to_tensor, init_scope, name_scope
from ..graph_keys import GraphKeys
from ..variable_scope import get_variable, get_variable_scope, variable_scope
from . import slot_creator

__all__ = ["ExponentialMovingAverage"]

_FLOATS = (dtypes.bfloat16, dtypes.float16, dtypes.float32, dtypes.float64)


def assign_moving_average(
    variable: Any, value: Any, decay: Any, zero_debias: bool = True, name: str | None = None
) -> Any:
    """Moves `variable` towards `value`: `variable -= (variable - value) * (1 - decay)`.

    `zero_debias` corrects for a start at zero as Adam does (Kingma and Ba 2015, section 3); it
    keeps two more variables, `biased` and `local_step`. Gives the updated variable.
    """
    with name_scope(name, "AssignMovingAvg", [variable, value, decay]) as scope:
        rate = convert_to_tensor(1.0 - decay, name="decay")
        if rate.dtype is not variable.dtype.base_dtype:
            rate = math_ops.cast(rate, variable.dtype.base_dtype)
        if zero_debias:
            return _zero_debias(variable, value, rate)
        with get_default_graph().colocate_with(variable):
            return state_ops.assign_sub(variable, (variable - value) * rate, name=scope)


def weighted_moving_average(
    value: Tensor,
    decay: Any,
    weight: Tensor,
    truediv: bool = True,
    collections: Any = None,
    name: str | None = None,
) -> Any:
    """The moving average of `value * weight` over that of `weight`, moved on by each run."""
    collections = [GraphKeys.GLOBAL_VARIABLES] if collections is None else collections
    with variable_scope(name, "WeightedMovingAvg", [value, weight, decay]) as scope:
        sums = []
        for part, like in (("value_x_weight", value), ("weight", weight)):
            sums.append(
                get_variable(
                    part,
                    shape=like.get_shape(),
                    dtype=like.dtype,
                    initializer=init_ops.zeros_initializer(),
                    trainable=False,
                    collections=collections,
                )
            )
        top = assign_moving_average(sums[0], value * weight, decay, zero_debias=False)
        bottom = assign_moving_average(sums[1], weight, decay, zero_debias=False)
        divide = math_ops.truediv if truediv else math_ops.div
        return divide(top, bottom, name=scope.name)


def _zero_debias(unbiased: Any, value: Any, rate: Tensor) -> Any:
    """The average with the weight of the zeros that it started from divided out.

    After t steps the plain average of a constant c is `c * (1 - decay**t)`.
    """
    graph = get_default_graph()
    scope = variable_scope(unbiased.op.name, values=[unbiased, value, rate])
    with scope, graph.colocate_with(unbiased):
        biased = _zero_variable("biased", unbiased.get_shape(), unbiased.dtype)
        local_step = _zero_variable("local_step", [], unbiased.dtype)
    with graph.colocate_with(unbiased):
        update = state_ops.assign_sub(biased, (biased - value) * rate)
        steps = local_step.assign_add(1)
        factor = 1 - math_ops.pow(1.0 - rate, steps)
        name = graph.get_name_scope() + "/"
        return state_ops.assign(unbiased, update / factor, name=name)


def _zero_variable(name: str, shape: Any, dtype: Any) -> Any:
    scope = get_variable_scope()
    if not scope.reuse:
        taken = {v.op.name for v in scope.global_variables()}
        name = _free_name(scope.name, name, taken)
    initializer = init_ops.zeros_initializer()
    return get_variable(name, shape=shape, dtype=dtype, initializer=initializer, trainable=False)


def _free_name(scope: str, name: str, taken: set[str]) -> str:
    found, count = name, 0
    while f"{scope}/{found}" in taken:
        count += 1
        found = f"{name}_{count}"
    return found


class ExponentialMovingAverage:
    """Averages of variables or tensors, in which older values count exponentially less.

    `apply` makes the averages and gives the operation that moves them on, `average` gives the
    variable that holds one. A variable's average starts at its initial value, a tensor's at zero
    (`zero_debias` corrects for that). With `num_updates`, a step counter, the decay is
    `min(decay, (1 + num_updates) / (10 + num_updates))`, so that averages move faster at first.
    """

    def __init__(
        self,
        decay: Any,
        num_updates: Any = None,
        zero_debias: bool = False,
        name: str = "ExponentialMovingAverage",
    ) -> None:
        self._decay = decay
        self._num_updates = num_updates
        self._zero_debias = zero_debias
        self._name = name
        self._averages: dict[Any, Any] = {}

    @property
    def name(self) -> str:
        """The name that averages have after the name of what they average."""
        return self._name

    def apply(self, var_list: Iterable[Any] | None = None) -> Operation:
        """An operation that moves the averages of `var_list` on (the trainable variables if None).

        It makes the averages that there are not yet. Raises TypeError for what is no float.
        """
        items = variables.trainable_variables() if var_list is None else list(var_list)
        debiased = set()
        for var in items:
            if var.dtype.base_dtype not in _FLOATS:
                raise TypeError(f"The variables must be half, float, or double: {var.name}")
            if var.experimental_ref() not in self._averages:
                self._averages[var.experimental_ref()] = self._make_average(var)
                if self._zero_debias and not isinstance(var, variables.Variable):
                    debiased.add(var.experimental_ref())
        with name_scope(self.name) as scope:
            decay = self._decay_now()
            updates = [
                assign_moving_average(self.average(var), var, decay, ref in debiased)
                for var, ref in ((v, v.experimental_ref()) for v in items)
            ]
            return control_flow_ops.group(*updates, name=scope)

    def _make_average(self, var: Any) -> Any:
        with init_scope():
            if isinstance(var, variables.Variable):
                get_default_graph().add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, var)
                return slot_creator.create_slot(var, var.initialized_value(), self.name)
            is_variable = var.op.type in ("Variable", "VariableV2", "VarHandleOp")
            return slot_creator.create_zeros_slot(var, self.name, colocate_with_primary=is_variable)

    def _decay_now(self) -> Tensor:
        decay = convert_to_tensor(self._decay, name="decay")
        if self._num_updates is None:
            return decay
        count = math_ops.cast(self._num_updates, dtypes.float32, name="num_updates")
        return math_ops.minimum(decay, (1.0 + count) / (10.0 + count))

    def average(self, var: Any) -> Any:
        """The variable that holds the average of `var`, None if there is none."""
        return self._averages.get(var.experimental_ref())

    def average_name(self, var: Any) -> str:
        """The name of the variable that holds, or would hold, the average of `var`."""
        found = self.average(var)
        if found is not None:
            return str(found.op.name)
        name = f"{var.op.name}/{self.name}"
        return get_default_graph().unique_name(name, mark_as_used=False)

    def variables_to_restore(self, moving_avg_variables: Any = None) -> dict[str, Any]:
        """Names in a checkpoint to variables, so that a Saver loads averages in their place.

        `moving_avg_variables` (default: the trainable variables and those averaged) go under the
        names of their averages, all other global variables under their own.
        """
        if moving_avg_variables is None:
            moving_avg_variables = [
                *variables.trainable_variables(),
                *variables.moving_average_variables(),
            ]
        names = {self.average_name(v): v for v in dict.fromkeys(moving_avg_variables)}
        averaged = {v.name for v in names.values()}
        for v in dict.fromkeys(variables.global_variables()):
            if v.name not in averaged and v.op.name not in names:
                names[v.op.name] = v
        return names
