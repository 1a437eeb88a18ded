"""Damage to GraphDefs: random changes of the kind that broken writers and attackers make."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

NUMBERS = (-1, 0, 1, 2, 3, 7, 1 << 20, 1 << 31, 1 << 40, -(1 << 63), (1 << 63) - 1)
DTYPES = (0, 1, 2, 3, 7, 9, 10, 14, 19, 20, 21, 101, 120, 999, -1)
EXTENTS = (-5, -1, 0, 1, 3, 1 << 20, 1 << 40, (1 << 63) - 1)


def _attr(node: Any, rng: random.Random) -> Any:
    return node.attr[rng.choice(sorted(node.attr))] if node.attr else node.attr["T"]


def _rename(graph: Any, node: Any, rng: random.Random) -> None:
    node.name = rng.choice(graph.node).name


def _other_op(graph: Any, node: Any, rng: random.Random) -> None:
    node.op = rng.choice(graph.node).op


def _drop_attr(graph: Any, node: Any, rng: random.Random) -> None:
    if node.attr:
        del node.attr[rng.choice(sorted(node.attr))]


def _dtype(graph: Any, node: Any, rng: random.Random) -> None:
    _attr(node, rng).type = rng.choice(DTYPES)


def _number(graph: Any, node: Any, rng: random.Random) -> None:
    _attr(node, rng).i = rng.choice(NUMBERS)


def _numbers(graph: Any, node: Any, rng: random.Random) -> None:
    _attr(node, rng).list.i.extend(rng.choices(NUMBERS, k=rng.randrange(6)))


def _shape(graph: Any, node: Any, rng: random.Random) -> None:
    shape = _attr(node, rng).shape
    del shape.dim[:]
    for _ in range(rng.choice([0, 1, 2, 3, 300])):
        shape.dim.add(size=rng.choice(EXTENTS))


def _text(graph: Any, node: Any, rng: random.Random) -> None:
    _attr(node, rng).s = rng.choice([b"", b"\xff\xfe", b"VALID", b"x" * 1000])


def _real(graph: Any, node: Any, rng: random.Random) -> None:
    _attr(node, rng).f = rng.choice([0.0, -1.0, float("nan"), float("inf")])


def _function(graph: Any, node: Any, rng: random.Random) -> None:
    _attr(node, rng).func.name = rng.choice(["nothing", node.name])


def _input(graph: Any, node: Any, rng: random.Random) -> None:
    name = rng.choice(graph.node).name
    change = rng.choice(["", "^", ":", "drop", "add"])
    if not node.input or change == "add":
        node.input.append(name)
    elif change == "drop":
        del node.input[rng.randrange(len(node.input))]
    else:
        index = f":{rng.choice([0, 1, 5, 10**12])}" if change == ":" else ""
        node.input[rng.randrange(len(node.input))] = ("^" if change == "^" else "") + name + index


def _value(graph: Any, node: Any, rng: random.Random) -> None:
    tensors = [n.attr["value"].tensor for n in graph.node if n.op == "Const"]
    if not tensors:
        return
    tensor = rng.choice(tensors)
    change = rng.randrange(4)
    if change == 0:
        tensor.tensor_content = tensor.tensor_content[:-1]
    elif change == 1:
        tensor.dtype = rng.choice([0, 1, 3, 7, 9, 14, 20, 21, 999])
    elif change == 2:
        tensor.tensor_shape.dim.add(size=rng.choice(EXTENTS))
    else:
        for i in range(len(tensor.int_val)):
            tensor.int_val[i] = rng.choice([-1, 0, 1, 7, -(1 << 31), (1 << 31) - 1])


def _device(graph: Any, node: Any, rng: random.Random) -> None:
    node.device = rng.choice(["/gpu:0", "garbage", "/job:x/task:y"])


def _twice(graph: Any, node: Any, rng: random.Random) -> None:
    graph.node.append(node)


def _gone(graph: Any, node: Any, rng: random.Random) -> None:
    del graph.node[rng.randrange(len(graph.node))]


Change = Callable[[Any, Any, random.Random], None]
CHANGES: tuple[Change, ...] = (
    _rename, _other_op, _drop_attr, _dtype, _number, _number, _numbers, _shape, _text, _real,
    _function, _input, _input, _input, _value, _value, _value, _device, _twice, _gone,
)  # fmt: skip


def mutated(proto: Any, rng: random.Random) -> Any:
    """The message with one or two changes; in its functions too."""
    for _ in range(rng.choice([1, 1, 1, 2])):
        graph = proto
        if proto.library.function and rng.random() < 0.3:
            function = rng.choice(proto.library.function)
            graph = type(proto)(node=function.node_def)
        if not graph.node:
            continue
        rng.choice(CHANGES)(graph, rng.choice(graph.node), rng)
        if graph is not proto:
            del function.node_def[:]
            function.node_def.extend(graph.node)
    return proto
