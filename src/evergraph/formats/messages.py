"""TensorFlow's protobuf messages: classes made from descriptors, without generated code.

The fields are described in `protos/*.proto`; `tools/build_protos.py` compiles those into
`messages.binpb`, which is read when the first name is used:

    from evergraph.formats import messages
    messages.ConfigProto(allow_soft_placement=True)

Messages, top-level enums and the values of those are attributes of this module. The descriptors
stay in a pool of their own, so that TensorFlow may be loaded in the same process. For the fields
of a configuration presence is known (`config.HasField("allow_soft_placement")`), which
TensorFlow's own classes do not tell.
"""

from __future__ import annotations

import threading
from functools import cache
from importlib import resources
from typing import Any

_lock = threading.Lock()


def _names() -> dict[str, Any]:
    """Every message class, enum and enum value of the descriptor set by its name."""
    with _lock:  # two threads must not get two classes of one name
        return _loaded()


@cache
def _loaded() -> dict[str, Any]:
    from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory
    from google.protobuf.internal import enum_type_wrapper

    data = resources.files(__package__).joinpath("messages.binpb").read_bytes()
    files = descriptor_pb2.FileDescriptorSet.FromString(data).file
    pool = descriptor_pool.DescriptorPool()
    names: dict[str, Any] = {}
    pool.AddSerializedFile(any_pb2.DESCRIPTOR.serialized_pb)
    for file in files:
        pool.Add(file)
    for file in files:
        described = pool.FindFileByName(file.name)
        for name, message in described.message_types_by_name.items():
            names[name] = message_factory.GetMessageClass(message)
        for name, enum in described.enum_types_by_name.items():
            names[name] = enum_type_wrapper.EnumTypeWrapper(enum)
            names.update((value.name, value.number) for value in enum.values)
    return names


def __getattr__(name: str) -> Any:
    if name.startswith("_") or name not in _names():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _names()[name]


def __dir__() -> list[str]:
    return sorted([*globals(), *_names()])
