"""What a run tells of itself in a RunMetadata: times, costs, the graph that ran."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..backends.tracing import Record
from ..core.shape import is_known, size_of
from ..core.tensor import Operation, Tensor
from .devices import CPU


def add_step_stats(metadata: Any, records: Sequence[Record]) -> None:
    """Fills `step_stats`: for each operation that ran, its begin and end and what it gave."""
    device = metadata.step_stats.dev_stats.add(device=CPU)
    offset = time.time_ns() - time.perf_counter_ns()
    for record in records:
        began, duration = (record.began + offset) // 1000, record.ended - record.began
        source = record.op.extra if isinstance(record.op.extra, Operation) else record.op
        node = device.node_stats.add(
            node_name=source.name,
            timeline_label=f"{source.name} = {source.type}({_inputs(source)})",
            all_start_micros=began,
            op_end_rel_micros=max(duration // 1000, 1),
            all_end_rel_micros=max(duration // 1000, 1),
            all_start_nanos=record.began + offset,
            op_end_rel_nanos=duration,
            all_end_rel_nanos=duration,
            scheduled_micros=began,
        )
        for i, (out, value) in enumerate(zip(record.op.outputs, record.results, strict=False)):
            _add_output(node, i, out, value)


def _inputs(op: Operation) -> str:
    return ", ".join(x.op.name for x in op.operands if isinstance(x, Tensor))


def _add_output(node: Any, slot: int, out: Tensor, value: Any) -> None:
    array = np.asarray(value)
    described = node.output.add(slot=slot).tensor_description
    described.dtype = out.dtype.base_dtype.as_datatype_enum
    for extent in array.shape:
        described.shape.dim.add(size=extent)
    allocation = described.allocation_description
    allocation.requested_bytes = allocation.allocated_bytes = array.nbytes
    allocation.allocator_name = "cpu"


def add_cost_graph(metadata: Any, operations: Iterable[Operation]) -> None:
    """Fills `cost_graph`: the operations that ran, with the sizes of what they give."""
    numbers: dict[Operation, int] = {}
    for i, op in enumerate(operations):
        numbers[op] = i
        node = metadata.cost_graph.node.add(name=op.name, device=op.device or CPU, id=i)
        for x in op.operands:
            if isinstance(x, Tensor) and x.op in numbers:
                node.input_info.add(preceding_node=numbers[x.op], preceding_port=x.value_index)
        node.control_input.extend(numbers[c] for c in op._control_inputs if c in numbers)
        for out in op.outputs:
            _add_size(node, out)


def _add_size(node: Any, out: Tensor) -> None:
    shape = out.static_shape
    count = size_of(shape) if is_known(shape) else None
    info = node.output_info.add(
        size=-1 if count is None else count * out.dtype.size,
        alias_input_port=-1,
        dtype=out.dtype.base_dtype.as_datatype_enum,
    )
    if shape is None:
        info.shape.unknown_rank = True
    for extent in shape or ():
        info.shape.dim.add(size=-1 if extent is None else extent)
