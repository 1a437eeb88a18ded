"""Switches of TensorFlow's API that change which form of an operation is built."""

from __future__ import annotations

__all__ = ["control_flow_v2_enabled", "disable_control_flow_v2", "enable_control_flow_v2"]

_STATE = {"control_flow_v2": False}


def enable_control_flow_v2() -> None:
    """Notes that functional control flow is wanted.

    The values and gradients are the same in both forms: `tf.cond` and `tf.while_loop` go on to
    build the frames of TensorFlow 1.
    """
    _STATE["control_flow_v2"] = True


def disable_control_flow_v2() -> None:
    """Notes that the frames of TensorFlow 1 are wanted."""
    _STATE["control_flow_v2"] = False


def control_flow_v2_enabled() -> bool:
    """Whether `enable_control_flow_v2` was called last."""
    return _STATE["control_flow_v2"]
