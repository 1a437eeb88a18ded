"""`tf.DeviceSpec`: a device taken apart: job, replica, task, kind and index."""

from __future__ import annotations

from typing import Any

__all__ = ["DeviceSpec"]

_NUMBERS = ("replica", "task")


def _parsed(text: str | None) -> dict[str, Any]:
    """The parts of a device string; ValueError if it is malformed."""
    parts: dict[str, Any] = {}
    for item in filter(None, (text or "").split("/")):
        key, *values = item.split(":")
        if key == "job" and len(values) == 1:
            parts["job"] = values[0]
        elif key in _NUMBERS and len(values) == 1:
            parts[key] = None if values[0] == "*" else int(values[0])
        elif key.upper() in ("CPU", "GPU") and len(values) <= 1:
            _set_kind(parts, text, key, values[0] if values else "*")
        elif key == "device" and len(values) in (1, 2):
            _set_kind(parts, text, values[0], values[1] if len(values) == 2 else "*")
        elif key and key[0] != "@":
            raise ValueError(f"Unknown attribute: {key!r} in {text!r}")
    return parts


def _set_kind(parts: dict[str, Any], text: Any, kind: str, index: str) -> None:
    if "device_type" in parts:
        raise ValueError(f"Cannot specify multiple device types: {text}")
    parts["device_type"] = None if kind == "*" else kind
    parts["device_index"] = None if index == "*" else int(index)


class DeviceSpecV2:
    """A device, or what is known of one: parts that are None are open."""

    def __init__(
        self,
        job: Any = None,
        replica: Any = None,
        task: Any = None,
        device_type: Any = None,
        device_index: Any = None,
    ) -> None:
        self._job = None if job is None else str(job)
        self._replica = None if replica is None else int(replica)
        self._task = None if task is None else int(task)
        kind = None if device_type is None else str(device_type)
        self._device_type = kind.upper() if kind in ("cpu", "gpu") else kind
        self._device_index = None if device_index is None else int(device_index)

    @classmethod
    def from_string(cls, spec: Any) -> Any:
        """The device of a string like `/job:worker/task:1/device:GPU:0`; ValueError if it is none.

        `/cpu:0` and `/gpu:0` are short for `/device:CPU:0` and `/device:GPU:0`.
        """
        return cls(**_parsed(spec))

    def parse_from_string(self, spec: Any) -> Any:
        """The device of a string."""
        return self.from_string(spec)

    def _parts(self) -> dict[str, Any]:
        return {
            "job": self._job,
            "replica": self._replica,
            "task": self._task,
            "device_type": self._device_type,
            "device_index": self._device_index,
        }

    @property
    def job(self) -> str | None:
        """The name of the job."""
        return self._job

    @property
    def replica(self) -> int | None:
        """The number of the replica."""
        return self._replica

    @property
    def task(self) -> int | None:
        """The number of the task."""
        return self._task

    @property
    def device_type(self) -> str | None:
        """The kind of device: `CPU`, `GPU`."""
        return self._device_type

    @property
    def device_index(self) -> int | None:
        """The number of the device among those of its kind."""
        return self._device_index

    def to_string(self) -> str:
        """The device as a string; an open index is `*`."""
        numbers = {k: v for k, v in self._parts().items() if v is not None}
        text = "".join(f"/{k}:{numbers[k]}" for k in ("job", "replica", "task") if k in numbers)
        if self._device_type is not None:
            text += f"/device:{self._device_type}:{numbers.get('device_index', '*')}"
        return text

    def make_merged_spec(self, dev: Any) -> Any:
        """This device with what `dev` says in its place."""
        said = {k: v for k, v in dev._parts().items() if v is not None}
        return type(self)(**{**self._parts(), **said})

    def replace(self, **kwargs: Any) -> Any:
        """This device with these parts in the place of its own."""
        return type(self)(**{**self._parts(), **kwargs})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeviceSpecV2) and self.to_string() == other.to_string()

    def __hash__(self) -> int:
        return hash(self.to_string())

    def __repr__(self) -> str:
        return f"<DeviceSpec {self.to_string()!r}>"


class DeviceSpec(DeviceSpecV2):
    """A device whose parts may be changed."""

    @property
    def job(self) -> str | None:
        """The name of the job."""
        return self._job

    @job.setter
    def job(self, job: Any) -> None:
        self._job = None if job is None else str(job)

    @property
    def replica(self) -> int | None:
        """The number of the replica."""
        return self._replica

    @replica.setter
    def replica(self, replica: Any) -> None:
        self._replica = None if replica is None else int(replica)

    @property
    def task(self) -> int | None:
        """The number of the task."""
        return self._task

    @task.setter
    def task(self, task: Any) -> None:
        self._task = None if task is None else int(task)

    @property
    def device_type(self) -> str | None:
        """The kind of device: `CPU`, `GPU`."""
        return self._device_type

    @device_type.setter
    def device_type(self, device_type: Any) -> None:
        self._device_type = None if device_type is None else str(device_type)

    @property
    def device_index(self) -> int | None:
        """The number of the device among those of its kind."""
        return self._device_index

    @device_index.setter
    def device_index(self, device_index: Any) -> None:
        self._device_index = None if device_index is None else int(device_index)

    def parse_from_string(self, spec: Any) -> Any:
        """Becomes the device of a string, and returns itself."""
        DeviceSpecV2.__init__(self, **_parsed(spec))
        return self

    def merge_from(self, dev: Any) -> None:
        """Takes over what `dev` says."""
        DeviceSpecV2.__init__(self, **self.make_merged_spec(dev)._parts())


DeviceSpecV1 = DeviceSpec


def canonical_name(device: Any) -> str:
    """A device (a string, a DeviceSpec, None) as a string of one form."""
    if device is None:
        return ""
    spec = device if isinstance(device, DeviceSpecV2) else DeviceSpecV2.from_string(device)
    return str(spec.to_string())


def check_valid(spec: Any) -> None:
    """ValueError if a device string is malformed."""
    DeviceSpecV2.from_string(spec)


class MergeDevice:
    """A function for `tf.device`: a device whose open parts are those that a node has."""

    def __init__(self, spec: Any) -> None:
        self._spec = spec if isinstance(spec, DeviceSpecV2) else DeviceSpec.from_string(spec or "")

    def __call__(self, node_def: Any) -> Any:
        """The device for a node."""
        return self._spec.make_merged_spec(DeviceSpec.from_string(node_def.device or ""))

    def __repr__(self) -> str:
        return f"<MergeDevice {self._spec.to_string()!r}>"


def merge_device(spec: Any) -> Any:
    """A function for `tf.device` that gives what the blocks inside leave open."""
    return spec if isinstance(spec, MergeDevice) else MergeDevice(spec)
