"""Which evergraph object a TensorFlow name stands for: the rules, as data.

A module is looked up in this order: `SAME`, `STANDS_FOR`, TensorFlow's public namespaces (the
face's own table), its internal modules (`internal_names.tsv`). A name in an internal module:
`ROWS`, its public symbol, a submodule, the same name in one of the module's namespaces.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from importlib import resources

from .later_rows import ROWS_OF_LATER_FORMS

# Prefix -> the prefix whose modules it shares.
SAME = {
    "tensorflow.compat.v1": "tensorflow",
    "tensorflow._api.v1": "tensorflow",
    "tensorflow.python.keras": "tensorflow.keras",
    "tensorflow.python.platform.app": "tensorflow.app",
    "tensorflow.app.flags": "tensorflow.flags",
    "tensorflow.python.platform.flags": "tensorflow.flags",
    "tensorflow.python.platform.gfile": "tensorflow.gfile",
    "tensorflow.python.platform.tf_logging": "tensorflow.logging",
    "tensorflow.python.summary.summary": "tensorflow.summary",
    "tensorflow.contrib.learn.python.learn.datasets.mnist": (
        "tensorflow.examples.tutorials.mnist.input_data"
    ),
    "tensorflow.contrib.learn.datasets.mnist": "tensorflow.examples.tutorials.mnist.input_data",
    "tensorflow.examples.tutorials.mnist.mnist.input_data": (
        "tensorflow.examples.tutorials.mnist.input_data"
    ),
}

# TensorFlow's module -> the module that has its names here.
STANDS_FOR = {
    **{
        f"tensorflow.core.{name}_pb2": "evergraph.formats.messages"
        for name in (
            "example.example",
            "example.feature",
            "framework.allocation_description",
            "framework.attr_value",
            "framework.cost_graph",
            "framework.device_attributes",
            "framework.function",
            "framework.graph",
            "framework.node_def",
            "framework.op_def",
            "framework.resource_handle",
            "framework.step_stats",
            "framework.summary",
            "framework.tensor",
            "framework.tensor_description",
            "framework.tensor_shape",
            "framework.tensor_slice",
            "framework.types",
            "framework.variable",
            "framework.versions",
            "lib.core.error_codes",
            "protobuf.cluster",
            "protobuf.config",
            "protobuf.control_flow",
            "protobuf.critical_section",
            "protobuf.debug",
            "protobuf.graph_debug_info",
            "protobuf.meta_graph",
            "protobuf.queue_runner",
            "protobuf.rewriter_config",
            "protobuf.saved_model",
            "protobuf.saved_object_graph",
            "protobuf.saver",
            "protobuf.struct",
            "protobuf.tensorflow_server",
            "protobuf.trackable_object_graph",
            "protobuf.verifier_config",
            "util.event",
        )
    },
    "tensorflow.examples.tutorials.mnist.input_data": "evergraph.tf.examples.mnist",
    "tensorflow.compat": "evergraph.tf.compat",
    "tensorflow.python.compat.compat": "evergraph.tf.compat",
    "tensorflow.python.eager.context": "evergraph.compat.graph_mode",
    "tensorflow.python.framework.test_util": "evergraph.tf.test.util",
    "tensorflow.python.framework.common_shapes": "evergraph.compat.common_shapes",
    "tensorflow.python.framework.composite_tensor": "evergraph.compat.composite_tensor",
    "tensorflow.python.framework.device": "evergraph.tf.device_spec",
    "tensorflow.python.framework.device_spec": "evergraph.tf.device_spec",
    "tensorflow.python.framework.dtypes": "evergraph.compat.dtypes",
    "tensorflow.python.framework.error_interpolation": "evergraph.tf.graph_debug_info",
    "tensorflow.python.framework.graph_io": "evergraph.tf.graph_io",
    "tensorflow.python.framework.graph_util": "evergraph.tf.graph_util",
    "tensorflow.python.framework.graph_util_impl": "evergraph.tf.graph_util",
    "tensorflow.python.framework.importer": "evergraph.tf.importer",
    "tensorflow.python.framework.meta_graph": "evergraph.tf.meta_graph",
    "tensorflow.python.framework.ops": "evergraph.compat.framework_ops",
    "tensorflow.python.framework.registry": "evergraph.compat.framework_ops",
    "tensorflow.python.framework.sparse_tensor": "evergraph.tf.sparse_tensor",
    "tensorflow.python.framework.subscribe": "evergraph.tf.subscribe",
    "tensorflow.python.framework.tensor_util": "evergraph.tf.tensor_util",
    "tensorflow.python.framework.test_ops": "evergraph.compat.test_ops",
    "tensorflow.python.framework.traceable_stack": "evergraph.compat.traceable_stack",
    "tensorflow.python.keras.engine.training": "evergraph.tf.keras.network",
    "tensorflow.python.platform.resource_loader": "evergraph.tf.resource_loader",
    "tensorflow.python.ops.control_flow_ops": "evergraph.tf.control_flow_ops",
    "tensorflow.python.ops.control_flow_util": "evergraph.compat.control_flow_util",
    "tensorflow.python.ops.control_flow_v2_toggles": "evergraph.tf.toggles",
    "tensorflow.python.ops.init_ops_v2": "evergraph.tf.init_ops_v2",
    "tensorflow.python.ops.list_ops": "evergraph.tf.list_ops",
    "tensorflow.python.framework.smart_cond": "evergraph.tf.smart_cond",
    "tensorflow.python.ops.critical_section_ops": "evergraph.tf.critical_section_ops",
    "tensorflow.python.ops.parallel_for.control_flow_ops": "evergraph.tf.parallel_for",
    "tensorflow.python.ops.parallel_for.gradients": "evergraph.tf.parallel_for",
    **{
        f"tensorflow.python.ops.linalg.linear_operator_{name}": (
            f"evergraph.tf.linear_operators.{name}"
        )
        for name in ("addition", "algebra", "circulant", "util")
    },
    "tensorflow.python.util.dispatch": "evergraph.tf.dispatch",
    **{
        f"tensorflow.python.training.{name}": f"evergraph.tf.train.{name}"
        for name in ("moving_averages", "optimizer", "slot_creator", "training_ops")
    },
    "tensorflow.contrib.opt.python.training.sign_decay": (
        "evergraph.tf.contrib.opt.sign_optimizers"
    ),
    "tensorflow.contrib.framework": "evergraph.tf.contrib.framework",
    "tensorflow.contrib.framework.nest": "evergraph.tf.nest",
    "tensorflow.contrib.layers": "evergraph.tf.contrib.layers",
    "tensorflow.contrib.layers.python.layers.utils": "evergraph.tf.contrib.layers.utils",
    "tensorflow.contrib.layers.utils": "evergraph.tf.contrib.layers.utils",
    **{
        f"tensorflow.contrib.losses.{name}": "evergraph.tf.contrib.losses.metric_learning"
        for name in (
            "metric_learning",
            "python.metric_learning",
            "python.metric_learning.metric_loss_ops",
        )
    },
    "tensorflow.contrib.framework.python.ops.audio_ops": "evergraph.tf.audio",
    "tensorflow.contrib.signal": "evergraph.tf.signal",
    "tensorflow.contrib.slim": "evergraph.tf.contrib.slim",
    **{
        f"tensorflow.contrib.solvers.python.ops.{name}": f"evergraph.tf.contrib.solvers.{module}"
        for name, module in (
            ("lanczos", "lanczos"),
            ("least_squares", "conjugate_gradients"),
            ("linear_equations", "conjugate_gradients"),
            ("util", "operators"),
        )
    },
    "tensorflow.contrib.slim.losses": "evergraph.tf.contrib.losses",
    "tensorflow.python.framework.tensor_spec": "evergraph.tf.type_spec",
    "tensorflow.python.framework.type_spec": "evergraph.tf.type_spec",
    "tensorflow.python.util.nest": "evergraph.tf.nest",
    "tensorflow.python.ops.op_selector": "evergraph.compat.op_selector",
    **{
        f"tensorflow.python.util.{name}": f"evergraph.compat.{name}"
        for name in ("function_utils", "object_identity", "tf_decorator")
    },
    "tensorflow.python.util.compat": "evergraph.tf.compat",
    "tensorflow.python.util.compat.collections_abc": "collections.abc",
    "tensorflow.python.util.tf_inspect": "inspect",
    "tensorflow.python.framework.function": "evergraph.tf.graph_functions",
    "tensorflow.python.eager.function": "evergraph.tf.graph_functions",
    "tensorflow.python.eager.def_function": "evergraph.tf.graph_functions",
    "tensorflow.raw_ops": "evergraph.tf.raw_ops",
    **{
        f"tensorflow.python.ops.ragged.{name}": f"evergraph.tf.{module}"
        for name, module in (
            ("ragged_array_ops", "ragged.array_ops"),
            ("ragged_batch_gather_ops", "ragged.gather"),
            ("ragged_batch_gather_with_default_op", "ragged.padded_gather"),
            ("ragged_concat_ops", "ragged.concat"),
            ("ragged_conversion_ops", "ragged.conversion"),
            ("ragged_dispatch", "ragged.dispatch"),
            ("ragged_factory_ops", "ragged.factory"),
            ("ragged_functional_ops", "ragged.functional"),
            ("ragged_gather_ops", "ragged.gather"),
            ("ragged_getitem", "ragged.getitem"),
            ("ragged_map_ops", "ragged.map_fn"),
            ("ragged_math_ops", "ragged.math_ops"),
            ("ragged_squeeze_op", "ragged.squeeze"),
            ("ragged_string_ops", "ragged_text"),
            ("ragged_tensor", "ragged.tensor"),
            ("ragged_tensor_shape", "ragged.shape"),
            ("ragged_tensor_value", "ragged.value"),
            ("ragged_util", "ragged.splits"),
            ("ragged_where_op", "ragged.where"),
            ("segment_id_ops", "ragged.splits"),
        )
    },
    "tensorflow.python.kernel_tests.random.util": "evergraph.tf.test.random_laws",
    "tensorflow.contrib.image.python.ops.distort_image_ops": (
        "evergraph.tf.contrib.image.distortions"
    ),
    "tensorflow.contrib.stateless": "evergraph.tf.contrib.stateless",
    "tensorflow.python.ops.stateful_random_ops": "evergraph.tf.random.experimental",
    "tensorflow.resource_loader": "evergraph.tf.resource_loader",
}

# Modules whose import has an effect: theirs are imported with them.
LOADED_AT_ONCE = ("tensorflow.python.framework.test_ops",)

_INTERNALS = "evergraph.compat.internals:"

# (module, name) -> "module:name" anywhere, or a public name of TensorFlow.
ROWS = {
    **ROWS_OF_LATER_FORMS,
    ("tensorflow.python.client.session", "BaseSession"): "evergraph.runtime.session:BaseSession",
    ("tensorflow.python.client.session", "SessionInterface"): (
        "evergraph.runtime.session:BaseSession"
    ),
    ("tensorflow.python.client.session", "_DeviceAttributes"): (
        "evergraph.runtime.devices:DeviceAttributes"
    ),
    ("tensorflow.python.client.session", "register_session_run_conversion_functions"): (
        "evergraph.runtime.session:register_session_run_conversion_functions"
    ),
    ("tensorflow.python.client.device_lib", "list_local_devices"): (
        _INTERNALS + "list_local_devices"
    ),
    ("tensorflow.python.framework.errors_impl", "_make_specific_exception"): (
        "evergraph.errors:make_specific_exception"
    ),
    ("tensorflow.python.framework.indexed_slices", "IndexedSlicesValue"): (
        "evergraph.ops.indexed_slices:IndexedSlicesValue"
    ),
    ("tensorflow.python.framework.ops", "IndexedSlicesValue"): (
        "evergraph.ops.indexed_slices:IndexedSlicesValue"
    ),
    ("tensorflow.python.framework.ops", "convert_n_to_tensor"): _INTERNALS + "convert_n_to_tensor",
    ("tensorflow.python.framework.ops", "get_name_scope"): _INTERNALS + "get_name_scope",
    ("tensorflow.python.framework.common_shapes", "scalar_shape"): _INTERNALS + "scalar_shape",
    ("tensorflow.python.ops.custom_gradient", "get_dependent_variables"): (
        "evergraph.tf.gradients_impl:get_dependent_variables"
    ),
    ("tensorflow.python.ops.gradients_impl", "_hessian_vector_product"): (
        "evergraph.tf.gradients_impl:hessian_vector_product"
    ),
    ("tensorflow.python.ops.math_ops", "_as_indexed_slices"): (
        "evergraph.tf.gradients_impl:as_indexed_slices"
    ),
    ("tensorflow.python.ops.math_ops", "_as_indexed_slices_list"): (
        "evergraph.tf.gradients_impl:as_indexed_slices_list"
    ),
    ("tensorflow.python.ops.gradient_checker_v2", "compute_gradient"): (
        _INTERNALS + "compute_gradients"
    ),
    ("tensorflow.python.ops.gradient_checker_v2", "_to_numpy"): (
        "evergraph.tf.test.gradient_checker:_array"
    ),
    ("tensorflow.python.ops.gradient_checker_v2", "max_error"): _INTERNALS + "max_error",
    **{
        ("tensorflow.python.ops.functional_ops", name): f"evergraph.tf.function_calls:{name}"
        for name in (
            "For",
            "Gradient",
            "If",
            "While",
            "partitioned_call",
            "remote_call",
            "symbolic_gradient",
        )
    },
    ("tensorflow.python.ops.template", "_skip_common_stack_elements"): (
        "evergraph.tf.template:without_common_start"
    ),
    ("tensorflow.python.ops.template", "make_template_internal"): (
        "evergraph.tf.template:make_template_internal"
    ),
    ("tensorflow.python.ops.tensor_array_grad", "_GetGradSource"): _INTERNALS + "gradient_source",
    ("tensorflow.python.ops.list_ops", "_build_element_shape"): (
        "evergraph.tf.list_ops:build_element_shape"
    ),
    **{
        ("tensorflow.python.ops.control_flow_ops", name): f"evergraph.tf.dataflow:{target}"
        for name, target in (
            ("_Enter", "enter"),
            ("_Identity", "identity"),
            ("_NextIteration", "next_iteration"),
            ("_SwitchRefOrTensor", "switch_ref_or_tensor"),
        )
    },
    ("tensorflow.python.util.tf_inspect", "getargspec"): _INTERNALS + "getargspec",
    ("tensorflow.python.framework.tensor_shape", "as_dimension"): _INTERNALS + "as_dimension",
    ("tensorflow.python.framework.tensor_shape", "as_shape"): _INTERNALS + "as_shape",
    ("tensorflow.python.framework.tensor_shape", "matrix"): _INTERNALS + "matrix",
    ("tensorflow.python.framework.tensor_shape", "scalar"): _INTERNALS + "scalar",
    ("tensorflow.python.framework.tensor_shape", "unknown_shape"): _INTERNALS + "unknown_shape",
    ("tensorflow.python.framework.tensor_shape", "vector"): _INTERNALS + "vector",
    ("tensorflow.python.framework.tensor_util", "constant_value"): "get_static_value",
    **{
        ("tensorflow.python.layers.utils", name): f"evergraph.tf.conv_lengths:{name}"
        for name in (
            "conv_input_length",
            "conv_output_length",
            "convert_data_format",
            "deconv_output_length",
            "normalize_data_format",
            "normalize_padding",
            "normalize_tuple",
        )
    },
    ("tensorflow.python.layers.utils", "constant_value"): (
        "evergraph.tf.smart_cond:smart_constant_value"
    ),
    ("tensorflow.python.layers.utils", "smart_cond"): "evergraph.tf.smart_cond:smart_cond",
    **{
        (f"tensorflow.python.ops.linalg.linear_operator_{name}", "_to_complex"): (
            "evergraph.tf.linear_operators.circulant:to_complex"
        )
        for name in ("circulant", "toeplitz")
    },
    ("tensorflow.python.util.dispatch", "add_dispatch_support"): "evergraph.tf.dispatch:dispatched",
    ("tensorflow.python.eager.backprop", "GradientTape"): "GradientTape",
    ("tensorflow.python.framework.random_seed", "DEFAULT_GRAPH_SEED"): (
        "evergraph.ops.seeds:DEFAULT_GRAPH_SEED"
    ),
    ("tensorflow.python.ops.array_ops", "listdiff"): _INTERNALS + "listdiff",
    **{
        ("tensorflow.python.ops.init_ops", name): f"evergraph.tf.convolution_initializers:{name}"
        for name in (
            "ConvolutionDeltaOrthogonal",
            "ConvolutionOrthogonal",
            "ConvolutionOrthogonal1D",
            "ConvolutionOrthogonal2D",
            "ConvolutionOrthogonal3D",
            "convolutional_delta_orthogonal",
            "convolutional_orthogonal_1d",
            "convolutional_orthogonal_2d",
            "convolutional_orthogonal_3d",
        )
    },
    ("tensorflow.python.ops.init_ops", "_compute_fans"): "evergraph.tf.init_ops:compute_fans",
    ("tensorflow.python.ops.array_ops", "_SLICE_TYPE_ERROR"): (
        "evergraph.ops.operators:SLICE_TYPE_ERROR"
    ),
    **{
        (f"tensorflow.python.ops.{module}", name): f"evergraph.tf.image.{target}"
        for module in ("image_ops", "image_ops_impl")
        for name, target in {
            "ResizeMethod": "resizing:ResizeMethodV2",
            "ResizeMethodV1": "resizing:ResizeMethod",
            "_Assert3DImage": "checks:with_3d",
            "_AssertAtLeast3DImage": "checks:with_at_least_3d",
            "_AssertGrayscaleImage": "checks:with_one_channel",
            "_Check3DImage": "checks:check_3d",
            "_CheckAtLeast3DImage": "checks:check_at_least_3d",
            "_ImageDimensions": "checks:dimensions",
            "_verify_compatible_image_shapes": "quality:verify_compatible_image_shapes",
            "crop_and_resize": "boxes:crop_and_resize_op",
            "extract_glimpse_v2": "boxes:extract_glimpse_v2",
            "resize_image_with_pad_v1": "resizing:resize_image_with_pad",
            "resize_image_with_pad_v2": "resizing:resize_image_with_pad_v2",
            "resize_images_v2": "resizing:resize_images_v2",
        }.items()
    },
    **{
        ("tensorflow.python.ops.random_ops", name): f"evergraph.tf.random_ops:{name}"
        for name in ("parameterized_truncated_normal", "random_poisson_v2")
    },
    ("tensorflow.python.ops.random_grad", "add_leading_unit_dimensions"): (
        "evergraph.tf.random_ops:add_leading_unit_dimensions"
    ),
    ("tensorflow.python.ops.stateful_random_ops", "_uint_to_int"): (
        "evergraph.tf.random.experimental:uint_to_int"
    ),
    ("tensorflow.contrib.image.python.ops.dense_image_warp", "_interpolate_bilinear"): (
        "evergraph.tf.contrib.image.warps:interpolate_bilinear"
    ),
    ("tensorflow.contrib.image.python.ops.sparse_image_warp", "_get_boundary_locations"): (
        "evergraph.tf.contrib.image.warps:boundary_locations"
    ),
    ("tensorflow.contrib.image.python.ops.sparse_image_warp", "_get_grid_locations"): (
        "evergraph.tf.contrib.image.warps:grid_locations"
    ),
    ("tensorflow.python.ops.math_ops", "mul"): "multiply",
    ("tensorflow.python.ops.math_ops", "sub"): "subtract",
    ("tensorflow.python.ops.math_ops", "neg"): "negative",
    **{
        ("tensorflow.python.ops.ctc_ops", name): f"evergraph.tf.nn_ctc:{name.lstrip('_')}"
        for name in (
            "_scan",
            "_state_to_olabel",
            "_state_to_olabel_unique",
            "_sum_states",
            "ctc_loss_dense",
            "dense_labels_to_sparse",
        )
    },
    **{
        ("tensorflow.python.ops.nn_ops", name): f"evergraph.tf.nn_pool:{name}"
        for name in ("fractional_avg_pool_v2", "fractional_max_pool_v2")
    },
    ("tensorflow.python.ops.nn_ops", "max_pool_with_argmax"): "evergraph.tf.nn_pool:with_argmax",
    ("tensorflow.python.ops.nn_ops", "nth_element"): "evergraph.tf.nn:nth_element",
    **{
        ("tensorflow.python.ops.nn_impl", name): f"evergraph.tf.nn_sampling:{name}"
        for name in ("nce_loss_v2", "sampled_softmax_loss_v2")
    },
    ("tensorflow.python.ops.nn_impl", "l2_normalize_v2"): "evergraph.tf.nn_moments:l2_normalize",
    ("tensorflow.python.ops.nn_grad", "_BatchNormGrad"): "evergraph.tf.nn_fused:batch_norm_grad",
    **{
        ("tensorflow.python.ops.nn_ops", name): f"evergraph.tf.nn_conv:{name}"
        for name in ("conv2d_transpose_v2", "conv3d_transpose_v2")
    },
    ("tensorflow.python.ops.nn_ops", "Convolution"): "evergraph.tf.nn_atrous:Convolution",
    ("tensorflow.python.ops.resource_variable_ops", "ResourceVariable"): (
        "evergraph.tf.resource_variables:ResourceVariable"
    ),
    ("tensorflow.python.ops.resource_variable_ops", "is_resource_variable"): (
        "evergraph.tf.resource_variables:is_resource_variable"
    ),
    ("tensorflow.python.ops.parsing_ops", "decode_raw"): "evergraph.tf.parsing_ops:decode_raw_v2",
    ("tensorflow.python.ops.parsing_ops", "decode_raw_v1"): "decode_raw",
    ("tensorflow.python.ops.parsing_ops", "string_to_number"): (
        "evergraph.tf.parsing_ops:string_to_number"
    ),
    **{
        ("tensorflow.python.ops.string_ops", name): target
        for name, target in (
            ("reduce_join_v2", "evergraph.tf.string_ops:reduce_join_v2"),
            ("string_format", "strings.format"),
            ("string_length", "strings.length"),
            ("string_lower", "strings.lower"),
            ("string_split", "evergraph.tf.string_ops:sparse_split"),
            ("string_split_v2", "evergraph.tf.string_ops:string_split_v2"),
            ("string_to_hash_bucket", "evergraph.tf.string_ops:string_to_hash_bucket_internal"),
            ("string_to_hash_bucket_v1", "string_to_hash_bucket"),
            ("string_to_number", "evergraph.tf.string_ops:string_to_number_internal"),
            ("string_upper", "strings.upper"),
            ("substr", "strings.substr"),
        )
    },
    **{
        ("tensorflow.python.ops.sparse_ops", name): f"evergraph.tf.{target}"
        for name, target in (
            ("_DEFAULT_HASH_KEY", "sparse:_DEFAULT_HASH_KEY"),
            ("KeywordRequired", "sparse:KeywordRequired"),
            ("_add_many_sparse_to_tensors_map", "sparse_storage:add_many_sparse_to_tensors_map"),
            ("_add_sparse_to_tensors_map", "sparse_storage:add_sparse_to_tensors_map"),
            (
                "_take_many_sparse_from_tensors_map",
                "sparse_storage:take_many_sparse_from_tensors_map",
            ),
            ("deserialize_sparse", "sparse_storage:deserialize_sparse"),
            ("sparse_dense_cwise_add", "sparse:sparse_dense_cwise_add"),
            ("sparse_tensor_to_dense", "sparse:to_dense"),
            ("sparse_tensor_dense_matmul", "sparse:matmul"),
        )
    },
    **{
        ("tensorflow.python.ops.state_ops", name): _INTERNALS + name
        for name in ("init_variable", "variable_op", "variable_op_v2")
    },
    ("tensorflow.python.ops.variable_scope", "_DEFAULT_USE_RESOURCE"): (
        _INTERNALS + "DEFAULT_USE_RESOURCE"
    ),
    ("tensorflow.python.ops.variable_scope", "_PartitionInfo"): (
        "evergraph.tf.variable_store:PartitionInfo"
    ),
    ("tensorflow.python.ops.variable_scope", "_get_default_variable_store"): (
        "evergraph.tf.variable_scope:_default_store"
    ),
    ("tensorflow.python.ops.variables", "PartitionedVariable"): (
        "evergraph.tf.partitioned_variables:PartitionedVariable"
    ),
    ("tensorflow.python.ops.variables", "Variable"): "evergraph.tf.variable_v2:VariableV2",
    ("tensorflow.python.ops.variables", "VariableV1"): "Variable",
    ("tensorflow.python.ops.variables", "RefVariable"): "evergraph.tf.ref_variables:RefVariable",
    ("tensorflow.python.ops.variables", "VariableAggregationV2"): "VariableAggregation",
    ("tensorflow.python.platform.googletest", "TestCase"): "test.TestCase",
    ("tensorflow.python.platform.googletest", "main"): "test.main",
    ("tensorflow.python.platform.test", "TestCase"): "test.TestCase",
    ("tensorflow.python.grappler.tf_optimizer", "OptimizeGraph"): (
        "evergraph.compat.grappler:optimize_graph"
    ),
    ("tensorflow.python.tf2", "enabled"): _INTERNALS + "behaves_as_2",
    ("tensorflow.python.util.tf_export", "tf_export"): _INTERNALS + "plain_decorator",
    ("tensorflow.python.util.tf_export", "keras_export"): _INTERNALS + "plain_decorator",
    ("tensorflow.python.util.deprecation", "deprecated"): _INTERNALS + "plain_decorator",
    ("tensorflow.python.util.deprecation", "deprecated_args"): _INTERNALS + "plain_decorator",
}

# The first part below `tensorflow` of modules that no list has in full.
INTERNAL = ("python", "core", "contrib", "tools", "compiler", "examples")

# Modules that also have the functions which TensorFlow generates from its registry of ops.
WITH_OP_FUNCTIONS = ("tensorflow.python.ops.", "tensorflow.python.training.training_ops")

# Where a name of an internal module is looked for when that module's own rows do not say.
SEARCH = ("", "nn", "math", "train", "layers", "losses", "nn.rnn_cell", "contrib.framework")

# Where a name that is missing is looked for to name the nearest that is there.
SPACES = (
    "contrib.framework",
    "contrib.layers",
    "contrib.rnn",
    "initializers",
    "layers",
    "linalg",
    "losses",
    "math",
    "metrics",
    "nn",
    "nn.rnn_cell",
    "random",
    "summary",
    "test",
    "train",
)

# Names that versions before 1.0 had, and what became of them.
RENAMED = {
    "tf.batch_matmul": "tf.matmul",
    "tf.complex_abs": "tf.abs",
    "tf.concat_v2": "tf.concat",
    "tf.histogram_summary": "tf.summary.histogram",
    "tf.image_summary": "tf.summary.image",
    "tf.inv": "tf.reciprocal",
    "tf.merge_all_summaries": "tf.summary.merge_all",
    "tf.merge_summary": "tf.summary.merge",
    "tf.mul": "tf.multiply",
    "tf.neg": "tf.negative",
    "tf.pack": "tf.stack",
    "tf.scalar_summary": "tf.summary.scalar",
    "tf.select": "tf.where",
    "tf.sub": "tf.subtract",
    "tf.train.SummaryWriter": "tf.summary.FileWriter",
    "tf.unpack": "tf.unstack",
}


@cache
def internal_names() -> dict[str, dict[str, str]]:
    """Internal module -> name -> its public symbol without "tf.", or "" where it has none."""
    text = resources.files(__package__).joinpath("internal_names.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    return {module: dict(_entry(word) for word in words.split()) for module, words in rows}


def _entry(word: str) -> tuple[str, str]:
    name, equal, public = word.partition("=")
    return name, (public or name) if equal else ""


@cache
def internal_packages() -> frozenset[str]:
    """The internal modules that some table names, and the packages above them."""
    found: set[str] = set()
    for module in (*internal_names(), *STANDS_FOR, *SAME, *(module for module, _ in ROWS)):
        parts = module.split(".")
        found.update(".".join(parts[:n]) for n in range(1, len(parts) + 1))
    return frozenset(found)


_TEST_HELPER = re.compile(
    r"(^|_)(test|testing|tests)_(util|utils|base|lib|data|servicer)$"
    r"|(^|_)(testlib|statistical_testing|converter_testing|benchmarking)$"
)


def is_test_helper(module: str) -> bool:
    """Whether a module belongs to TensorFlow's own tests, and so to whoever runs them."""
    *above, last = module.split(".")
    return "kernel_tests" in above or bool(_TEST_HELPER.search(last)) or last.endswith("_test")


def is_generated(module: str) -> bool:
    """Whether TensorFlow generates the module from its registry of ops (`gen_math_ops`)."""
    last = module.rpartition(".")[2]
    return last.startswith("gen_") and last.endswith("_ops")


@cache
def search_path(module: str) -> tuple[str, ...]:
    """The public namespaces in which a name of an internal module is looked for, best first.

    Those of its names whose public symbol is known come first; below `tensorflow.contrib.X.python`
    `contrib.X` does.
    """
    symbols = internal_names().get(module, {}).values()
    counts = Counter(symbol.rpartition(".")[0] for symbol in symbols if symbol)
    own = [namespace for namespace, _ in counts.most_common()]
    above, python, _ = module.partition(".python")
    if python and above.startswith("tensorflow.contrib."):
        own.insert(0, above.removeprefix("tensorflow."))
    return tuple(dict.fromkeys([*own, *SEARCH]))


def canonical(module: str) -> str:
    """The module whose object `module` shares, after `SAME`."""
    for prefix, target in SAME.items():
        if module == prefix or module.startswith(prefix + "."):
            return target + module[len(prefix) :]
    return module
