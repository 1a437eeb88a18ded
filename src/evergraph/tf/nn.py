"""`tf.nn`: activations, layers' parts and losses of dense networks."""

from __future__ import annotations

from collections import namedtuple
from numbers import Real
from typing import Any

import numpy as np

from ..core.dtypes import float32
from ..core.emit import apply
from ..core.tensor import Tensor
from ..core.tensor_shape import to_shape
from ..core.values import constant_value
from . import array_ops, random_ops
from .dtype_ops import cast
from .elementwise_ops import of_features, sigmoid, tanh
from .embedding_ops import embedding_lookup
from .emitting import emit_tensor
from .framework import convert_to_tensor, name_scope
from .logging import WARN, log_first_n
from .matrix_ops import matmul
from .nn_atrous import (
    atrous_conv2d,
    atrous_conv2d_transpose,
    convolution,
    depthwise_conv2d,
    separable_conv2d,
    with_space_to_batch,
)
from .nn_conv import (
    conv1d,
    conv1d_transpose,
    conv2d,
    conv2d_backprop_filter,
    conv2d_backprop_input,
    conv2d_transpose,
    conv3d,
    conv3d_backprop_filter,
    conv3d_transpose,
    conv_transpose,
    depthwise_conv2d_backprop_filter,
    depthwise_conv2d_backprop_input,
    depthwise_conv2d_native,
    dilation2d,
    erosion2d,
)
from .nn_ctc import (
    collapse_repeated,
    ctc_beam_search_decoder,
    ctc_beam_search_decoder_v2,
    ctc_greedy_decoder,
    ctc_loss,
    ctc_loss_v2,
    ctc_unique_labels,
)
from .nn_embedding import embedding_lookup_sparse, safe_embedding_lookup_sparse
from .nn_fused import (
    fused_batch_norm,
    local_response_normalization,
    lrn,
)
from .nn_losses import (
    compute_average_loss,
    log_poisson_loss,
    scale_regularization_loss,
    sigmoid_cross_entropy_with_logits,
    weighted_cross_entropy_with_logits,
)
from .nn_moments import (
    batch_norm_with_global_normalization,
    batch_normalization,
    l2_normalize,
    moments,
    normalize_moments,
    sufficient_statistics,
    weighted_moments,
    zero_fraction,
)
from .nn_pool import (
    avg_pool,
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    avg_pool_v2,
    fractional_avg_pool,
    fractional_max_pool,
    max_pool,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    max_pool_v2,
    max_pool_with_argmax,
    pool,
)
from .nn_sampling import (
    all_candidate_sampler,
    compute_accidental_hits,
    fixed_unigram_candidate_sampler,
    learned_unigram_candidate_sampler,
    log_uniform_candidate_sampler,
    nce_loss,
    sampled_softmax_loss,
    uniform_candidate_sampler,
)
from .nn_softmax import (
    log_softmax,
    softmax,
    softmax_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
    sparse_softmax_cross_entropy_with_logits,
)
from .renamed import renamed

__all__ = [
    "all_candidate_sampler",
    "atrous_conv2d",
    "atrous_conv2d_transpose",
    "avg_pool",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "avg_pool_v2",
    "batch_norm_with_global_normalization",
    "batch_normalization",
    "bias_add",
    "collapse_repeated",
    "compute_accidental_hits",
    "compute_average_loss",
    "conv1d",
    "conv1d_transpose",
    "conv2d",
    "conv2d_backprop_filter",
    "conv2d_backprop_input",
    "conv2d_transpose",
    "conv3d",
    "conv3d_backprop_filter",
    "conv3d_transpose",
    "conv_transpose",
    "convolution",
    "crelu",
    "ctc_beam_search_decoder",
    "ctc_beam_search_decoder_v2",
    "ctc_greedy_decoder",
    "ctc_loss",
    "ctc_loss_v2",
    "ctc_unique_labels",
    "depthwise_conv2d",
    "depthwise_conv2d_backprop_filter",
    "depthwise_conv2d_backprop_input",
    "depthwise_conv2d_native",
    "dilation2d",
    "dropout",
    "elu",
    "embedding_lookup",
    "embedding_lookup_sparse",
    "erosion2d",
    "fixed_unigram_candidate_sampler",
    "fractional_avg_pool",
    "fractional_max_pool",
    "fused_batch_norm",
    "in_top_k",
    "l2_loss",
    "l2_normalize",
    "leaky_relu",
    "learned_unigram_candidate_sampler",
    "local_response_normalization",
    "log_poisson_loss",
    "log_softmax",
    "log_uniform_candidate_sampler",
    "lrn",
    "max_pool",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_pool_v2",
    "max_pool_with_argmax",
    "moments",
    "nce_loss",
    "normalize_moments",
    "pool",
    "relu",
    "relu6",
    "relu_layer",
    "safe_embedding_lookup_sparse",
    "sampled_softmax_loss",
    "scale_regularization_loss",
    "selu",
    "separable_conv2d",
    "sigmoid",
    "sigmoid_cross_entropy_with_logits",
    "softmax",
    "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2",
    "softplus",
    "softsign",
    "sparse_softmax_cross_entropy_with_logits",
    "sufficient_statistics",
    "swish",
    "tanh",
    "top_k",
    "uniform_candidate_sampler",
    "weighted_cross_entropy_with_logits",
    "weighted_moments",
    "with_space_to_batch",
    "xw_plus_b",
    "zero_fraction",
]


def __getattr__(name: str) -> Any:
    from .namespaces import resolve

    return resolve("tf.nn", name)


# -- activations -------------------------------------------------------------------------------
relu = of_features("relu", "Relu", "max(x, 0).")
relu6 = of_features("relu6", "Relu6", "min(max(x, 0), 6). Krizhevsky (2010).")
elu = of_features("elu", "Elu", "x, and exp(x) - 1 below 0. Clevert et al. (2015).")
selu = of_features(
    "selu", "Selu", "A scaled `elu` that keeps activations normalised. Klambauer et al. (2017)."
)
softplus = of_features("softplus", "Softplus", "log(1 + exp(x)).")
softsign = of_features("softsign", "Softsign", "x / (1 + |x|).")


def crelu(features: Any, name: Any = None, axis: Any = -1) -> Tensor:
    """relu(x) and relu(-x), one after the other along `axis`. Shang et al. (2016)."""
    with name_scope(name, "CRelu", [features]) as scope:
        x: Any = convert_to_tensor(features, name="features")
        return emit_tensor("Relu", array_ops.concat([x, -x], axis, name=scope))


def leaky_relu(features: Any, alpha: Any = 0.2, name: Any = None) -> Tensor:
    """max(x, alpha * x). Maas et al. (2013)."""
    with name_scope(name, "LeakyRelu", [features, alpha]) as scope:
        x = convert_to_tensor(features, name="features")
        if x.dtype.is_integer:
            x = cast(x, float32)
        return emit_tensor("LeakyRelu", x, alpha=float(np.asarray(alpha).item()), name=scope)


_SWISH = {"float16": "swish_f16", "float32": "swish_f32", "float64": "swish_f64"}


def swish(features: Any) -> Any:
    """x * sigmoid(x). Ramachandran et al. (2017)."""
    x: Any = convert_to_tensor(features, name="features")
    short = _SWISH.get(x.dtype.base_dtype.name)
    return x * sigmoid(x) if short is None else emit_tensor(short, x)


# -- layers' parts -----------------------------------------------------------------------------


def bias_add(value: Any, bias: Any, data_format: Any = None, name: Any = None) -> Tensor:
    """`value` plus a vector along its channels: the last axis, or the second with 'NC...'."""
    with name_scope(name, "BiasAdd", [value, bias]) as scope:
        layout = _layout(data_format)
        value = convert_to_tensor(value, name="input")
        bias = convert_to_tensor(bias, dtype=value.dtype.base_dtype, name="bias")
        return emit_tensor("BiasAdd", value, bias, data_format=layout, name=scope)


def _layout(data_format: Any) -> str:
    if data_format is None:
        return "NHWC"
    if data_format.startswith("NC"):
        return "NCHW"
    if data_format.startswith("N") and data_format.endswith("C"):
        return "NHWC"
    raise ValueError("data_format must be of the form `N...C` or `NC...`")


def xw_plus_b(x: Any, weights: Any, biases: Any, name: Any = None) -> Tensor:
    """matmul(x, weights) + biases."""
    with name_scope(name, "xw_plus_b", [x, weights, biases]) as scope:
        x = convert_to_tensor(x, name="x")
        weights = convert_to_tensor(weights, name="weights")
        biases = convert_to_tensor(biases, name="biases")
        return bias_add(matmul(x, weights), biases, name=scope)


def relu_layer(x: Any, weights: Any, biases: Any, name: Any = None) -> Tensor:
    """relu(matmul(x, weights) + biases)."""
    with name_scope(name, "relu_layer", [x, weights, biases]) as scope:
        x = convert_to_tensor(x, name="x")
        weights = convert_to_tensor(weights, name="weights")
        biases = convert_to_tensor(biases, name="biases")
        return relu(bias_add(matmul(x, weights), biases), name=scope)


def l2_loss(t: Any, name: Any = None) -> Tensor:
    """Half the sum of squares."""
    return emit_tensor("L2Loss", t, name=name)


# -- dropout -----------------------------------------------------------------------------------


def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Any = None,
    seed: Any = None,
    name: Any = None,
    rate: Any = None,
) -> Tensor:
    """`x` with each element set to 0 with probability `rate` (1 - keep_prob), the others scaled
    by 1 / (1 - rate). Where `noise_shape` is 1, elements share their fate.

    Srivastava et al., Dropout (2014).
    """
    try:
        dropped = None if keep_prob is None else 1.0 - keep_prob
    except TypeError:
        raise ValueError(
            f"keep_prob must be a floating point number or Tensor (got {keep_prob!r})"
        ) from None
    rate = renamed("rate", rate, "keep_prob", dropped)
    if rate is None:
        raise ValueError("You must provide a rate to dropout.")
    with name_scope(name, "dropout", [x]):
        tensor = convert_to_tensor(x, name="x")
        _check_dropout(tensor, rate)
        if isinstance(rate, Real) and rate == 0:
            return tensor
        rate = convert_to_tensor(rate, dtype=tensor.dtype.base_dtype, name="rate")
        rate.shape.assert_has_rank(0)
        value = constant_value(rate)
        if value is not None and value == 0:
            return tensor
        return _dropped(tensor, rate, noise_shape, seed)


def _check_dropout(x: Tensor, rate: Any) -> None:
    if not x.dtype.is_floating:
        raise ValueError(
            "x has to be a floating point tensor since it's going to be scaled. Got a "
            f"{x.dtype} tensor instead."
        )
    if not isinstance(rate, Real):
        return
    share = float(rate)
    if not 0 <= share < 1:
        raise ValueError(
            f"rate must be a scalar tensor or a float in the range [0, 1), got {share:g}"
        )
    if share > 0.5:
        text = "Large dropout rate: %g (>0.5): it is the share of elements that is dropped."
        log_first_n(WARN, text, 5, share)


def _dropped(x: Any, rate: Any, noise_shape: Any, seed: Any) -> Tensor:
    noise: Any = random_ops.random_uniform(_noise_shape(x, noise_shape), seed=seed, dtype=x.dtype)
    keep_prob = 1 - rate
    scale = 1 / keep_prob
    kept = noise >= rate
    result: Tensor = x * scale * cast(kept, x.dtype.base_dtype)
    result.set_shape(x.static_shape)
    return result


def _noise_shape(x: Tensor, noise_shape: Any) -> Any:
    """The shape asked for, its unknown extents filled in from `x`."""
    if noise_shape is None:
        return array_ops.shape(x)
    try:
        wanted = to_shape(noise_shape)
    except (TypeError, ValueError):
        return noise_shape
    own = x.static_shape
    if own is None or wanted is None or len(own) != len(wanted):
        return noise_shape
    return tuple(o if w is None else w for o, w in zip(own, wanted, strict=True))


# -- the best classes --------------------------------------------------------------------------
TopKV2 = namedtuple("TopKV2", ["values", "indices"])


def top_k(input: Any, k: Any = 1, sorted: Any = True, name: Any = None) -> Any:
    """The k greatest elements along the last axis, and their positions (ties: the lower first)."""
    return TopKV2(*apply("TopKV2", input, k, sorted=sorted, name=name))


def nth_element(input: Any, n: Any, reverse: Any = False, name: Any = None) -> Tensor:
    """The n-th least element (greatest if `reverse`) of each row, counted from 0."""
    return emit_tensor("NthElement", input, n, reverse=reverse, name=name)


def in_top_k(predictions: Any, targets: Any, k: Any, name: Any = None) -> Tensor:
    """Whether each target is among the k classes with the highest predictions of its row."""
    with name_scope(name, "in_top_k") as scope:
        return emit_tensor("InTopKV2", predictions, targets, k, name=scope)
