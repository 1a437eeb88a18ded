"""Convolutions in two and three dimensions and depthwise ones, with their transposes.

Conv2D, its Conv2DBackpropInput and Conv2DBackpropFilter are one trilinear form of input, filter
and output gradient, seen from three sides: the gradient of each consists of the other two. So do
the other families. Filters have the layout (*taps, channels in, channels out).

An input whose depth is g times that of the filter is convolved in g groups.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from math import prod
from typing import Any

from ..core.allocation import allocatable
from ..core.emit import apply
from ..core.opdef import Array, Attrs, Values, define
from ..core.shape import Dim, Shape, merge_dim, with_rank
from ..core.tensor import Operation
from .operands import ints, padded, shape_of
from .windows import (
    Axis,
    add_at,
    axis_of,
    blocks,
    extent,
    inside,
    nothing_around,
    surrounded,
    taps_of,
    windows,
)

# -- attributes --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Steps:
    """What the attributes of a convolution say of each axis of space."""

    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    padding: str
    pads: tuple[tuple[int, int], ...]
    channels_first: bool

    @property
    def space(self) -> slice:
        """The axes of space."""
        return slice(2, None) if self.channels_first else slice(1, -1)

    @property
    def depth(self) -> int:
        """The axis of channels."""
        return 1 if self.channels_first else -1


def _of_axes(name: str, values: Sequence[int], n: int) -> tuple[int, ...]:
    if len(values) != n + 2:
        raise ValueError(f"The attribute {name} must contain {n + 2} values, but got: {values}.")
    return tuple(values)


def _explicit_pads(attrs: Attrs, n: int) -> tuple[tuple[int, int], ...]:
    pads = attrs.get("explicit_paddings", ())
    if attrs["padding"] != "EXPLICIT":
        if pads:
            raise ValueError(
                "The attribute explicit_paddings must be empty unless the padding is EXPLICIT."
            )
        return ((0, 0),) * (n + 2)
    if len(pads) != 2 * (n + 2):
        raise ValueError(
            f"The attribute explicit_paddings must contain {2 * (n + 2)} values, but got: {pads}."
        )
    return tuple(zip(pads[::2], pads[1::2], strict=True))


def _check_pads(pads: Sequence[tuple[int, int]], steps: Steps) -> None:
    if any(p < 0 for pair in pads for p in pair):
        raise ValueError(f"All elements of explicit_paddings must be nonnegative: {pads}.")
    outside = [pads[0], pads[steps.depth]]
    if any(p for pair in outside for p in pair):
        raise ValueError(
            f"Padding in the batch and depth dimensions is not supported: {list(pads)}."
        )


def steps_of(attrs: Attrs, n: int, checked: bool = True) -> Steps:
    """The attributes of a convolution over n axes; ValueError where they make none."""
    first = attrs.get("data_format", "").startswith("NC")
    space = slice(2, None) if first else slice(1, -1)
    strides = _of_axes("strides", attrs["strides"], n)
    dilations = _of_axes("dilations", attrs["dilations"], n)
    pads = _explicit_pads(attrs, n)
    steps = Steps(strides[space], dilations[space], attrs["padding"], pads[space], first)
    if checked:
        _check_pads(pads, steps)
    return steps


def check_attrs(attrs: Attrs, n: int) -> Steps:
    """As `steps_of`; ValueError too for steps along batch and channels."""
    steps = steps_of(attrs, n)
    for name in ("strides", "dilations"):
        values = attrs[name]
        if values[0] != 1 or values[steps.depth] != 1:
            raise ValueError(
                f"Convolutions take no {name} in the batch and depth dimensions, which must be 1: "
                f"{list(values)}."
            )
    return steps


# -- shapes ------------------------------------------------------------------------------------


def arranged(steps: Steps, batch: Any, space: Sequence[Any], depth: Any) -> tuple[Any, ...]:
    """Extents in the order of the layout."""
    return (batch, depth, *space) if steps.channels_first else (batch, *space, depth)


def _space(steps: Steps, x: Sequence[Dim], taps: Sequence[Dim]) -> list[Dim]:
    around = zip(x[steps.space], taps, steps.strides, steps.dilations, steps.pads, strict=False)
    return [extent(size, k, s, d, steps.padding, p) for size, k, s, d, p in around]


def check_depths(depth: Dim, within: Dim, out: Dim) -> None:
    """Raises ValueError unless the channels fall into equal groups."""
    if depth is None or within is None or depth == within:
        return
    if not within or depth % within:
        raise ValueError(
            f"The depth of the input ({depth}) is not a multiple of the input depth of the filter "
            f"({within}): channels must be equal, or evenly divisible into groups."
        )
    if out is not None and depth and out % (depth // within):
        raise ValueError(
            f"The depth of the output ({out}) is not a multiple of the number of groups "
            f"({depth // within})."
        )


def _conv_shape(n: int, grouped: bool) -> Callable[..., list[Shape]]:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        x, w = with_rank(shapes[0], n + 2), with_rank(shapes[1], n + 2)
        steps = steps_of(attrs, n)
        depth = x[steps.depth]
        if grouped:
            check_depths(depth, w[n], w[n + 1])
        else:
            merge_dim(depth, w[n])
        return [arranged(steps, x[0], _space(steps, x, w[:n]), w[n + 1])]

    return rule


def _depthwise_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    x, w = with_rank(shapes[0], 4), with_rank(shapes[1], 4)
    steps = steps_of(attrs, 2)
    depth, times = merge_dim(x[steps.depth], w[2]), w[3]
    out = None if depth is None or times is None else depth * times
    return [arranged(steps, x[0], _space(steps, x, w[:2]), out)]


def _sizes_shape(at: int, n: int) -> Callable[..., list[Shape]]:
    """The shape that an operand tells."""

    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        with_rank(shapes[at], 1)
        return [with_rank(values.as_shape(at), n + 2)]

    return rule


# -- a plan of known extents -------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """A convolution of known extents, channels last."""

    batch: int
    axes: tuple[Axis, ...]
    depth: int  # of the input
    within: int  # of the filter
    out: int

    @property
    def groups(self) -> int:
        """In how many parts the channels are convolved."""
        return self.depth // self.within if self.within else 1

    @property
    def taps(self) -> tuple[int, ...]:
        """The extents of the filter's space."""
        return tuple(a.taps for a in self.axes)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of the input."""
        return (self.batch, *(a.size for a in self.axes), self.depth)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of the output."""
        return (self.batch, *(a.count for a in self.axes), self.out)

    @property
    def filter_shape(self) -> tuple[int, ...]:
        """The shape of the filter."""
        return (*self.taps, self.within, self.out)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to add up."""
        return not (prod(self.output_shape) and prod(self.filter_shape) and prod(self.input_shape))

    def of_group(self) -> Plan:
        """The plan of one group."""
        return Plan(self.batch, self.axes, self.within, self.within, self.out // self.groups)

    def trimmed(self) -> Plan:
        """The plan of the live taps alone."""
        axes = tuple(a.trimmed() for a in self.axes)
        return Plan(self.batch, axes, self.depth, self.within, self.out)

    @property
    def live(self) -> tuple[slice, ...]:
        """The live taps."""
        return tuple(a.live for a in self.axes)


def _is_shape(extents: Sequence[int], n: int, what: str) -> None:
    if len(extents) != n + 2:
        raise ValueError(f"{what} must be {n + 2}-dimensional, but has the shape {extents}.")
    if any(d < 0 for d in extents):
        raise ValueError(f"Dimensions must be >= 0: the shape of {what} is {extents}.")


def plan_of(x: tuple[int, ...], w: tuple[int, ...], steps: Steps, depthwise: bool = False) -> Plan:
    """The plan for an input and a filter of these shapes; ValueError if they do not fit."""
    _is_shape(x, len(steps.strides), "input")
    one = _plan_of_one((1, *x[1:]), w, steps, depthwise)
    return Plan(x[0], one.axes, one.depth, one.within, one.out)


@lru_cache(4096)
def _plan_of_one(
    x: tuple[int, ...], w: tuple[int, ...], steps: Steps, depthwise: bool = False
) -> Plan:
    """The plan for a batch of one."""
    n = len(steps.strides)
    _is_shape(w, n, "filter")
    depth, within, out = x[steps.depth], w[n], w[n + 1]
    if depthwise:
        if depth != within:
            raise ValueError(f"input and filter must have the same depth: {depth} vs {within}")
        within, out = 1, depth * out
    else:
        check_depths(depth, within, out)
    rest = (steps.strides, steps.dilations, steps.pads)
    axes = tuple(
        axis_of(size, k, s, d, steps.padding, p)
        for size, k, s, d, p in zip(x[steps.space], w, *rest, strict=False)
    )
    return Plan(x[0], axes, depth, within, out)


def _check_output(plan: Plan, dy: Sequence[int], steps: Steps) -> None:
    want = plan.output_shape
    got = (dy[0], *dy[steps.space], dy[steps.depth]) if len(dy) == len(want) else tuple(dy)
    if got != want:
        raise ValueError(
            f"Size of out_backprop doesn't match computed: actual = {got}, computed = {want} as "
            "(batch, *space, channels)."
        )


# -- layouts and precisions --------------------------------------------------------------------


def channels_last(xp: Any, x: Array, steps: Steps) -> Array:
    """An array with its channels moved last."""
    if not steps.channels_first:
        return x
    rank = len(x.shape)
    return xp.transpose(x, (0, *range(2, rank), 1))


def as_asked(xp: Any, x: Array, steps: Steps) -> Array:
    """An array with its channels moved to where the layout has them."""
    if not steps.channels_first:
        return x
    rank = len(x.shape)
    return xp.transpose(x, (0, rank - 1, *range(1, rank - 1)))


def wide_enough(xp: Any, *arrays: Array) -> list[Array]:
    """Arrays in a precision to add up many products in, one that matrix products are fast in."""
    return [a if a.dtype.itemsize > 2 else a.astype(xp.float32) for a in arrays]


# -- dense kernels: products of copied windows with the filter's matrix --------------------------


def _row_bytes(plan: Plan, itemsize: int) -> int:
    inner = prod(a.count for a in plan.axes[1:])
    return inner * prod(plan.taps) * plan.within * itemsize


def _conv(xp: Any, x: Array, w: Array, plan: Plan) -> Array:
    """The convolution of one group."""
    seen, matrix = windows(xp, x, plan.axes), w.reshape(-1, plan.out)
    row, shape = matrix.shape[0], plan.output_shape
    parts = list(blocks(xp, shape, _row_bytes(plan, x.dtype.itemsize)))
    if len(parts) == 1:
        return (seen.reshape(-1, row) @ matrix).reshape(shape)
    out = xp.empty(shape, x.dtype)
    for part in parts:
        block = seen[part]
        out[part] = (block.reshape(-1, row) @ matrix).reshape(*block.shape[: len(shape) - 1], -1)
    return out


def _conv_filter(xp: Any, x: Array, dy: Array, plan: Plan) -> Array:
    """The gradient of the filter of one group."""
    seen, row = windows(xp, x, plan.axes), prod(plan.taps) * plan.within
    total: Any = 0
    for part in blocks(xp, plan.output_shape, _row_bytes(plan, x.dtype.itemsize)):
        total = total + seen[part].reshape(-1, row).T @ dy[part].reshape(-1, plan.out)
    return total.reshape(plan.filter_shape)


_WIDENS = 16  # more channels out for each one in: then it is cheaper to add up than to copy


def _conv_input(xp: Any, w: Array, dy: Array, plan: Plan) -> Array:
    """The gradient of the input of one group."""
    turned = _turned_plan(plan)
    narrow = plan.out <= _WIDENS * plan.depth
    if narrow and all(a.stride == 1 for a in plan.axes) and all(a.before >= 0 for a in turned.axes):
        return _conv(xp, dy, _turned(w, len(plan.axes)), turned)
    total = nothing_around(xp, plan.batch, plan.axes, plan.depth, dy.dtype)
    matrix, n = w.reshape(-1, plan.out).T, len(plan.axes)
    for part in blocks(xp, plan.output_shape, _row_bytes(plan, dy.dtype.itemsize)):
        block = dy[part]
        shape = (*block.shape[:-1], *plan.taps, plan.depth)
        seen = (block.reshape(-1, plan.out) @ matrix).reshape(shape)
        total = _spread(xp, total, seen, plan, part, n)
    return inside(total, plan.axes)


def _spread(
    xp: Any, total: Array, seen: Array, plan: Plan, part: tuple[slice, slice], n: int
) -> Array:
    """Adds what a block of windows saw to the places where they lie."""
    images, rows = part
    first, axis = (rows.start or 0), plan.axes[0]
    shift, here = first * axis.stride, (slice(None),) * (1 + n)
    height = seen.shape[1]
    for (_, _, *rest), tap in taps_of(plan.axes):
        start = tap[0] * axis.dilation + shift
        lines = slice(start, start + (height - 1) * axis.stride + 1, axis.stride)
        total = add_at(xp, total, (images, lines, *rest), seen[(*here, *tap)])
    return total


def _turned(w: Array, n: int) -> Array:
    """The filter of the transposed convolution: its space reversed, in and out exchanged."""
    return w[(slice(None, None, -1),) * n].swapaxes(n, n + 1)


def _turned_plan(plan: Plan) -> Plan:
    """The convolution that, for strides of 1, is the transpose of one."""
    axes = []
    for a in plan.axes:
        before = (a.taps - 1) * a.dilation - a.before
        axes.append(Axis(a.count, a.size, a.taps, 1, a.dilation, before))
    return Plan(plan.batch, tuple(axes), plan.out, plan.out, plan.depth)


# -- depthwise kernels: a product for each tap ---------------------------------------------------


def _depthwise(xp: Any, x: Array, w: Array, plan: Plan) -> Array:
    around = surrounded(xp, x, plan.axes)[..., None]
    dims = allocatable([*plan.output_shape[:-1], *w.shape[-2:]], x.dtype)
    total = xp.zeros(dims, x.dtype)
    for index, tap in taps_of(plan.axes):
        total = total + around[index] * w[tap]
    return total.reshape(plan.output_shape)


def _depthwise_filter(xp: Any, x: Array, dy: Array, plan: Plan) -> Array:
    around = surrounded(xp, x, plan.axes)[..., None]
    each = dy.reshape(*dy.shape[:-1], plan.depth, -1)
    over = tuple(range(1 + len(plan.axes)))
    sums = [xp.sum(around[index] * each, axis=over) for index, _ in taps_of(plan.axes)]
    return xp.stack(sums).reshape(*plan.taps, plan.depth, -1)


def _depthwise_input(xp: Any, w: Array, dy: Array, plan: Plan) -> Array:
    each = dy.reshape(*dy.shape[:-1], plan.depth, -1)
    total = nothing_around(xp, plan.batch, plan.axes, plan.depth, dy.dtype)
    for index, tap in taps_of(plan.axes):
        total = add_at(xp, total, index, xp.sum(each * w[tap], axis=-1))
    return inside(total, plan.axes)


# -- groups ------------------------------------------------------------------------------------


def _parts(xp: Any, x: Array, plan: Plan) -> Sequence[Array]:
    return xp.split(x, plan.groups, axis=-1)  # type: ignore[no-any-return]


def _in_groups(xp: Any, run: Callable[..., Array], a: Array, b: Array, plan: Plan) -> Array:
    """`run` for each group of channels; the results one after the other along the channels."""
    if plan.groups == 1:
        return run(xp, a, b, plan)
    pairs = zip(_parts(xp, a, plan), _parts(xp, b, plan), strict=True)
    return xp.concatenate([run(xp, p, q, plan.of_group()) for p, q in pairs], axis=-1)


def _surrounded_taps(xp: Any, dw: Array, plan: Plan) -> Array:
    """A filter's gradient with zeros for the taps that see nothing."""
    around = [(a.live.start, a.taps - a.live.stop) for a in plan.axes]
    return padded(xp, dw, [*around, (0, 0), (0, 0)])


# -- kernels -----------------------------------------------------------------------------------


def _run_forward(xp: Any, x: Array, w: Array, steps: Steps, depthwise: bool) -> Array:
    plan = plan_of(tuple(x.shape), tuple(w.shape), steps, depthwise)
    dtype = x.dtype
    live = plan.trimmed()
    if live.is_empty:
        return as_asked(xp, xp.zeros(allocatable(plan.output_shape, dtype), dtype), steps)
    x, w = wide_enough(xp, channels_last(xp, x, steps), w[plan.live])
    run = _depthwise(xp, x, w, live) if depthwise else _in_groups(xp, _conv, x, w, live)
    return as_asked(xp, run, steps).astype(dtype, copy=False)


def _run_input(
    xp: Any, sizes: Sequence[int], w: Array, dy: Array, steps: Steps, depthwise: bool
) -> Array:
    plan = plan_of(tuple(sizes), tuple(w.shape), steps, depthwise)
    _check_output(plan, dy.shape, steps)
    dtype = dy.dtype
    live = plan.trimmed()
    if live.is_empty:
        return as_asked(xp, xp.zeros(allocatable(plan.input_shape, dtype), dtype), steps)
    w, dy = wide_enough(xp, w[plan.live], channels_last(xp, dy, steps))
    if depthwise:
        return as_asked(xp, _depthwise_input(xp, w, dy, live), steps).astype(dtype, copy=False)
    got = _in_groups(xp, _conv_input, w, dy, live)
    return as_asked(xp, got, steps).astype(dtype, copy=False)


def _run_filter(
    xp: Any, x: Array, sizes: Sequence[int], dy: Array, steps: Steps, depthwise: bool
) -> Array:
    plan = plan_of(tuple(x.shape), tuple(sizes), steps, depthwise)
    _check_output(plan, dy.shape, steps)
    dtype = dy.dtype
    live = plan.trimmed()
    if live.is_empty:
        return xp.zeros(allocatable(sizes, dtype), dtype)
    x, dy = wide_enough(xp, channels_last(xp, x, steps), channels_last(xp, dy, steps))
    run = _depthwise_filter(xp, x, dy, live) if depthwise else None
    if run is None:
        run = _in_groups(xp, _conv_filter, x, dy, live)
    return _surrounded_taps(xp, run, plan).astype(dtype, copy=False)


def _forward(n: int, depthwise: bool) -> Callable[..., Array]:
    return lambda xp, inputs, attrs: _run_forward(
        xp, inputs[0], inputs[1], check_attrs(attrs, n), depthwise
    )


def _backward_input(n: int, depthwise: bool, by_shape: bool = True) -> Callable[..., Array]:
    """The kernel of the gradient of the input; `by_shape` tells whether its shape is given."""

    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        sizes = ints(inputs[0]) if by_shape else inputs[0].shape
        return _run_input(xp, sizes, inputs[1], inputs[2], check_attrs(attrs, n), depthwise)

    return kernel


def _backward_filter(n: int, depthwise: bool, by_shape: bool = True) -> Callable[..., Array]:
    def kernel(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> Array:
        sizes = ints(inputs[1]) if by_shape else inputs[1].shape
        return _run_filter(xp, inputs[0], sizes, inputs[2], check_attrs(attrs, n), depthwise)

    return kernel


# -- gradients ---------------------------------------------------------------------------------

_PASSED = (
    "strides",
    "padding",
    "explicit_paddings",
    "use_cudnn_on_gpu",
    "data_format",
    "dilations",
)


@dataclass(frozen=True)
class Family:
    """The names of a convolution and of its two transposes."""

    forward: str
    by_input: str
    by_filter: str

    def attrs(self, op: Operation) -> Attrs:
        """The attributes that all three share."""
        return {k: op.attrs[k] for k in _PASSED if k in op.attrs}

    def conv(self, op: Operation, x: Any, w: Any) -> Any:
        """The convolution."""
        return apply(self.forward, x, w, **self.attrs(op))

    def input_grad(self, op: Operation, x: Any, w: Any, dy: Any) -> Any:
        """The gradient of an input like `x`."""
        return apply(self.by_input, shape_of(x), w, dy, **self.attrs(op))

    def filter_grad(self, op: Operation, x: Any, w: Any, dy: Any) -> Any:
        """The gradient of a filter like `w`."""
        return apply(self.by_filter, x, shape_of(w), dy, **self.attrs(op))

    def grad(self, op: Operation, dy: Any) -> list[Any]:
        """The gradients of the convolution."""
        x, w = op.inputs
        return [self.input_grad(op, x, w, dy), self.filter_grad(op, x, w, dy)]

    def input_grad_grad(self, op: Operation, dz: Any) -> list[Any]:
        """The gradients of the input's gradient: None, by the filter, by dy."""
        _, w, dy = op.inputs
        return [None, self.filter_grad(op, dz, w, dy), self.conv(op, dz, w)]

    def filter_grad_grad(self, op: Operation, dz: Any) -> list[Any]:
        """The gradients of the filter's gradient: by the input, None, by dy."""
        x, _, dy = op.inputs
        return [self.input_grad(op, x, dz, dy), None, self.conv(op, x, dz)]


# -- definitions -------------------------------------------------------------------------------


def _define(family: Family, n: int, signature: Sequence[str], attrs: str, kind: str) -> None:
    """A convolution and its transposes; `signature` has the type of the sizes of each."""
    depthwise = kind == "depthwise"
    rule = _depthwise_shape if depthwise else _conv_shape(n, kind == "grouped")
    sizes, sizes_attrs = signature
    define(
        family.forward,
        "input:T filter:T -> output:T",
        attrs,
        shape=rule,
        check=partial(check_attrs, n=n),
        kernel=_forward(n, depthwise),
        grad=family.grad,
    )
    define(
        family.by_input,
        f"input_sizes:{sizes} filter:T out_backprop:T -> output:T",
        attrs + sizes_attrs,
        shape=_sizes_shape(0, n),
        check=partial(check_attrs, n=n),
        kernel=_backward_input(n, depthwise),
        grad=family.input_grad_grad,
    )
    define(
        family.by_filter,
        "input:T filter_sizes:int32 out_backprop:T -> output:T",
        attrs,
        shape=_sizes_shape(1, n),
        check=partial(check_attrs, n=n),
        kernel=_backward_filter(n, depthwise),
        grad=family.filter_grad_grad,
    )


_FLAT = "T:type{float16,bfloat16,float32,float64}; strides:list(int); "
_LAYOUT = "data_format:string{NHWC,NCHW}='NHWC'; dilations:list(int)=[1,1,1,1]"
_define(
    Family("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"),
    2,
    ("int32", ""),
    f"{_FLAT}use_cudnn_on_gpu:bool=true; padding:string{{SAME,VALID,EXPLICIT}}; "
    f"explicit_paddings:list(int)=[]; {_LAYOUT}",
    "grouped",
)
_define(
    Family(
        "DepthwiseConv2dNative",
        "DepthwiseConv2dNativeBackpropInput",
        "DepthwiseConv2dNativeBackpropFilter",
    ),
    2,
    ("int32", ""),
    f"{_FLAT}padding:string{{SAME,VALID}}; {_LAYOUT}",
    "depthwise",
)
_SOLID = Family("Conv3D", "Conv3DBackpropInputV2", "Conv3DBackpropFilterV2")
_define(
    _SOLID,
    3,
    ("Tshape", "; Tshape:type{index}=int32"),
    "T:type{float16,bfloat16,float32,float64}; strides:list(int)>=5; padding:string{SAME,VALID}; "
    "data_format:string{NDHWC,NCDHW}='NDHWC'; dilations:list(int)=[1,1,1,1,1]",
    "plain",
)

# -- the first version of the transposes of Conv3D, which take an array for its shape -------------
_OLD_SOLID = (
    "T:type{float16,float32,float64}; strides:list(int)>=5; padding:string{SAME,VALID}; "
    "dilations:list(int)=[1,1,1,1,1]"
)


def _like(at: int) -> Callable[..., list[Shape]]:
    return lambda shapes, attrs, values: [with_rank(shapes[at], 5)]


define(
    "Conv3DBackpropInput",
    "input:T filter:T out_backprop:T -> output:T",
    _OLD_SOLID,
    shape=_like(0),
    check=partial(check_attrs, n=3),
    kernel=_backward_input(3, False, by_shape=False),
    grad=_SOLID.input_grad_grad,
)
define(
    "Conv3DBackpropFilter",
    "input:T filter:T out_backprop:T -> output:T",
    _OLD_SOLID,
    shape=_like(1),
    check=partial(check_attrs, n=3),
    kernel=_backward_filter(3, False, by_shape=False),
    grad=_SOLID.filter_grad_grad,
)


# -- a mirrored or resized image, convolved ------------------------------------------------------
_FUSED = "mode:string{REFLECT,SYMMETRIC}; strides:list(int); padding:string{SAME,VALID}"
_FUSED_FLOATS = "T:type{float16,float32,float64}"


def _padded_shape(x: Sequence[Dim], pads: Any) -> Shape:
    if pads is None:
        return (None,) * 4
    pairs = [tuple(int(p) for p in pair) for pair in pads]
    if len(pairs) != 4 or any(p < 0 for pair in pairs for p in pair):
        raise ValueError(f"The paddings must be 4 pairs of numbers >= 0: {pairs}.")
    return tuple(None if d is None else d + sum(p) for d, p in zip(x, pairs, strict=True))


def _fused_shape(resized: bool) -> Callable[..., list[Shape]]:
    def rule(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
        x = with_rank(shapes[0], 4)
        if resized:
            size = values[1]
            height, width = (None, None) if size is None else ints(size)
            x = (x[0], height, width, x[3])
        x = with_rank(_padded_shape(x, values[1 + resized]), 4)
        plain = {**attrs, "dilations": (1, 1, 1, 1)}
        return _conv_shape(2, False)([x, shapes[2 + resized]], plain, values)

    return rule


def _pad_conv(x: Any, paddings: Any, filter: Any, *, mode: str, **attrs: Any) -> Any:
    return apply("Conv2D", apply("MirrorPad", x, paddings, mode=mode), filter, **attrs)


def _resize_pad_conv(
    x: Any, size: Any, paddings: Any, filter: Any, *, resize_align_corners: bool, **attrs: Any
) -> Any:
    resized = apply("ResizeBilinear", x, size, align_corners=resize_align_corners)
    same = apply("Cast", resized, DstT=x.dtype)
    return _pad_conv(same, paddings, filter, **attrs)


define(
    "FusedPadConv2D",
    "input:T paddings:int32 filter:T -> output:T",
    f"{_FUSED_FLOATS}; {_FUSED}",
    shape=_fused_shape(False),
    definition=_pad_conv,
)
define(
    "FusedResizeAndPadConv2D",
    "input:T size:int32 paddings:int32 filter:T -> output:T",
    f"{_FUSED_FLOATS}; resize_align_corners:bool=false; {_FUSED}",
    shape=_fused_shape(True),
    definition=_resize_pad_conv,
)
