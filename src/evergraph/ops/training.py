"""The optimizers' update ops: one row a rule, four ops a row.

`ApplyX` and `ResourceApplyX` take a dense gradient, `SparseApplyX` and `ResourceSparseApplyX` the
gradients of some rows of the variable. The formulas stand in `update_rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.convert import constant
from ..core.opdef import Array, Attrs, define
from ..core.shape import Shape, compatible, merge, show
from ..core.tensor import Literal
from . import update_rules as rules
from .update_rules import GRAPH, Formula, Maths, arrays


@dataclass(frozen=True)
class Rule:
    """An update rule: the op's name after `Apply`, its state, operands and formula."""

    name: str
    slots: str
    """The names of the variables beside `var`."""
    operands: str
    """The other inputs in order; `grad` is the gradient, the rest are scalars."""
    formula: Formula
    flags: str = ""
    """Attributes that the formula takes."""
    sparse: bool = False
    ref: bool = True
    delta: bool = False
    """Whether the dense op calls its gradient `delta`."""

    @property
    def state(self) -> list[str]:
        """The names of the inputs that are variables."""
        return ["var", *self.slots.split()]

    @property
    def flag_names(self) -> list[str]:
        """The names of the attributes that the formula takes."""
        return [self.flags.partition(":")[0]] if self.flags else []

    def inputs(self, sparse: bool) -> list[str]:
        """The names of all inputs; those of a sparse op hold `indices` after the gradient."""
        names = [*self.state, *self.operands.split()]
        if sparse:
            names.insert(names.index("grad") + 1, "indices")
        return names


_NESTEROV = "use_nesterov:bool=false"
_UPDATE_SLOTS = "update_slots:bool=true"

RULES = (
    Rule("GradientDescent", "", "alpha grad", rules.gradient_descent, delta=True),
    Rule("Momentum", "accum", "lr grad momentum", rules.momentum, _NESTEROV, sparse=True),
    Rule(
        "KerasMomentum",
        "accum",
        "lr grad momentum",
        rules.keras_momentum,
        _NESTEROV,
        sparse=True,
        ref=False,
    ),
    Rule(
        "Adam",
        "m v",
        "beta1_power beta2_power lr beta1 beta2 epsilon grad",
        rules.adam,
        _NESTEROV,
    ),
    Rule(
        "AdamWithAmsgrad",
        "m v vhat",
        "beta1_power beta2_power lr beta1 beta2 epsilon grad",
        rules.adam_with_amsgrad,
        ref=False,
    ),
    Rule("AdaMax", "m v", "beta1_power lr beta1 beta2 epsilon grad", rules.adamax),
    Rule("RMSProp", "ms mom", "lr rho momentum epsilon grad", rules.rms_prop, sparse=True),
    Rule(
        "CenteredRMSProp",
        "mg ms mom",
        "lr rho momentum epsilon grad",
        rules.centered_rms_prop,
        sparse=True,
    ),
    Rule("Adagrad", "accum", "lr grad", rules.adagrad, _UPDATE_SLOTS, sparse=True),
    Rule("AdagradV2", "accum", "lr epsilon grad", rules.adagrad_v2, _UPDATE_SLOTS, sparse=True),
    Rule(
        "AdagradDA",
        "gradient_accumulator gradient_squared_accumulator",
        "grad lr l1 l2 global_step",
        rules.adagrad_da,
        sparse=True,
    ),
    Rule("Adadelta", "accum accum_update", "lr rho epsilon grad", rules.adadelta, sparse=True),
    Rule("Ftrl", "accum linear", "grad lr l1 l2 lr_power", rules.ftrl, sparse=True),
    Rule(
        "FtrlV2",
        "accum linear",
        "grad lr l1 l2 l2_shrinkage lr_power",
        rules.ftrl_v2,
        sparse=True,
    ),
    Rule(
        "ProximalGradientDescent",
        "",
        "alpha l1 l2 grad",
        rules.proximal_gradient_descent,
        sparse=True,
        delta=True,
    ),
    Rule("ProximalAdagrad", "accum", "lr l1 l2 grad", rules.proximal_adagrad, sparse=True),
    Rule("AddSign", "m", "lr alpha sign_decay beta grad", rules.add_sign),
    Rule("PowerSign", "m", "lr logbase sign_decay beta grad", rules.power_sign),
)


def _signature(rule: Rule, sparse: bool, resource: bool) -> str:
    kinds = {"indices": "Tindices", "global_step": "int64"}
    kinds.update((name, "resource" if resource else "ref(T)") for name in rule.state)
    rename = {"grad": "delta"} if rule.delta and not sparse else {}
    names = rule.inputs(sparse)
    inputs = " ".join(f"{rename.get(n, n)}:{kinds.get(n, 'T')}" for n in names)
    return inputs + " -> " + ("" if resource else "out:ref(T)")


def _attributes(rule: Rule, sparse: bool) -> str:
    indices = "Tindices:type{index}; " if sparse else ""
    return f"T:type{{number}}; {indices}use_locking:bool=false; {rule.flags}"


# -- shapes --------------------------------------------------------------------------------------
def _check_same(what: str, shape: Shape, var: Shape) -> Shape:
    if not compatible(shape, var):
        raise ValueError(
            f"{what} must have the shape of the variable, {show(var)}, but has {show(shape)}."
        )
    return merge(var, shape)


def _check_scalar(what: str, shape: Shape) -> None:
    if shape is not None and len(shape) != 0:
        raise ValueError(f"{what} must be a scalar but has shape {show(shape)}.")


def _check_sparse(grad: Shape, indices: Shape, var: Shape) -> None:
    """The gradient holds one row an index, each shaped like a row of the variable."""
    if indices is not None and len(indices) != 1:
        raise ValueError(f"indices must be one-dimensional but have shape {show(indices)}.")
    if var is not None and len(var) == 0:
        raise ValueError("A sparse update needs a variable of at least one dimension.")
    count = None if indices is None else indices[0]
    if not compatible(grad, None if var is None else (count, *var[1:])):
        raise ValueError(
            f"grad must hold one row of the variable, whose shape is {show(var)}, for each of "
            f"the indices, whose shape is {show(indices)}, but has shape {show(grad)}."
        )


def _checked_shape(rule: Rule, sparse: bool, shapes: Sequence[Shape]) -> Shape:
    """The variable's shape; ValueError where an input does not fit it."""
    state = len(rule.state)
    var: Shape = None
    for name, shape in zip(rule.state, shapes[:state], strict=True):
        var = _check_same(f"The variable {name!r}", shape, var)
    others = dict(zip(rule.inputs(sparse)[state:], shapes[state:], strict=True))
    grad, indices = others.pop("grad"), others.pop("indices", None)
    for name, shape in others.items():
        _check_scalar(name, shape)
    if not sparse:
        return _check_same("The gradient", grad, var)
    _check_sparse(grad, indices, var)
    return var


def _shape_rule(rule: Rule, sparse: bool, resource: bool) -> Any:
    state = len(rule.state)

    def shape(shapes: Sequence[Shape], attrs: Attrs, values: Any) -> list[Shape]:
        if not resource:
            return [_checked_shape(rule, sparse, shapes)]
        # Handles are scalars whatever they refer to: the values are checked where they are seen.
        _checked_shape(rule, sparse, [*[None] * state, *shapes[state:]])
        return []

    return shape


# -- definitions and kernels ---------------------------------------------------------------------
def _evaluate(rule: Rule, maths: Maths, named: dict[str, Any], attrs: Attrs) -> tuple[Any, ...]:
    return rule.formula(maths, **named, **{flag: attrs[flag] for flag in rule.flag_names})


def _definition(rule: Rule) -> Callable[..., tuple[Any, ...]]:
    def definition(*inputs: Any, **attrs: Any) -> tuple[Any, ...]:
        _checked_shape(rule, False, [x.static_shape for x in inputs])
        # Formulas need operators, which literals do not have.
        tensors = [constant(x.value) if isinstance(x, Literal) else x for x in inputs]
        return _evaluate(rule, GRAPH, dict(zip(rule.inputs(False), tensors, strict=True)), attrs)

    return definition


def _dense_kernel(rule: Rule) -> Callable[..., tuple[Array, ...]]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
        _checked_shape(rule, False, [np.shape(x) for x in inputs])
        named = dict(zip(rule.inputs(False), inputs, strict=True))
        return _evaluate(rule, arrays(xp), named, attrs)

    return kernel


def _sparse_kernel(rule: Rule) -> Callable[..., tuple[Array, ...]]:
    """Updates the rows one index after the other, as if in a loop."""

    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
        _checked_shape(rule, True, [np.shape(x) for x in inputs])
        named = dict(zip(rule.inputs(True), inputs, strict=True))
        indices, grad = np.asarray(named.pop("indices")), named.pop("grad")
        new = {name: np.array(named.pop(name)) for name in rule.state}
        _check_indices(indices, len(new["var"]))
        for chosen in _rounds(indices):
            rows = indices[chosen]
            old = {name: array[rows] for name, array in new.items()}
            made = _evaluate(rule, arrays(xp), {**old, **named, "grad": grad[chosen]}, attrs)
            for array, values in zip(new.values(), made, strict=True):
                array[rows] = values
        return tuple(new.values())

    return kernel


def _check_indices(indices: Array, size: int) -> None:
    bad = np.flatnonzero((indices < 0) | (indices >= size))
    if bad.size:
        raise ValueError(
            f"Index {indices[bad[0]]} at offset {bad[0]} in indices is out of range: the variable "
            f"has {size} rows."
        )


def _rounds(indices: Array) -> Iterator[Any]:
    """Positions in `indices`, in groups that name each row once: the first ones, the second."""
    order = np.argsort(indices, kind="stable")
    ordered = indices[order]
    is_first = np.append(True, ordered[1:] != ordered[:-1])[: len(indices)]
    if is_first.all():
        yield slice(None)
        return
    starts = np.maximum.accumulate(np.where(is_first, np.arange(len(indices)), 0))
    nth = np.empty_like(starts)
    nth[order] = np.arange(len(indices)) - starts
    for n in range(int(nth.max()) + 1):
        yield np.flatnonzero(nth == n)


def _define(rule: Rule, sparse: bool, resource: bool) -> None:
    prefix = ("Resource" if resource else "") + ("Sparse" if sparse else "")
    define(
        f"{prefix}Apply{rule.name}",
        _signature(rule, sparse, resource),
        _attributes(rule, sparse),
        shape=_shape_rule(rule, sparse, resource),
        kernel=_sparse_kernel(rule) if sparse else _dense_kernel(rule),
        definition=None if sparse else _definition(rule),
        stateful=resource,
        updates=tuple(range(len(rule.state))),
    )


for _rule in RULES:
    for _resource in (False, True) if _rule.ref else (True,):
        for _sparse in (False, True) if _rule.sparse else (False,):
            _define(_rule, _sparse, _resource)
