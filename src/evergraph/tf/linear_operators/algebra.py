"""What operators of two types make of each other: tables that types of operators register in.

A function is found for the nearest registered base classes of its operands, so that general
rules (a product is a composition) stand beside special ones (diagonals give a diagonal).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from ..framework import name_scope

Rule = Callable[..., Any]


class Registry:
    """Rules for one operation, by the classes of its operands."""

    def __init__(self, title: str, scope: str) -> None:
        self.title = title
        self.scope = scope
        self.rules: dict[tuple[type, ...], Rule] = {}

    def register(self, *classes: type) -> Callable[[Rule], Rule]:
        """A decorator for the rule of these classes; ValueError if they have one already."""
        described = f"{self.title}({', '.join(c.__name__ for c in classes)})"

        def add(rule: Rule) -> Rule:
            if not callable(rule):
                raise TypeError(f"The rule for {described} must be callable, received: {rule!r}")
            if classes in self.rules:
                raise ValueError(f"{described} has already been registered.")
            self.rules[classes] = rule
            return rule

        return add

    def find(self, *classes: type) -> Rule | None:
        """The rule of these classes or of their nearest bases, None if there is none."""
        bases = [enumerate(c.__mro__) for c in classes]
        candidates = [
            (sum(distance for distance, _ in pairs), tuple(base for _, base in pairs))
            for pairs in itertools.product(*bases)
        ]
        known = [c for c in candidates if c[1] in self.rules]
        if not known:
            return None
        return self.rules[min(known, key=lambda c: c[0])[1]]

    def apply(self, *operators: Any, name: Any = None) -> Any:
        """What the rule for these operators gives; ValueError if there is none."""
        classes = [type(o) for o in operators]
        rule = self.find(*classes)
        if rule is None:
            names = ", ".join(c.__name__ for c in classes)
            raise ValueError(f"No {self.title.lower()} registered for {names}.")
        with name_scope(name, self.scope):
            return rule(*operators)


_adjoints = Registry("Adjoint", "Adjoint")
_choleskys = Registry("Cholesky decomposition", "Cholesky")
_inverses = Registry("Inverse", "Inverse")
_products = Registry("Matmul", "Matmul")
_solutions = Registry("Solve", "Solve")

RegisterAdjoint = _adjoints.register
RegisterCholesky = _choleskys.register
RegisterInverse = _inverses.register
RegisterMatmul = _products.register
RegisterSolve = _solutions.register

# TensorFlow's names for the tables and for looking something up in them.
_ADJOINTS, _CHOLESKY_DECOMPS, _INVERSES = _adjoints.rules, _choleskys.rules, _inverses.rules
_MATMUL, _SOLVE = _products.rules, _solutions.rules
_registered_adjoint, _registered_cholesky = _adjoints.find, _choleskys.find
_registered_inverse = _inverses.find
_registered_matmul, _registered_solve = _products.find, _solutions.find


def adjoint(lin_op_a: Any, name: Any = None) -> Any:
    """The adjoint of an operator, as an operator."""
    return _adjoints.apply(lin_op_a, name=name)


def cholesky(lin_op_a: Any, name: Any = None) -> Any:
    """The Cholesky factor of an operator, as an operator."""
    return _choleskys.apply(lin_op_a, name=name)


def inverse(lin_op_a: Any, name: Any = None) -> Any:
    """The inverse of an operator, as an operator."""
    return _inverses.apply(lin_op_a, name=name)


def matmul(lin_op_a: Any, lin_op_b: Any, name: Any = None) -> Any:
    """The product of two operators, as an operator."""
    return _products.apply(lin_op_a, lin_op_b, name=name)


def solve(lin_op_a: Any, lin_op_b: Any, name: Any = None) -> Any:
    """The operator X with `lin_op_a` X = `lin_op_b`."""
    return _solutions.apply(lin_op_a, lin_op_b, name=name)
