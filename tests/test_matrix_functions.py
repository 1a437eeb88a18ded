"""`tf.linalg` beyond products: against NumPy, SciPy, TensorFlow; sizes 0 and 1; bad arguments."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from numeric import check_function

from evergraph import errors, tf
from evergraph.core.emit import apply

BATCHES = st.sampled_from([(), (2,), (0,), (2, 1)])
SIZES = st.integers(0, 4)
DTYPES = st.sampled_from(["float32", "float64", "complex64", "complex128"])


def run(build: Any, feeds: dict[Any, Any] | None = None) -> Any:
    """What `build()` gives, run in a graph of its own."""
    with tf.Graph().as_default(), tf.Session() as session, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return session.run(build(), feeds)


def numbers(seed: int, shape: Any, dtype: str = "float64") -> np.ndarray[Any, Any]:
    """Normally distributed numbers."""
    random = np.random.RandomState(seed)
    x = random.randn(*shape)
    return np.asarray(x + 1j * random.randn(*shape) if dtype[0] == "c" else x, dtype)


def regular(seed: int, batch: Any, n: int, dtype: str = "float64") -> np.ndarray[Any, Any]:
    """Matrices whose eigenvalues have a positive real part."""
    x = numbers(seed, (*batch, n, n), dtype)
    return (0.4 * x + 3 * np.eye(n)).astype(dtype)


def close(got: Any, wanted: Any) -> None:
    """Asserts equal shapes and, but for rounding, equal values."""
    assert got.shape == wanted.shape
    tolerance = 2e-3 if got.dtype in (np.float32, np.complex64) else 1e-8
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


# -- functions ---------------------------------------------------------------------------------
@settings(deadline=None, max_examples=40)
@given(BATCHES, SIZES, DTYPES, st.integers(0, 99))
def test_roots_and_logarithms(batch: Any, n: int, dtype: str, seed: int) -> None:
    x = regular(seed, batch, n, dtype)
    root = run(lambda: tf.linalg.sqrtm(x))
    close(root @ root, x)
    close(run(lambda: tf.linalg.expm(tf.linalg.logm(x))) if dtype[0] == "c" else x, x)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 4), st.sampled_from([0.0, 1e-3, 1.0, 30.0]), st.integers(0, 99))
def test_exponentials(n: int, scale: float, seed: int) -> None:
    x = scale * numbers(seed, (2, n, n))
    wanted = np.stack([scipy.linalg.expm(m) for m in x]) if n else x
    got = run(lambda: tf.linalg.expm(x))
    size = np.abs(wanted).max(initial=1)
    close(got / size, wanted / size)


@pytest.mark.parametrize(
    "x",
    [
        [[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 1.0]],
        [[0.0, -1.0], [1.0, 0.0]],
        [[5.0, 4, 2, 1], [0, 1, -1, -1], [-1, -1, 3, 0], [1, 1, -1, 2]],
        np.diag([1e-3, 1.0, 1e3]),
    ],
)
def test_difficult_matrices(x: Any) -> None:
    """Defective ones, those that turn, eigenvalues far apart."""
    x = np.asarray(x, np.complex128)
    root, log = run(lambda: (tf.linalg.sqrtm(x), tf.linalg.logm(x)))
    close(root @ root, x)
    np.testing.assert_allclose(scipy.linalg.expm(log), x, rtol=1e-8, atol=1e-8)


def test_what_has_no_real_root_is_nan() -> None:
    assert np.isnan(run(lambda: tf.linalg.sqrtm([[-1.0, 0.0], [0.0, 1.0]]))).all()
    assert np.isnan(run(lambda: tf.linalg.sqrtm([[np.nan, 0.0], [0.0, 1.0]]))).all()
    close(run(lambda: tf.linalg.sqrtm(np.zeros((2, 2)))), np.zeros((2, 2)))


@settings(deadline=None, max_examples=30)
@given(BATCHES, SIZES, DTYPES, st.integers(0, 99))
def test_lu(batch: Any, n: int, dtype: str, seed: int) -> None:
    x = numbers(seed, (*batch, n, n), dtype)
    lu, order = run(lambda: tf.linalg.lu(x, tf.int64))
    assert order.dtype == np.int64
    lower = np.tril(lu, -1) + np.eye(n, dtype=dtype)
    close(lower @ np.triu(lu), np.take_along_axis(x, order[..., None], -2))


def test_gradients_of_functions() -> None:
    x = regular(0, (2,), 3)
    for f in (tf.linalg.expm, tf.linalg.sqrtm, lambda a: tf.linalg.lu(a).lu):
        check_function(f, x)
    check_function(lambda a: tf.real(tf.linalg.logm(tf.complex(a, 0.1 * a))), x)


# -- decompositions ----------------------------------------------------------------------------
SHAPES = ((3, 3), (2, 4, 2), (2, 4), (1, 1))


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_of_qr_and_svd(shape: Any) -> None:
    x = numbers(1, shape)
    check_function(tf.qr, x)
    check_function(tf.svd, x)
    check_function(lambda a: tf.svd(a, compute_uv=False), x)
    check_function(lambda a: tf.linalg.pinv(a), x)


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_of_whole_bases(shape: Any) -> None:
    """Of what does not hang on the choice of the completing vectors."""
    x, k = numbers(2, shape), min(shape[-2:])

    def of_qr(a: Any) -> Any:
        q, r = tf.qr(a, full_matrices=True)
        rest = q[..., k:]
        return q[..., :k], tf.matmul(rest, rest, transpose_b=True), r

    def of_svd(a: Any) -> Any:
        s, u, v = tf.svd(a, full_matrices=True)
        rests = [tf.matmul(w[..., k:], w[..., k:], transpose_b=True) for w in (u, v)]
        return s, u[..., :k], v[..., :k], *rests

    check_function(of_qr, x)
    check_function(of_svd, x)


def test_gradients_of_complex_decompositions() -> None:
    x = numbers(3, (2, 3, 2))

    def of_svd(a: Any) -> Any:
        s, u, v = tf.svd(tf.complex(a, a * a))
        product = tf.matmul(u * tf.cast(s, u.dtype)[:, None, :] ** 2, v, adjoint_b=True)
        return s, tf.real(product), tf.imag(product)

    def of_qr(a: Any) -> Any:
        q, r = tf.qr(tf.complex(a, a * a))
        return tf.real(q), tf.imag(q), tf.real(r), tf.imag(r)

    def of_determinant(a: Any) -> Any:
        square = tf.complex(a, a * a)
        sign, log = tf.linalg.slogdet(tf.matmul(square, square[::-1], adjoint_a=True))
        return tf.real(sign), tf.imag(sign), tf.real(log)

    for f in (of_svd, of_qr, of_determinant):
        check_function(f, x)


def test_second_derivatives_of_eigenvectors() -> None:
    x = numbers(4, (2, 3, 3))
    check_function(lambda a: tf.self_adjoint_eig(a + tf.matrix_transpose(a)), x)


# -- systems -----------------------------------------------------------------------------------
@settings(deadline=None, max_examples=40)
@given(BATCHES, st.integers(1, 5), st.integers(1, 3), DTYPES, st.integers(0, 99))
def test_tridiagonal(batch: Any, m: int, k: int, dtype: str, seed: int) -> None:
    """In each format the same as with the whole matrix."""
    diagonals = numbers(seed, (*batch, 3, m), dtype)
    diagonals[..., 1, :] += 4
    rhs = numbers(seed + 1, (*batch, m, k), dtype)
    whole = np.zeros((*batch, m, m), dtype)
    for i in range(m):
        whole[..., i, i] = diagonals[..., 1, i]
        if i + 1 < m:
            whole[..., i, i + 1] = diagonals[..., 0, i]
            whole[..., i + 1, i] = diagonals[..., 2, i + 1]
    three = [diagonals[..., i, :] for i in range(3)]
    formats = {"compact": diagonals, "sequence": three}
    if whole.size:
        formats["matrix"] = whole
    for form, value in formats.items():
        for pivots in (True, False):
            options = {"diagonals_format": form, "partial_pivoting": pivots}
            x = run(lambda v=value, o=options: tf.linalg.tridiagonal_solve(_tensors(v), rhs, **o))
            close(whole @ x, rhs)
        y = run(lambda v=value, f=form: tf.linalg.tridiagonal_matmul(_tensors(v), rhs, f))
        close(y, whole @ rhs)


def _tensors(value: Any) -> Any:
    return [tf.constant(v) for v in value] if isinstance(value, list) else tf.constant(value)


def test_forms_of_right_hand_sides() -> None:
    diagonals = numbers(0, (3, 4), "complex128")
    diagonals[1] += 4
    rhs = numbers(1, (2, 4), "complex128")
    solve = tf.linalg.tridiagonal_solve
    plain = run(lambda: solve(diagonals, np.conj(rhs.T)))
    turned = run(lambda: solve(diagonals, rhs, transpose_rhs=True, conjugate_rhs=True))
    vector = run(lambda: solve(diagonals, rhs[0], conjugate_rhs=True))
    close(turned, plain.T)
    close(vector, plain[:, 0])


@pytest.mark.parametrize("partial_pivoting", [True, False])
def test_singular_tridiagonal(partial_pivoting: bool) -> None:
    for diagonals in (np.zeros((3, 3)), np.zeros((3, 1))):
        rhs = np.ones((diagonals.shape[1], 1))
        with pytest.raises(errors.InvalidArgumentError, match="invertible"):
            run(
                lambda d=diagonals, r=rhs: tf.linalg.tridiagonal_solve(
                    d, r, partial_pivoting=partial_pivoting
                )
            )


@settings(deadline=None, max_examples=30)
@given(BATCHES, SIZES, SIZES, st.booleans(), st.integers(0, 99))
def test_least_squares(batch: Any, m: int, n: int, fast: bool, seed: int) -> None:
    a, b = numbers(seed, (*batch, m, n)), numbers(seed + 1, (*batch, m, 2))
    got = run(lambda: tf.matrix_solve_ls(a, b, fast=fast))
    wanted = np.linalg.pinv(a) @ b if a.size else np.zeros((*batch, n, 2))
    assert got.shape == wanted.shape
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)


@settings(deadline=None, max_examples=30)
@given(st.sampled_from([(), (2,)]), st.integers(1, 4), st.integers(1, 4), DTYPES, st.booleans())
def test_pseudo_inverses(batch: Any, m: int, n: int, dtype: str, unknown: bool) -> None:
    a = numbers(m, (*batch, m, n), dtype)
    a[..., -1, :] = 0
    with tf.Graph().as_default(), tf.Session() as session:
        fed = tf.placeholder(a.dtype, None if unknown else a.shape)
        got = session.run([tf.linalg.pinv(fed), tf.linalg.matrix_rank(fed)], {fed: a})
    close(got[0], np.linalg.pinv(a))
    np.testing.assert_array_equal(got[1], np.linalg.matrix_rank(a))


# -- diagonals ---------------------------------------------------------------------------------
@settings(deadline=None, max_examples=60)
@given(BATCHES, st.integers(1, 4), st.integers(1, 4), st.data())
def test_bands(batch: Any, n: int, m: int, data: Any) -> None:
    """A band that is taken out and put into nothing is the band; into the matrix, the matrix."""
    low = data.draw(st.integers(1 - n, m - 1))
    high = data.draw(st.integers(low, m - 1))
    x = numbers(n, (*batch, n, m))
    offset = np.arange(m)[None, :] - np.arange(n)[:, None]
    band = np.where((offset >= low) & (offset <= high), x, 0)
    k = [low, high] if low != high else low

    def build() -> Any:
        part = tf.matrix_diag_part(x, k=k, padding_value=9.0)
        none = tf.zeros_like(x)
        return part, tf.matrix_set_diag(none, part, k=k), tf.matrix_set_diag(x, part, k=k)

    part, alone, again = run(build)
    np.testing.assert_array_equal(alone, band)
    np.testing.assert_array_equal(again, x)
    if low == high:
        np.testing.assert_array_equal(part, np.diagonal(x, low, -2, -1))


@settings(deadline=None, max_examples=60)
@given(st.integers(-6, 6), st.integers(-6, 6), st.integers(0, 3), st.integers(-2, 5), SIZES)
def test_bands_of_any_kind_are_checked(low: int, high: int, length: int, rows: int, n: int) -> None:
    """Whatever is asked for, the answer is a matrix or an error that tells what is wrong."""
    number = max(high - low + 1, 1)
    diagonal = np.ones((length,) if low == high else (number, length), np.float32)
    for build in (
        lambda: tf.matrix_diag(diagonal, k=[low, high], num_rows=rows, num_cols=-1),
        lambda: tf.matrix_diag_part(np.ones((n, 3), np.float32), k=[low, high]),
        lambda: tf.matrix_set_diag(np.ones((n, 3), np.float32), diagonal, k=[low, high]),
    ):
        with suppress(ValueError, errors.InvalidArgumentError):
            run(build)


# -- Einstein's sums ---------------------------------------------------------------------------
EQUATIONS = (
    ("->", ()),
    ("ab->ba", (2, 3)),
    ("aab->b", (3, 3, 2)),
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("...ij,jk...->i...k", (2, 2, 3), (3, 4, 1)),
    ("i...jj,jk...k->i...", (3, 3, 1, 2, 2), (2, 4, 1, 5, 4)),
    ("ab,cd,bd->ac", (2, 3), (2, 4), (3, 4)),
    ("a,a,a->a", (3,), (3,), (3,)),
)


@pytest.mark.parametrize("dtype", ["float64", "complex128", "int32"])
@pytest.mark.parametrize("case", EQUATIONS, ids=lambda c: c[0])
def test_einsum_op(case: Any, dtype: str) -> None:
    equation, *shapes = case
    xs = [np.asarray(10 * numbers(i, s)).astype(dtype) for i, s in enumerate(shapes)]
    got = run(lambda: apply("Einsum", [tf.constant(x) for x in xs], equation=equation))
    np.testing.assert_allclose(got, np.einsum(equation, *xs), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("case", EQUATIONS, ids=lambda c: c[0])
def test_gradients_of_einsum(case: Any) -> None:
    equation, *shapes = case
    xs = [numbers(i, s) for i, s in enumerate(shapes)]
    check_function(lambda *a: apply("Einsum", list(a), equation=equation), *xs)


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        ("ij,jk", "'->'"),
        ("ij->ij", "Expected 2 inputs"),
        ("ij,jk->il", "Output subscripts"),
        ("i-j,jk->i", "Invalid labels"),
        ("i....j,jk->i", "Invalid labels"),
        ("ijk,jk->i", "rank"),
        ("ij,ik->j", "Dimensions must be equal"),
    ],
)
def test_bad_equations(equation: str, message: str) -> None:
    with tf.Graph().as_default(), pytest.raises(ValueError, match=message):
        apply("Einsum", [tf.zeros([2, 3]), tf.zeros([3, 4])], equation=equation)


# -- bad arguments -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "build",
    [
        lambda: tf.linalg.expm(tf.zeros([2, 3])),
        lambda: tf.linalg.expm(tf.zeros([2, 2], tf.int32)),
        lambda: tf.linalg.sqrtm(tf.zeros([2])),
        lambda: tf.linalg.logm(tf.zeros([2, 2])),
        lambda: tf.linalg.lu(tf.zeros([2, 3])),
        lambda: tf.linalg.matrix_rank(tf.zeros([2])),
        lambda: tf.linalg.pinv(tf.zeros([2, 2], tf.int32)),
        lambda: tf.matrix_solve_ls(tf.zeros([2, 3]), tf.zeros([3, 1])),
        lambda: tf.linalg.tridiagonal_solve(tf.zeros([2, 3]), tf.zeros([3])),
        lambda: tf.linalg.tridiagonal_solve(tf.zeros([3, 3]), tf.zeros([4])),
        lambda: tf.linalg.tridiagonal_solve(tf.zeros([3, 3]), tf.zeros([3]), "rows"),
        lambda: tf.linalg.tridiagonal_solve([tf.zeros([3])], tf.zeros([3]), "sequence"),
        lambda: tf.linalg.tridiagonal_matmul(tf.zeros([3, 3]), tf.zeros([4, 1])),
    ],
)
def test_bad_arguments(build: Any) -> None:
    with tf.Graph().as_default(), pytest.raises((ValueError, TypeError)):
        build()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: tf.linalg.lu(tf.zeros([2, 2])), "not invertible"),
        (lambda: tf.matrix_inverse(tf.zeros([2, 2])), "not invertible"),
        (lambda: tf.matrix_solve(tf.zeros([2, 2]), tf.ones([2, 1])), "not invertible"),
        (lambda: tf.cholesky(-tf.eye(2)), "not successful"),
        (lambda: apply("MatrixSolveLs", tf.zeros([2, 2]), tf.ones([2, 1]), 0.0), "rank deficient"),
        (lambda: apply("MatrixSolveLs", tf.eye(2), tf.ones([2, 1]), -1.0), ">= 0"),
    ],
)
def test_matrices_that_do_not_serve(build: Any, message: str) -> None:
    with pytest.raises(errors.InvalidArgumentError, match=message):
        run(build)


# -- TensorFlow --------------------------------------------------------------------------------
EXPRESSIONS = (
    "tf.linalg.expm(s)",
    "tf.linalg.lu(x)[0]",
    "tf.linalg.lu(x)[1]",
    "tf.linalg.sqrtm(s)",
    "tf.linalg.pinv(x[..., :2])",
    "tf.linalg.matrix_rank(x)",
    "tf.linalg.norm(x, ord=2, axis=[-2, -1])",
    "tf.linalg.norm(x, ord=1.5, axis=0, keepdims=True)",
    "tf.linalg.lstsq(x[..., :2], x, l2_regularizer=0.3)",
    "tf.linalg.lstsq(x, x[..., :1], fast=False)",
    "tf.linalg.slogdet(x)[1]",
    "tf.linalg.tridiagonal_solve(x, x)",
    "tf.linalg.tridiagonal_matmul(x, x)",
    "tf.einsum('aij,ajk->aik', x, x)",
    "tf.tensordot(x, x, [[0, 2], [0, 1]])",
)


@pytest.mark.oracle
@pytest.mark.parametrize("text", EXPRESSIONS)
def test_against_tensorflow(text: str) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    x, s = numbers(5, (2, 3, 3)), regular(6, (2,), 3)
    wanted = eval(
        text, {"tf": tensorflow, "x": tensorflow.constant(x), "s": tensorflow.constant(s)}
    )
    got = run(lambda: eval(text, {"tf": tf, "x": tf.constant(x), "s": tf.constant(s)}))
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-8)


@pytest.mark.oracle
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", ["qr", "svd"])
def test_gradients_of_decompositions_against_tensorflow(name: str, full: bool) -> None:
    """What does not hang on the vectors' signs has equal gradients."""
    tensorflow = pytest.importorskip("tensorflow")
    x, weights = numbers(7, (2, 3, 3)), numbers(8, (2, 3, 3))

    def loss(lib: Any, a: Any) -> Any:
        parts = getattr(lib.linalg, name)(a, full_matrices=full)
        a, b = parts[-2:]
        return lib.reduce_sum(lib.matmul(a * a, b * b, adjoint_b=name == "svd") * weights)

    with tensorflow.GradientTape() as tape:
        theirs = tensorflow.constant(x)
        tape.watch(theirs)
        y = loss(tensorflow, theirs)
    wanted = tape.gradient(y, theirs).numpy()

    def build() -> Any:
        ours = tf.constant(x)
        return tf.gradients(loss(tf, ours), ours)[0]

    np.testing.assert_allclose(run(build), wanted, rtol=1e-6, atol=1e-7)
