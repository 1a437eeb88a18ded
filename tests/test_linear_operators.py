"""Linear operators equal their dense matrices: every class and method, batches, unknown shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from evergraph import errors, tf
from evergraph.tf.linear_operators import addition, algebra, util

L = tf.linalg
Given = Callable[[Any], Any]  # how an operator gets its tensors: as they are, or shapes hidden


def _given(hidden: bool) -> Given:
    if not hidden:
        return tf.constant
    return lambda x: tf.placeholder_with_default(tf.constant(x), shape=None)


class Numbers:
    """Arrays of one dtype, the same in each run."""

    def __init__(self, dtype: str) -> None:
        self.dtype = np.dtype(dtype)
        self._rng = np.random.RandomState(7)

    def normal(self, *shape: int) -> np.ndarray:
        values: Any = self._rng.normal(size=shape)
        if self.dtype.kind == "c":
            values = values + 1j * self._rng.normal(size=shape)
        return values.astype(self.dtype)

    def away_from_zero(self, *shape: int) -> np.ndarray:
        values = self.normal(*shape)
        return (values / np.abs(values) * self._rng.uniform(1, 2, shape)).astype(self.dtype)

    def positive(self, *shape: int) -> np.ndarray:
        return self._rng.uniform(1, 2, shape).astype(self.dtype)

    def definite(self, *shape: int) -> np.ndarray:
        root = np.tril(self.normal(*shape)) / 2
        eye = np.eye(shape[-1], dtype=self.dtype)
        return root @ np.conj(np.swapaxes(root, -1, -2)) + 2 * eye

    def regular(self, *shape: int) -> np.ndarray:
        return self.normal(*shape) / 3 + 2 * np.eye(shape[-2], shape[-1], dtype=self.dtype)


def _diagonal(x: np.ndarray) -> np.ndarray:
    return x[..., None] * np.eye(x.shape[-1], dtype=x.dtype)


def _adjoint(x: np.ndarray) -> np.ndarray:
    return np.conj(np.swapaxes(x, -1, -2))


def _blocks(*parts: np.ndarray) -> np.ndarray:
    batch = np.broadcast_shapes(*(p.shape[:-2] for p in parts))
    size = sum(p.shape[-1] for p in parts)
    dense = np.zeros((*batch, size, size), parts[0].dtype)
    at = 0
    for p in parts:
        n = p.shape[-1]
        dense[..., at : at + n, at : at + n] = p
        at += n
    return dense


def _kron(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    pairs = a[..., :, None, :, None] * b[..., None, :, None, :]
    rows, columns = a.shape[-2] * b.shape[-2], a.shape[-1] * b.shape[-1]
    return pairs.reshape(*pairs.shape[:-4], rows, columns)


def _toeplitz(column: np.ndarray, row: np.ndarray) -> np.ndarray:
    n = column.shape[-1]
    at = np.arange(n)[:, None] - np.arange(n)[None, :]
    return np.where(at >= 0, column[..., np.abs(at)], row[..., np.abs(at)])


def _circulant(spectrum: np.ndarray, depth: int) -> np.ndarray:
    """The matrix that multiplies by the spectrum between Fourier transforms."""
    axes = tuple(range(-depth, 0))
    blocks = spectrum.shape[-depth:]
    n = int(np.prod(blocks))
    units = np.eye(n).reshape(n, *blocks)
    turned = np.fft.ifftn(
        np.expand_dims(spectrum, -depth - 1) * np.fft.fftn(units, axes=axes), axes=axes
    )
    return np.swapaxes(turned.reshape(*spectrum.shape[:-depth], n, n), -1, -2)


# -- the operators and their matrices --------------------------------------------------------
def _diag(n: Numbers, g: Given, b: tuple[int, ...], positive: bool) -> Any:
    d = n.positive(*b, 3) if positive else n.away_from_zero(*b, 3)
    hints = {"is_positive_definite": True, "is_self_adjoint": True} if positive else {}
    return L.LinearOperatorDiag(g(d), **hints), _diagonal(d)


def _full(n: Numbers, g: Given, b: tuple[int, ...], positive: bool) -> Any:
    m = n.definite(*b, 3, 3) if positive else n.regular(*b, 3, 3)
    hints = {"is_positive_definite": True, "is_self_adjoint": True} if positive else {}
    return L.LinearOperatorFullMatrix(g(m), is_square=True, **hints), m


def _tril(n: Numbers, g: Given, b: tuple[int, ...], positive: bool) -> Any:
    m = n.regular(*b, 3, 3)
    return L.LinearOperatorLowerTriangular(g(m)), np.tril(m)


def _identity(n: Numbers, g: Given, b: tuple[int, ...], positive: bool) -> Any:
    operator = L.LinearOperatorIdentity(
        g(np.int32(3)), batch_shape=g(np.array(b, np.int32)), dtype=n.dtype
    )
    return operator, np.broadcast_to(np.eye(3, dtype=n.dtype), (*b, 3, 3))


def _scaled(n: Numbers, g: Given, b: tuple[int, ...], positive: bool) -> Any:
    c = n.positive(*b) if positive else n.away_from_zero(*b)
    hints = {"is_positive_definite": True, "is_self_adjoint": True} if positive else {}
    return L.LinearOperatorScaledIdentity(g(np.int32(3)), g(c), **hints), c[
        ..., None, None
    ] * np.eye(3, dtype=n.dtype)


def _zeros(n: Numbers, g: Given, b: tuple[int, ...], positive: bool) -> Any:
    operator = L.LinearOperatorZeros(
        g(np.int32(3)), batch_shape=g(np.array(b, np.int32)), dtype=n.dtype
    )
    return operator, np.zeros((*b, 3, 3), n.dtype)


def _householder(n: Numbers, g: Given, b: tuple[int, ...], positive: bool) -> Any:
    v = n.away_from_zero(*b, 3)
    unit = v / np.linalg.norm(v, axis=-1, keepdims=True)
    dense = np.eye(3) - 2 * unit[..., :, None] * np.conj(unit[..., None, :])
    return L.LinearOperatorHouseholder(g(v)), dense.astype(n.dtype)


def _block_diag(n: Numbers, g: Given, b: tuple[int, ...], positive: bool) -> Any:
    (first, a), (second, c) = _full(n, g, b, positive), _diag(n, g, (), positive)
    return L.LinearOperatorBlockDiag([first, second]), _blocks(a, c)


def _composition(n: Numbers, g: Given, b: tuple[int, ...], positive: bool) -> Any:
    (first, a), (second, c) = _full(n, g, b, False), _tril(n, g, (), False)
    return L.LinearOperatorComposition([first, second]), a @ c


def _kronecker(n: Numbers, g: Given, b: tuple[int, ...], positive: bool) -> Any:
    (first, a), (second, c) = _full(n, g, b, positive), _full(n, g, (), positive)
    third, d = _diag(n, g, (), positive)
    return L.LinearOperatorKronecker([first, second, third]), _kron(_kron(a, c), d)


def _low_rank(n: Numbers, g: Given, b: tuple[int, ...], positive: bool) -> Any:
    base, a = _diag(n, g, (), True)
    u, d = n.normal(*b, 3, 2) / 2, n.positive(*b, 2)
    if positive:
        operator = L.LinearOperatorLowRankUpdate(base, g(u), g(d), is_diag_update_positive=True)
        return operator, a + (u * d[..., None, :]) @ _adjoint(u)
    v = n.normal(*b, 3, 2) / 2
    operator = L.LinearOperatorLowRankUpdate(base, g(u), v=g(v))
    return operator, a + u @ _adjoint(v)


def _adjoint_of(n: Numbers, g: Given, b: tuple[int, ...], positive: bool) -> Any:
    operator, a = _full(n, g, b, positive)
    return L.LinearOperatorAdjoint(operator), _adjoint(a)


def _inverse_of(n: Numbers, g: Given, b: tuple[int, ...], positive: bool) -> Any:
    operator, a = _full(n, g, b, positive)
    return L.LinearOperatorInversion(operator), np.linalg.inv(a)


def _toeplitz_of(n: Numbers, g: Given, b: tuple[int, ...], positive: bool) -> Any:
    column, row = n.normal(*b, 4), n.normal(4)
    column[..., 0] = 5
    return L.LinearOperatorToeplitz(g(column), g(row)), _toeplitz(column, row)


def _spectral(depth: int) -> Any:
    def build(n: Numbers, g: Given, b: tuple[int, ...], positive: bool) -> Any:
        kind = getattr(L, "LinearOperatorCirculant" + ("", "2D", "3D")[depth - 1])
        sizes = (2, 3, 2)[:depth]
        if n.dtype.kind == "c":
            spectrum = n.away_from_zero(*b, *sizes)
        else:  # a real kernel has a hermitian spectrum
            kernel = n.normal(*b, *sizes)
            kernel[(..., *[0] * depth)] += 6
            spectrum = np.fft.fftn(kernel, axes=range(-depth, 0))
        dense = _circulant(spectrum, depth)
        dense = dense if n.dtype.kind == "c" else dense.real
        return kind(g(spectrum), input_output_dtype=n.dtype), dense

    return build


CLASSES = {
    "adjoint": _adjoint_of,
    "block_diag": _block_diag,
    "circulant": _spectral(1),
    "circulant2d": _spectral(2),
    "circulant3d": _spectral(3),
    "composition": _composition,
    "diag": _diag,
    "full_matrix": _full,
    "householder": _householder,
    "identity": _identity,
    "inversion": _inverse_of,
    "kronecker": _kronecker,
    "low_rank_update": _low_rank,
    "lower_triangular": _tril,
    "scaled_identity": _scaled,
    "toeplitz": _toeplitz_of,
    "zeros": _zeros,
}
POSITIVE = [
    "adjoint",
    "block_diag",
    "diag",
    "full_matrix",
    "identity",
    "inversion",
    "kronecker",
    "low_rank_update",
    "scaled_identity",
]
BATCHES = [(), (2,), (2, 1)]


def _close(got: Any, wanted: Any) -> None:
    np.testing.assert_allclose(got, wanted, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("hidden", [False, True], ids=["static", "hidden"])
@pytest.mark.parametrize("name", CLASSES)
def test_equals_its_dense_matrix(name: str, hidden: bool, dtype: str) -> None:
    for batch in BATCHES:
        with tf.Graph().as_default():
            operator, dense = CLASSES[name](Numbers(dtype), _given(hidden), batch, False)
            wanted = _wanted(operator, dense, Numbers(dtype))
            if not hidden:
                assert operator.shape.as_list() == list(dense.shape)
                for got, value in wanted:
                    assert got.shape.as_list() == list(np.shape(value))
            values = tf.Session().run([got for got, _ in wanted])
        for got, (_, value) in zip(values, wanted, strict=True):
            assert got.dtype == value.dtype or got.dtype == np.int32
            _close(got, value)


def _real(x: Any) -> Any:
    """The real part: some classes give complex logarithms of moduli, as in TensorFlow."""
    return tf.real(x)


def _wanted(operator: Any, dense: np.ndarray, n: Numbers) -> list[tuple[Any, Any]]:
    """Pairs of what the operator gives and what its matrix gives."""
    size = dense.shape[-1]
    x, other = n.normal(*dense.shape[:-1], 2), n.normal(2, 2, size, 3)
    vector = n.normal(size)
    pairs = [
        (operator.to_dense(), dense),
        (operator.shape_tensor(), np.array(dense.shape)),
        (operator.batch_shape_tensor(), np.array(dense.shape[:-2])),
        (operator.diag_part(), np.diagonal(dense, axis1=-2, axis2=-1)),
        (operator.trace(), np.trace(dense, axis1=-2, axis2=-1)),
        (operator.determinant(), np.linalg.det(dense)),
        (operator.add_to_tensor(np.ones_like(dense)), dense + 1),
        (operator.adjoint().to_dense(), _adjoint(dense)),
        (operator.matmul(x), dense @ x),
        (operator.matmul(x, adjoint=True), _adjoint(dense) @ x),
        (operator.matmul(_adjoint(x), adjoint_arg=True), dense @ x),
        (operator.matmul(other), dense @ other),
        (operator.matvec(vector), dense @ vector),
        (operator.matvec(vector, adjoint=True), _adjoint(dense) @ vector),
    ]
    if operator.is_non_singular is False:
        return pairs
    inverse = np.linalg.inv(dense)
    return [
        *pairs,
        (_real(operator.log_abs_determinant()), np.log(np.abs(np.linalg.det(dense)))),
        (operator.inverse().to_dense(), inverse),
        (operator.solve(x), inverse @ x),
        (operator.solve(x, adjoint=True), _adjoint(inverse) @ x),
        (operator.solve(_adjoint(x), adjoint_arg=True), inverse @ x),
        (operator.solve(other), inverse @ other),
        (operator.solvevec(vector), inverse @ vector),
        (operator.solvevec(vector, adjoint=True), _adjoint(inverse) @ vector),
    ]


@pytest.mark.parametrize("hidden", [False, True], ids=["static", "hidden"])
@pytest.mark.parametrize("name", POSITIVE)
def test_cholesky_factors_and_determinants(name: str, hidden: bool) -> None:
    for dtype in ("float64", "complex128"):
        with tf.Graph().as_default():
            operator, dense = CLASSES[name](Numbers(dtype), _given(hidden), (2,), True)
            if name == "low_rank_update" and dtype == "complex128":
                continue  # only a real update of a self-adjoint operator is known to be one
            factor = operator.cholesky().to_dense()
            got = tf.Session().run([factor, operator.determinant(), operator.solve(dense)])
        _close(got[0], np.linalg.cholesky(dense))
        _close(got[1], np.linalg.det(dense))
        _close(got[2], np.broadcast_to(np.eye(dense.shape[-1]), dense.shape))


def test_rectangular_operators() -> None:
    n = Numbers("float64")
    a, b, c = n.normal(2, 3), n.normal(4, 2, 3, 4), n.normal(3, 2)
    first, second, third = (L.LinearOperatorFullMatrix(m) for m in (a, b, c))
    cases = [
        (first, a),
        (first.adjoint(), a.T),
        (L.LinearOperatorComposition([first, second]), a @ b),
        (L.LinearOperatorKronecker([first, third]), _kron(a, c)),
        (L.LinearOperatorKronecker([second, first]), _kron(b, a)),
        (
            L.LinearOperatorZeros(2, 3, dtype="float64", is_self_adjoint=False, is_square=False),
            np.zeros((2, 3)),
        ),
    ]
    for operator, dense in cases:
        x, y = n.normal(dense.shape[-1], 2), n.normal(dense.shape[-2], 2)
        got = tf.Session().run(
            [
                operator.to_dense(),
                operator.matmul(x),
                operator.matmul(y, adjoint=True),
                operator.diag_part(),
                operator.trace(),
            ]
        )
        turned = np.swapaxes(dense, -1, -2)
        diagonal = np.diagonal(dense, axis1=-2, axis2=-1)
        for value, wanted in zip(
            got, [dense, dense @ x, turned @ y, diagonal, diagonal.sum(-1)], strict=True
        ):
            _close(value, wanted)


# -- algebra ---------------------------------------------------------------------------------
PAIRS = [
    ("diag", "diag", "LinearOperatorDiag", "LinearOperatorDiag"),
    ("diag", "scaled_identity", "LinearOperatorDiag", "LinearOperatorDiag"),
    ("scaled_identity", "diag", "LinearOperatorDiag", "LinearOperatorDiag"),
    ("diag", "lower_triangular", "LinearOperatorLowerTriangular", "LinearOperatorLowerTriangular"),
    ("lower_triangular", "diag", "LinearOperatorLowerTriangular", "LinearOperatorComposition"),
    ("identity", "full_matrix", "LinearOperatorFullMatrix", "LinearOperatorFullMatrix"),
    ("full_matrix", "identity", "LinearOperatorFullMatrix", "LinearOperatorComposition"),
    ("full_matrix", "diag", "LinearOperatorComposition", "LinearOperatorComposition"),
    ("inversion", "full_matrix", "LinearOperatorComposition", "LinearOperatorComposition"),
    ("circulant2d", "circulant2d", "LinearOperatorCirculant2D", "LinearOperatorCirculant2D"),
    ("circulant", "circulant", "LinearOperatorCirculant", "LinearOperatorCirculant"),
]


@pytest.mark.parametrize(("left", "right", "product", "solution"), PAIRS)
def test_products_and_solutions_of_operators(
    left: str, right: str, product: str, solution: str
) -> None:
    n = Numbers("complex128")
    (a, x), (b, y) = (CLASSES[k](n, tf.constant, (), False) for k in (left, right))
    both = [a.matmul(b), a.solve(b)]
    assert [type(o).__name__ for o in both] == [product, solution]
    got = tf.Session().run([o.to_dense() for o in both])
    _close(got[0], x @ y)
    _close(got[1], np.linalg.solve(x, y))


def test_turned_operators_multiply() -> None:
    n = Numbers("float64")
    (a, x), (b, y) = _full(n, tf.constant, (), False), _tril(n, tf.constant, (2,), False)
    for turn_a in (False, True):
        for turn_b in (False, True):
            left, right = (x.T if turn_a else x), (_adjoint(y) if turn_b else y)
            got = a.matmul(b, adjoint=turn_a, adjoint_arg=turn_b).to_dense()
            solved = a.solve(b, adjoint=turn_a, adjoint_arg=turn_b).to_dense()
            _close(tf.Session().run(got), left @ right)
            _close(tf.Session().run(solved), np.linalg.inv(left) @ right)
    with pytest.raises(ValueError, match="incompatible"):
        a.matmul(L.LinearOperatorDiag([1.0, 2.0]))


def test_zeros_times_operators() -> None:
    zeros, diag = L.LinearOperatorZeros(2), L.LinearOperatorDiag([1.0, 2.0])
    assert diag.matmul(zeros) is zeros
    assert zeros.matmul(diag) is zeros
    flat = L.LinearOperatorZeros(2, 3, is_self_adjoint=False, is_square=False)
    with pytest.raises(ValueError, match="non-square"):
        diag.matmul(flat)


def test_functions_of_operators() -> None:
    n = Numbers("float64")
    operator, dense = _full(n, tf.constant, (), True)
    x = n.normal(3, 2)
    pairs = [
        (L.adjoint(operator).to_dense(), dense.T),
        (L.cholesky(operator).to_dense(), np.linalg.cholesky(dense)),
        (L.diag_part(operator), np.diag(dense)),
        (L.det(operator), np.linalg.det(dense)),
        (L.inv(operator).to_dense(), np.linalg.inv(dense)),
        (L.inv(operator, adjoint=True).to_dense(), np.linalg.inv(dense).T),
        (L.logdet(operator), np.log(np.linalg.det(dense))),
        (L.matmul(operator, x), dense @ x),
        (L.matmul(x, operator, adjoint_a=True), x.T @ dense),
        (tf.matmul(operator, x), dense @ x),
        (L.solve(operator, x), np.linalg.solve(dense, x)),
        (L.trace(operator), np.trace(dense)),
    ]
    for got, (_, wanted) in zip(tf.Session().run([p for p, _ in pairs]), pairs, strict=True):
        _close(got, wanted)
    with pytest.raises(ValueError, match="Transposing"):
        tf.matmul(operator, x, transpose_a=True)
    with pytest.raises(ValueError, match="Sparse"):
        tf.matmul(operator, x, a_is_sparse=True)
    with pytest.raises(ValueError, match="not supported"):
        L.solve(dense, operator)
    with pytest.raises(ValueError, match="positive definite"):
        L.logdet(L.LinearOperatorFullMatrix(dense))


def test_rules_of_new_types() -> None:
    class Own(L.LinearOperator):
        def _shape(self) -> Any:
            return tf.TensorShape([1, 1])

        def _shape_tensor(self) -> Any:
            return tf.constant([1, 1])

        def _matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False) -> Any:
            return x

    class Child(Own):
        pass

    operator = Own(tf.float32, is_self_adjoint=False, is_positive_definite=None)
    assert isinstance(operator.adjoint(), L.LinearOperatorAdjoint)
    algebra.RegisterAdjoint(Own)(lambda o: "turned")
    algebra.RegisterMatmul(Own, Own)(lambda a, b: "times")
    assert operator.adjoint() == "turned"
    assert Child(tf.float32).adjoint() == "turned"
    assert operator.matmul(Child(tf.float32)) == "times"
    with pytest.raises(ValueError, match="already been registered"):
        algebra.RegisterAdjoint(Own)(lambda o: None)
    with pytest.raises(TypeError, match="callable"):
        algebra.RegisterInverse(Own)("no function")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="No adjoint registered"):
        algebra.adjoint("no operator")
    with pytest.raises(TypeError, match="abstract"):
        L.LinearOperator(tf.float32)


# -- sums ------------------------------------------------------------------------------------
def test_sums_of_operators() -> None:
    n = Numbers("float64")
    built = [CLASSES[k](n, tf.constant, (), True) for k in ("identity", "scaled_identity", "diag")]
    (total,) = addition.add_operators([o for o, _ in built])
    assert type(total) is L.LinearOperatorDiag
    assert total.is_positive_definite
    _close(tf.Session().run(total.to_dense()), sum(d for _, d in built))
    (total,) = addition.add_operators([o for o, _ in built[:2]])
    assert type(total) is L.LinearOperatorScaledIdentity
    triangle, full = _tril(n, tf.constant, (), False), _full(n, tf.constant, (), False)
    (total,) = addition.add_operators([built[2][0], triangle[0]])
    assert type(total) is L.LinearOperatorLowerTriangular
    _close(tf.Session().run(total.to_dense()), built[2][1] + triangle[1])
    (total,) = addition.add_operators([triangle[0], full[0], built[0][0]])
    assert type(total) is L.LinearOperatorFullMatrix
    _close(tf.Session().run(total.to_dense()), triangle[1] + full[1] + built[0][1])
    tiers = [[addition._AddAndReturnDiag()]]
    assert len(addition.add_operators([full[0], built[2][0], built[0][0]], None, tiers)) == 2
    with pytest.raises(ValueError, match="same domain dimension"):
        addition.add_operators([L.LinearOperatorIdentity(2), L.LinearOperatorIdentity(3)])
    with pytest.raises(TypeError, match="LinearOperator instances"):
        addition.add_operators([1, 2])
    with pytest.raises(ValueError, match="at least one"):
        addition.add_operators([])


# -- what is refused -------------------------------------------------------------------------
FULL = [[1.0, 2.0], [3.0, 4.0]]
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: L.LinearOperatorDiag(1.0), ValueError, "at least 1 dimension"),
    (lambda: L.LinearOperatorFullMatrix([1.0]), ValueError, "at least 2 dimensions"),
    (lambda: L.LinearOperatorFullMatrix([[1, 2]]), TypeError, "must have dtype"),
    (lambda: L.LinearOperatorLowerTriangular([1.0]), ValueError, "at least 2 dimensions"),
    (lambda: L.LinearOperatorHouseholder(1.0), ValueError, "at least 1 dimension"),
    (lambda: L.LinearOperatorCirculant2D([1.0]), ValueError, "at least 2 dimensions"),
    (lambda: L.LinearOperatorToeplitz([1.0], [1.0, 2.0]), ValueError, "mismatched"),
    (lambda: L.LinearOperatorIdentity(-1), ValueError, "non-negative"),
    (lambda: L.LinearOperatorIdentity([2]), ValueError, "0-D"),
    (lambda: L.LinearOperatorIdentity(2.0), TypeError, "integer"),
    (lambda: L.LinearOperatorIdentity(tf.Variable(2)), TypeError, "reference"),
    (lambda: L.LinearOperatorIdentity(2, batch_shape=[[1]]), ValueError, "1-D"),
    (lambda: L.LinearOperatorIdentity(2, is_non_singular=False), ValueError, "non-singular"),
    (lambda: L.LinearOperatorZeros(2, 3), ValueError, "is_square=True"),
    (lambda: L.LinearOperatorZeros(2, is_non_singular=True), ValueError, "always singular"),
    (lambda: L.LinearOperatorZeros(2).assert_non_singular(), errors.OpError, "non-invertible"),
    (lambda: L.LinearOperatorZeros(2).solve(FULL), NotImplementedError, "singular"),
    (lambda: L.LinearOperatorDiag([1.0]).matmul(FULL), ValueError, "not compatible"),
    (lambda: L.LinearOperatorDiag([1.0]).matmul([1.0]), ValueError, "at least 2 dimensions"),
    (lambda: L.LinearOperatorDiag([1.0, 2.0]).matvec([1.0]), ValueError, "not compatible"),
    (lambda: L.LinearOperatorDiag([1.0]).solve(FULL), ValueError, "not compatible"),
    (lambda: L.LinearOperatorDiag([1.0]).matmul(np.ones((1, 1))), TypeError, "dtype"),
    (lambda: L.LinearOperatorFullMatrix(FULL).cholesky(), ValueError, "self adjoint"),
    (lambda: L.LinearOperatorFullMatrix([[1.0, 2.0]]).inverse(), ValueError, "non square"),
    (lambda: L.LinearOperatorFullMatrix([[1.0, 2.0]]).determinant(), NotImplementedError, "square"),
    (lambda: L.LinearOperatorFullMatrix(FULL, is_square=False).is_square, ValueError, "is_square"),
    (lambda: L.LinearOperatorComposition([]), ValueError, "non-empty"),
    (lambda: L.LinearOperatorKronecker([]), ValueError, ">=1"),
    (
        lambda: L.LinearOperatorBlockDiag([L.LinearOperatorFullMatrix([[1.0, 2.0]])]),
        ValueError,
        "square",
    ),
    (
        lambda: L.LinearOperatorDiag([1.0], is_positive_definite=True, is_non_singular=False),
        ValueError,
        "always non-singular",
    ),
    (
        lambda: L.LinearOperatorInversion(
            L.LinearOperatorFullMatrix(FULL, is_positive_definite=False), is_positive_definite=True
        ),
        ValueError,
        "positive-definite",
    ),
    (
        lambda: L.LinearOperatorLowRankUpdate(L.LinearOperatorIdentity(3), np.ones((4, 2), "f")),
        ValueError,
        "not compatible",
    ),
]


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_wrong_arguments_are_refused(case: int) -> None:
    function, error, text = REFUSED[case]
    with tf.Graph().as_default(), pytest.raises(error, match=text):
        function()


ASSERTIONS: list[tuple[Callable[[], Any], str | None]] = [
    (lambda: L.LinearOperatorDiag([1.0, 0.0]).assert_non_singular(), "Singular"),
    (lambda: L.LinearOperatorDiag([1.0, -1.0]).assert_positive_definite(), "not positive definite"),
    (lambda: L.LinearOperatorDiag([1.0, 2.0]).assert_self_adjoint(), None),
    (lambda: L.LinearOperatorDiag([1j]).assert_self_adjoint(), "not self-adjoint"),
    (lambda: L.LinearOperatorFullMatrix([[1.0, 1.0]] * 2).assert_non_singular(), "Singular matrix"),
    (lambda: L.LinearOperatorFullMatrix(FULL).assert_non_singular(), None),
    (lambda: L.LinearOperatorFullMatrix(FULL).assert_self_adjoint(), "adjoint"),
    (lambda: L.LinearOperatorScaledIdentity(2, 0.0).assert_non_singular(), "singular"),
    (lambda: L.LinearOperatorCirculant([1j, 1]).assert_self_adjoint(), "imaginary"),
    (lambda: L.LinearOperatorCirculant([1j, 1]).assert_hermitian_spectrum(), "Hermitian"),
    (lambda: L.LinearOperatorCirculant([2.0, 1.0]).assert_hermitian_spectrum(), None),
    (lambda: L.LinearOperatorToeplitz([1.0, 2.0], [1.0, 3.0]).assert_self_adjoint(), "row and col"),
]


@pytest.mark.parametrize("case", range(len(ASSERTIONS)))
def test_assertions(case: int) -> None:
    function, text = ASSERTIONS[case]
    with tf.Graph().as_default(), tf.Session() as session:
        if text is None:
            session.run(function())
            return
        with pytest.raises(errors.InvalidArgumentError, match=text):
            session.run(function())


def test_shapes_are_checked_in_the_run_if_asked_for() -> None:
    rows = tf.placeholder(tf.int32)
    operator = L.LinearOperatorIdentity(rows, assert_proper_shapes=True)
    x = tf.placeholder(tf.float32)
    product = operator.matmul(x)
    with tf.Session() as session:
        assert session.run(product, {rows: 2, x: FULL}).tolist() == FULL
        with pytest.raises(errors.InvalidArgumentError, match="not compatible"):
            session.run(product, {rows: 3, x: FULL})
        with pytest.raises(errors.InvalidArgumentError, match="non-negative"):
            session.run(product, {rows: -2, x: FULL})


# -- helpers ---------------------------------------------------------------------------------
def test_solving_folds_repeated_systems() -> None:
    n = Numbers("float64")
    a, b = n.regular(2, 3, 3), n.normal(4, 2, 3, 5)
    for given in (_given(False), lambda x: tf.placeholder_with_default(x, [None] * x.ndim)):
        for adjoint in (False, True):
            solved = util.matrix_solve_with_broadcast(given(a), given(b), adjoint=adjoint)
            inverse = np.linalg.inv(_adjoint(a) if adjoint else a)
            _close(tf.Session().run(solved), inverse @ b)
            lower = util.matrix_triangular_solve_with_broadcast(a, given(b), adjoint=adjoint)
            inverse = np.linalg.inv(_adjoint(np.tril(a)) if adjoint else np.tril(a))
            _close(tf.Session().run(lower), inverse @ b)


def test_batches_broadcast() -> None:
    a, b = np.ones((2, 1, 3, 3)), np.ones((4, 3, 5))
    shapes = [x.shape.as_list() for x in util.broadcast_matrix_batch_dims([a, b])]
    assert shapes == [[2, 4, 3, 3], [2, 4, 3, 5]]
    with pytest.raises(ValueError, match="Incompatible shapes"):
        util.broadcast_matrix_batch_dims([np.ones((2, 3, 3)), np.ones((4, 3, 3))])
    with pytest.raises(ValueError, match="two dimensions"):
        util.broadcast_matrix_batch_dims([[1.0], [2.0]])


def test_variables_of_operators() -> None:
    variable = tf.get_variable("diagonal", initializer=[1.0, 2.0])
    inner = L.LinearOperatorDiag(variable)
    operator = L.LinearOperatorBlockDiag([inner, L.LinearOperatorIdentity(1)])
    assert operator.variables == (variable,)
    assert operator.trainable_variables == (variable,)
    assert inner in operator.submodules
    (grad,) = tf.gradients(operator.log_abs_determinant(), variable)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        _close(session.run(grad), [1.0, 0.5])
        session.run(variable.assign([4.0, 5.0]))
        _close(session.run(operator.diag_part()), [4.0, 5.0, 1.0])


def test_names_of_operators() -> None:
    a, b = L.LinearOperatorDiag([1.0], name="a"), L.LinearOperatorDiag([1.0], name="b")
    assert L.LinearOperatorComposition([a, b]).name == "a_o_b"
    assert L.LinearOperatorBlockDiag([a, b]).name == "a_ds_b"
    assert L.LinearOperatorKronecker([a, b]).name == "a_x_b"
    assert L.LinearOperatorInversion(a).name == "a_inv"
    assert L.LinearOperatorAdjoint(a).name == "a_adjoint"
    assert a.matmul([[1.0]]).name.startswith("a/matmul/")


# -- against TensorFlow ----------------------------------------------------------------------
# TensorFlow does not broadcast these rows and columns, nor these updates, does not solve with
# zeros, and does not add complex logarithms to real ones.
_LEFT_OUT = ("toeplitz", "low_rank_update", "zeros", "composition")
ORACLE = [name for name in CLASSES if name not in _LEFT_OUT]


@pytest.mark.oracle
@pytest.mark.parametrize("name", ORACLE)
def test_agrees_with_tensorflow(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    oracle = pytest.importorskip("tensorflow")
    operator, _ = CLASSES[name](Numbers("complex128"), tf.constant, (2,), False)
    ours = tf.Session().run(_methods(operator))
    with oracle.Graph().as_default():
        monkeypatch.setitem(globals(), "L", oracle.linalg)
        other, _ = CLASSES[name](Numbers("complex128"), oracle.constant, (2,), False)
        theirs = oracle.compat.v1.Session().run(_methods(other))
    assert list(operator.shape) == list(other.shape)
    for hint in ("is_non_singular", "is_self_adjoint", "is_positive_definite", "is_square"):
        assert getattr(operator, hint) == getattr(other, hint)
    if name.startswith("circulant"):  # its adjoints and inverses lose the dtype there
        del ours[-2:], theirs[-2:]
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        _close(a, b)


def _methods(operator: Any) -> list[Any]:
    x = np.ones((int(operator.shape[-1]), 2), "complex128") * (1 + 2j)
    return [
        operator.to_dense(),
        operator.determinant(),
        operator.log_abs_determinant(),
        operator.trace(),
        operator.diag_part(),
        operator.matmul(x),
        operator.matmul(x, adjoint=True),
        operator.solve(x),
        operator.solve(x, adjoint=True),
        operator.adjoint().to_dense(),
        operator.inverse().to_dense(),
    ]
