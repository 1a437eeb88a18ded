"""Connectionist temporal classification: its loss, and decoders.

A. Graves, S. Fernandez, F. Gomez, J. Schmidhuber, Connectionist Temporal Classification (2006).
The last class is the blank. Inputs are logits [time, batch, classes].
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..core.emit import apply
from ..core.opdef import NO_GRADIENT, Array, Attrs, Values, define
from ..core.shape import Dim, Shape, merge_dim, with_rank
from ..core.tensor import axes_literal
from ..errors import FailedPreconditionError
from .ctc_beam import BeamSearch

# -- labels ------------------------------------------------------------------------------------


def _check_indices(indices: Array, batch: int) -> None:
    """Raises ValueError unless the places of the labels ascend and lie in the batch."""
    if not len(indices):
        return
    if indices.min() < 0:
        row = int(np.argmax(indices.min(axis=1) < 0))
        raise ValueError(
            f"label SparseTensor is not valid: indices[{row}] = {indices[row].tolist()} is out "
            "of bounds: an index must not be negative"
        )
    if indices[:, 0].max() >= batch:
        wrong = int(indices[:, 0].max())
        raise ValueError(
            f"labels batch index must be between 0 and {batch} but saw: {wrong}. The label "
            "SparseTensor is not valid."
        )
    for row, (before, after) in enumerate(pairwise(indices), 1):
        if tuple(before) >= tuple(after):
            how = "repeated" if tuple(before) == tuple(after) else "out of order"
            raise ValueError(
                f"label SparseTensor is not valid: indices[{row}] = {after.tolist()} is {how}"
            )


def _label_sequences(
    indices: Array, values: Array, lengths: Array, classes: int, attrs: Attrs
) -> tuple[list[list[int]], list[int]]:
    """For each example its labels without what is left out, and how many were given."""
    _check_indices(indices, len(lengths))
    found = []
    given = []
    for b, length in enumerate(lengths.tolist()):
        labels = values[indices[:, 0] == b].tolist()
        if not labels:
            raise ValueError(f"Labels length is zero in batch {b}")
        found.append(_usable(labels, b, classes, attrs["preprocess_collapse_repeated"]))
        given.append(len(labels))
        if not attrs["ignore_longer_outputs_than_inputs"] and len(labels) > length:
            raise ValueError(
                "Not enough time for target transition sequence (required: "
                f"{len(labels)}, available: {length}){b}. You can turn this error into a warning "
                "by using the flag ignore_longer_outputs_than_inputs"
            )
    return found, given


def _usable(labels: list[int], b: int, classes: int, collapse: bool) -> list[int]:
    """The labels up to the first that means none; repeated ones once if asked for."""
    if collapse:
        pairs = zip([None, *labels], labels, strict=False)
        labels = [label for before, label in pairs if label != before]
    null = next((i for i, label in enumerate(labels) if label >= classes - 1), len(labels))
    if any(label < classes - 1 for label in labels[null:]):
        raise ValueError(
            "Saw a non-null label (index >= num_classes - 1) following a null label, batch: "
            f"{b} num_classes: {classes} labels: {','.join(map(str, labels))}"
        )
    if any(label < 0 for label in labels[:null]):
        raise ValueError(
            f"All labels must be nonnegative integers, batch: {b} labels: "
            f"{','.join(map(str, labels))}"
        )
    return labels[:null]


# -- the loss ----------------------------------------------------------------------------------


class _Lattice:
    """The states of all examples: blank, label, blank ... label, blank; with their transitions.

    All arrays are [batch, states]; an example with fewer states has -inf in the places behind.
    """

    def __init__(self, labels: list[list[int]], blank: int, merge_repeated: bool) -> None:
        self.count = np.array([2 * len(sequence) + 1 for sequence in labels])
        width = int(self.count.max())
        self.label = np.full((len(labels), width), blank)
        for row, sequence in zip(self.label, labels, strict=True):
            row[1 : 2 * len(sequence) : 2] = sequence
        blanks = self.label == blank
        inside = np.arange(width) < self.count[:, None]
        differs = np.ones_like(inside)
        differs[:, 2:] = self.label[:, 2:] != self.label[:, :-2]
        stays = blanks | merge_repeated
        skips = ~blanks & (differs | (not merge_repeated))
        skips[:, :2] = False
        self.inside, self.stays, self.skips = (_log(m & inside) for m in (inside, stays, skips))

    def forward(self, emitted: Array) -> Array:
        """log alpha [time, batch, states]; `emitted` are the states' log-probabilities."""
        alpha = np.full_like(emitted, -np.inf)
        alpha[0, :, :2] = (emitted[0] + self.inside)[:, :2]
        for t in range(1, len(emitted)):
            before = alpha[t - 1]
            total = before + self.stays
            total[:, 1:] = np.logaddexp(total[:, 1:], before[:, :-1])
            skipped = before[:, :-2] + self.skips[:, 2:]
            total[:, 2:] = np.logaddexp(total[:, 2:], skipped)
            alpha[t] = total + emitted[t] + self.inside
        return alpha

    def backward(self, emitted: Array, lengths: Array) -> Array:
        """log beta [time, batch, states], without what is emitted at the time itself."""
        beta = np.full_like(emitted, -np.inf)
        states = np.arange(emitted.shape[2])
        final = _log((states >= self.count[:, None] - 2) & (states < self.count[:, None]))
        for t in reversed(range(len(emitted))):
            if t + 1 < len(emitted):
                after = beta[t + 1] + emitted[t + 1]
                total = after + self.stays
                total[:, :-1] = np.logaddexp(total[:, :-1], after[:, 1:])
                skipped = after[:, 2:] + self.skips[:, 2:]
                total[:, :-2] = np.logaddexp(total[:, :-2], skipped)
                beta[t] = total + self.inside
            beta[t] = np.where((lengths == t + 1)[:, None], final, beta[t])
        return beta


def _log(mask: Array) -> Array:
    """0 where the mask holds, else -inf."""
    return np.where(mask, 0.0, -np.inf)


def _log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _loss(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    logits, indices, values, lengths = (np.asarray(x) for x in inputs)
    _check_loss(logits, indices, values, lengths)
    labels, given = _label_sequences(indices, values, lengths, logits.shape[2], attrs)
    ignored = lengths == 0
    if attrs["ignore_longer_outputs_than_inputs"]:
        ignored = ignored | (np.array(given) > lengths)
    lattice = _Lattice(labels, logits.shape[2] - 1, attrs["ctc_merge_repeated"])
    used = np.maximum(lengths, 1)
    log_y = _log_softmax(logits.astype(np.float64))
    loss, occupied = _likelihood(lattice, log_y, used)
    gradient = np.exp(log_y) - occupied
    outside = (np.arange(len(logits))[:, None] >= used) | ignored
    gradient[outside] = 0
    loss = np.where(ignored, 0, loss)
    return loss.astype(logits.dtype), gradient.astype(logits.dtype)


def _likelihood(lattice: _Lattice, log_y: Array, lengths: Array) -> tuple[Array, Array]:
    """The negative log-likelihood, and the probability of each class at each time given it."""
    batch = np.arange(log_y.shape[1])[:, None]
    emitted = log_y[:, batch, lattice.label]
    paths = lattice.forward(emitted) + lattice.backward(emitted, lengths)
    log_p = np.logaddexp.reduce(paths[0], axis=1)
    possible = np.isfinite(log_p)
    share = np.exp(paths - np.where(possible, log_p, 0)[:, None]) * possible[:, None]
    occupied = np.zeros_like(log_y)
    times = np.arange(len(log_y))[:, None, None]
    np.add.at(occupied, (times, batch, lattice.label), share)
    return -log_p, occupied


def _check_loss(logits: Array, indices: Array, values: Array, lengths: Array) -> None:
    """Raises ValueError unless the operands fit."""
    for name, x, rank in (
        ("inputs is not a 3-Tensor", logits, 3),
        ("sequence_length is not a vector", lengths, 1),
        ("labels_indices is not a matrix", indices, 2),
        ("labels_values is not a vector", values, 1),
    ):
        if x.ndim != rank:
            raise ValueError(f"{name}: its shape is {list(x.shape)}.")
    time, batch, classes = logits.shape
    if batch != len(lengths):
        raise ValueError(
            f"len(sequence_length) != batch_size.  len(sequence_length):  {len(lengths)} "
            f"batch_size: {batch}"
        )
    if len(indices) != len(values) or indices.shape[1] != 2:
        raise ValueError(
            "labels_indices and labels_values must contain the same number of rows, but saw "
            f"shapes: {list(indices.shape)} vs. {list(values.shape)}"
        )
    if not batch:
        raise ValueError("batch_size must not be 0")
    if not time or not classes:
        raise ValueError(f"CTC needs a time and a class at least, got {list(logits.shape)}.")
    for b, length in enumerate(lengths.tolist()):
        if not 0 <= length <= time:
            raise ValueError(f"sequence_length({b}) <= {time} is needed, got {length}.")


def _loss_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    logits, batch = _batch(shapes[0], shapes[3])
    (rows, _), (count,) = with_rank(shapes[1], 2), with_rank(shapes[2], 1)
    merge_dim(rows, count)
    return [(batch,), logits]


def _batch(logits: Shape, lengths: Shape) -> tuple[Shape, Dim]:
    """The logits' shape and the batch's size, as both operands tell it."""
    time, batch, classes = with_rank(logits, 3)
    (count,) = with_rank(lengths, 1)
    batch = merge_dim(batch, count)
    return (time, batch, classes), batch


def _loss_grad(op: Any, dloss: Any, _: Any) -> list[Any]:
    slopes = apply(
        "PreventGradient",
        op.outputs[1],
        message="The second derivative of ctc_loss is not available: its gradient is computed "
        "together with it. tf.nn.ctc_loss_v2 with dense labels has one.",
    )
    return [apply("ExpandDims", dloss, axes_literal(-1)) * slopes, None, None, None]


define(
    "CTCLoss",
    "inputs:T labels_indices:int64 labels_values:int32 sequence_length:int32 -> loss:T gradient:T",
    "preprocess_collapse_repeated:bool=false; ctc_merge_repeated:bool=true; "
    "ignore_longer_outputs_than_inputs:bool=false; T:type{float32,float64}=float32",
    shape=_loss_shape,
    kernel=_loss,
    grad=_loss_grad,
)

# -- the loss of dense labels ------------------------------------------------------------------


def _dense_loss(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, Array]:
    logits, labels, label_length, logit_length = (np.asarray(x) for x in inputs)
    blank = attrs["blank_index"]
    _check_dense(logits, labels, label_length, logit_length, blank)
    # The lattice has its blank last.
    order = [*range(blank), *range(blank + 1, logits.shape[2]), blank]
    rows = zip(labels.tolist(), label_length.tolist(), strict=True)
    sequences = [[label - (label > blank) for label in row[:n]] for row, n in rows]
    lattice = _Lattice(sequences, logits.shape[2] - 1, True)
    log_y = _log_softmax(logits.astype(np.float64))[:, :, order]
    loss, occupied = _likelihood(lattice, log_y, np.maximum(logit_length, 1))
    gradient = np.zeros(logits.shape)
    used = np.arange(len(logits))[:, None] < logit_length
    gradient[:, :, order] = (np.exp(log_y) - occupied) * used[:, :, None]
    loss = np.where(logit_length == 0, 0, loss)
    return loss.astype(logits.dtype), gradient.astype(logits.dtype)


def _check_dense(
    logits: Array, labels: Array, label_length: Array, logit_length: Array, blank: int
) -> None:
    """Raises ValueError unless the operands fit."""
    if logits.ndim != 3 or 0 in logits.shape:
        raise ValueError(
            f"logits must be [time, batch, classes] and not empty, got {list(logits.shape)}."
        )
    time, batch, classes = logits.shape
    lengths = (label_length, logit_length)
    if labels.ndim != 2 or {len(labels), *map(np.size, lengths)} != {batch}:
        raise ValueError(
            f"labels and the lengths must have {batch} rows, as logits have, got shapes "
            f"{list(labels.shape)}, {list(label_length.shape)} and {list(logit_length.shape)}."
        )
    for name, length, most in (
        ("label_length", label_length, labels.shape[1]),
        ("logit_length", logit_length, time),
    ):
        if length.min() < 0 or length.max() > most:
            raise ValueError(f"{name} must be between 0 and {most}, got {length.tolist()}.")
    inside = np.arange(labels.shape[1]) < label_length[:, None]
    wrong = labels[inside & ((labels < 0) | (labels >= classes) | (labels == blank))]
    if wrong.size:
        raise ValueError(
            f"A label must be in [0, {classes}) and not the blank {blank}, got {wrong[0]}."
        )


def _dense_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    logits, batch = _batch(shapes[0], shapes[3])
    (rows, _), (count,) = with_rank(shapes[1], 2), with_rank(shapes[2], 1)
    return [(merge_dim(batch, merge_dim(rows, count)),), logits]


define(
    "_CTCLossDense",
    "logits:T labels:L label_length:M logit_length:N -> loss:T gradient:T",
    "blank_index:int; T:type{float32,float64}; L:type{index}; M:type{index}; N:type{index}",
    shape=_dense_shape,
    kernel=_dense_loss,
    grad=_loss_grad,
)

# -- decoders ----------------------------------------------------------------------------------


def _check_decoder(logits: Array, lengths: Array) -> None:
    if logits.ndim != 3:
        raise ValueError(f"inputs is not a 3-Tensor: its shape is {list(logits.shape)}.")
    time, batch, classes = logits.shape
    if not time:
        raise ValueError("max_time is 0")
    if not classes:
        raise ValueError("CTC needs a class at least, the blank.")
    if lengths.ndim != 1:
        raise ValueError("sequence_length is not a vector")
    if batch != len(lengths):
        raise FailedPreconditionError(
            f"len(sequence_length) != batch_size.  len(sequence_length):  {len(lengths)} "
            f"batch_size: {batch}"
        )
    for b, length in enumerate(lengths.tolist()):
        if length > time:
            raise FailedPreconditionError(f"sequence_length({b}) <= {time} is needed, got {length}")


def _sparse(sequences: list[list[int]]) -> tuple[Array, Array, Array]:
    """Indices, values and dense shape of sequences of labels, one an example."""
    places = [(b, t) for b, labels in enumerate(sequences) for t in range(len(labels))]
    values = [label for labels in sequences for label in labels]
    longest = max(map(len, sequences), default=0)
    return (
        np.array(places, np.int64).reshape(-1, 2),
        np.array(values, np.int64),
        np.array([len(sequences), longest], np.int64),
    )


def _greedy(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    logits, lengths = np.asarray(inputs[0]), np.asarray(inputs[1])
    _check_decoder(logits, lengths)
    blank = logits.shape[2] - 1
    used = np.arange(len(logits))[:, None] < lengths
    score = -np.where(used, logits.max(axis=2), 0).sum(axis=0)
    best = logits.argmax(axis=2)
    keep = used & (best != blank)
    if attrs["merge_repeated"]:
        keep[1:] &= best[1:] != best[:-1]
    columns = zip(best.T, keep.T, strict=True)
    sequences = [labels[kept].tolist() for labels, kept in columns]
    return *_sparse(sequences), score[:, None].astype(logits.dtype)


def _greedy_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    _, batch = _batch(shapes[0], shapes[1])
    return [(None, 2), (None,), (2,), (batch, 1)]


def _beam(xp: Any, inputs: Sequence[Array], attrs: Attrs) -> tuple[Array, ...]:
    logits, lengths = np.asarray(inputs[0]), np.asarray(inputs[1])
    _check_decoder(logits, lengths)
    width, paths = attrs["beam_width"], attrs["top_paths"]
    if paths > width:
        raise ValueError("requested more paths than the beam width.")
    log_y = _log_softmax(logits.astype(np.float64))
    found: list[list[list[int]]] = [[] for _ in range(paths)]
    scores = np.zeros((logits.shape[1], paths), logits.dtype)
    for b, length in enumerate(lengths.tolist()):
        search = BeamSearch(width)
        for t in range(length):
            search.step(log_y[t, b])
        for p, (labels, score) in enumerate(search.best(paths, attrs["merge_repeated"])):
            found[p].append(labels)
            scores[b, p] = score
    parts = [_sparse(sequences) for sequences in found]
    return *(part[i] for i in range(3) for part in parts), scores


def _beam_shape(shapes: Sequence[Shape], attrs: Attrs, values: Values) -> list[Shape]:
    _, batch = _batch(shapes[0], shapes[1])
    n = attrs["top_paths"]
    return [*[(None, 2)] * n, *[(None,)] * n, *[(2,)] * n, (batch, n)]


define(
    "CTCGreedyDecoder",
    "inputs:T sequence_length:int32 -> decoded_indices:int64 decoded_values:int64 "
    "decoded_shape:int64 log_probability:T",
    "merge_repeated:bool=false; T:type{float32,float64}=float32",
    shape=_greedy_shape,
    kernel=_greedy,
    grad=NO_GRADIENT,
    data_dependent=True,
)
define(
    "CTCBeamSearchDecoder",
    "inputs:T sequence_length:int32 -> decoded_indices:top_paths*int64 "
    "decoded_values:top_paths*int64 decoded_shape:top_paths*int64 log_probability:T",
    "beam_width:int>=1; top_paths:int>=1; merge_repeated:bool=true; "
    "T:type{float32,float64}=float32",
    shape=_beam_shape,
    kernel=_beam,
    grad=NO_GRADIENT,
    data_dependent=True,
)
