"""`tf.bitwise`: operations on the bits of integers."""

from __future__ import annotations

from typing import Any

from .elementwise_ops import of_x, of_x_y

bitwise_and = of_x_y("bitwise_and", "BitwiseAnd", "The bits set in both x and y.")
bitwise_or = of_x_y("bitwise_or", "BitwiseOr", "The bits set in x or y.")
bitwise_xor = of_x_y("bitwise_xor", "BitwiseXor", "The bits set in just one of x and y.")
left_shift = of_x_y("left_shift", "LeftShift", "x with its bits moved up by y places.")
right_shift = of_x_y("right_shift", "RightShift", "x with its bits moved down by y places.")
invert = of_x("invert", "Invert", "x with all bits flipped.")


def __getattr__(name: str) -> Any:
    from .namespaces import resolve

    return resolve("tf.bitwise", name)
