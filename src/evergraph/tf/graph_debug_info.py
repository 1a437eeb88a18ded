"""Where operations were made, as a message that lies beside an exported meta graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..core.tensor import Operation


def create_graph_debug_info_def(operations: Iterable[tuple[str, Operation]]) -> Any:
    """The GraphDebugInfo of operations, given with the name of the function that they are in."""
    from ..formats import messages

    info = messages.GraphDebugInfo()
    files: dict[str, int] = {}
    for function, op in operations:
        trace = info.traces[f"{op.name}@{function}"]
        trace.SetInParent()
        for file, line, name, text in op.traceback:
            index = files.setdefault(file, len(files))
            trace.file_line_cols.add(file_index=index, line=line, func=name, code=text)
    info.files.extend(files)
    return info
