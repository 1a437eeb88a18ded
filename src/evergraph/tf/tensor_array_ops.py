"""`tf.TensorArray`: a list of tensors that grows in loops, with gradients.

Every write gives a new TensorArray, whose `flow` carries the values: use what a write returns.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..core.convert import convert_to_tensor
from ..core.dtypes import as_dtype
from ..core.emit import apply
from ..core.graph import get_default_graph
from ..core.tensor import Operation, Tensor
from ..core.tensor_shape import TensorShape
from ..core.values import constant_value
from .framework import name_scope

__all__ = ["TensorArray"]


class TensorArray:
    """A list of tensors of one dtype, written once an index and read at any.

    `size` is its length; with `dynamic_size` it grows with writes. `infer_shape` demands elements
    of one shape, `element_shape` says which. `clear_after_read` allows each index to be read once.
    Or `handle` and `flow` of another TensorArray. Raises ValueError for arguments that exclude
    each other.
    """

    def __init__(
        self,
        dtype: Any,
        size: Any = None,
        dynamic_size: bool | None = None,
        clear_after_read: bool | None = None,
        tensor_array_name: str | None = None,
        handle: Tensor | None = None,
        flow: Tensor | None = None,
        infer_shape: bool = True,
        element_shape: Any = None,
        colocate_with_first_write_call: bool = True,
        name: str | None = None,
    ) -> None:
        _check_arguments(
            handle, size, tensor_array_name, element_shape, dynamic_size, clear_after_read
        )
        self._dtype = as_dtype(dtype).base_dtype
        self._dynamic_size = bool(dynamic_size)
        self._infer_shape = infer_shape
        self._colocate_with: list[Any] | None = [] if colocate_with_first_write_call else None
        self._element_shape = [TensorShape(element_shape)]
        with name_scope(name, "TensorArray", [handle, size, flow]) as scope:
            if handle is not None:
                if flow is None:
                    raise ValueError("flow must not be None if handle is not None.")
                self._handle, self._flow = handle, flow
                self._element_shape = [TensorShape(_elements_behind(handle))]
                return
            graph = get_default_graph()
            with graph.device(None), graph.colocate_with(None, ignore_existing=True):
                self._handle, self._flow = apply(
                    "TensorArrayV3",
                    size,
                    dtype=self._dtype,
                    element_shape=TensorShape(element_shape),
                    dynamic_size=self._dynamic_size,
                    clear_after_read=clear_after_read is not False,
                    identical_element_shapes=infer_shape,
                    tensor_array_name=tensor_array_name or "",
                    name=scope,
                )

    def mark_used(self) -> None:
        """Says that nothing has to follow from this; no warning is given here either way."""

    @property
    def flow(self) -> Tensor:
        """The tensor that carries the values."""
        return self._flow

    @property
    def dtype(self) -> Any:
        """The elements' dtype."""
        return self._dtype

    @property
    def handle(self) -> Tensor:
        """The tensor that names the list."""
        return self._handle

    @property
    def element_shape(self) -> TensorShape:
        """What is known of the elements' shape."""
        return self._element_shape[0]

    @property
    def dynamic_size(self) -> bool:
        """Whether it grows with writes."""
        return self._dynamic_size

    def with_flow(self, flow: Tensor) -> TensorArray:
        """The same TensorArray at another point of its history."""
        new = TensorArray(
            self._dtype,
            handle=self._handle,
            flow=flow,
            infer_shape=self._infer_shape,
            colocate_with_first_write_call=self._colocate_with is not None,
        )
        new._dynamic_size = self._dynamic_size
        new._colocate_with = self._colocate_with
        new._element_shape = self._element_shape
        return new

    def _check_element_shape(self, shape: TensorShape) -> None:
        if not shape.is_compatible_with(self.element_shape):
            raise ValueError(
                f"Inconsistent shapes: saw {shape} but expected {self.element_shape} "
                "(elements of a TensorArray have one shape unless infer_shape=False)."
            )
        if self._infer_shape:
            self._element_shape[0] = self.element_shape.merge_with(shape)

    @contextmanager
    def _colocated(self, value: Tensor) -> Iterator[None]:
        if self._colocate_with is None:
            yield
            return
        if not self._colocate_with:
            self._colocate_with.append(value)
        with get_default_graph().colocate_with(self._colocate_with[0]):
            yield

    def _converted(self, value: Any) -> Tensor:
        value = convert_to_tensor(value, preferred_dtype=self._dtype, name="value")
        if value.dtype.base_dtype != self._dtype:
            raise TypeError(
                f"Input value has dtype {value.dtype.name} but expected dtype {self._dtype.name}: "
                f"TensorArray dtype is {self._dtype.name} but Op is trying to write dtype "
                f"{value.dtype.name}. Convert it with tf.cast."
            )
        return value  # type: ignore[no-any-return]

    def identity(self) -> TensorArray:
        """The same TensorArray, after an identity of its flow."""
        return self.with_flow(apply("Identity", self._flow))

    def grad(self, source: str, flow: Tensor | None = None, name: str | None = None) -> TensorArray:
        """A TensorArray for gradients: of the same size; writes to one index add up."""
        flow = self.flow if flow is None else flow
        graph = get_default_graph()
        with (
            name_scope(name, "TensorArrayGrad", [self._handle]),
            graph.colocate_with(self._handle),
        ):
            handle, flow = apply("TensorArrayGradV3", self._handle, flow, source=source, name=name)
            with graph.control_dependencies([handle]):
                flow = apply("Identity", flow, name="gradient_flow")
            new = TensorArray(
                self._dtype,
                handle=handle,
                flow=flow,
                infer_shape=self._infer_shape,
                colocate_with_first_write_call=False,
            )
            new._element_shape = self._element_shape
            return new

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """The element at `index`, a scalar int32."""
        value = apply(
            "TensorArrayReadV3", self._handle, index, self._flow, dtype=self._dtype, name=name
        )
        value.set_shape(self.element_shape)
        return value  # type: ignore[no-any-return]

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """The TensorArray with `value` at `index`: use it from here on."""
        with name_scope(name, "TensorArrayWrite", [self._handle, index, value]):
            value = self._converted(value)
            self._check_element_shape(value.shape)
            with self._colocated(value):
                flow = apply(
                    "TensorArrayWriteV3", self._handle, index, value, self._flow, name=name
                )
            return self.with_flow(flow)

    def stack(self, name: str | None = None) -> Tensor:
        """All elements along a new first axis."""
        from .array_ops import range as tf_range

        graph = get_default_graph()
        scope = name_scope(name, "TensorArrayStack", [self._handle])
        with graph.colocate_with(self._handle), scope:
            return self.gather(tf_range(0, self.size()), name=name)

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """The elements at `indices` (int32) along a new first axis."""
        value = apply(
            "TensorArrayGatherV3",
            self._handle,
            indices,
            self._flow,
            dtype=self._dtype,
            element_shape=self.element_shape,
            name=name,
        )
        if self.element_shape.dims is not None:
            value.set_shape([None, *self.element_shape.dims])
        return value  # type: ignore[no-any-return]

    def concat(self, name: str | None = None) -> Tensor:
        """All elements one after another along their first axis."""
        value, _ = apply(
            "TensorArrayConcatV3",
            self._handle,
            self._flow,
            dtype=self._dtype,
            element_shape_except0=self.element_shape[1:],
            name=name,
        )
        if self.element_shape.dims is not None:
            value.set_shape([None, *self.element_shape.dims[1:]])
        return value  # type: ignore[no-any-return]

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """The TensorArray with the slices of `value` along its first axis as elements."""
        from .array_ops import range as tf_range
        from .array_ops import shape

        with name_scope(name, "TensorArrayUnstack", [self._handle, value]):
            count = shape(value)[0]
            return self.scatter(tf_range(0, count), value, name=name)

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """The TensorArray with the slices of `value` at `indices` (int32)."""
        with name_scope(name, "TensorArrayScatter", [self._handle, value, indices]):
            value = self._converted(value)
            self._check_element_shape(value.shape[1:])
            with self._colocated(value):
                flow = apply(
                    "TensorArrayScatterV3", self._handle, indices, value, self._flow, name=name
                )
            return self.with_flow(flow)

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """The TensorArray with pieces of `value` of these lengths along its first axis."""
        with name_scope(name, "TensorArraySplit", [self._handle, value, lengths]):
            value = convert_to_tensor(value, self._dtype, "value")
            with self._colocated(value):
                lengths = _as_int64(lengths)
                self._note_split(value, lengths)
                flow = apply(
                    "TensorArraySplitV3", self._handle, value, lengths, self._flow, name=name
                )
            return self.with_flow(flow)

    def _note_split(self, value: Tensor, lengths: Tensor) -> None:
        known = constant_value(lengths)
        if value.static_shape is None or known is None or known.size == 0:
            return
        if known.ndim and known.max() == known.min():
            self._check_element_shape(TensorShape([int(known[0]), *value.static_shape[1:]]))

    def size(self, name: str | None = None) -> Tensor:
        """The number of elements, int32."""
        return apply("TensorArraySizeV3", self._handle, self._flow, name=name)  # type: ignore[no-any-return]

    def close(self, name: str | None = None) -> Operation:
        """Frees the elements; later uses are errors."""
        return apply("TensorArrayCloseV3", self._handle, name=name)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<tf.TensorArray dtype={self._dtype.name} element_shape={self.element_shape}>"


def _elements_behind(handle: Any) -> Any:
    """The shape of elements that the operations behind a handle say, None if they do not."""
    if not isinstance(handle, Tensor):
        return None
    op = handle.op
    if op.type == "TensorArrayV3":
        return op.attrs["element_shape"]
    if op.type not in ("TensorArrayGradV3", "TensorArrayGradWithShape"):
        return None
    source = op.inputs[0]
    shape = _elements_behind(source)
    if op.type == "TensorArrayGradV3" or shape is None:
        return shape
    extents: Any = op.inputs[2]
    prepended = extents.shape.as_list()[0]
    return None if prepended is None else [*[None] * prepended, *shape]


def _as_int64(lengths: Any) -> Tensor:
    lengths = convert_to_tensor(lengths)
    if lengths.dtype.name == "int64":
        return lengths  # type: ignore[no-any-return]
    return apply("Cast", lengths, DstT="int64")  # type: ignore[no-any-return]


def _check_arguments(
    handle: Any, size: Any, tensor_array_name: Any, element_shape: Any, dynamic: Any, clear: Any
) -> None:
    if handle is None:
        if size is None:
            raise ValueError("Size must be provided if handle is not provided")
        return
    if tensor_array_name:
        raise ValueError("Cannot construct with both handle and tensor_array_name")
    if not isinstance(handle, Tensor):
        raise TypeError("Handle must be a Tensor")
    given = {
        "size": size,
        "element_shape": element_shape,
        "dynamic_size": dynamic,
        "clear_after_read": clear,
    }
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"Cannot provide both a handle and {name} at the same time")
