"""`tf.io.write_graph`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..core.graph import Graph


def write_graph(graph_or_graph_def: Any, logdir: Any, name: Any, as_text: Any = True) -> str:
    """Writes a Graph (or any message) to `logdir/name`, as text or as bytes; returns the path.

    The folder is made where it is not there.
    """
    is_graph = isinstance(graph_or_graph_def, Graph)
    proto = graph_or_graph_def.as_graph_def() if is_graph else graph_or_graph_def
    logdir, name = str(os.fspath(logdir)), str(os.fspath(name))
    if logdir and not logdir.startswith("gs:"):
        Path(logdir).mkdir(parents=True, exist_ok=True)
    path: str = os.path.join(logdir, name)
    data = _text(proto) if as_text else proto.SerializeToString()
    temporary = Path(f"{path}.tmp{os.getpid()}")
    temporary.write_bytes(data)
    temporary.replace(path)
    return path


def _text(proto: Any) -> bytes:
    from google.protobuf import text_format

    return str(text_format.MessageToString(proto)).encode()
