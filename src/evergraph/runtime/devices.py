"""The devices of this machine, and where operations that ask for one are placed."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable

from ..core.provenance import Site, describe
from ..core.scopes import format_device, parse_device
from ..core.tensor import Operation, Tensor
from ..errors import InvalidArgumentError
from ..settings import settings
from .traps import EvergraphWarning

CPU = "/job:localhost/replica:0/task:0/device:CPU:0"


class DeviceAttributes:
    """A device as `Session.list_devices` describes it."""

    def __init__(
        self, name: str, device_type: str, memory_limit_bytes: int = 0, incarnation: int = 0
    ) -> None:
        self.name = format_device(parse_device(name))
        self.device_type = device_type
        self.memory_limit_bytes = memory_limit_bytes
        self.incarnation = incarnation

    @property
    def memory_limit(self) -> int:
        """Its memory in bytes, 0 if not limited."""
        return self.memory_limit_bytes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeviceAttributes) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return (
            f"_DeviceAttributes({self.name}, {self.device_type}, {self.memory_limit_bytes}, "
            f"{self.incarnation})"
        )


def list_devices(count: int = 1) -> list[DeviceAttributes]:
    """The devices that programs run on here: the CPU, as many times as was asked for."""
    first = CPU.removesuffix("0")
    return [DeviceAttributes(f"{first}{i}", "CPU") for i in range(max(count, 1))]


def is_here(device: str) -> bool:
    """Whether an operation that asks for this device gets it."""
    parts = parse_device(device)
    local = parts.get("job", "localhost") == "localhost"
    first = all(parts.get(k, "0") in ("0", "*") for k in ("replica", "task"))
    kind = parts.get("kind", "CPU").upper()
    return local and first and kind in ("CPU", "XLA_CPU")


log_all = False
"""Whether all sessions print where operations run, whatever their configuration says."""


class Placement:
    """Places the operations of one session's programs: softly, or with errors.

    `soft` None is the default: soft with a warning, once for each device.
    """

    def __init__(self, soft: bool | None = None, log: bool = False) -> None:
        self.soft = soft
        self.log = log or log_all
        self.warned: set[str] = set()
        self.logged: set[Operation] = set()

    def place(self, ops: Iterable[Operation]) -> None:
        """Checks every operation of a program. InvalidArgumentError for a device that is not here
        when placement is not soft."""
        for op in ops:
            if op.device and not is_here(op.device):
                self._elsewhere(op)
            if self.log and op not in self.logged:
                self.logged.add(op)
                print(f"{op.name}: ({op.type}): {CPU}", file=sys.stderr)

    def _elsewhere(self, op: Operation) -> None:
        if self.soft is False:
            raise InvalidArgumentError(
                None,
                op,
                f"Cannot assign a device for operation {op.name}: it was explicitly assigned to "
                f"{op.device} but available devices are [ {CPU} ]. Made at {describe(op.site)}. "
                "Leave out allow_soft_placement=False to run it on the CPU.",
            )
        if self.soft is None and settings.warn and op.device not in self.warned:
            self.warned.add(op.device)
            _warn_soft(op.device, op.site)


def _warn_soft(device: str, site: Site | None) -> None:
    message = (
        f"This machine has no {device.lstrip('/')}: what asks for it runs on the CPU. "
        "(Session(config=tf.ConfigProto(allow_soft_placement=True)) says that you know.)"
    )
    if site is None:
        warnings.warn(message, EvergraphWarning, stacklevel=2)
    else:
        warnings.warn_explicit(message, EvergraphWarning, site[0].co_filename, site[1])


def crosses(tensor: Tensor) -> bool:
    """Whether a tensor belongs to a device that is not the host's CPU, as the graph asks."""
    return bool(tensor.device) and parse_device(tensor.device).get("kind", "CPU").upper() != "CPU"
