"""Integers that remember how they follow from the extents of a program's inputs.

A plan is made for concrete shapes. Where extents are `Symbol`s it is made in the same way, by the
same code, but each number in it also tells its expression, and each decision that was taken (an
extent equals another, a size is below a threshold) is kept as a guard. For other shapes that pass
all guards the same decisions hold, so only the expressions are evaluated anew.

Expressions of integers are polynomials whose atoms are extents, quotients and remainders. Where
what is known of atoms (extents are 2 or more) decides a comparison, it needs no guard. Whatever
asks for the plain integer (an index, a hash, NumPy) gets it, and a guard that it stays so.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...core.shape import Shape as PartialShape
from ...core.tensor import Operation
from ...core.values import evaluate_constant
from .layout import Shape

Terms = tuple[tuple[tuple[int, ...], int], ...]
"""A polynomial: (atoms of a product, its factor), sorted by the atoms."""

Values = dict[int, list[int]]
"""The elements of inputs that shapes hang on."""

Evaluate = Callable[[Sequence[Shape], Values], list[Any] | None]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
}
_FAR = 4  # how many times larger or smaller an extent may be for the same choice to serve
_UNKNOWN = -(1 << 80)
_LEAST = 2  # smaller extents are no symbols: broadcasting and emptiness hang on them


class Scope:
    """The symbols of one plan: definitions of atoms, guards, the extents that they stand for."""

    def __init__(self) -> None:
        self.definitions: list[str] = []
        self.values: list[Any] = []
        self.least: list[int | None] = []
        self.atoms: dict[str, int] = {}
        self.guards: dict[str, None] = {}
        self.extents: dict[int, Symbol] = {}  # equal extents are one symbol
        self.shapes: list[tuple[Any, ...]] = []
        self.known: dict[int, list[Any]] = {}

    def inputs(self, shapes: Sequence[Shape], known: Sequence[PartialShape]) -> list[Any]:
        """The shapes of inputs, with symbols for the extents that the graph does not know."""
        for i, (shape, static) in enumerate(zip(shapes, known, strict=True)):
            if static is None:
                static = (None,) * len(shape)
            pairs = enumerate(zip(shape, static, strict=True))
            self.shapes.append(
                tuple(d if s is not None else self.extent(i, k, d) for k, (d, s) in pairs)
            )
        return self.shapes

    def input_value(self, number: int, value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The value of an input that shapes hang on, with symbols for its elements."""
        plain = value.ravel().tolist()
        self.known[number] = [self.quantity(f"v[{number}][{k}]", x) for k, x in enumerate(plain)]
        out = np.array(self.known[number], object).reshape(value.shape)
        return out if has_symbols(out) else value

    def extent(self, number: int, axis: int, value: int) -> Any:
        """The symbol of an input's extent."""
        return self.quantity(f"s[{number}][{axis}]", value)

    def quantity(self, source: str, value: int) -> Any:
        """The symbol of something given; a plain integer if it is too small for one."""
        if value < _LEAST:
            return value
        symbol = self.extents.get(value)
        if symbol is None:
            symbol = self.extents[value] = self.atom(source, value, _LEAST)
        return symbol

    def atom(self, definition: str, value: Any, least: int | None) -> Symbol:
        """A quantity that is no polynomial of others."""
        known = self.atoms.get(definition)
        if known is None:
            known = self.atoms[definition] = len(self.definitions)
            self.definitions.append(definition)
            self.values.append(value)
            self.least.append(least)
        return Symbol(self, (((known,), 1),), value)

    def decide(self, difference: Any, comparison: str) -> bool:
        """Whether a difference is zero, below zero ...; a guard if not all extents agree on it."""
        if not isinstance(difference, Symbol):
            return _COMPARE[comparison](difference, 0)
        outcome = _COMPARE[comparison](difference.value, 0)
        low, high = self.low(difference.terms), self.low((-difference).terms)
        above = low is not None and (low > 0 or (low == 0 and comparison == "<"))
        below = high is not None and (high > 0 or (high == 0 and comparison == "<="))
        if not above and not below:
            text = f"{self.source(difference.terms)} {comparison} 0"
            self.guards[text if outcome else f"not {text}"] = None
        return outcome

    def source(self, terms: Terms) -> str:
        """A polynomial as Python text."""
        parts = []
        for atoms, factor in terms:
            names = [f"a{k}" for k in atoms]
            if factor != 1 or not names:
                names.insert(0, str(factor))
            parts.append("*".join(names))
        text = " + ".join(parts)
        return text if text.isidentifier() else f"({text})"

    def low(self, terms: Terms) -> int | None:
        """What the polynomial is never below; None if that is not known."""
        total = 0
        for atoms, factor in terms:
            product = factor
            for k in atoms:
                least = self.least[k]
                if factor < 0 or least is None:
                    return None
                product *= least
            total += product
        return total

    def function(self, wanted: Sequence[Any]) -> Evaluate:
        """From the inputs' shapes, and values of some, to these numbers.

        None where a decision would be another.
        """
        lines = ["def evaluate(s, v):"]
        given = {f"s[{i}]": shape for i, shape in enumerate(self.shapes)}
        given = {k: x for k, x in given.items() if any(isinstance(d, Symbol) for d in x)}
        for name, numbers in (*given.items(), *((f"v[{i}]", x) for i, x in self.known.items())):
            tests = [f"len({name}) != {len(numbers)}"]
            for k, d in enumerate(numbers):
                test = f"!= {d}"
                if isinstance(d, Symbol):
                    first = self.definitions[d.terms[0][0][0]]
                    test = f"< {_LEAST}" if first == f"{name}[{k}]" else f"!= {first}"
                tests.append(f"{name}[{k}] {test}")
            lines.append(f"    if {' or '.join(tests)}: return None")
        lines += [f"    a{k} = {text}" for k, text in enumerate(self.definitions)]
        guards = list(self.guards)
        for k in range(0, len(guards), 32):
            lines.append(f"    if not ({' and '.join(guards[k : k + 32])}): return None")
        lines.append(f"    return [{', '.join(map(self.text, wanted))}]")
        space: dict[str, Any] = {}
        # The text holds numbers and names made above, nothing that comes from elsewhere.
        exec(compile("\n".join(lines), "<shapes>", "exec"), space)
        evaluate: Evaluate = space["evaluate"]
        fixed = [i for i, x in enumerate(self.shapes) if not any(isinstance(d, Symbol) for d in x)]
        shapes = [self.shapes[i] for i in fixed]

        def checked(given: Sequence[Shape], values: Values) -> list[Any] | None:
            try:
                return evaluate(given, values) if [given[i] for i in fixed] == shapes else None
            except ZeroDivisionError:  # by what is zero for these shapes: other decisions
                return None

        return checked

    def text(self, x: Any) -> str:
        """A number or symbol as Python text."""
        if isinstance(x, Symbol):
            return self.source(x.terms)
        if isinstance(x, float) and not math.isfinite(x):
            return f"float('{x}')"
        return repr(x.item() if hasattr(x, "item") else x)


class Symbol:
    """A number that hangs on extents: its expression, and its value for the shapes at hand."""

    __slots__ = ("floor", "scope", "terms", "value")

    def __init__(self, scope: Scope, terms: Terms, value: Any) -> None:
        self.scope, self.terms, self.value = scope, terms, value
        self.floor: int | None = _UNKNOWN

    def least(self) -> int | None:
        """What it is never below; None if that is not known."""
        if self.floor is _UNKNOWN:
            self.floor = self.scope.low(self.terms)
        return self.floor

    def __repr__(self) -> str:
        return f"<{self.scope.source(self.terms)} = {self.value}>"

    # -- as a plain number ---------------------------------------------------------------------

    def fixed(self) -> Any:
        """The plain number, with a guard that it is this one."""
        self.scope.guards[f"{self.scope.source(self.terms)} == {self.value!r}"] = None
        return self.value

    def __index__(self) -> int:
        return self.fixed()  # type: ignore[no-any-return]

    def __int__(self) -> int:
        return int(self.fixed())

    def __float__(self) -> float:
        return float(self.fixed())

    def __hash__(self) -> int:
        return hash(self.fixed())

    def __bool__(self) -> bool:
        return bool(self != 0)

    # -- arithmetic ----------------------------------------------------------------------------

    def _terms_of(self, other: Any) -> Terms | None:
        """Another operand as a polynomial; None if only its own arithmetic knows what to do."""
        if isinstance(other, Symbol):
            if other.scope is not self.scope:
                return (((), other.fixed()),)
            return other.terms
        try:
            return (((), operator.index(other)),)
        except TypeError:
            return None

    def _exact(self, other: Any) -> Terms | None:
        """The operand's polynomial where sums and products with it are exact."""
        terms = self._terms_of(other)
        is_float = isinstance(self.value, float) or isinstance(_plain(other), float)
        return None if is_float else terms

    def _made(self, terms: dict[tuple[int, ...], int], value: int) -> Any:
        kept = tuple(sorted((k, v) for k, v in terms.items() if v))
        if not kept:
            return 0
        if len(kept) == 1 and not kept[0][0]:
            return kept[0][1]
        return Symbol(self.scope, kept, value)

    def _atom(self, a: Any, sign: str, b: Any, value: Any, least: int | None) -> Any:
        text = f"{self.scope.text(a)} {sign} {self.scope.text(b)}"
        return self.scope.atom(f"({text})", value, least)

    def __add__(self, other: Any) -> Any:
        if type(other) is int and other == 0:
            return self
        more = self._exact(other)
        if more is None:
            return _inexact(self, "+", other)
        terms = dict(self.terms)
        for atoms, factor in more:
            terms[atoms] = terms.get(atoms, 0) + factor
        return self._made(terms, self.value + _plain(other))

    __radd__ = __add__

    def __neg__(self) -> Any:
        return self * -1

    def __sub__(self, other: Any) -> Any:
        return self + -1 * other

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __mul__(self, other: Any) -> Any:
        if type(other) is int and other and type(self.value) is int:  # by far the most frequent
            if other == 1:
                return self
            terms = tuple([(atoms, factor * other) for atoms, factor in self.terms])
            return Symbol(self.scope, terms, self.value * other)
        more = self._exact(other)
        if more is None:
            return _inexact(self, "*", other)
        product: dict[tuple[int, ...], int] = {}
        for atoms, factor in self.terms:
            for others, times in more:
                key = (*atoms, *others) if not (atoms and others) else tuple(sorted(atoms + others))
                product[key] = product.get(key, 0) + factor * times
        return self._made(product, self.value * _plain(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return _inexact(self, "/", other)

    def __rtruediv__(self, other: Any) -> Any:
        return _inexact(other, "/", self)

    def _quotient(self, by: Terms) -> dict[tuple[int, ...], int] | None:
        """The polynomial divided by another of one term, None where that leaves a remainder."""
        if len(by) != 1:
            return None
        (divisor, factor), out = by[0], {}
        for atoms, times in self.terms:
            rest = list(atoms)
            for k in divisor:
                if k not in rest:
                    return None
                rest.remove(k)
            if not factor or times % factor:
                return None
            out[tuple(rest)] = times // factor
        return out

    def __floordiv__(self, other: Any) -> Any:
        by = self._exact(other)
        if by is None:
            return _inexact(self, "//", other)
        exact = self._quotient(by)
        value = self.value // _plain(other)
        if exact is not None:
            return self._made(exact, value)
        low, floor = self.scope.low(self.terms), self.scope.low(by)
        positive = low is not None and low >= 0 and floor is not None and floor > 0
        return self._atom(self, "//", other, value, 0 if positive else None)

    def __rfloordiv__(self, other: Any) -> Any:
        low = self.scope.low(self.terms)
        least = 0 if low is not None and low > 0 and other >= 0 else None
        return self._atom(other, "//", self, other // self.value, least)

    def __mod__(self, other: Any) -> Any:
        by = self._exact(other)
        if by is None:
            return _inexact(self, "%", other)
        if self._quotient(by) is not None:
            return 0
        floor = self.scope.low(by)
        least = 0 if floor is not None and floor > 0 else None
        return self._atom(self, "%", other, self.value % _plain(other), least)

    def __rmod__(self, other: Any) -> Any:
        low = self.scope.low(self.terms)
        least = 0 if low is not None and low > 0 else None
        return self._atom(other, "%", self, other % self.value, least)

    def __abs__(self) -> Any:
        return -self if self < 0 else self

    # -- comparisons ---------------------------------------------------------------------------

    def _decide(self, other: Any, comparison: str, turned: bool = False) -> Any:
        if type(other) is int and type(self.value) is int:
            least = self.least()
            if least is not None and least > other:
                return turned  # it is larger
        elif type(other) is Symbol and other.terms == self.terms and other.scope is self.scope:
            return comparison != "<"
        if self._exact(other) is None:
            if not isinstance(_plain(other), float | int):
                return NotImplemented
            pair = self.fixed(), _plain(other) if not isinstance(other, Symbol) else other.fixed()
            return _COMPARE[comparison](*(reversed(pair) if turned else pair))
        difference = other - self if turned else self - other
        return self.scope.decide(difference, comparison)

    def __eq__(self, other: object) -> Any:
        if self is other:
            return True
        return self._decide(other, "==")

    def __lt__(self, other: Any) -> Any:
        return self._decide(other, "<")

    def __le__(self, other: Any) -> Any:
        return self._decide(other, "<=")

    def __gt__(self, other: Any) -> Any:
        return self._decide(other, "<", turned=True)

    def __ge__(self, other: Any) -> Any:
        return self._decide(other, "<=", turned=True)


def _plain(x: Any) -> Any:
    return x.value if isinstance(x, Symbol) else x


_INEXACT: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


def _inexact(a: Any, sign: str, b: Any) -> Any:
    """A quantity that is computed as it stands: floating-point arithmetic."""
    scope = a.scope if isinstance(a, Symbol) else b.scope
    if not all(isinstance(_plain(x), int | float) for x in (a, b)):
        return NotImplemented
    a, b = (x.fixed() if isinstance(x, Symbol) and x.scope is not scope else x for x in (a, b))
    value = _INEXACT[sign](_plain(a), _plain(b))
    return scope.atom(f"({scope.text(a)} {sign} {scope.text(b)})", value, None)


def value_of(x: Any) -> Any:
    """A number as it is for the shapes at hand; no guard comes of it."""
    return x.value if isinstance(x, Symbol) else x


def choose(a: Any, comparison: str, b: Any, yes: Any, no: Any) -> Any:
    """`yes` if `a` compares so with `b` ("<", "<="), else `no`; a symbol rather than a guard."""
    difference = a - b
    scope = next((x.scope for x in (difference, yes, no) if isinstance(x, Symbol)), None)
    outcome = _COMPARE[comparison](value_of(difference), 0)
    if scope is None or not isinstance(difference, Symbol):
        return yes if outcome else no
    text = f"{scope.source(difference.terms)} {comparison} 0"
    definition = f"({scope.text(yes)} if {text} else {scope.text(no)})"
    low, other = (x.least() if isinstance(x, Symbol) else x for x in (yes, no))
    least = None if low is None or other is None else min(low, other)
    return scope.atom(definition, value_of(yes if outcome else no), least)


def minimum(a: Any, b: Any) -> Any:
    """The smaller one; a symbol rather than a guard."""
    return choose(a, "<", b, a, b)


def nearby(x: Any) -> Any:
    """The plain number, for choices that only speed hangs on; a guard that it stays about so."""
    if not isinstance(x, Symbol):
        return x
    text = x.scope.source(x.terms)
    x.scope.guards[f"{x.value // _FAR} <= {text} <= {x.value * _FAR}"] = None
    return x.value


# -- arrays ----------------------------------------------------------------------------------------


def array_of(value: Any, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Numbers as an array: of objects if symbols are among them."""
    array = np.array(value, object)
    return array if has_symbols(array) else array.astype(dtype)


def has_symbols(array: np.ndarray[Any, Any]) -> bool:
    """Whether symbols are among an array's elements."""
    return array.dtype == object and any(isinstance(x, Symbol) for x in array.flat)


def plain_array(array: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """The array of plain numbers, with guards that they are these."""
    return array.astype(dtype) if array.dtype == object else array


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "AddV2": operator.add,
    "Sub": operator.sub,
    "Mul": operator.mul,
    "FloorDiv": operator.floordiv,
    "FloorMod": operator.mod,
    "Maximum": np.frompyfunc(lambda a, b: choose(a, "<", b, b, a), 2, 1),
    "Minimum": np.frompyfunc(minimum, 2, 1),
}
"""Integer arithmetic on objects, whose dtype kernels would not take for integers."""


def results_of(op: Operation, arrays: Sequence[np.ndarray[Any, Any]]) -> list[Any] | None:
    """The outputs of an operation on known integers, symbols among them; None if it has no code."""
    dtypes = [o.dtype.base_dtype.np_dtype for o in op.outputs]
    if op.type == "Cast" and dtypes[0] in (np.float32, np.float64):
        return [array_of([x / 1 for x in arrays[0].flat], dtypes[0]).reshape(arrays[0].shape)]
    assert op.definition.kernel is not None
    try:
        if op.type == "Cast":
            got: Any = arrays[0]
        elif op.type in _ARITHMETIC:
            got = _ARITHMETIC[op.type](arrays[0].astype(object), arrays[1].astype(object))
        else:
            got = op.definition.kernel(np, arrays, op.attrs)
        results = got if isinstance(got, tuple | list) else [got]
        return [_in_range(np.asarray(r), t) for r, t in zip(results, dtypes, strict=True)]
    except Exception:
        inputs = [x.dtype.base_dtype.np_dtype for x in op.operands]
        plain = [plain_array(a, t) for a, t in zip(arrays, inputs, strict=True)]
        return evaluate_constant(op, plain)


def _in_range(array: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """The array, with guards that integers fit their type; TypeError for others."""
    if not has_symbols(array):
        return array.astype(dtype)
    limits = np.iinfo(dtype)  # ValueError for other types
    for x in array.flat:
        if isinstance(x, Symbol) and not limits.min <= x <= limits.max:
            raise OverflowError
    return array
