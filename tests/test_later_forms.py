"""Names of TensorFlow 2 in TensorFlow 1's internal modules."""

from __future__ import annotations

import importlib
import inspect

import numpy as np
import pytest

import evergraph.tf as tf
from evergraph.compat import alias, later_forms
from evergraph.compat.later_rows import ROWS_OF_LATER_FORMS

X = [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(("module", "name"), sorted(ROWS_OF_LATER_FORMS))
def test_they_are_found_in_their_modules(module: str, name: str) -> None:
    target, _, found = ROWS_OF_LATER_FORMS[module, name].partition(":")
    assert alias.resolve(module, name) is getattr(importlib.import_module(target), found)


@pytest.mark.parametrize(
    "name", ["equal", "none_equal", "less", "less_equal", "greater", "greater_equal", "near"]
)
def test_comparisons_show_their_message(name: str) -> None:
    check = getattr(later_forms, f"assert_{name}_v2")
    fails = [0.0, 9.0] if "less" in name else [9.0, 0.0]
    pair = ([1.0], [1.0]) if name == "none_equal" else ([fails[1]], [fails[0]])
    if name.startswith("greater"):
        pair = ([0.0], [9.0])
    fed = tf.placeholder(tf.float32, [1])
    done = check(fed, pair[1], message="so it is", summarize=2, name="check")
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="so it is"):
        session.run(done, {fed: pair[0]})


@pytest.mark.parametrize("name", ["negative", "positive", "non_negative", "non_positive"])
def test_signs(name: str) -> None:
    check = getattr(later_forms, f"assert_{name}_v2")
    fed = tf.placeholder(tf.float32, [1])
    wrong = [1.0] if name in ("negative", "non_positive") else [-1.0]
    done = check(fed, "so it is", 2, "check")
    with tf.Session() as session, pytest.raises(tf.errors.InvalidArgumentError, match="so it is"):
        session.run(done, {fed: wrong})


def test_static_checks() -> None:
    x = tf.constant(X)
    for check in (later_forms.assert_rank_v2, later_forms.assert_rank_at_least_v2):
        with pytest.raises(ValueError, match="too flat"):
            check(x, 3, "too flat")
    with pytest.raises(ValueError, match="too flat"):
        later_forms.assert_rank_in_v2(x, [3, 4], "too flat")
    with pytest.raises(ValueError, match="no scalar"):
        later_forms.assert_scalar_v2(x, "no scalar")
    with pytest.raises(TypeError, match="no number"):
        later_forms.assert_integer_v2(x, "no number")
    with pytest.raises(TypeError, match="no number"):
        later_forms.assert_type_v2(x, tf.int32, "no number")


def test_sizes_are_operations_where_asked() -> None:
    x = tf.constant(X)
    assert later_forms.size_internal(x, optimize=False).op.type == "Size"
    assert later_forms.rank_internal(x, optimize=False).op.type == "Rank"
    assert later_forms.size_internal(x).op.type == "Const"
    assert later_forms.size_v2(x, tf.int64).dtype == tf.int64


def test_values() -> None:
    x = tf.constant(X)
    mean, _ = later_forms.moments_v2(x, [0], keepdims=True)
    texts = later_forms.substr_v2("hello", 1, 2)
    with tf.Session() as session:
        assert session.run(texts) == b"el"
        np.testing.assert_allclose(session.run(mean), [[2, 3]])
        np.testing.assert_allclose(session.run(later_forms.softmax_v2(x)).sum(1), 1)
        logs = session.run(later_forms.log_softmax_v2(x, 0))
        np.testing.assert_allclose(np.exp(logs).sum(0), 1, rtol=1e-6)
        assert session.run(later_forms.batch_gather_nd(x, [[0], [1]], 1)).tolist() == [1, 4]
        assert session.run(later_forms.squeeze_v2(x[:1])).tolist() == [1, 2]
        assert set(np.ravel(session.run(later_forms.dropout_v2(x, 0.5)))) <= {0, 2, 4, 6, 8}
    assert later_forms.expand_dims_v2(x, 1).shape == (2, 1, 2)
    assert list(inspect.signature(later_forms.squeeze_v2).parameters) == ["input", "axis", "name"]
