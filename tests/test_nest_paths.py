"""Paths in nested structures, and structures that go less deep than others."""

from __future__ import annotations

from typing import Any

import pytest

from evergraph.tf import nest

TREE = {"b": [1, 2], "a": (3,)}


def test_paths_of_leaves() -> None:
    assert nest.flatten_with_joined_string_paths(TREE) == [("a/0", 3), ("b/0", 1), ("b/1", 2)]
    assert nest.flatten_with_joined_string_paths([[1]], ":") == [("0:0", 1)]
    assert nest.flatten_with_tuple_paths(TREE)[0] == (("a", 0), 3)
    assert list(nest.yield_flat_paths([1, [2]])) == [(0,), (1, 0)]
    assert nest.flatten_with_tuple_paths(7) == [((), 7)]


def test_maps_get_paths_and_keywords() -> None:
    got = nest.map_structure_with_tuple_paths(lambda p, x, y: (p, x + y), [1, (2,)], [3, (4,)])
    assert got == [((0,), 4), (((1, 0), 6),)]
    texts = nest.map_structure_with_paths(lambda p, x, k: f"{p}={x + k}", TREE, k=1)
    assert texts == {"a": ("a/0=4",), "b": ["b/0=2", "b/1=3"]}
    shallow = nest.map_structure_with_tuple_paths_up_to([0], lambda p, x: (p, x), [[1, 2]])
    assert shallow == [((0,), [1, 2])]
    with pytest.raises(ValueError, match="no sequences"):
        nest.map_structure_with_tuple_paths_up_to([0], print)


def test_parts_may_be_longer_where_asked() -> None:
    assert nest.flatten_up_to([0], [1, 2], check_subtrees_length=False) == [1]
    with pytest.raises(ValueError, match="fewer elements"):
        nest.flatten_up_to([0, 0], [1], check_subtrees_length=False)
    with pytest.raises(ValueError, match="same sequence length"):
        nest.flatten_up_to([0], [1, 2])


@pytest.mark.parametrize(
    ("shallow", "tree", "message", "values"),
    [
        ([1], (1,), "TYPES", {"input_type": tuple, "shallow_type": list}),
        ([1], [1, 2], "LENGTHS", {"input_length": 2, "shallow_length": 1}),
    ],
)
def test_messages(shallow: Any, tree: Any, message: str, values: dict[str, Any]) -> None:
    text = getattr(nest, f"_STRUCTURES_HAVE_MISMATCHING_{message}")
    with pytest.raises((TypeError, ValueError)) as caught:
        nest.assert_shallow_structure(shallow, tree)
    assert str(caught.value) == text.format(**values)


def test_how_deep_to_go() -> None:
    tree = [1, (2, 3), {"x": 4}]
    walk = nest.get_traverse_shallow_structure
    assert walk(lambda part: not isinstance(part, tuple), tree) == [True, False, {"x": True}]
    assert walk(lambda part: False, tree) is False
    assert walk(lambda part: [True, False] if isinstance(part, list) else True, [1, [2]]) == [
        True,
        False,
    ]
    with pytest.raises(TypeError, match="for non-structure"):
        walk(lambda part: [True], 1)
    with pytest.raises(TypeError, match="non-bool scalar"):
        walk(lambda part: 1, tree)
    with pytest.raises(TypeError, match="depth=1"):
        walk(lambda part: [[True]], [[1]])
