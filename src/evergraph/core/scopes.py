"""What scopes leave on the operations made inside them: control inputs and devices."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .tensor import Operation

_DEVICE_PART = re.compile(
    r"^(?:job:(?P<job>[A-Za-z]\w*)|replica:(?P<replica>\d+|\*)|task:(?P<task>\d+|\*)"
    r"|(?:device:)?(?P<kind>cpu|gpu|tpu|xla_cpu|xla_gpu|tpu_system)(?::(?P<index>\d+|\*))?"
    r"|device:(?P<other>\w+)(?::(?P<other_index>\d+|\*))?)$",
    re.I,
)


class ControlDependencies:
    """One `with control_dependencies(...)` block: what it waits for, what was made inside."""

    __slots__ = ("made", "ops")

    def __init__(self, ops: dict[Operation, None]) -> None:
        self.ops = ops
        self.made: set[Operation] = set()


def control_inputs_for(
    stack: list[ControlDependencies], sources: set[Operation]
) -> list[Operation]:
    """The control inputs of a new operation that reads from `sources`.

    A block is left out when a source was itself made inside it: the order follows already.
    """
    found: dict[Operation, None] = {}
    for block in stack:
        if block.made.isdisjoint(sources):
            found.update((op, None) for op in block.ops if op not in sources)
    return list(found)


def parse_device(text: str) -> dict[str, str]:
    """The parts of a device string; ValueError if it is malformed."""
    parts: dict[str, str] = {}
    for item in filter(None, text.split("/")):
        m = _DEVICE_PART.match(item)
        if m is None:
            raise ValueError(
                f"Unknown attribute: {item!r} in device {text!r}. A device looks like "
                "'/cpu:0', '/gpu:0', '/device:GPU:1' or '/job:worker/task:0/cpu:0'."
            )
        parts.update((k, v) for k, v in m.groupdict().items() if v is not None)
    if "other" in parts:
        parts["kind"] = parts.pop("other")
        if "other_index" in parts:
            parts["index"] = parts.pop("other_index")
    return parts


def format_device(parts: dict[str, str]) -> str:
    """The canonical string of a device's parts."""
    text = "".join(f"/{k}:{parts[k]}" for k in ("job", "replica", "task") if k in parts)
    if "kind" in parts:
        text += f"/device:{parts['kind'].upper()}:{parts.get('index', '*')}"
    return text


def merge_device(outer: str, inner: str) -> str:
    """The outer device with what the inner one says in its place; `*` says nothing."""
    base, said = parse_device(outer), parse_device(inner)
    said = {k: v for k, v in said.items() if v != "*"}
    if said.get("kind", base.get("kind")) != base.get("kind"):
        base.pop("index", None)  # that of another kind of device
    return format_device({**base, **said})


class DeviceScope:
    """One `with device(...)` block: a string, a function of the operation, or None."""

    __slots__ = ("spec",)

    def __init__(self, spec: Any) -> None:
        self.spec = spec

    def apply(self, op: Operation) -> str | None:
        """The operation's device by this block; None lifts the blocks around it.

        A string gives what the blocks inside left open; a function sees what they said in
        `op.device`, and its answer replaces that.
        """
        if self.spec is None:
            return None
        if callable(self.spec) and not hasattr(self.spec, "to_string"):
            return _text(self.spec(op))
        return merge_device(_text(self.spec), op.device)


def _text(device: Any) -> str:
    return str(device.to_string() if hasattr(device, "to_string") else device or "")


def place(op: Operation, stack: Iterable[DeviceScope]) -> None:
    """Gives an operation its device by the blocks around it, the innermost first."""
    for scope in reversed(list(stack)):
        device = scope.apply(op)
        if device is None:
            break
        op.device = device
