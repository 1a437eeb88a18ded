"""What is known of an operator that is made of others."""

from __future__ import annotations

from typing import Any

from .util import use_operator_or_provided_hint_unless_contradicting

_WORDS = {
    "is_square": "square",
    "is_non_singular": "non-singular",
    "is_self_adjoint": "self-adjoint",
    "is_positive_definite": "positive-definite",
}


def agreed(operator: Any, form: str, **given: Any) -> dict[str, Any]:
    """The hints of an operator's adjoint or inverse: its own, and those given.

    Raises ValueError where they contradict each other.
    """
    return {
        hint: use_operator_or_provided_hint_unless_contradicting(
            operator,
            hint,
            value,
            f"An operator is {_WORDS[hint]} if and only if its {form} is {_WORDS[hint]}.",
        )
        for hint, value in given.items()
    }


def hints_of(operator: Any, *left_out: str) -> dict[str, Any]:
    """An operator's hints, as keywords for another's making."""
    return {hint: getattr(operator, hint) for hint in _WORDS if hint not in left_out}


def implied_by_all(operators: Any, hint: str, given: Any, what: str) -> Any:
    """True if all operators have the hint, else what is given; ValueError if that is False."""
    if not all(getattr(o, hint) for o in operators):
        return given
    if given is False:
        kind = _WORDS[hint]
        raise ValueError(f"The {what} of {kind} operators is always {kind}.")
    return True


# -- products --------------------------------------------------------------------------------


def product_is_square(a: Any, b: Any) -> Any:
    """Whether A B is square, as far as A and B tell."""
    if a.is_square and b.is_square:
        return True
    if a.is_square is False and b.is_square is False:
        return a.range_dimension == b.domain_dimension
    if None not in (a.is_square, b.is_square):
        return False
    return None


def product_is_non_singular(a: Any, b: Any) -> Any:
    """Whether A B has an inverse, as far as A and B tell."""
    if a.is_non_singular is False or b.is_non_singular is False:
        return False
    return a.is_non_singular and b.is_non_singular


def hints_of_product(a: Any, b: Any) -> dict[str, Any]:
    """The hints of A B for any A and B."""
    square = product_is_square(a, b)
    if square is False:
        return dict.fromkeys(_WORDS, False)
    return {
        "is_non_singular": product_is_non_singular(a, b) if square else None,
        "is_square": square,
    }


def commuting_is_self_adjoint(a: Any, b: Any) -> Any:
    """Whether A B is self-adjoint, given that A B = B A."""
    if a.is_self_adjoint and b.is_self_adjoint:
        return True
    if {a.is_self_adjoint, b.is_self_adjoint} == {True, False}:
        return False
    return None


def commuting_is_positive_definite(a: Any, b: Any) -> Any:
    """Whether A B is positive definite, given that A B = B A: if both are, and self-adjoint."""
    known = (a.is_positive_definite, a.is_self_adjoint, b.is_positive_definite, b.is_self_adjoint)
    return True if all(h is True for h in known) else None


def hints_of_commuting_product(a: Any, b: Any) -> dict[str, Any]:
    """The hints of A B for square A and B with A B = B A."""
    return {
        "is_non_singular": product_is_non_singular(a, b),
        "is_self_adjoint": commuting_is_self_adjoint(a, b),
        "is_positive_definite": commuting_is_positive_definite(a, b),
        "is_square": True,
    }
