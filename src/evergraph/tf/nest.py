"""`tf.nest`: nested structures of lists, tuples, named tuples and mappings, flattened and rebuilt.

Mappings are walked in the order of their sorted keys, so that two dictionaries with the same keys
flatten alike. Strings, arrays and tensors are leaves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, MappingView, Sequence
from typing import Any

__all__ = [
    "assert_same_structure",
    "assert_shallow_structure",
    "flatten",
    "flatten_dict_items",
    "flatten_up_to",
    "is_nested",
    "is_sequence",
    "map_structure",
    "map_structure_up_to",
    "map_structure_with_paths",
    "pack_sequence_as",
    "yield_flattened_paths",
]

_LEAVES = (str, bytes, bytearray)

_SHALLOW_TREE_HAS_INVALID_KEYS = (
    "The shallow_tree's keys are not a subset of the input_tree's keys. The shallow_tree has the "
    "following keys that are not in the input_tree: {}."
)
_STRUCTURES_HAVE_MISMATCHING_TYPES = (
    "The two structures don't have the same sequence type. Input structure has type "
    "{input_type}, while shallow structure has type {shallow_type}."
)
_STRUCTURES_HAVE_MISMATCHING_LENGTHS = (
    "The two structures don't have the same sequence length. Input structure has length "
    "{input_length}, while shallow structure has length {shallow_length}."
)
_INPUT_TREE_SMALLER_THAN_SHALLOW_TREE = (
    "The input_tree has fewer elements than the shallow_tree. Input structure has length "
    "{input_size}, while shallow structure has length {shallow_size}."
)
_IF_SHALLOW_IS_SEQ_INPUT_MUST_BE_SEQ = (
    "If shallow structure is a sequence, input must also be a sequence. Input has type: {}."
)


def is_sequence(seq: Any) -> bool:
    """Whether `seq` is a structure: a list, tuple, mapping or other sequence, but not text."""
    if isinstance(seq, (list, tuple, dict)):
        return True
    if isinstance(seq, _LEAVES):
        return False
    return isinstance(seq, (Mapping, Sequence, MappingView)) or _is_attrs(seq)


def is_nested(seq: Any) -> bool:
    """Whether `seq` is a structure: a list, tuple, mapping or other sequence, but not text."""
    return is_sequence(seq)


def _is_attrs(value: Any) -> bool:
    return hasattr(type(value), "__attrs_attrs__")


def _is_namedtuple(value: Any) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _is_composite(value: Any) -> bool:
    return hasattr(value, "_to_components") and hasattr(value, "_from_components")


def _is_structure(expand_composites: bool) -> Callable[[Any], bool]:
    if not expand_composites:
        return is_sequence
    return lambda value: is_sequence(value) or _is_composite(value)


def _sorted_keys(mapping: Mapping[Any, Any]) -> list[Any]:
    try:
        return sorted(mapping)
    except TypeError:
        raise TypeError("nest only supports dicts with sortable keys.") from None


def _items(structure: Any) -> Iterator[tuple[Any, Any]]:
    """The entries of one level with their keys, in flattening order."""
    if isinstance(structure, Mapping):
        for key in _sorted_keys(structure):
            yield key, structure[key]
    elif _is_namedtuple(structure):
        yield from zip(structure._fields, structure, strict=True)
    elif _is_attrs(structure):
        for attribute in type(structure).__attrs_attrs__:
            yield attribute.name, getattr(structure, attribute.name)
    elif _is_composite(structure):
        specs = getattr(structure, "_component_specs", None)  # of a TypeSpec
        yield type(structure).__name__, structure._to_components() if specs is None else specs
    else:
        yield from enumerate(structure)


def _values(structure: Any) -> list[Any]:
    return [value for _, value in _items(structure)]


def _like(structure: Any, values: Sequence[Any]) -> Any:
    """One level of the kind of `structure` that holds `values`, given in flattening order."""
    kind = type(structure)
    if isinstance(structure, Mapping):
        by_key = dict(zip(_sorted_keys(structure), values, strict=True))
        ordered = [(key, by_key[key]) for key in structure]
        if isinstance(structure, defaultdict):
            return defaultdict(structure.default_factory, ordered)
        return kind(ordered)
    if _is_namedtuple(structure) or _is_attrs(structure):
        return kind(*values)
    if _is_composite(structure):
        return structure._from_components(values[0])
    if isinstance(structure, (range, MappingView)):
        return list(values)
    return kind(values)


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves of a structure in one list; a leaf by itself gives a list of one."""
    is_structure = _is_structure(expand_composites)
    out: list[Any] = []

    def walk(value: Any) -> None:
        if is_structure(value):
            for child in _values(value):
                walk(child)
        else:
            out.append(value)

    walk(structure)
    return out


def pack_sequence_as(
    structure: Any, flat_sequence: Sequence[Any], expand_composites: bool = False
) -> Any:
    """A structure like `structure` with the leaves of `flat_sequence`.

    Raises ValueError unless there are as many leaves, TypeError for a `flat_sequence` that is
    no sequence.
    """
    is_structure = _is_structure(expand_composites)
    if not is_structure(flat_sequence):
        raise TypeError("flat_sequence must be a sequence")
    if not is_structure(structure):
        if len(flat_sequence) != 1:
            raise ValueError(
                f"Structure is a scalar but len(flat_sequence) == {len(flat_sequence)} > 1"
            )
        return flat_sequence[0]
    size = len(flatten(structure, expand_composites))
    if size != len(flat_sequence):
        raise ValueError(
            f"Could not pack sequence. Structure had {size} elements, but flat_sequence had "
            f"{len(flat_sequence)} elements. Structure: {structure}, flat_sequence: "
            f"{flat_sequence}."
        )
    leaves = iter(flat_sequence)
    return _packed(structure, leaves, is_structure)


def _packed(structure: Any, leaves: Iterator[Any], is_structure: Callable[[Any], bool]) -> Any:
    if not is_structure(structure):
        return next(leaves)
    return _like(structure, [_packed(v, leaves, is_structure) for v in _values(structure)])


def map_structure(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """`func` of the leaves that stand at the same place, as a structure like the first one.

    `check_types=False` compares only the nesting of the structures, not their types. Raises
    ValueError or TypeError where the structures differ.
    """
    check_types = kwargs.pop("check_types", True)
    expand = kwargs.pop("expand_composites", False)
    if not callable(func):
        raise TypeError(f"func must be callable, got: {func}")
    if not structure:
        raise ValueError("Must provide at least one structure")
    if kwargs:
        raise ValueError(
            "Only valid keyword arguments are `check_types` and `expand_composites`, not: "
            f"`{'`, `'.join(kwargs)}`"
        )
    for other in structure[1:]:
        assert_same_structure(structure[0], other, check_types, expand)
    columns = [flatten(s, expand) for s in structure]
    results = [func(*leaves) for leaves in zip(*columns, strict=True)]
    return pack_sequence_as(structure[0], results, expand)


def assert_same_structure(
    nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False
) -> None:
    """Raises ValueError where the nesting differs, TypeError where types of levels differ."""
    try:
        _compare(nest1, nest2, check_types, _is_structure(expand_composites))
    except (ValueError, TypeError) as error:
        dots = [map_structure(lambda _: _Dot(), n) for n in (nest1, nest2)]
        text = str(error)
        if "same nested structure" not in text:
            text = f"The two structures don't have the same nested structure: {text}"
        raise type(error)(
            f"{text}\nEntire first structure:\n{dots[0]}\nEntire second structure:\n{dots[1]}"
        ) from None


class _Dot:
    """Stands for a leaf where only the nesting is shown."""

    def __repr__(self) -> str:
        return "."


def _compare(a: Any, b: Any, check_types: bool, is_structure: Callable[[Any], bool]) -> None:
    if is_structure(a) != is_structure(b):
        raise ValueError(
            "The two structures don't have the same nested structure.\n\n"
            f"First structure: {a}\n\nSecond structure: {b}"
        )
    if not is_structure(a):
        return
    if check_types and not _same_type(a, b):
        raise TypeError(
            "The two structures don't have the same sequence type. First structure has type "
            f"{type(a)}, while second structure has type {type(b)}."
        )
    if isinstance(a, Mapping) and isinstance(b, Mapping) and set(a) != set(b):
        raise ValueError(
            "The two dictionaries don't have the same set of keys. First structure has keys "
            f"{list(a)}, while second structure has keys {list(b)}."
        )
    left, right = _values(a), _values(b)
    if len(left) != len(right):
        raise ValueError(
            "The two structures don't have the same number of elements.\n\n"
            f"First structure ({len(left)} elements): {a}\n\n"
            f"Second structure ({len(right)} elements): {b}"
        )
    for x, y in zip(left, right, strict=True):
        _compare(x, y, check_types, is_structure)


def _same_type(a: Any, b: Any) -> bool:
    if _is_namedtuple(a) and _is_namedtuple(b):
        return type(a).__name__ == type(b).__name__ and a._fields == b._fields
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return True
    return type(a) is type(b)


def flatten_dict_items(dictionary: Mapping[Any, Any]) -> dict[Any, Any]:
    """A flat dictionary of one whose keys and values are structures of the same shape."""
    if not isinstance(dictionary, Mapping):
        raise TypeError("input must be a dictionary")
    out: dict[Any, Any] = {}
    for key, value in dictionary.items():
        keys, values = flatten(key), flatten(value) if is_sequence(key) else [value]
        if len(keys) != len(values):
            raise ValueError(
                f"Could not flatten dictionary. Key had {len(keys)} elements, but value had "
                f"{len(values)} elements. Key: {keys}, value: {values}."
            )
        for k, v in zip(keys, values, strict=True):
            if k in out:
                raise ValueError(f"Could not flatten dictionary: key {k} is not unique.")
            out[k] = v
    return out


def assert_shallow_structure(
    shallow_tree: Any,
    input_tree: Any,
    check_types: bool = True,
    expand_composites: bool = False,
    check_subtrees_length: bool = True,
) -> None:
    """Raises TypeError or ValueError unless `input_tree` begins like `shallow_tree`.

    Without `check_subtrees_length` it may have more elements in each level.
    """
    if not _is_structure(expand_composites)(shallow_tree):
        return
    if not _is_structure(expand_composites)(input_tree):
        raise TypeError(_IF_SHALLOW_IS_SEQ_INPUT_MUST_BE_SEQ.format(type(input_tree)))
    if check_types:
        _check_level(shallow_tree, input_tree)
    if not _is_composite(shallow_tree):
        _check_lengths(shallow_tree, input_tree, check_subtrees_length)
    if isinstance(shallow_tree, Mapping) and set(shallow_tree) - set(input_tree):
        absent = sorted(set(shallow_tree) - set(input_tree))
        raise ValueError(_SHALLOW_TREE_HAS_INVALID_KEYS.format(absent))
    for s, i in zip(_values(shallow_tree), _values(input_tree), strict=False):
        assert_shallow_structure(s, i, check_types, expand_composites, check_subtrees_length)


def _check_level(shallow: Any, tree: Any) -> None:
    if not (_same_type(shallow, tree) or isinstance(tree, type(shallow))):
        raise TypeError(
            _STRUCTURES_HAVE_MISMATCHING_TYPES.format(
                input_type=type(tree), shallow_type=type(shallow)
            )
        )


def _check_lengths(shallow: Any, tree: Any, equal: bool) -> None:
    have, want = len(_values(tree)), len(_values(shallow))
    if equal and have != want:
        raise ValueError(
            _STRUCTURES_HAVE_MISMATCHING_LENGTHS.format(input_length=have, shallow_length=want)
        )
    if have < want:
        raise ValueError(
            _INPUT_TREE_SMALLER_THAN_SHALLOW_TREE.format(input_size=have, shallow_size=want)
        )


def _parts_up_to(
    shallow: Any, tree: Any, is_structure: Callable[[Any], bool], path: tuple[Any, ...] = ()
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """(path, part) of a tree for every leaf of the shallow one."""
    if not is_structure(shallow):
        yield path, tree
        return
    parts = dict(_items(tree))
    for key, below in _items(shallow):
        yield from _parts_up_to(below, parts[key], is_structure, (*path, key))


def flatten_with_tuple_paths_up_to(
    shallow_tree: Any,
    input_tree: Any,
    check_types: bool = True,
    expand_composites: bool = False,
    check_subtrees_length: bool = True,
) -> list[tuple[tuple[Any, ...], Any]]:
    """(path, part) for each part of `input_tree` that stands where `shallow_tree` has a leaf."""
    assert_shallow_structure(
        shallow_tree, input_tree, check_types, expand_composites, check_subtrees_length
    )
    return list(_parts_up_to(shallow_tree, input_tree, _is_structure(expand_composites)))


def flatten_up_to(
    shallow_tree: Any,
    input_tree: Any,
    check_types: bool = True,
    expand_composites: bool = False,
    check_subtrees_length: bool = True,
) -> list[Any]:
    """The parts of `input_tree` that stand where `shallow_tree` has leaves."""
    pairs = flatten_with_tuple_paths_up_to(
        shallow_tree, input_tree, check_types, expand_composites, check_subtrees_length
    )
    return [part for _, part in pairs]


def map_structure_with_tuple_paths_up_to(
    shallow_tree: Any, func: Callable[..., Any], *inputs: Any, **kwargs: Any
) -> Any:
    """`func` of the path and the parts of `inputs` for every leaf of `shallow_tree`.

    `check_types`, `expand_composites` and `check_subtrees_length` say how the trees are compared;
    other keywords go to `func`.
    """
    check_types = kwargs.pop("check_types", True)
    expand = kwargs.pop("expand_composites", False)
    equal = kwargs.pop("check_subtrees_length", True)
    if not inputs:
        raise ValueError("Cannot map over no sequences")
    columns = [
        flatten_with_tuple_paths_up_to(shallow_tree, tree, check_types, expand, equal)
        for tree in inputs
    ]
    results = [
        func(row[0][0], *(part for _, part in row), **kwargs) for row in zip(*columns, strict=True)
    ]
    return pack_sequence_as(shallow_tree, results, expand)


def map_structure_up_to(
    shallow_tree: Any, func: Callable[..., Any], *inputs: Any, **kwargs: Any
) -> Any:
    """`func` of the parts of `inputs` that stand where `shallow_tree` has leaves."""

    def without_path(_: Any, *parts: Any, **rest: Any) -> Any:
        return func(*parts, **rest)

    return map_structure_with_tuple_paths_up_to(shallow_tree, without_path, *inputs, **kwargs)


def map_structure_with_tuple_paths(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """Like `map_structure`; `func` first gets the leaf's path, a tuple of its keys."""
    return map_structure_with_tuple_paths_up_to(structure[0], func, *structure, **kwargs)


def map_structure_with_paths(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """Like `map_structure`; `func` first gets the leaf's path, its keys joined by slashes."""

    def with_text(path: tuple[Any, ...], *leaves: Any, **rest: Any) -> Any:
        return func("/".join(map(str, path)), *leaves, **rest)

    return map_structure_with_tuple_paths(with_text, *structure, **kwargs)


def get_traverse_shallow_structure(
    traverse_fn: Callable[[Any], Any], structure: Any, expand_composites: bool = False
) -> Any:
    """A shallow structure of bools: where `traverse_fn` says to go no deeper stands False.

    `traverse_fn` gets each part, and returns a bool or, for a structure, one bool an element.
    TypeError for other answers.
    """
    is_structure = _is_structure(expand_composites)
    said = traverse_fn(structure)
    if not is_structure(structure):
        if not isinstance(said, bool):
            raise TypeError(
                f"traverse_fn returned structure: {said} for non-structure: {structure}"
            )
        return said
    if isinstance(said, bool):
        if not said:
            return False
        answers = [True for _ in _values(structure)]
    else:
        answers = _answers(said, structure, expand_composites)
    pairs = zip(answers, _values(structure), strict=False)
    return _like(
        structure,
        [
            go and get_traverse_shallow_structure(traverse_fn, part, expand_composites)
            for go, part in pairs
        ],
    )


def _answers(said: Any, structure: Any, expand_composites: bool) -> list[bool]:
    """The bools of one level that a function gave."""
    if not _is_structure(expand_composites)(said):
        raise TypeError(f"traverse_fn returned a non-bool scalar: {said} for input: {structure}")
    assert_shallow_structure(said, structure, expand_composites=expand_composites)
    answers = _values(said)
    if not all(isinstance(a, bool) for a in answers):
        raise TypeError(
            f"traverse_fn didn't return a depth=1 structure of bools.  saw: {said}  for "
            f"structure: {structure}"
        )
    return answers


def yield_flattened_paths(
    structure: Any, expand_composites: bool = False
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """(path, leaf) of every leaf; a path is the keys on the way to it."""
    if not _is_structure(expand_composites)(structure):
        yield (), structure
        return
    for key, value in _items(structure):
        for path, leaf in yield_flattened_paths(value, expand_composites):
            yield (key, *path), leaf


def yield_flat_paths(nest: Any, expand_composites: bool = False) -> Iterator[tuple[Any, ...]]:
    """The path of every leaf: the keys on the way to it."""
    for path, _ in yield_flattened_paths(nest, expand_composites):
        yield path


def flatten_with_tuple_paths(
    structure: Any, expand_composites: bool = False
) -> list[tuple[tuple[Any, ...], Any]]:
    """(path, leaf) of every leaf."""
    return list(yield_flattened_paths(structure, expand_composites))


def flatten_with_joined_string_paths(
    structure: Any, separator: str = "/", expand_composites: bool = False
) -> list[tuple[str, Any]]:
    """(path, leaf) of every leaf, the keys of the path joined by a separator."""
    pairs = yield_flattened_paths(structure, expand_composites)
    return [(separator.join(map(str, path)), leaf) for path, leaf in pairs]
