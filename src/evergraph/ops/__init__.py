"""The op table's families. `register_all` imports every one of them; the order does not matter."""

from __future__ import annotations

from importlib import import_module

from ..core import opdef
from ..core.function import defined_kernel
from . import operand_ranks

FAMILIES = (
    "array",
    "audio",
    "batch_matrix",
    "buckets",
    "candidate_sampling",
    "control",
    "convolution",
    "ctc",
    "data_formats",
    "decoding",
    "decompositions",
    "diagonals",
    "einsum",
    "elementwise",
    "elementwise_unary",
    "fft",
    "files",
    "fractional_pooling",
    "gradient_lists",
    "host",
    "image_boxes",
    "image_codecs",
    "image_color",
    "image_crop",
    "image_resize",
    "image_samples",
    "image_warp",
    "least_squares",
    "linalg",
    "matrix_functions",
    "matrix_parts",
    "morphology",
    "mutexes",
    "nn",
    "normalization",
    "operators",
    "optional",
    "parsing",
    "parsing_sequences",
    "patches",
    "pooling",
    "quantization",
    "ragged",
    "ragged_variants",
    "random",
    "random_stateful",
    "rearrange",
    "reduction",
    "segment",
    "selection",
    "shape_ops",
    "skip_grams",
    "slicing",
    "solvers",
    "sparse_cross",
    "sparse_math",
    "sparse_sets",
    "sparse_shapes",
    "sparse_storage",
    "special",
    "stacks",
    "state",
    "stateless",
    "strings_bytes",
    "strings_distance",
    "strings_hash",
    "strings_regex",
    "strings_split",
    "strings_unicode",
    "tensor_array",
    "tensor_list",
    "training",
    "tridiagonal",
)


def register_all() -> None:
    """Fills the op table: the one place that lists the families."""
    for family in FAMILIES:
        import_module(f"{__name__}.{family}")
    operand_ranks.declare()
    for op in opdef.all_ops().values():
        if op.kernel is None and op.definition is not None:
            op.kernel = defined_kernel(op)
