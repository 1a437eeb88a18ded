"""Losses over many classes that look at samples of them, and the samplers."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

from ..core.dtypes import int32, int64
from ..core.emit import apply
from ..core.tensor import Tensor
from ..ops.seeds import get_seed
from . import array_ops
from .dtype_ops import cast
from .embedding_ops import embedding_lookup
from .emitting import emit_tensor
from .framework import name_scope
from .matrix_ops import matmul
from .nn_losses import sigmoid_cross_entropy_with_logits
from .nn_softmax import softmax_cross_entropy_with_logits_v2
from .partitioned_variables import PartitionedVariable

# -- samplers ----------------------------------------------------------------------------------
UniformCandidateSampler = namedtuple(
    "UniformCandidateSampler",
    ["sampled_candidates", "true_expected_count", "sampled_expected_count"],
)
LogUniformCandidateSampler = namedtuple(
    "LogUniformCandidateSampler",
    ["sampled_candidates", "true_expected_count", "sampled_expected_count"],
)
LearnedUnigramCandidateSampler = namedtuple(
    "LearnedUnigramCandidateSampler",
    ["sampled_candidates", "true_expected_count", "sampled_expected_count"],
)
FixedUnigramCandidateSampler = namedtuple(
    "FixedUnigramCandidateSampler",
    ["sampled_candidates", "true_expected_count", "sampled_expected_count"],
)
AllCandidateSampler = namedtuple(
    "AllCandidateSampler", ["sampled_candidates", "true_expected_count", "sampled_expected_count"]
)
ComputeAccidentalHits = namedtuple("ComputeAccidentalHits", ["indices", "ids", "weights"])


def _sampled(kind: Any, inputs: Sequence[Any], seed: Any, name: Any, **attrs: Any) -> Any:
    first, second = get_seed(seed)
    attrs.update(seed=first or 0, seed2=second or 0, name=name)
    return kind(*apply(kind.__name__, *inputs, **attrs))


def _of_range(
    kind: Any,
    true_classes: Any,
    num_true: Any,
    num_sampled: Any,
    unique: Any,
    range_max: Any,
    seed: Any,
    name: Any,
) -> Any:
    attrs = {"num_true": num_true, "num_sampled": num_sampled, "unique": unique}
    return _sampled(kind, [true_classes], seed, name, range_max=range_max, **attrs)


def uniform_candidate_sampler(
    true_classes: Any,
    num_true: Any,
    num_sampled: Any,
    unique: Any,
    range_max: Any,
    seed: Any = None,
    name: Any = None,
) -> Any:
    """(classes, expected counts of the true classes, of the sampled): each class alike.

    `true_classes` [batch, num_true]; classes are in [0, range_max), with `unique` all different.
    """
    given = (true_classes, num_true, num_sampled, unique, range_max, seed, name)
    return _of_range(UniformCandidateSampler, *given)


def log_uniform_candidate_sampler(
    true_classes: Any,
    num_true: Any,
    num_sampled: Any,
    unique: Any,
    range_max: Any,
    seed: Any = None,
    name: Any = None,
) -> Any:
    """Samples of classes sorted by falling frequency: P(k) ~ log((k + 2) / (k + 1))."""
    given = (true_classes, num_true, num_sampled, unique, range_max, seed, name)
    return _of_range(LogUniformCandidateSampler, *given)


def learned_unigram_candidate_sampler(
    true_classes: Any,
    num_true: Any,
    num_sampled: Any,
    unique: Any,
    range_max: Any,
    seed: Any = None,
    name: Any = None,
) -> Any:
    """Samples of classes by how often they were true classes so far in this session."""
    given = (true_classes, num_true, num_sampled, unique, range_max, seed, name)
    return _of_range(LearnedUnigramCandidateSampler, *given)


def fixed_unigram_candidate_sampler(
    true_classes: Any,
    num_true: Any,
    num_sampled: Any,
    unique: Any,
    range_max: Any,
    vocab_file: Any = "",
    distortion: Any = 1.0,
    num_reserved_ids: Any = 0,
    num_shards: Any = 1,
    shard: Any = 0,
    unigrams: Any = (),
    seed: Any = None,
    name: Any = None,
) -> Any:
    """Samples of classes by weights ** distortion.

    The weights are `unigrams`, or the last column of the lines of `vocab_file`. The first
    `num_reserved_ids` classes are never drawn; shard i of n has the classes i, i + n, ...
    """
    given = {k: v for k, v in locals().items() if k not in ("true_classes", "seed", "name")}
    given["unigrams"] = list(unigrams)
    return _sampled(FixedUnigramCandidateSampler, [true_classes], seed, name, **given)


def all_candidate_sampler(
    true_classes: Any,
    num_true: Any,
    num_sampled: Any,
    unique: Any,
    seed: Any = None,
    name: Any = None,
) -> Any:
    """All classes 0 .. num_sampled - 1, each expected once: a loss without sampling."""
    attrs = {"num_true": num_true, "num_sampled": num_sampled, "unique": unique}
    return _sampled(AllCandidateSampler, [true_classes], seed, name, **attrs)


def compute_accidental_hits(
    true_classes: Any, sampled_candidates: Any, num_true: Any, seed: Any = None, name: Any = None
) -> Any:
    """(rows, places among the samples, -FLT_MAX) of samples that are true classes of a row."""
    inputs = [true_classes, sampled_candidates]
    return _sampled(ComputeAccidentalHits, inputs, seed, name, num_true=num_true)


# -- losses ------------------------------------------------------------------------------------


def _sum_rows(x: Any) -> Tensor:
    """The sum of each row, as a product with ones."""
    columns: Any = array_ops.shape(x)
    ones = array_ops.ones(array_ops.stack([columns[1], 1]), x.dtype)
    return array_ops.reshape(matmul(x, ones), [-1])


def _looked_up(tables: Any, ids: Any, strategy: str, inputs: Any) -> Any:
    found = embedding_lookup(tables, ids, partition_strategy=strategy)
    return found if found.dtype == inputs.dtype else cast(found, inputs.dtype)


def _true_logits(inputs: Any, true_w: Any, num_true: int) -> Any:
    """The logit of each true class, [batch, num_true]."""
    shape: Any = array_ops.shape(true_w)
    dim = shape[1:2]
    per_row = array_ops.concat([[-1, num_true], dim], 0)
    rows = array_ops.expand_dims(inputs, 1)
    dots = emit_tensor("Mul", rows, array_ops.reshape(true_w, per_row))
    matrix = array_ops.reshape(dots, array_ops.concat([[-1], dim], 0))
    return array_ops.reshape(_sum_rows(matrix), [-1, num_true])


def _without_hits(logits: Any, labels: Any, sampled: Any, num_true: int, num_sampled: int) -> Any:
    """The samples' logits, lowered without bound where the sample is a true class of the row."""
    rows, ids, weights = compute_accidental_hits(labels, sampled, num_true=num_true)
    rows = array_ops.reshape(rows, [-1, 1])
    columns = array_ops.reshape(cast(ids, int32), [-1, 1])
    places = array_ops.concat([rows, columns], 1, "sparse_indices")
    batch: Any = array_ops.shape(labels)
    shape = array_ops.concat([batch[:1], array_ops.expand_dims(num_sampled, 0)], 0)
    if logits.dtype != weights.dtype:
        weights = cast(weights, logits.dtype)
    lowered = emit_tensor("SparseToDense", places, shape, weights, 0.0, validate_indices=False)
    return logits + lowered


def _sampled_logits(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: int,
    num_classes: int,
    num_true: int,
    sampled_values: Any,
    remove_accidental_hits: bool,
    strategy: str,
    name: Any,
    seed: Any = None,
) -> tuple[Any, Any]:
    """(logits, labels) of the true classes and of the samples, [batch, num_true + num_sampled]."""
    if isinstance(weights, PartitionedVariable):
        weights = list(weights)
    tables = weights if isinstance(weights, list) else [weights]
    with name_scope(name, "compute_sampled_logits", [*tables, biases, inputs, labels]):
        if labels.dtype != int64:
            labels = cast(labels, int64)
        flat: Any = array_ops.reshape(labels, [-1])
        if sampled_values is None:
            given = (labels, num_true, num_sampled, True, num_classes, seed)
            sampled_values = log_uniform_candidate_sampler(*given)
        sampled, by_true, by_sampled = (array_ops.stop_gradient(s) for s in sampled_values)
        sampled = cast(sampled, int64)
        ids = array_ops.concat([flat, sampled], 0)
        all_w = _looked_up(tables, ids, strategy, inputs)
        count: Any = array_ops.shape(flat)
        true_w = array_ops.slice(all_w, [0, 0], array_ops.stack([count[0], -1]))
        count = array_ops.shape(flat)
        sampled_w = array_ops.slice(all_w, array_ops.stack([count[0], 0]), [-1, -1])
        sampled_logits: Any = matmul(inputs, sampled_w, transpose_b=True)
        all_b = _looked_up(biases, ids, strategy, inputs)
        true_b = array_ops.slice(all_b, [0], array_ops.shape(flat))
        sampled_b = array_ops.slice(all_b, array_ops.shape(flat), [-1])
        true_logits = _true_logits(inputs, true_w, num_true)
        true_logits = true_logits + array_ops.reshape(true_b, [-1, num_true])
        sampled_logits = sampled_logits + sampled_b
        if remove_accidental_hits:
            counts = (num_true, num_sampled)
            sampled_logits = _without_hits(sampled_logits, labels, sampled, *counts)
        true_logits = true_logits - emit_tensor("Log", by_true)
        sampled_logits = sampled_logits - emit_tensor("Log", by_sampled)
        logits = array_ops.concat([true_logits, sampled_logits], 1)
        ones: Any = array_ops.ones_like(true_logits)
        targets = [ones / num_true, array_ops.zeros_like(sampled_logits)]
        return logits, array_ops.concat(targets, 1)


def nce_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: Any,
    num_classes: Any,
    num_true: Any = 1,
    sampled_values: Any = None,
    remove_accidental_hits: Any = False,
    partition_strategy: Any = "mod",
    name: Any = "nce_loss",
) -> Tensor:
    """The noise-contrastive estimation loss of each row of `inputs` [batch, dim].

    `weights` [num_classes, dim] (or parts), `biases` [num_classes], `labels` [batch, num_true].
    Without `sampled_values` classes are drawn log-uniformly. Gutmann and Hyvarinen (2010).
    """
    logits, targets = _sampled_logits(
        weights,
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        num_true,
        sampled_values,
        remove_accidental_hits,
        partition_strategy,
        name,
    )
    losses = sigmoid_cross_entropy_with_logits(labels=targets, logits=logits, name="sampled_losses")
    return _sum_rows(losses)


def nce_loss_v2(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: Any,
    num_classes: Any,
    num_true: Any = 1,
    sampled_values: Any = None,
    remove_accidental_hits: Any = False,
    name: Any = "nce_loss",
) -> Tensor:
    """`nce_loss` with weights whose parts hold consecutive classes."""
    return nce_loss(**locals(), partition_strategy="div")


def sampled_softmax_loss(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: Any,
    num_classes: Any,
    num_true: Any = 1,
    sampled_values: Any = None,
    remove_accidental_hits: Any = True,
    partition_strategy: Any = "mod",
    name: Any = "sampled_softmax_loss",
    seed: Any = None,
) -> Tensor:
    """The softmax cross entropy of each row over its true classes and samples of the others.

    Arguments as `nce_loss`. Jean et al., On Using Very Large Target Vocabulary (2015).
    """
    logits, targets = _sampled_logits(
        weights,
        biases,
        labels,
        inputs,
        num_sampled,
        num_classes,
        num_true,
        sampled_values,
        remove_accidental_hits,
        partition_strategy,
        name,
        seed,
    )
    targets = array_ops.stop_gradient(targets, name="labels_stop_gradient")
    return softmax_cross_entropy_with_logits_v2(labels=targets, logits=logits)


def sampled_softmax_loss_v2(
    weights: Any,
    biases: Any,
    labels: Any,
    inputs: Any,
    num_sampled: Any,
    num_classes: Any,
    num_true: Any = 1,
    sampled_values: Any = None,
    remove_accidental_hits: Any = True,
    seed: Any = None,
    name: Any = "sampled_softmax_loss",
) -> Tensor:
    """`sampled_softmax_loss` with weights whose parts hold consecutive classes."""
    return sampled_softmax_loss(**locals(), partition_strategy="div")
