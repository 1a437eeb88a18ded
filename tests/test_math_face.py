"""Functions of mathematics and nn: values and gradients as TensorFlow's, and their own rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from evergraph import tf
from evergraph.errors import InvalidArgumentError

_random = np.random.RandomState(5)


def R(*shape: int) -> np.ndarray[Any, Any]:
    """Normally distributed numbers."""
    return _random.randn(*shape).astype(np.float32)


def U(lo: float, hi: float, *shape: int) -> np.ndarray[Any, Any]:
    """Numbers between two bounds."""
    return _random.uniform(lo, hi, shape).astype(np.float32)


Expression = Callable[..., Any]
ONE_HOT = np.eye(4, dtype=np.float32)[[0, 2, 3]]
SCORES = U(0.1, 1, 3, 4)
LABELS = (SCORES / SCORES.sum(1, keepdims=True)).astype(np.float32)

# Each is evaluated with both modules, and differentiated by the operands.
EXPRESSIONS: list[tuple[str, Expression, tuple[np.ndarray[Any, Any], ...]]] = [
    ("abs", lambda t, x: t.abs(x), (R(3, 4),)),
    ("log_sigmoid", lambda t, x: t.log_sigmoid(x), (R(3, 4),)),
    ("pow", lambda t, x, y: t.pow(x, y), (U(0.5, 2, 3), U(0.5, 2, 2, 3))),
    ("square of negatives", lambda t, x: x**2, (R(4),)),
    ("scalar_mul", lambda t, x: t.scalar_mul(2.5, x), (R(4),)),
    ("complex", lambda t, x, y: t.abs(t.complex(x, y)), (R(3), R(3))),
    ("angle", lambda t, x, y: t.angle(t.complex(x, y)), (R(3), R(3))),
    ("real of product", lambda t, x, y: t.real(t.complex(x, y) ** 2), (R(3), R(3))),
    ("conj", lambda t, x, y: t.imag(t.conj(t.complex(x, y))), (R(3), R(3))),
    ("complex exp", lambda t, x, y: t.real(t.exp(t.complex(x, y))), (R(3), R(3))),
    ("complex log", lambda t, x, y: t.imag(t.log(t.complex(x, y))), (R(3), R(3))),
    ("complex sqrt", lambda t, x, y: t.abs(t.sqrt(t.complex(x, y))), (R(3), R(3))),
    ("complex rsqrt", lambda t, x, y: t.real(t.rsqrt(t.complex(x, y))), (R(3), R(3))),
    ("complex div", lambda t, x, y: t.real(1j / t.complex(x, y)), (R(3), R(3))),
    ("complex tanh", lambda t, x, y: t.real(t.tanh(t.complex(x, y))), (R(3), R(3))),
    ("complex sigmoid", lambda t, x, y: t.imag(t.sigmoid(t.complex(x, y))), (R(3), R(3))),
    ("complex prod", lambda t, x, y: t.real(t.reduce_prod(t.complex(x, y), 0)), (R(3, 2), R(3, 2))),
    ("cast", lambda t, x: t.cast(t.cast(x, t.float64), t.float32), (R(3),)),
    ("div_no_nan", lambda t, x, y: t.div_no_nan(x, y), (R(3), np.float32([0, 1, 2]))),
    ("atan2", lambda t, x, y: t.atan2(x, y), (R(3), R(2, 1))),
    ("lbeta", lambda t, x: t.math.lbeta(x), (U(0.5, 3, 2, 3),)),
    ("polyval", lambda t, x: t.math.polyval([1.0, 2.0, x], x), (R(3),)),
    ("clip_by_value", lambda t, x: t.clip_by_value(x, -0.5, 0.5), (R(3, 4),)),
    ("clip_by_norm", lambda t, x: t.clip_by_norm(x, 1.0), (R(3, 4),)),
    ("clip_by_norm axes", lambda t, x: t.clip_by_norm(x, 1.0, axes=[1]), (R(3, 4),)),
    ("clip_by_norm of zeros", lambda t, x: t.clip_by_norm(x, 1.0), (np.zeros(3, np.float32),)),
    ("global norm", lambda t, x, y: t.global_norm([x, None, y]), (R(3, 4), R(2))),
    ("clip_by_global_norm", lambda t, x, y: t.clip_by_global_norm([x, y], 1.0)[0][1], (R(3), R(2))),
    ("reduce_sum", lambda t, x: t.reduce_sum(x, [0, 2]), (R(2, 3, 4),)),
    ("reduce_mean all", lambda t, x: t.reduce_mean(x), (R(2, 3, 4),)),
    ("reduce_prod", lambda t, x: t.reduce_prod(x, -1, keepdims=True), (R(2, 3),)),
    ("reduce_max ties", lambda t, x: t.reduce_max(x, 1), (np.float32([[1, 2, 2], [0, 0, 0]]),)),
    ("reduce_logsumexp", lambda t, x: t.reduce_logsumexp(x, 1), (R(2, 3),)),
    ("reduce_logsumexp all", lambda t, x: t.reduce_logsumexp(x), (R(2, 3),)),
    ("reduce_std", lambda t, x: t.math.reduce_std(x, 1), (R(2, 5),)),
    ("reduce_variance", lambda t, x: t.math.reduce_variance(x), (R(2, 5),)),
    ("cumsum", lambda t, x: t.cumsum(x, 1, exclusive=True, reverse=True), (R(2, 4),)),
    ("cumprod", lambda t, x: t.cumprod(x, 1, reverse=True), (U(0.5, 2, 2, 4),)),
    ("add_n", lambda t, x, y: t.add_n([x, y, x]), (R(2), R(2))),
    ("matmul", lambda t, x, y: t.matmul(x, y, transpose_b=True), (R(2, 3), R(4, 3))),
    ("matmul batch", lambda t, x, y: t.matmul(x, y, transpose_a=True), (R(2, 3, 4), R(2, 3, 5))),
    ("matmul broadcast", lambda t, x, y: t.matmul(x, y), (R(2, 3, 4), R(4, 5))),
    ("matvec", lambda t, x, y: t.linalg.matvec(x, y), (R(2, 3, 4), R(2, 4))),
    ("tensordot 1", lambda t, x, y: t.tensordot(x, y, 1), (R(2, 3), R(3, 4))),
    ("tensordot 0", lambda t, x, y: t.tensordot(x, y, 0), (R(2), R(3))),
    (
        "tensordot axes",
        lambda t, x, y: t.tensordot(x, y, [[0, 2], [1, 0]]),
        (R(2, 3, 4), R(4, 2, 5)),
    ),
    ("einsum product", lambda t, x, y: t.einsum("bij,bjk->bki", x, y), (R(2, 3, 4), R(2, 4, 5))),
    ("einsum outer", lambda t, x, y: t.einsum("i,j->ji", x, y), (R(2), R(3))),
    ("einsum implicit", lambda t, x, y: t.einsum("ij,jk", x, y), (R(2, 3), R(3, 4))),
    ("einsum ellipsis", lambda t, x, y: t.einsum("...ij,jk->...ik", x, y), (R(2, 3, 4), R(4, 5))),
    ("einsum sum", lambda t, x: t.einsum("ijk->k", x), (R(2, 3, 4),)),
    ("einsum of three", lambda t, x, y: t.einsum("ij,ik,il->jkl", x, y, x), (R(2, 3), R(2, 4))),
    ("einsum trace", lambda t, x: t.einsum("ii", x), (R(3, 3),)),
    ("trace", lambda t, x: t.trace(x), (R(2, 3, 4),)),
    ("norm", lambda t, x: t.norm(x, axis=1), (R(3, 4),)),
    ("norm 1", lambda t, x: t.norm(x, ord=1, axis=1, keepdims=True), (R(3, 4),)),
    ("norm 3", lambda t, x: t.norm(x, ord=3), (R(3, 4),)),
    ("norm inf", lambda t, x: t.norm(x, ord=np.inf, axis=0), (R(3, 4),)),
    ("norm matrix 1", lambda t, x: t.norm(x, ord=1, axis=(0, 1)), (R(3, 4),)),
    ("norm matrix inf", lambda t, x: t.norm(x, ord=np.inf, axis=(0, 1)), (R(3, 4),)),
    ("norm spectral", lambda t, x: t.norm(x, ord=2, axis=(0, 2)), (R(3, 2, 4),)),
    ("cholesky_solve", lambda t, x: t.cholesky_solve(t.eye(3) * 2.0, x), (R(3, 2),)),
    (
        "logdet",
        lambda t, x: t.linalg.logdet(t.matmul(x, x, transpose_b=True) + t.eye(3)),
        (R(3, 3),),
    ),
    ("solve_ls", lambda t, x, y: t.matrix_solve_ls(x, y, 0.1), (R(5, 3), R(5, 2))),
    ("solve_ls wide", lambda t, x, y: t.matrix_solve_ls(x, y), (R(2, 4), R(2, 3))),
    ("eigvals", lambda t, x: t.self_adjoint_eigvals(x + t.transpose(x)), (R(4, 4),)),
    ("singular values", lambda t, x: t.svd(x, compute_uv=False), (R(4, 3),)),
    ("crelu", lambda t, x: t.nn.crelu(x), (R(2, 3),)),
    ("leaky_relu", lambda t, x: t.nn.leaky_relu(x, 0.3), (R(6),)),
    ("swish", lambda t, x: t.nn.swish(x), (R(6),)),
    ("softmax", lambda t, x: t.nn.softmax(x), (R(3, 4),)),
    ("softmax axis", lambda t, x: t.nn.softmax(x, axis=0), (R(3, 4, 2),)),
    ("softmax negative axis", lambda t, x: t.nn.softmax(x, axis=-2), (R(3, 4, 2),)),
    ("log_softmax axis", lambda t, x: t.nn.log_softmax(x, axis=1), (R(3, 4, 2),)),
    (
        "softmax cross entropy",
        lambda t, x: t.nn.softmax_cross_entropy_with_logits(labels=ONE_HOT, logits=x),
        (R(3, 4),),
    ),
    (
        "softmax cross entropy, labels too",
        lambda t, x, y: t.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=x),
        (R(3, 4), LABELS),
    ),
    (
        "softmax cross entropy along an axis",
        lambda t, x: t.nn.softmax_cross_entropy_with_logits_v2(
            labels=np.full((2, 4, 3), 0.25, np.float32), logits=x, axis=1
        ),
        (R(2, 4, 3),),
    ),
    (
        "sparse cross entropy",
        lambda t, x: t.nn.sparse_softmax_cross_entropy_with_logits(labels=[1, 0, 3], logits=x),
        (R(3, 4),),
    ),
    (
        "sparse cross entropy of rank 3",
        lambda t, x: t.nn.sparse_softmax_cross_entropy_with_logits(
            labels=[[1, 0], [3, 2]], logits=x
        ),
        (R(2, 2, 4),),
    ),
    (
        "sigmoid cross entropy",
        lambda t, x, z: t.nn.sigmoid_cross_entropy_with_logits(labels=z, logits=x),
        (R(3, 4), SCORES),
    ),
    (
        "weighted cross entropy",
        lambda t, x, z: t.nn.weighted_cross_entropy_with_logits(z, x, 2.5),
        (R(3, 4), SCORES),
    ),
    (
        "log_poisson_loss",
        lambda t, x: t.nn.log_poisson_loss(np.float32([0.5, 2, 3]), x, compute_full_loss=True),
        (R(3),),
    ),
    ("moments", lambda t, x: t.nn.moments(x, [0])[1], (R(5, 3),)),
    ("moments kept", lambda t, x: t.nn.moments(x, [0, 1], keepdims=True)[0], (R(5, 3),)),
    (
        "weighted_moments",
        lambda t, x: t.nn.weighted_moments(x, [0], np.float32([[1], [2], [0]]))[1],
        (R(3, 4),),
    ),
    (
        "batch_normalization",
        lambda t, x, m, v, b, g: t.nn.batch_normalization(x, m, v, b, g, 1e-3),
        (R(4, 3), R(3), U(0.5, 2, 3), R(3), R(3)),
    ),
    ("l2_normalize", lambda t, x: t.nn.l2_normalize(x, 1), (R(3, 4),)),
    ("l2_loss", lambda t, x: t.nn.l2_loss(x), (R(3, 4),)),
    ("bias_add", lambda t, x, b: t.nn.bias_add(x, b), (R(3, 4), R(4))),
    ("xw_plus_b", lambda t, x, w, b: t.nn.xw_plus_b(x, w, b), (R(3, 4), R(4, 2), R(2))),
    ("relu_layer", lambda t, x, w, b: t.nn.relu_layer(x, w, b), (R(3, 4), R(4, 2), R(2))),
    ("zero_fraction", lambda t, x: t.nn.zero_fraction(t.nn.relu(x)), (R(3, 4),)),
    ("embedding_lookup", lambda t, x: t.nn.embedding_lookup(x, [[1, 3], [1, 0]]), (R(5, 2),)),
    (
        "embedding_lookup clipped",
        lambda t, x: t.nn.embedding_lookup(x, [1, 3], max_norm=1.0),
        (R(5, 2),),
    ),
    (
        "embedding_lookup of parts",
        lambda t, x, y: t.nn.embedding_lookup([x, y], [0, 3, 1, 4, 2], "mod"),
        (R(3, 2), R(2, 2)),
    ),
    (
        "embedding_lookup of rows",
        lambda t, x, y: t.nn.embedding_lookup([x, y], [[0, 3], [1, 4]], "div"),
        (R(3, 2), R(2, 2)),
    ),
]


def evaluated(t: Any, make: Expression, arrays: Any) -> list[Any]:
    """The value and the gradients of a weighted sum of it, by one of the modules."""
    graph = t.Graph()
    with graph.as_default(), t.Session(graph=graph) as session:
        xs = [t.constant(a) for a in arrays]
        y = make(t, *xs)
        weights = t.cos(t.cast(t.reshape(t.range(t.size(y)), t.shape(y)), y.dtype))
        grads = t.gradients(y * weights, xs)
        fetched = [y, *(t.convert_to_tensor(g) for g in grads if g is not None)]
        return session.run(fetched) + [g is None for g in grads]


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "make", "arrays"), EXPRESSIONS, ids=[e[0] for e in EXPRESSIONS])
def test_as_tensorflow(name: str, make: Expression, arrays: Any) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    got, want = evaluated(tf, make, arrays), evaluated(tensorflow.compat.v1, make, arrays)
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-4, atol=2e-5)


# -- rules of their own ----------------------------------------------------------------------
def value(x: Any, feed: Any = None) -> Any:
    """The value of a tensor of the default graph."""
    with tf.Session() as session:
        return session.run(x, feed)


def types() -> list[str]:
    """The types of the operations in the default graph."""
    return [op.type for op in tf.get_default_graph().get_operations()]


def test_integers_refuse_zero_divisors() -> None:
    zero = tf.placeholder(tf.int32, [])
    for divide in (tf.floordiv, tf.floormod, tf.truncatediv, tf.truncatemod, tf.div):
        with pytest.raises(InvalidArgumentError, match="division by zero"):
            value(divide(tf.constant([7]), zero), {zero: 0})


def test_integers_refuse_negative_powers() -> None:
    power = tf.placeholder(tf.int32, [])
    with pytest.raises(InvalidArgumentError, match="negative integer power"):
        value(tf.pow(tf.constant([2]), power), {power: -1})


def test_labels_that_are_no_class_are_named() -> None:
    labels = tf.placeholder(tf.int32, [2])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=tf.zeros([2, 3]))
    with pytest.raises(InvalidArgumentError, match=r"label value of 3 .* \[0, 3\)"):
        value(loss, {labels: [1, 3]})


def test_singular_matrices_are_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="not invertible"):
        value(tf.matrix_inverse(tf.zeros([2, 2])))


def test_division_by_dtype() -> None:
    assert tf.truediv(3, 2).dtype == tf.float64
    assert tf.div(tf.constant(-7), 2).op.type == "FloorDiv"
    assert tf.div(1.0, 2.0).op.type == "RealDiv"
    assert tf.divide(7, 2) == 3.5
    assert value(tf.truediv(tf.constant(3, tf.uint8), tf.constant(2, tf.uint8))).dtype == np.float32
    with pytest.raises(TypeError, match="same dtype"):
        tf.truediv(tf.constant(1.0), 2)


def test_round_and_casts_leave_what_need_not_change() -> None:
    x = tf.constant([1, 2])
    assert tf.round(x) is x
    assert tf.cast(x, tf.int32) is x
    assert tf.conj(x) is x
    assert value(tf.round([0.5, 1.5, -0.5, 2.5])).tolist() == [0, 2, 0, 2]
    assert value(tf.saturate_cast(tf.constant([300, -5]), tf.uint8)).tolist() == [255, 0]


def test_casts_keep_the_form_of_slices() -> None:
    slices = tf.IndexedSlices(tf.constant([1.5]), tf.constant([0]), tf.constant([3]))
    cast = tf.cast(slices, tf.float64)
    assert isinstance(cast, tf.IndexedSlices)
    assert cast.values.dtype == tf.float64
    doubled = tf.scalar_mul(2.0, slices)
    assert value(doubled.values).tolist() == [3.0]
    clipped = tf.clip_by_value(slices, 0.0, 1.0)
    assert isinstance(clipped, tf.IndexedSlices)


def test_empty_reductions() -> None:
    empty = tf.zeros([0, 2])
    assert value(tf.reduce_sum(empty)) == 0
    assert value(tf.reduce_prod(empty, 0)).tolist() == [1, 1]
    assert value(tf.reduce_max(empty, 0)).tolist() == [-np.inf, -np.inf]
    assert np.isnan(value(tf.reduce_mean(empty)))
    assert value(tf.reduce_max(tf.zeros([0], tf.int32))) == np.iinfo(np.int32).min


def test_mean_of_integers_truncates() -> None:
    assert value(tf.reduce_mean([1, 2])) == 1
    assert value(tf.reduce_mean([-1, -2])) == -1


def test_all_axes_are_a_constant_or_a_range() -> None:
    tf.reduce_sum(tf.placeholder(tf.float32, [2, None]))
    assert types() == ["Placeholder", "Const", "Sum"]
    tf.reset_default_graph()
    total = tf.reduce_sum(tf.placeholder(tf.float32))
    assert types() == ["Placeholder", "Rank", "Const", "Const", "Range", "Sum"]
    assert total.shape == ()


def test_old_names_of_arguments() -> None:
    x = tf.constant([[1.0, 2.0]])
    assert tf.reduce_sum(x, reduction_indices=1, keep_dims=True).shape == (1, 1)
    assert value(tf.argmax(x, dimension=1)).tolist() == [1]
    assert tf.nn.l2_normalize(x, dim=1).shape == (1, 2)
    with pytest.raises(ValueError, match="both"):
        tf.reduce_sum(x, axis=0, reduction_indices=1)


def test_gradients_at_the_edges() -> None:
    x = tf.constant([0.0, 0.0])
    grads = tf.gradients([tf.nn.relu(x), tf.maximum(x, 0.0)], x)
    assert value(grads[0]).tolist() == [1.0, 1.0]  # of the maximum alone: ties go to the first
    root = tf.gradients(tf.sqrt(x), x)[0]
    assert np.all(np.isinf(value(root)))
    power = tf.gradients(tf.pow(tf.constant([-2.0, 0.0]), y := tf.constant(2.0)), y)[0]
    assert value(power) == 0.0


def test_select_by_rows() -> None:
    rows = tf.where([True, False], tf.ones([2, 3]), tf.zeros([2, 3]))
    assert value(rows).tolist() == [[1, 1, 1], [0, 0, 0]]
    with pytest.raises(ValueError, match="vector with one element a row"):
        tf.where([True, False, True], tf.ones([2, 3]), tf.zeros([2, 3]))


def test_dropout() -> None:
    x = tf.ones([1000])
    kept = value(tf.nn.dropout(x, keep_prob=0.5, seed=1))
    assert set(np.unique(kept)) == {0.0, 2.0}
    assert 400 < np.count_nonzero(kept) < 600
    assert tf.nn.dropout(x, rate=0.0) is x
    rows = value(tf.nn.dropout(tf.ones([50, 4]), rate=0.5, noise_shape=[None, 1], seed=2))
    assert set(np.unique(rows.sum(1))) == {0.0, 8.0}
    rate = tf.placeholder(tf.float32)
    fed = tf.nn.dropout(x, rate=rate)
    assert np.all(value(fed, {rate: 0.0}) == 1)
    with pytest.raises(ValueError, match="range"):
        tf.nn.dropout(x, rate=1.5)
    with pytest.raises(ValueError, match="floating point"):
        tf.nn.dropout(tf.constant([1]), rate=0.5)


def test_top_k_and_in_top_k() -> None:
    best = tf.nn.top_k([[1.0, 4.0, 4.0, 2.0]], 3)
    assert value(best.values).tolist() == [[4, 4, 2]]
    assert value(best.indices).tolist() == [[1, 2, 3]]
    found = tf.nn.in_top_k([[0.1, 0.9, 0.5]], [2], 2)
    assert value(found).tolist() == [True]


def test_softmax_refuses_axes_that_are_not_there() -> None:
    with pytest.raises(InvalidArgumentError, match="must be in the range"):
        tf.nn.softmax(tf.zeros([2, 3]), axis=5)


def test_cross_entropies_want_names() -> None:
    with pytest.raises(ValueError, match="named arguments"):
        tf.nn.softmax_cross_entropy_with_logits(tf.zeros([1, 2]), tf.zeros([1, 2]))
    with pytest.raises(ValueError, match="must be provided"):
        tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.zeros([1]))
    with pytest.raises(ValueError, match="Rank mismatch"):
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[[1]], logits=tf.zeros([1, 2]))


def test_moments_of_half_precision() -> None:
    mean, variance = tf.nn.moments(tf.constant(np.full(4000, 30, np.float16)), [0])
    assert mean.dtype == tf.float16
    assert value([mean, variance]) == [30.0, 0.0]


def test_sufficient_statistics() -> None:
    x = tf.constant([[1.0, 2.0], [3.0, 5.0]])
    statistics = tf.nn.sufficient_statistics(x, [0], shift=1.0)
    mean, variance = tf.nn.normalize_moments(*statistics)
    assert value(mean).tolist() == [2.0, 3.5]
    assert value(variance).tolist() == [1.0, 2.25]


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match="Dimensions must be equal, but are 3 and 4"):
        tf.matmul(tf.zeros([2, 3]), tf.zeros([4, 5]))
    with pytest.raises(ValueError, match="Only one of transpose_a"):
        tf.matmul(tf.zeros([2, 3]), tf.zeros([3, 2]), transpose_a=True, adjoint_a=True)
    with pytest.raises(ValueError, match="contraction axes"):
        tf.tensordot(tf.zeros([2]), tf.zeros([2]), [[0], [0, 1]])
    with pytest.raises(ValueError, match="more than once"):
        tf.einsum("ii->i", tf.zeros([2, 2]))


def test_strings_add() -> None:
    assert value(tf.add(["a", "b"], "c")).tolist() == [b"ac", b"bc"]


def test_bits() -> None:
    assert value(tf.bitwise.bitwise_xor([5, 3], [1, 7])).tolist() == [4, 4]
    assert value(tf.bitwise.left_shift([1], [3])).tolist() == [8]
    assert value(tf.bitwise.invert(tf.constant([0], tf.uint8))).tolist() == [255]


def test_histograms() -> None:
    values = tf.constant([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0])
    assert value(tf.histogram_fixed_width(values, [0.0, 5.0], nbins=5)).tolist() == [2, 1, 1, 0, 2]
    bins = tf.histogram_fixed_width_bins(values, [0.0, 5.0], nbins=5)
    assert value(bins).tolist() == [0, 0, 1, 2, 4, 4]


def test_unknown_shapes() -> None:
    """What composites build where nothing is known gives the same values."""
    x = tf.placeholder(tf.float32)
    y = tf.placeholder(tf.float32)
    a, b = R(2, 3, 4), R(4, 2, 5)
    product = tf.tensordot(x, y, [[0, 2], [1, 0]])
    want = np.tensordot(a, b, [[0, 2], [1, 0]])
    np.testing.assert_allclose(value(product, {x: a, y: b}), want, rtol=1e-5)
    logits = R(2, 3)
    loss = tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=x)
    np.testing.assert_allclose(
        value(loss, {x: logits, y: ONE_HOT[:2, :3]}),
        -np.log(np.exp(logits) / np.exp(logits).sum(1, keepdims=True))[[0, 1], [0, 2]],
        rtol=1e-5,
    )
