"""`ElementList`: lists of arrays as values, which the list ops of loops compute with.

A list is never changed: a write gives a new list. Yet a write costs no copy, because the versions
of a list share one dictionary, held by the newest; an older version holds what to undo, and takes
the dictionary back when somebody reads it (Baker, "Shallow binding makes functional arrays fast",
1991).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.shape import Shape, compatible, is_known, show

_MISSING: Any = object()


@dataclass(eq=False)
class ListInfo:
    """What all versions of a list have in common."""

    dtype: Any = None
    element_shape: Shape = None
    dynamic: bool = True
    clear_after_read: bool = False
    accumulate: bool = False
    name: str = "TensorArray"
    alike: bool = False  # all elements have one shape
    cleared: set[int] = field(default_factory=set)


class ElementList:
    """An immutable list of arrays, some of which may be missing."""

    __slots__ = ("_items", "_next", "_undo", "info", "size")

    def __init__(self, info: ListInfo, size: int = 0, items: dict[int, Any] | None = None) -> None:
        self.info = info
        self.size = size
        self._items: dict[int, Any] | None = {} if items is None else items
        self._next: ElementList | None = None
        self._undo: tuple[int, Any] = (0, _MISSING)

    # What NumPy asks of a value that it is to pass on.
    shape = ()
    ndim = 0

    @property
    def items(self) -> dict[int, Any]:
        """The elements by index; not to be changed."""
        if self._items is None:
            self._take_back()
        assert self._items is not None
        return self._items

    def _take_back(self) -> None:
        """Makes this the version that holds the dictionary."""
        chain: list[ElementList] = [self]
        while chain[-1]._items is None:
            following = chain[-1]._next
            assert following is not None
            chain.append(following)
        for older, newer in zip(chain[-2::-1], chain[:0:-1], strict=True):
            items = newer._items
            assert items is not None
            index, value = older._undo
            newer._undo = (index, items.get(index, _MISSING))
            _put(items, index, value)
            newer._items, newer._next = None, older
            older._items, older._next = items, None

    def _changed(self, index: int, value: Any, size: int) -> ElementList:
        items = self.items
        new = ElementList(self.info, size, items)
        self._undo = (index, items.get(index, _MISSING))
        self._items, self._next = None, new
        _put(items, index, value)
        return new

    def with_item(self, index: int, value: Any) -> ElementList:
        """The list with this element; it grows to hold it."""
        return self._changed(index, value, max(self.size, index + 1))

    def without_item(self, index: int) -> ElementList:
        """The list with nothing at `index`."""
        return self._changed(index, _MISSING, self.size)

    def resized(self, size: int) -> ElementList:
        """The list cut or grown to `size`."""
        if size >= self.size:
            return ElementList(self.info, size, dict(self.items))
        if size == self.size - 1:
            return self._changed(size, _MISSING, size)
        return ElementList(self.info, size, {i: x for i, x in self.items.items() if i < size})

    def get(self, index: int) -> Any:
        """The element at `index`, None if it is missing."""
        return self.items.get(index)

    def __add__(self, other: Any) -> Any:
        """The sum of two lists of gradients, element by element; a missing element is zero."""
        if not isinstance(other, ElementList):
            return self
        large, small = (self, other) if len(self.items) >= len(other.items) else (other, self)
        added = list(small.items.items())
        for index, value in added:
            known = large.get(index)
            large = large.with_item(index, value if known is None else known + value)
        return large

    __radd__ = __add__

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if ufunc is np.add and method == "__call__":
            return inputs[0].__add__(inputs[1]) if inputs[0] is self else self + inputs[0]
        return NotImplemented

    def __float__(self) -> float:
        """What is fetched of a flow: the values are inside, the number says nothing."""
        return 0.0

    def __repr__(self) -> str:
        return f"<ElementList of {self.size}>"


def _put(items: dict[int, Any], index: int, value: Any) -> None:
    if value is _MISSING:
        items.pop(index, None)
    else:
        items[index] = value


_ZERO = ListInfo(accumulate=True)


def as_list(x: Any) -> ElementList:
    """A list of gradients; whatever is no list stands for zero."""
    return x if isinstance(x, ElementList) else ElementList(_ZERO)


def is_list(x: Any) -> bool:
    """Whether a value is a list, and not a zero that stands for one."""
    return isinstance(x, ElementList)


def check_element(info: ListInfo, index: int, value: Any) -> None:
    """Raises ValueError for an element whose shape the list does not take."""
    shape = np.shape(value)
    if not compatible(info.element_shape, shape):
        raise ValueError(
            f"TensorArray {info.name}: Could not write to TensorArray index {index} because the "
            f"value shape is {_brackets(shape)} which is incompatible with the TensorArray's "
            f"inferred element shape: {show(info.element_shape)} (consider setting "
            "infer_shape=False)."
        )


def _brackets(shape: Iterable[Any]) -> str:
    return "[" + ",".join(map(str, shape)) + "]"


def write(flow: Any, index: int, value: Any) -> ElementList:
    """The list with an element written once; in a list of gradients, writes add up."""
    items = as_list(flow)
    info = items.info
    if index < 0 or (index >= items.size and not info.dynamic):
        raise ValueError(
            f"TensorArray {info.name}: Tried to write to index {index} but array is not "
            f"resizeable and size is: {items.size}"
        )
    known = items.get(index)
    if info.accumulate:
        check_element(info, index, value)
        if known is not None and np.shape(known) != np.shape(value):
            raise ValueError(
                f"TensorArray {info.name}: Could not aggregate to TensorArray index {index} "
                f"because the existing shape is {_brackets(np.shape(known))} but the new input "
                f"shape is {_brackets(np.shape(value))}."
            )
        return items.with_item(index, value if known is None else known + value)
    if index in info.cleared:
        raise ValueError(
            f"TensorArray {info.name}: Could not write to TensorArray index {index} because it "
            "has already been read."
        )
    if known is not None:
        raise ValueError(
            f"TensorArray {info.name}: Could not write to TensorArray index {index} because it "
            "has already been written to."
        )
    check_element(info, index, value)
    return items.with_item(index, value)


def read(flow: Any, index: int, element_shape: Shape = None) -> Any:
    """The element at `index`; zeros where a list of known shapes was not written."""
    items = as_list(flow)
    info = items.info
    if index < 0 or index >= items.size:
        raise ValueError(
            f"TensorArray {info.name}: Tried to read from index {index} but array size is: "
            f"{items.size}"
        )
    value = items.get(index)
    if value is None:
        return unwritten(items, index, element_shape)
    if info.clear_after_read:
        if index in info.cleared:
            raise ValueError(
                f"TensorArray {info.name}: Could not read index {index} twice because it was "
                "cleared after a previous read (perhaps try setting clear_after_read = false?)."
            )
        info.cleared.add(index)
    return value


def no_rows(shape: Any, dtype: Any) -> Any:
    """An array of no elements of a known shape."""
    return np.zeros((0, *shape), dtype)


def unwritten(items: ElementList, index: int, element_shape: Shape) -> Any:
    """What is read where nothing was written: zeros, if their shape is known."""
    info = items.info
    shape = info.element_shape if info.element_shape is not None else element_shape
    if not is_known(shape) and info.alike and items.items:
        shape = np.shape(next(iter(items.items.values())))
    if shape is None or any(d is None for d in shape):
        raise ValueError(
            f"TensorArray {info.name}: Could not read from TensorArray index {index}. "
            "Furthermore, the element shape is not fully defined: "
            f"{show(shape)}. It is possible you are working with a resizeable TensorArray and "
            "stop_gradients is not allowing the gradients to be written. If you set the full "
            "element_shape property on the forward TensorArray, the proper all-zeros tensor "
            "will be returned instead of incurring this error."
        )
    return np.zeros([d or 0 for d in shape], info.dtype)


def elements(
    flow: Any, indices: Iterator[int] | range | list[int], shape: Shape = None
) -> list[Any]:
    """The elements at several indices."""
    return [read(flow, int(i), shape) for i in indices]
