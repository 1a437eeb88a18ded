"""Lists of tensors as values: the functions of TensorFlow's `list_ops`.

A shape of elements may be None, a TensorShape, a tensor, or a list with None for unknown extents.
"""

from __future__ import annotations

from typing import Any

from ..core.convert import convert_to_tensor
from ..core.dtypes import as_dtype, int32, int64
from ..core.emit import apply
from ..core.tensor import Tensor
from ..core.tensor_shape import Dimension, TensorShape
from .conditionals import cond


def build_element_shape(shape: Any) -> Any:
    """A shape of elements as the ops take it: -1 for what is unknown."""
    if isinstance(shape, Tensor):
        return shape
    if isinstance(shape, TensorShape):
        shape = None if shape.ndims is None else shape.as_list()
    if shape is None:
        return convert_to_tensor(-1, dtype=int32, name="element_shape")
    if not isinstance(shape, (list, tuple)):
        return convert_to_tensor(shape, name="element_shape")
    if not shape:
        return convert_to_tensor([], dtype=int32)
    extents = [d.value if isinstance(d, Dimension) else d for d in shape]
    return convert_to_tensor([-1 if d is None else d for d in extents], name="element_shape")


def empty_tensor_list(
    element_shape: Any, element_dtype: Any, max_num_elements: Any = None, name: str | None = None
) -> Tensor:
    """A list without elements, of at most `max_num_elements`."""
    return apply(  # type: ignore[no-any-return]
        "EmptyTensorList",
        build_element_shape(element_shape),
        -1 if max_num_elements is None else max_num_elements,
        element_dtype=as_dtype(element_dtype),
        name=name,
    )


def tensor_list_reserve(
    element_shape: Any, num_elements: Any, element_dtype: Any, name: str | None = None
) -> Tensor:
    """A list of `num_elements` elements that are not there yet."""
    return apply(  # type: ignore[no-any-return]
        "TensorListReserve",
        build_element_shape(element_shape),
        num_elements,
        element_dtype=as_dtype(element_dtype),
        name=name,
    )


def tensor_list_from_tensor(tensor: Any, element_shape: Any, name: str | None = None) -> Tensor:
    """The slices of a tensor along its first axis."""
    shape = build_element_shape(element_shape)
    return apply("TensorListFromTensor", tensor, shape, name=name)  # type: ignore[no-any-return]


def tensor_list_get_item(
    input_handle: Tensor,
    index: Any,
    element_dtype: Any,
    element_shape: Any = None,
    name: str | None = None,
) -> Tensor:
    """The element at `index`."""
    return apply(  # type: ignore[no-any-return]
        "TensorListGetItem",
        input_handle,
        index,
        build_element_shape(element_shape),
        element_dtype=as_dtype(element_dtype),
        name=name,
    )


def tensor_list_pop_back(input_handle: Tensor, element_dtype: Any, name: str | None = None) -> Any:
    """The list without its last element, and that element."""
    return apply(
        "TensorListPopBack", input_handle, -1, element_dtype=as_dtype(element_dtype), name=name
    )


def tensor_list_gather(
    input_handle: Tensor,
    indices: Any,
    element_dtype: Any,
    element_shape: Any = None,
    name: str | None = None,
) -> Tensor:
    """The elements at `indices`, stacked."""
    return apply(  # type: ignore[no-any-return]
        "TensorListGather",
        input_handle,
        indices,
        build_element_shape(element_shape),
        element_dtype=as_dtype(element_dtype),
        name=name,
    )


def tensor_list_scatter(
    tensor: Any,
    indices: Any,
    element_shape: Any = None,
    input_handle: Tensor | None = None,
    name: str | None = None,
) -> Tensor:
    """A list, `input_handle` or a new one, with the slices of a tensor at `indices`."""
    if input_handle is not None:
        return apply(  # type: ignore[no-any-return]
            "TensorListScatterIntoExistingList", input_handle, tensor, indices, name=name
        )
    shape = build_element_shape(element_shape)
    return apply("TensorListScatterV2", tensor, indices, shape, -1, name=name)  # type: ignore[no-any-return]


def tensor_list_stack(
    input_handle: Tensor,
    element_dtype: Any,
    num_elements: int = -1,
    element_shape: Any = None,
    name: str | None = None,
) -> Tensor:
    """All elements along a new first axis."""
    return apply(  # type: ignore[no-any-return]
        "TensorListStack",
        input_handle,
        build_element_shape(element_shape),
        element_dtype=as_dtype(element_dtype),
        num_elements=-1 if num_elements is None else num_elements,
        name=name,
    )


def tensor_list_concat(
    input_handle: Tensor, element_dtype: Any, element_shape: Any = None, name: str | None = None
) -> Tensor:
    """All elements one after another along their first axis."""
    values, _ = apply(
        "TensorListConcatV2",
        input_handle,
        build_element_shape(element_shape),
        convert_to_tensor([], dtype=int64),
        element_dtype=as_dtype(element_dtype),
        name=name,
    )
    return values  # type: ignore[no-any-return]


def tensor_list_split(
    tensor: Any, element_shape: Any, lengths: Any, name: str | None = None
) -> Tensor:
    """Pieces of a tensor, of these lengths (int64) along its first axis."""
    shape = build_element_shape(element_shape)
    return apply("TensorListSplit", tensor, shape, lengths, name=name)  # type: ignore[no-any-return]


def tensor_list_set_item(
    input_handle: Tensor,
    index: Any,
    item: Any,
    resize_if_index_out_of_bounds: bool = False,
    name: str | None = None,
) -> Tensor:
    """The list with `item` at `index`; it may grow for it."""
    if resize_if_index_out_of_bounds:
        size = apply("TensorListLength", input_handle)
        input_handle = cond(
            convert_to_tensor(index) >= size,
            lambda: apply("TensorListResize", input_handle, index + 1),
            lambda: input_handle,
        )
    return apply("TensorListSetItem", input_handle, index, item, name=name)  # type: ignore[no-any-return]
