"""Where names of TensorFlow 2 in the internal modules of TensorFlow 1.15 are found."""

from __future__ import annotations

_FORMS = "evergraph.compat.later_forms:"

_MODULES = {
    "check_ops": (
        *("assert_equal_v2", "assert_greater_equal_v2", "assert_greater_v2", "assert_integer_v2"),
        *("assert_less_equal_v2", "assert_less_v2", "assert_near_v2", "assert_negative_v2"),
        *("assert_non_negative_v2", "assert_non_positive_v2", "assert_none_equal_v2"),
        *("assert_positive_v2", "assert_rank_at_least_v2", "assert_rank_in_v2", "assert_rank_v2"),
        *("assert_scalar_v2", "assert_type_v2"),
    ),
    "array_ops": (
        *("batch_gather_nd", "expand_dims_v2", "rank_internal", "size_internal", "size_v2"),
        "squeeze_v2",
    ),
    "nn_ops": ("dropout_v2", "log_softmax_v2", "softmax_v2"),
    "nn_impl": ("moments_v2",),
    "string_ops": ("substr_v2",),
}

ROWS_OF_LATER_FORMS = {
    (f"tensorflow.python.ops.{module}", name): _FORMS + name
    for module, names in _MODULES.items()
    for name in names
}
