"""`tf.io`: files, and what is read from them."""

from __future__ import annotations

from typing import Any

from ..parsing_ops import (
    matching_files,
    parse_example,
    parse_sequence_example,
    parse_single_example,
    parse_single_sequence_example,
    parse_tensor,
    read_file,
    serialize_tensor,
    write_file,
)

__all__ = [
    "matching_files",
    "parse_example",
    "parse_sequence_example",
    "parse_single_example",
    "parse_single_sequence_example",
    "parse_tensor",
    "read_file",
    "serialize_tensor",
    "write_file",
]


def __getattr__(name: str) -> Any:
    from ..namespaces import resolve

    return resolve("tf.io", name)
