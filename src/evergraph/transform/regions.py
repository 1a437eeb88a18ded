"""Lowering of one region: the operations that run together, in a function of their own.

The program is a region, and so are each branch of a conditional and the body of a loop. A region
holds what is known inside: the values of tensors, and the versions of variables. What an inner
region needs from outside becomes an input of its function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core import dtypes
from ..core.emit import apply
from ..core.function import Function, argument
from ..core.graph import Graph
from ..core.shape import Shape
from ..core.tensor import Literal, Operand, Operation, Tensor
from ..ops.control import ENTERS, EXITS, MERGES, NEXT_ITERATIONS, SWITCHES
from .conditions import Conditions, Sources
from .plan import Branches, Loop, Node

Ancestors = dict[Operation, int]
_NO_VERSIONS: Ancestors = {}
_QUERIES = ("IsVariableInitialized", "VarIsInitializedOp")
_PASSING = frozenset((*SWITCHES, *ENTERS, *NEXT_ITERATIONS, "LoopCond"))
CALLS = ("PartitionedCall", "StatefulPartitionedCall")
FUNCTIONAL = ("If", "StatelessIf", "While", "StatelessWhile", "Case", *CALLS)


def variable_of(x: Tensor) -> Operation:
    """The variable's operation behind a reference or a resource handle."""
    op = behind(x)
    if not op.definition.is_variable:
        raise ValueError(f"{x.name} is not the handle of a variable.")
    return op


def behind(x: Tensor) -> Operation:
    """The operation that a reference or handle comes from, through what passes it on."""
    op = x.op
    while not op.definition.is_variable:
        index = op.definition.updates[0] if op.definition.updates else 0
        source = op.operands[index] if op.operands else None
        if not isinstance(source, Tensor) or not is_handle(source):
            break
        op = source.op
    return op


def is_handle(x: Operand) -> bool:
    """Whether an operand is a variable's buffer or some resource."""
    return isinstance(x, Tensor) and (x.dtype._is_ref_dtype or x.dtype is dtypes.resource)


def variable_shape(variable: Operation) -> Shape:
    """The static shape of a variable's value (its operation may know more than its attribute)."""
    if variable.outputs[0].dtype._is_ref_dtype:
        return variable.outputs[0].static_shape
    shape: Shape = variable.attrs["shape"]
    return shape


@dataclass
class Code:
    """The operations that a region is made from: which read what, and what runs when."""

    sources: Sources
    conditions: Conditions
    readers: dict[Tensor, list[Operation]]
    wanted: set[Tensor]  # what the world outside reads

    @staticmethod
    def of(
        operations: Sequence[Operation],
        sources: Sources,
        conditions: Conditions,
        wanted: Iterable[Tensor],
    ) -> Code:
        """The code of some operations, whose `wanted` outputs are read elsewhere."""
        readers: dict[Tensor, list[Operation]] = {}
        for op in operations:
            for x in op.operands:
                if isinstance(x, Tensor):
                    readers.setdefault(x, []).append(op)
        return Code(sources, conditions, readers, set(wanted))


@dataclass
class Captures:
    """What branches or loop parts take from outside: the same inputs, in the same order, for all.

    A key is an operand of the region around, `(variable, "value")` or `("loop", k)`.
    """

    index: dict[Any, int] = field(default_factory=dict)
    kinds: list[tuple[Any, Shape]] = field(default_factory=list)

    def place(self, key: Any, dtype: Any, shape: Shape) -> int:
        """The number of an input, new or known."""
        known = self.index.get(key)
        if known is None:
            known = self.index[key] = len(self.kinds)
            self.kinds.append((dtype, shape))
        return known


class Region:
    """What is known while the operations of one function are lowered."""

    # How branches and loops are lowered: by `lower_control`, which builds on regions.
    lower_branches: Callable[[Branches], None]
    lower_loop: Callable[[Loop], None]
    lower_merge: Callable[[Operation, Ancestors], None]
    lower_functional: Callable[[Operation, Ancestors], Ancestors]

    def __init__(
        self,
        code: Code,
        graph: Graph,
        parent: Region | None = None,
        captures: Captures | None = None,
        base: Ancestors | None = None,
    ) -> None:
        self.code = code
        self.graph = graph
        self.parent = parent
        self.captures = captures
        self.base = base or _NO_VERSIONS  # of the region around, what this one comes after
        self.args: dict[int, Tensor] = {}
        self.outer: dict[Tensor, Operand] = {}  # arguments of a called function: what they are
        self.values: dict[Operand, Operand] = {}
        self.versions: dict[Operation, list[Operand]] = {}
        self.seen: dict[Operation, Ancestors] = {}
        self.inline = parent is not None and captures is None
        self.aliases: set[Operation] = set()  # the identities of variables that run here
        # Values of variables that may be none: what reads one of them looks first.
        self.unset: set[Operand] = parent.unset if parent is not None and self.inline else set()
        self.doubtful: bool = parent.doubtful if parent is not None else False

    # -- nodes ---------------------------------------------------------------------------------
    def run(self, nodes: Sequence[Node]) -> None:
        """Lowers the nodes, in order."""
        for node in nodes:
            if isinstance(node, Operation):
                self.visit(node)
            elif isinstance(node, Branches):
                self.lower_branches(node)
            else:
                assert isinstance(node, Loop)
                self.lower_loop(node)

    def visit(self, op: Operation) -> None:
        """Lowers one operation."""
        ancestors = self.versions_before(op)
        definition = op.definition
        if definition.is_variable or op.type in _PASSING:
            pass
        elif op in self.code.sources.replaced:
            self.bind(op.outputs, [self.value(self.code.sources.replaced[op], ancestors)])
        elif op.type in EXITS or (op.type in MERGES and self.bound(op)):
            pass
        elif definition.reads is not None:
            self.bind(op.outputs, [self.read(op.operands[definition.reads], ancestors)])
        elif op.type in _QUERIES:
            variable = self.needed_variable(op.operands[0])
            self.bind(op.outputs, [self.has_value(variable, ancestors)])
        elif op.type in MERGES or op.type in FUNCTIONAL or definition.function is not None:
            ancestors = self.choose(op, ancestors)
        elif definition.updates:
            ancestors = self.update(op, ancestors)
        elif op.type in ("Identity", "RefIdentity"):
            if self.is_alias(op.outputs[0]):
                self.aliases.add(op)
            else:
                self.bind(op.outputs, [self.value(op.operands[0], ancestors)])
        else:
            new = self.clone(op, self.operands_of(op, ancestors))
            self.bind(op.outputs, new.outputs)
        if ancestors:
            self.seen[op] = ancestors

    def choose(self, op: Operation, ancestors: Ancestors) -> Ancestors:
        """Lowers an operation that decides which of its functions or inputs to take."""
        if op.type in MERGES:
            self.lower_merge(op, ancestors)
            return ancestors
        return self.lower_functional(op, ancestors)

    def bound(self, op: Operation) -> bool:
        """Whether an operation's first output has a value."""
        return op.outputs[0] in self.values

    def is_alias(self, x: Tensor) -> bool:
        """Whether an identity is another name of a variable, so that who takes it reads it."""
        if x.dtype is dtypes.resource:
            return self.variable_behind(x) is not None
        return self.reference_behind(x) is not None

    def versions_before(self, op: Operation) -> Ancestors:
        """For each variable, which update of it is the last that `op` comes after."""
        merged: Ancestors = _NO_VERSIONS
        for p in self.code.sources.earlier(op):
            known = self.seen.get(p)
            if known and known is not merged:
                merged = known if merged is _NO_VERSIONS else joined(merged, known)
        return merged

    def before_all(self, ops: Iterable[Operation]) -> Ancestors:
        """What a node of several operations comes after."""
        merged: Ancestors = _NO_VERSIONS
        for op in ops:
            before = self.versions_before(op)
            if before and before is not merged:
                merged = before if merged is _NO_VERSIONS else joined(merged, before)
        return merged

    # -- values --------------------------------------------------------------------------------
    def value(self, x: Operand, ancestors: Ancestors) -> Operand:
        """The new operand for one of the source graph."""
        known = self.values.get(x)
        if known is not None:
            return known
        if isinstance(x, Literal):
            return x
        source = x if is_handle(x) else self.reference_behind(x)
        if source is not None and self.variable_behind(source) is not None:
            if source is not x and self.required(x.op, source):
                return self.version(self.needed_variable(source), ancestors)
            return self.read(source, ancestors)
        if x in self.outer:
            return self.captured(self.outer[x])
        if x.op.type in _PASSING or (x.op.type == "Identity" and x.dtype is dtypes.resource):
            return self.value(x.op.operands[0], ancestors)
        if self.parent is not None:
            return self.captured(x)
        raise ValueError(f"{x.name} has no value in this run.")

    def captured(self, x: Operand) -> Operand:
        """A value of the region around, as an input of this one."""
        assert self.parent is not None
        operand = self.parent.value(x, self.base)
        if self.inline or isinstance(operand, Literal):
            return operand
        if operand.op.type == "Const":
            return Literal(operand.op.attrs["value"])
        return self.argument(operand, operand.dtype, operand.static_shape)

    def argument(self, key: Any, dtype: Any, shape: Shape) -> Tensor:
        """The input of this region's function for a key."""
        assert self.captures is not None
        return self.arg(self.captures.place(key, dtype, shape))

    def arg(self, index: int) -> Tensor:
        """The input of this number."""
        known = self.args.get(index)
        if known is None:
            assert self.captures is not None
            dtype, shape = self.captures.kinds[index]
            known = self.args[index] = argument(self.graph, index, dtype, shape)
        return known

    def variable_behind(self, x: Tensor) -> Operation | None:
        """The variable that a reference or handle is of, None if it is of something else."""
        op = behind(x)
        if op.definition.is_variable:
            return op
        if op.outputs and op.outputs[0] in self.outer:
            source = self.outer[op.outputs[0]]
            assert self.parent is not None
            return self.parent.variable_behind(source) if isinstance(source, Tensor) else None
        return self.parent.variable_behind(x) if self.parent is not None else None

    def needed_variable(self, x: Operand) -> Operation:
        """The variable that a reference or handle is of."""
        found = self.variable_behind(x) if isinstance(x, Tensor) else None
        if found is None:
            raise ValueError(f"{getattr(x, 'name', x)} is not the handle of a variable.")
        return found

    # -- variables -----------------------------------------------------------------------------
    def read(self, x: Operand, ancestors: Ancestors) -> Operand:
        """The value of the variable behind `x`, after what the reader comes after."""
        fed = self.values.get(x)
        if fed is not None:
            return fed
        variable = self.needed_variable(x)
        return self.set_value(variable, self.version(variable, ancestors))

    def set_value(self, variable: Operation, value: Operand) -> Operand:
        """A variable's value for those who cannot do without."""
        if value not in self.unset:
            return value
        name = variable.attrs.get("shared_name") or variable.name
        attrs = {"variable_name": name, "is_resource": variable.type == "VarHandleOp"}
        return self.of_variable("_SetValue", variable, value, attrs)

    def has_value(self, variable: Operation, ancestors: Ancestors) -> Operand:
        """Whether a variable has a value at a point of the program."""
        index = ancestors.get(variable, -1)
        if index < 0:
            return self.is_set(variable)
        value = self.versions[variable][index]
        if value not in self.unset:
            return Literal(np.asarray(True))
        return self.of_variable("_HasValue", variable, value, {})

    def is_set(self, variable: Operation) -> Operand:
        """Whether a variable has a value before this region."""
        assert self.parent is not None
        if self.inline:
            return self.parent.has_value(variable, self.base)
        return self.of_variable("_HasValue", variable, self.old_value(variable), {})

    def of_variable(
        self, kind: str, variable: Operation, value: Operand, attrs: dict[str, Any]
    ) -> Operand:
        """Adds an operation on a variable's value to this region's function."""
        with self.graph.as_default():
            found: Tensor = apply(kind, value, name=variable.name, **attrs)
        found.op.extra, found.op.site = variable, variable.site
        found.static_shape = value.static_shape if kind == "_SetValue" else ()
        return found

    def operands_of(self, op: Operation, ancestors: Ancestors) -> list[Operand]:
        """The new operands of an operation, some of which may be variables without a value."""
        found = []
        for i, x in enumerate(op.operands):
            if i in op.definition.may_be_unset and isinstance(x, Tensor) and x not in self.values:
                found.append(self.version(self.needed_variable(x), ancestors))
            else:
                found.append(self.value(x, ancestors))
        return found

    def required(self, alias: Operation, source: Tensor) -> bool:
        """Whether a variable surely has a value, since an identity of it runs further out.

        TensorFlow reads a variable where its identity stands, though it sees later updates.
        """
        region: Region | None = self.parent if alias not in self.aliases else None
        while region is not None and alias not in region.aliases:
            region = region.parent
        return region is not None and region.require(alias, source)

    def require(self, alias: Operation, source: Tensor) -> bool:
        """Sees to it that a variable that is read here always has a value, if that is possible."""
        return False

    def version(self, variable: Operation, ancestors: Ancestors) -> Operand:
        """A variable's value at a point of the program."""
        index = ancestors.get(variable, -1)
        if index >= 0:
            return self.versions[variable][index]
        return self.old_value(variable)

    def old_value(self, variable: Operation) -> Operand:
        """A variable's value before this region."""
        assert self.parent is not None
        if self.inline:
            return self.parent.version(variable, self.base)
        key = (variable, "value")
        value = self.argument(key, variable.attrs["dtype"], self.shape_of(variable))
        self.unset.add(value)
        return value

    def shape_of(self, variable: Operation) -> Shape:
        """What is known of the shape of a variable's value."""
        return variable_shape(variable)

    def update(self, op: Operation, ancestors: Ancestors) -> Ancestors:
        """Lowers an operation that gives variables new values."""
        definition = op.definition
        targets = {i: self.needed_variable(op.operands[i]) for i in definition.updates}
        operands: list[Operand] = []
        for i, x in enumerate(op.operands):
            if i not in targets:
                operands.append(self.value(x, ancestors))
            elif definition.overwrites and targets[i] not in self.versions:
                operands.append(Literal(np.zeros((), targets[i].attrs["dtype"].np_dtype)))
            elif definition.overwrites or i in definition.may_be_unset:
                operands.append(self.latest(targets[i]))
            else:
                operands.append(self.set_value(targets[i], self.latest(targets[i])))
        new = self.clone(op, operands)
        ancestors = dict(ancestors)
        for out, variable in zip(new.outputs, targets.values(), strict=False):
            self.add_version(variable, out, ancestors)
        plain = [o for o in op.outputs if not is_handle(o)]
        self.bind(plain, new.outputs[len(targets) :])
        return ancestors

    def add_version(self, variable: Operation, value: Operand, ancestors: Ancestors) -> None:
        """Notes a new value of a variable, and that what has these ancestors comes after it."""
        chain = self.versions.setdefault(variable, [])
        chain.append(value)
        ancestors[variable] = len(chain) - 1

    def may_lack_value(self, variable: Operation) -> bool:
        """Whether a variable's last value so far may be none."""
        chain = self.versions.get(variable)
        if chain:
            return chain[-1] in self.unset
        return not self.inline or self.parent is None or self.parent.may_lack_value(variable)

    def latest(self, variable: Operation) -> Operand:
        """A variable's last value so far."""
        chain = self.versions.get(variable)
        if chain:
            return chain[-1]
        if self.inline:
            assert self.parent is not None
            return self.parent.latest(variable)
        return self.old_value(variable)

    def bind(self, outputs: Sequence[Tensor], values: Sequence[Operand]) -> None:
        """Notes the values of outputs; one that is fed keeps what it was fed."""
        for out, value in zip(outputs, values, strict=True):
            self.values.setdefault(out, value)

    def clone(self, op: Operation, operands: list[Operand]) -> Operation:
        """The operation in this region's function."""
        new = Operation(self.graph, op.name, op.definition, operands, op.attrs)
        new.site, new.device, new.extra = op.site, op.device, op
        kinds = [(o.dtype.base_dtype, o.static_shape) for o in op.outputs]
        if op.definition.updates:
            targets = [self.needed_variable(op.operands[i]) for i in op.definition.updates]
            plain = [k for k, o in zip(kinds, op.outputs, strict=True) if not is_handle(o)]
            kinds = [(v.attrs["dtype"], variable_shape(v)) for v in targets] + plain
            if op.definition.overwrites and op.attrs.get("validate_shape", True):
                # Only what is known of the value itself: the rest is checked in the run.
                kinds[0] = (kinds[0][0], operands[1].static_shape)
        if self.doubtful:
            kinds = [(d, None) for d, _ in kinds]
        new.outputs = [Tensor(new, i, d, s) for i, (d, s) in enumerate(kinds)]
        self.graph.adopt(new)
        return new

    def reference_behind(self, x: Tensor) -> Tensor | None:
        """The reference that `x` is, or is the identity of.

        Identities share the buffer of a ref variable: what takes one sees the updates that it
        comes after itself, not those before the identity.
        """
        while x not in self.code.sources.fed:
            if x.dtype._is_ref_dtype:
                return x
            if x.op.type != "Identity" or not isinstance(x.op.operands[0], Tensor):
                return None
            x = x.op.operands[0]
        return None

    def function(self, order: Sequence[int], outputs: list[Operand]) -> Function:
        """This region's function: its inputs in this order of the captures."""
        return Function(self.graph, [self.arg(i) for i in order], outputs)


def joined(a: Ancestors, b: Ancestors) -> Ancestors:
    """What comes after both comes after the later update of each variable."""
    return {v: max(a.get(v, -1), b.get(v, -1)) for v in {**a, **b}}
