"""`tf.contrib.losses.metric_learning`: losses that place equal labels together."""

from __future__ import annotations

from typing import Any

from .....core.dtypes import float32
from .....core.tensor import Tensor
from .... import array_ops, math_ops, nn
from ....framework import convert_to_tensor

__all__ = ["contrastive_loss", "lifted_struct_loss", "npairs_loss", "triplet_semihard_loss"]


def pairwise_distance(feature: Any, squared: bool = False) -> Tensor:
    """The Euclidean distances of all pairs of rows (their squares with `squared`)."""
    squares = math_ops.add(
        math_ops.reduce_sum(math_ops.square(feature), axis=[1], keepdims=True),
        math_ops.reduce_sum(math_ops.square(array_ops.transpose(feature)), axis=[0], keepdims=True),
    ) - 2.0 * math_ops.matmul(feature, array_ops.transpose(feature))
    # Rounding may leave a negative square; the root's slope at zero is infinite.
    squares = math_ops.maximum(squares, 0.0)
    is_zero = math_ops.less_equal(squares, 0.0)
    distances = squares
    if not squared:
        distances = math_ops.sqrt(squares + math_ops.cast(is_zero, float32) * 1e-16)
    not_zero = math_ops.cast(math_ops.logical_not(is_zero), float32)
    distances = math_ops.multiply(distances, not_zero)
    count = array_ops.shape(feature)[0]
    others = array_ops.ones_like(distances) - array_ops.diag(array_ops.ones([count]))
    return math_ops.multiply(distances, others)


def contrastive_loss(
    labels: Any, embeddings_anchor: Any, embeddings_positive: Any, margin: float = 1.0
) -> Tensor:
    """Squared distances where the label is 1, squared shortfalls of `margin` where it is 0.

    Source: R. Hadsell, S. Chopra, Y. LeCun, Dimensionality reduction by learning an invariant
    mapping, CVPR 2006.
    """
    squares = math_ops.squared_difference(embeddings_anchor, embeddings_positive)
    distances = math_ops.sqrt(math_ops.reduce_sum(squares, 1))
    dtype = distances.dtype
    return math_ops.reduce_mean(
        math_ops.cast(labels, dtype) * math_ops.square(distances)
        + (1.0 - math_ops.cast(labels, dtype))
        * math_ops.square(math_ops.maximum(margin - distances, 0.0)),
        name="contrastive_loss",
    )


def _masked_maximum(data: Tensor, mask: Tensor) -> Tensor:
    least = math_ops.reduce_min(data, 1, keepdims=True)
    shifted = math_ops.multiply(data - least, mask)
    return math_ops.reduce_max(shifted, 1, keepdims=True) + least


def _masked_minimum(data: Tensor, mask: Tensor) -> Tensor:
    most = math_ops.reduce_max(data, 1, keepdims=True)
    shifted = math_ops.multiply(data - most, mask)
    return math_ops.reduce_min(shifted, 1, keepdims=True) + most


def _column(labels: Any) -> Tensor:
    shape = array_ops.shape(labels)
    if shape.shape.as_list() != [1]:
        raise ValueError("Labels must be a vector: one class number an example.")
    return array_ops.reshape(labels, [shape[0], 1])


def triplet_semihard_loss(labels: Any, embeddings: Any, margin: float = 1.0) -> Tensor:
    """How much nearer the nearest farther negative is than each positive, plus `margin`.

    Source: F. Schroff, D. Kalenichenko, J. Philbin, FaceNet, arXiv:1503.03832.
    """
    labels = _column(labels)
    distances = pairwise_distance(embeddings, squared=True)
    equal = math_ops.equal(labels, array_ops.transpose(labels))
    different = math_ops.logical_not(equal)
    size = array_ops.size(labels)
    tiled = array_ops.tile(distances, [size, 1])
    mask = math_ops.logical_and(
        array_ops.tile(different, [size, 1]),
        math_ops.greater(tiled, array_ops.reshape(array_ops.transpose(distances), [-1, 1])),
    )
    has_farther = array_ops.transpose(_any_in_row(mask, size))
    different = math_ops.cast(different, dtype=float32)
    mask = math_ops.cast(mask, dtype=float32)
    outside = array_ops.reshape(_masked_minimum(tiled, mask), [size, size])
    outside = array_ops.transpose(outside)
    inside = array_ops.tile(_masked_maximum(distances, different), [1, size])
    negatives = array_ops.where(has_farther, outside, inside)
    losses = math_ops.add(margin, distances - negatives)
    identity = array_ops.diag(array_ops.ones([size]))
    positives = math_ops.cast(equal, dtype=float32) - identity
    count = math_ops.reduce_sum(positives)
    total = math_ops.reduce_sum(math_ops.maximum(math_ops.multiply(losses, positives), 0.0))
    return math_ops.truediv(total, count, name="triplet_semihard_loss")


def _any_in_row(mask: Tensor, size: Tensor) -> Tensor:
    counts = math_ops.reduce_sum(math_ops.cast(mask, dtype=float32), 1, keepdims=True)
    return array_ops.reshape(math_ops.greater(counts, 0.0), [size, size])


def npairs_loss(
    labels: Any,
    embeddings_anchor: Any,
    embeddings_positive: Any,
    reg_lambda: float = 0.002,
    print_losses: bool = False,
) -> Tensor:
    """The cross entropy of similarities, with the embeddings' norms times `reg_lambda` / 4.

    Source: K. Sohn, Improved deep metric learning with multi-class N-pair loss objective,
    NIPS 2016.
    """
    norms = [
        math_ops.reduce_mean(math_ops.reduce_sum(math_ops.square(e), 1))
        for e in (embeddings_anchor, embeddings_positive)
    ]
    l2_loss = math_ops.multiply(0.25 * reg_lambda, norms[0] + norms[1], name="l2loss")
    similarity = math_ops.matmul(embeddings_anchor, embeddings_positive, transpose_b=True)
    labels = _column(labels)
    targets = math_ops.cast(math_ops.equal(labels, array_ops.transpose(labels)), float32)
    targets = targets / math_ops.reduce_sum(targets, 1, keepdims=True)
    entropy = nn.softmax_cross_entropy_with_logits(logits=similarity, labels=targets)
    entropy = math_ops.reduce_mean(entropy, name="xentropy")
    if print_losses:
        from ....namespaces import resolve

        entropy = resolve("tf", "Print")(entropy, ["cross entropy:", entropy, "l2loss:", l2_loss])
    return l2_loss + entropy


def lifted_struct_loss(labels: Any, embeddings: Any, margin: float = 1.0) -> Tensor:
    """A smooth bound of the hardest negatives' loss over all pairs of equal labels.

    Source: H. Oh Song et al., Deep metric learning via lifted structured feature embedding,
    arXiv:1511.06452.
    """
    labels = _column(convert_to_tensor(labels))
    distances = pairwise_distance(embeddings)
    equal = math_ops.equal(labels, array_ops.transpose(labels))
    different = math_ops.logical_not(equal)
    size = array_ops.size(labels)
    diff = margin - distances
    mask = math_ops.cast(different, dtype=float32)
    hardest = _masked_maximum(diff, mask)
    hardest = math_ops.maximum(hardest, array_ops.transpose(hardest))
    tiled, tiled_mask = array_ops.tile(diff, [size, 1]), array_ops.tile(mask, [size, 1])
    column = array_ops.reshape(array_ops.transpose(hardest), [-1, 1])
    exponentials = math_ops.multiply(math_ops.exp(tiled - column), tiled_mask)
    left = array_ops.reshape(math_ops.reduce_sum(exponentials, 1, keepdims=True), [size, size])
    losses = hardest + math_ops.log(left + array_ops.transpose(left))
    losses = losses + distances
    identity = array_ops.diag(array_ops.ones([size]))
    positives = math_ops.cast(equal, dtype=float32) - identity
    count = math_ops.reduce_sum(positives) / 2.0
    squares = math_ops.square(math_ops.maximum(math_ops.multiply(losses, positives), 0.0))
    total = 0.25 * math_ops.reduce_sum(squares)
    return math_ops.truediv(total, count, name="liftedstruct_loss")
