"""`tf.train.Optimizer`: gradients of a loss, and the operations that apply them to variables.

An optimizer of one's own derives from it and fills in `_apply_dense` (and `_apply_sparse`, and
their `_resource_` twins for resource variables), with `_prepare` for the tensors that all updates
share and `_create_slots` for the variables kept beside each variable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...core import dtypes
from ...core.emit import apply
from ...core.graph import Graph, get_default_graph
from ...core.tensor import Operation, Tensor
from .. import control_flow_ops, nest, state_ops, variables
from ..framework import (
    IndexedSlices,
    convert_to_tensor,
    convert_to_tensor_or_indexed_slices,
    init_scope,
    name_scope,
)
from ..gradients_impl import gradients
from ..graph_keys import GraphKeys
from . import slot_creator
from .slot_creator import is_resource_variable

__all__ = ["Optimizer"]

GradsAndVars = Iterable[tuple[Any, Any]]


def _deduplicate_indexed_slices(values: Any, indices: Any) -> tuple[Tensor, Tensor]:
    """The sums of the values of each index, and the indices, each named once."""
    unique, positions = apply("Unique", indices)
    count = apply("Shape", unique)[0]
    return apply("UnsortedSegmentSum", values, positions, count), unique


def _var_key(var: Any) -> tuple[Graph, str]:
    return var.op.graph, var.op.name


def _target(var: Any) -> Any:
    """What the loss is differentiated by."""
    if isinstance(var, Tensor) or is_resource_variable(var):
        return var
    if isinstance(var, variables.Variable):
        return var._ref()
    raise NotImplementedError(f"Trying to optimize unsupported type {var!r}: give tf.Variables.")


class Optimizer:
    """Computes gradients of a loss and applies them; the base of all optimizers.

    `minimize` does both. To work on the gradients in between, call `compute_gradients`, change
    the list of (gradient, variable) pairs that it gives, and pass it to `apply_gradients`.

    `gate_gradients` says when gradients may be used: GATE_NONE at once, GATE_OP when all
    gradients of their operation are there, GATE_GRAPH when all gradients are there.
    """

    GATE_NONE = 0
    GATE_OP = 1
    GATE_GRAPH = 2

    def __init__(self, use_locking: bool, name: str) -> None:
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._use_locking = use_locking
        self._name = name
        self._slots: dict[str, dict[Any, Any]] = {}
        self._non_slot_dict: dict[tuple[str, Graph], Any] = {}

    def get_name(self) -> str:
        """The name that it was made with."""
        return self._name

    def minimize(
        self,
        loss: Any,
        global_step: Any = None,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        name: str | None = None,
        grad_loss: Any = None,
    ) -> Any:
        """An operation that changes the variables so that `loss` gets smaller.

        `var_list` defaults to the trainable variables of the graph. The operation also adds 1 to
        `global_step` if that is given. Raises ValueError where no variable has a gradient.
        """
        grads_and_vars = self.compute_gradients(
            loss,
            var_list=var_list,
            gate_gradients=gate_gradients,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
            grad_loss=grad_loss,
        )
        if all(g is None for g, _ in grads_and_vars):
            names = [str(v) for _, v in grads_and_vars]
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not "
                f"support gradients, between variables {names} and loss {loss}."
            )
        return self.apply_gradients(grads_and_vars, global_step=global_step, name=name)

    def compute_gradients(
        self,
        loss: Any,
        var_list: Any = None,
        gate_gradients: int = GATE_OP,
        aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False,
        grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:
        """(gradient of `loss`, variable) pairs; the gradient is None where none flows.

        `loss` is a tensor, or a function that gives one; `grad_loss` weights its elements. Raises
        ValueError for a loss that is no float, without variables, and for an unknown
        `gate_gradients`.
        """
        if gate_gradients not in (self.GATE_NONE, self.GATE_OP, self.GATE_GRAPH):
            raise ValueError(
                "gate_gradients must be one of: Optimizer.GATE_NONE, Optimizer.GATE_OP, "
                f"Optimizer.GATE_GRAPH.  Not {gate_gradients}"
            )
        # A function is differentiated by what it uses of the trainable variables.
        only_used = callable(loss) and var_list is None
        loss = self._call_if_callable(loss)
        self._assert_valid_dtypes([loss])
        if grad_loss is not None:
            self._assert_valid_dtypes([grad_loss])
        var_list = _variables_to_train(var_list)
        grads = gradients(
            loss,
            [_target(v) for v in var_list],
            grad_ys=grad_loss,
            gate_gradients=gate_gradients == Optimizer.GATE_OP,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        if gate_gradients == Optimizer.GATE_GRAPH:
            grads = control_flow_ops.tuple(grads)
        pairs = list(zip(grads, var_list, strict=True))
        if only_used:
            pairs = [(g, v) for g, v in pairs if g is not None]
        self._assert_valid_dtypes(
            [v for g, v in pairs if g is not None and v.dtype != dtypes.resource]
        )
        return pairs

    def apply_gradients(
        self, grads_and_vars: GradsAndVars, global_step: Any = None, name: str | None = None
    ) -> Any:
        """An operation that applies the gradients to the variables, then counts `global_step`.

        Raises ValueError without any gradient, TypeError for gradients that are no tensors.
        """
        pairs = [(_as_gradient(g), v) for g, v in grads_and_vars]
        if not pairs:
            raise ValueError("No variables provided.")
        updates = [(g, v) for g, v in pairs if g is not None]
        if not updates:
            names = [str(v) for _, v in pairs]
            raise ValueError(f"No gradients provided for any variable: {names}.")
        with init_scope():
            self._create_slots([v for _, v in updates])
        with name_scope(name, self._name) as scope:
            self._prepare()
            update_ops = [self._scoped_update(g, v) for g, v in updates]
            applied = self._finish_step(update_ops, global_step, scope)
            operation = applied.op if isinstance(applied, Tensor) else applied
            train_ops = get_default_graph().get_collection_ref(GraphKeys.TRAIN_OP)
            if operation not in train_ops:
                train_ops.append(operation)
            return operation

    def _scoped_update(self, grad: Any, var: Any) -> Any:
        with name_scope("update_" + var.op.name), get_default_graph().colocate_with(var):
            return self._update_op(grad, var)

    def _update_op(self, grad: Any, var: Any) -> Any:
        if isinstance(var, Tensor):
            raise NotImplementedError(f"Trying to update a Tensor {var}: give a tf.Variable.")
        resource = is_resource_variable(var)
        if isinstance(grad, IndexedSlices):
            if var.constraint is not None:
                raise RuntimeError("Cannot use a constraint function on a sparse variable.")
            if resource:
                return self._resource_apply_sparse_duplicate_indices(grad.values, var, grad.indices)
            return self._apply_sparse_duplicate_indices(grad, var)
        apply_dense = self._resource_apply_dense if resource else self._apply_dense
        updated = apply_dense(grad, var)
        if var.constraint is None:
            return updated
        with get_default_graph().control_dependencies([updated]):
            return var.assign(var.constraint(var))

    def _finish_step(self, update_ops: list[Any], global_step: Any, scope: str) -> Any:
        if global_step is None:
            return self._finish(update_ops, scope)
        graph = get_default_graph()
        finished = self._finish(update_ops, "update")
        with graph.control_dependencies([finished]), graph.colocate_with(global_step):
            if is_resource_variable(global_step):
                one = convert_to_tensor(1, dtype=global_step.dtype)
                return apply("AssignAddVariableOp", global_step.handle, one, name=scope)
            return state_ops.assign_add(global_step, 1, name=scope)

    # -- slots ---------------------------------------------------------------------------------
    def get_slot(self, var: Any, name: str) -> Any:
        """The slot of this name that it made for a variable, or None."""
        slots = self._slots.get(name)
        return slots.get(_var_key(var)) if slots else None

    def get_slot_names(self) -> list[str]:
        """The names of the slots that it made."""
        return sorted(self._slots)

    def variables(self) -> list[Any]:
        """The variables that hold its state in the default graph: slots and others, by name."""
        graph = get_default_graph()
        slots = (slot for named in self._slots.values() for slot in named.values())
        own = [v for v in [*self._non_slot_dict.values(), *slots] if v.graph is graph]
        return sorted(own, key=lambda v: v.name)

    def _create_non_slot_variable(self, initial_value: Any, name: str, colocate_with: Any) -> Any:
        """A variable of the optimizer that belongs to no single variable, made once a graph."""
        key = (name, colocate_with.graph)
        found = self._non_slot_dict.get(key)
        if found is None:
            with get_default_graph().colocate_with(colocate_with):
                found = variables.Variable(
                    initial_value,
                    name=name,
                    trainable=False,
                    use_resource=is_resource_variable(colocate_with),
                )
            self._non_slot_dict[key] = found
        return found

    def _get_non_slot_variable(self, name: str, graph: Graph | None = None) -> Any:
        return self._non_slot_dict.get((name, graph or get_default_graph()))

    def _non_slot_variables(self) -> Iterable[Any]:
        return self._non_slot_dict.values()

    def _slot_dict(self, slot_name: str) -> dict[Any, Any]:
        return self._slots.setdefault(slot_name, {})

    def _slot(self, var: Any, slot_name: str, make: Callable[[], Any]) -> Any:
        slots = self._slot_dict(slot_name)
        key = _var_key(var)
        if key not in slots:
            slots[key] = make()
        return slots[key]

    def _get_or_make_slot(self, var: Any, val: Any, slot_name: str, op_name: str) -> Any:
        """The slot `slot_name` of `var`; if new it starts with `val` and is named `op_name`."""
        return self._slot(var, slot_name, lambda: slot_creator.create_slot(var, val, op_name))

    def _get_or_make_slot_with_initializer(
        self, var: Any, initializer: Any, shape: Any, dtype: Any, slot_name: str, op_name: str
    ) -> Any:
        """The slot `slot_name` of `var`; if new it starts with what `initializer` gives."""
        create = slot_creator.create_slot_with_initializer
        return self._slot(var, slot_name, lambda: create(var, initializer, shape, dtype, op_name))

    def _zeros_slot(self, var: Any, slot_name: str, op_name: str) -> Any:
        """The slot `slot_name` of `var`; if new it starts with zeros."""
        return self._slot(var, slot_name, lambda: slot_creator.create_zeros_slot(var, op_name))

    # -- for subclasses to fill in -------------------------------------------------------------
    def _valid_dtypes(self) -> set[dtypes.DType]:
        """The dtypes that losses, variables and gradients may have."""
        return {dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64}

    def _assert_valid_dtypes(self, tensors: Sequence[Any]) -> None:
        valid = self._valid_dtypes()
        for t in tensors:
            if t.dtype.base_dtype not in valid:
                raise ValueError(
                    f"Invalid type {t.dtype.base_dtype!r} for {t.name}, expected: "
                    f"{sorted(valid, key=lambda d: d.name)}."
                )

    def _create_slots(self, var_list: list[Any]) -> None:
        """Makes the slots that the variables need; none by default."""

    def _prepare(self) -> None:
        """Makes the tensors that all updates share, in the name scope of the step."""

    def _apply_dense(self, grad: Tensor, var: Any) -> Any:
        """The operation that applies a dense gradient to a ref variable."""
        raise self._missing("_apply_dense", "dense gradients of ref variables")

    def _resource_apply_dense(self, grad: Tensor, handle: Any) -> Any:
        """The operation that applies a dense gradient to a resource variable."""
        raise self._missing("_resource_apply_dense", "dense gradients of resource variables")

    def _apply_sparse(self, grad: IndexedSlices, var: Any) -> Any:
        """The operation that applies the gradients of some rows, each named once."""
        raise self._missing("_apply_sparse", "sparse gradients of ref variables")

    def _resource_apply_sparse(self, grad: Tensor, handle: Any, indices: Tensor) -> Any:
        """As `_apply_sparse`, for a resource variable."""
        raise self._missing("_resource_apply_sparse", "sparse gradients of resource variables")

    def _missing(self, method: str, what: str) -> NotImplementedError:
        return NotImplementedError(
            f"{type(self).__name__} does not say how to apply {what}: define {method}."
        )

    def _apply_sparse_duplicate_indices(self, grad: IndexedSlices, var: Any) -> Any:
        """Sums the gradients of rows that are named twice, then calls `_apply_sparse`."""
        values, indices = _deduplicate_indexed_slices(grad.values, grad.indices)
        return self._apply_sparse(IndexedSlices(values, indices, grad.dense_shape), var)

    def _resource_apply_sparse_duplicate_indices(
        self, grad: Tensor, handle: Any, indices: Tensor
    ) -> Any:
        """Sums the gradients of rows that are named twice, then calls `_resource_apply_sparse`."""
        values, unique = _deduplicate_indexed_slices(grad, indices)
        return self._resource_apply_sparse(values, handle, unique)

    def _finish(self, update_ops: list[Any], name_scope: str) -> Any:
        """The operation that stands for all updates; `name_scope` is its name."""
        return control_flow_ops.group(*update_ops, name=name_scope)

    def _call_if_callable(self, param: Any) -> Any:
        """A parameter's value: what it gives if it is a function."""
        return param() if callable(param) else param


def _variables_to_train(var_list: Any) -> list[Any]:
    if var_list is None:
        keys = (GraphKeys.TRAINABLE_VARIABLES, GraphKeys.TRAINABLE_RESOURCE_VARIABLES)
        found = [v for key in keys for v in get_default_graph().get_collection(key)]
    else:
        found = nest.flatten(var_list)
    if not found:
        raise ValueError("No variables to optimize.")
    return found


def _as_gradient(grad: Any) -> Tensor | IndexedSlices | None:
    if grad is None or isinstance(grad, (Tensor, IndexedSlices)):
        return grad
    message = f"Gradient must be convertible to a Tensor or IndexedSlices, or None: {grad}"
    if isinstance(grad, Operation):
        raise TypeError(message)
    try:
        return convert_to_tensor_or_indexed_slices(grad)  # type: ignore[no-any-return]
    except TypeError:
        raise TypeError(message) from None
