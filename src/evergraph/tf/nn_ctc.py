"""Connectionist temporal classification in `tf.nn`: losses, decoders, and labels for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.dtypes import bool_, int32, int64
from ..core.emit import apply
from ..core.tensor import Tensor
from . import array_ops
from .dtype_ops import cast
from .emitting import emit_tensor
from .framework import convert_to_tensor, name_scope
from .nest import flatten, pack_sequence_as
from .reduction_ops import reduce_logsumexp, reduce_max, reduce_sum
from .renamed import renamed
from .sparse_tensor import SparseTensor

_MINUS_INF = float("-inf")


def _dim(x: Any, axis: int) -> Any:
    """An extent: a number where it is known."""
    known = x.shape[axis].value
    if known:
        return known
    shape: Any = array_ops.shape(x)
    return shape[axis]


# -- losses ------------------------------------------------------------------------------------


def ctc_loss(
    labels: Any,
    inputs: Any = None,
    sequence_length: Any = None,
    preprocess_collapse_repeated: Any = False,
    ctc_merge_repeated: Any = True,
    ignore_longer_outputs_than_inputs: Any = False,
    time_major: Any = True,
    logits: Any = None,
) -> Tensor:
    """The negative log-likelihood of each example's labels, summed over their alignments.

    `labels` is a SparseTensor [batch, labels] of int32; `inputs` are logits [time, batch, classes]
    (or [batch, time, classes] if not `time_major`) whose last class is the blank. Graves et al.
    (2006).
    """
    if not isinstance(labels, SparseTensor):
        raise TypeError("Expected labels (first argument) to be a SparseTensor")
    inputs = renamed("logits", logits, "inputs", inputs)
    if not time_major:
        inputs = array_ops.transpose(inputs, [1, 0, 2])
    loss: Tensor = apply(
        "CTCLoss",
        inputs,
        labels.indices,
        labels.values,
        sequence_length,
        preprocess_collapse_repeated=preprocess_collapse_repeated,
        ctc_merge_repeated=ctc_merge_repeated,
        ignore_longer_outputs_than_inputs=ignore_longer_outputs_than_inputs,
    )[0]
    return loss


def ctc_loss_v2(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    logits_time_major: Any = True,
    unique: Any = None,
    blank_index: Any = None,
    name: Any = None,
) -> Tensor:
    """`ctc_loss` of dense labels [batch, labels], padded behind `label_length`, or of sparse ones.

    The blank is class `blank_index` (default 0; negative ones count from the end; sparse labels
    need it). `unique`, what `ctc_unique_labels` gives, changes nothing here.
    """
    if not isinstance(labels, SparseTensor):
        blank = 0 if blank_index is None else blank_index
        given = (labels, logits, label_length, logit_length, logits_time_major, unique, blank)
        return ctc_loss_dense(*given, name=name)
    if blank_index is None:
        raise ValueError("blank_index must be given when using SparseTensor labels.")
    if blank_index < 0:
        blank_index += _dim(logits, 2)
    if blank_index != _dim(logits, 2) - 1:
        parts = [
            logits[:, :, :blank_index],
            logits[:, :, blank_index + 1 :],
            logits[:, :, blank_index : blank_index + 1],
        ]
        logits = array_ops.concat(parts, axis=2)
        below = labels.values < blank_index
        values = array_ops.where(below, labels.values, labels.values - 1)
        labels = SparseTensor(labels.indices, values, labels.dense_shape)
    return ctc_loss(
        labels=labels, inputs=logits, sequence_length=logit_length, time_major=logits_time_major
    )


def ctc_loss_dense(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    logits_time_major: Any = True,
    unique: Any = None,
    blank_index: Any = 0,
    name: Any = None,
) -> Tensor:
    """`ctc_loss_v2` of dense labels."""
    with name_scope(name, "ctc_loss_dense", [logits, labels, label_length, logit_length]):
        logits = convert_to_tensor(logits, name="logits")
        labels = convert_to_tensor(labels, name="labels")
        label_length = convert_to_tensor(label_length, name="label_length")
        logit_length = convert_to_tensor(logit_length, name="logit_length")
        if not logits_time_major:
            logits = array_ops.transpose(logits, perm=[1, 0, 2])
        if blank_index < 0:
            classes = logits.shape[2].value
            if classes is None:
                raise ValueError(
                    "A negative blank_index needs logits of a known number of classes."
                )
            blank_index += classes
        inputs = (logits, labels, label_length, logit_length)
        loss: Tensor = apply("_CTCLossDense", *inputs, blank_index=blank_index)[0]
        return loss


# -- decoders ----------------------------------------------------------------------------------


def ctc_greedy_decoder(inputs: Any, sequence_length: Any, merge_repeated: Any = True) -> Any:
    """([decoded], -sum of the greatest logits [batch, 1]): the best class of each time.

    `decoded` is a SparseTensor of int64 without blanks, and, with `merge_repeated`, without
    repetitions that no blank divides.
    """
    *parts, score = apply(
        "CTCGreedyDecoder", inputs, sequence_length, merge_repeated=merge_repeated
    )
    return [SparseTensor(*parts)], score


def ctc_beam_search_decoder(
    inputs: Any,
    sequence_length: Any,
    beam_width: Any = 100,
    top_paths: Any = 1,
    merge_repeated: Any = True,
) -> Any:
    """(the `top_paths` best label sequences, their log-probabilities [batch, top_paths]).

    The sequences are SparseTensors of int64; `merge_repeated` drops equal neighbours from them.
    """
    *parts, scores = apply(
        "CTCBeamSearchDecoder",
        inputs,
        sequence_length,
        beam_width=beam_width,
        top_paths=top_paths,
        merge_repeated=merge_repeated,
    )
    n = len(parts) // 3
    thirds = zip(parts[:n], parts[n : 2 * n], parts[2 * n :], strict=True)
    return [SparseTensor(*third) for third in thirds], scores


def ctc_beam_search_decoder_v2(
    inputs: Any, sequence_length: Any, beam_width: Any = 100, top_paths: Any = 1
) -> Any:
    """`ctc_beam_search_decoder` that keeps equal neighbours."""
    return ctc_beam_search_decoder(
        inputs, sequence_length, beam_width=beam_width, top_paths=top_paths, merge_repeated=False
    )


# -- labels ------------------------------------------------------------------------------------


def collapse_repeated(labels: Any, seq_length: Any, name: Any = None) -> Any:
    """(labels [batch, longest] with equal neighbours merged, their lengths)."""
    with name_scope(name, "collapse_repeated_labels", [labels, seq_length]):
        labels = convert_to_tensor(labels, name="labels")
        seq_length = convert_to_tensor(seq_length, name="seq_length")
        first = array_ops.ones_like(labels[:, :1], bool_)
        changes = emit_tensor("NotEqual", labels[:, 1:], labels[:, :-1])
        kept: Any = array_ops.concat([first, changes], axis=1)
        inside = array_ops.sequence_mask(seq_length, maxlen=_dim(labels, 1))
        kept = emit_tensor("LogicalAnd", kept, inside)
        lengths = reduce_sum(cast(kept, int32), axis=1)
        longest = reduce_max(lengths)
        places = array_ops.sequence_mask(lengths, maxlen=longest)
        flat = array_ops.reshape(labels, [-1])
        flat_kept = array_ops.reshape(kept, [-1])
        flat_places: Any = array_ops.reshape(places, [-1])
        numbers = array_ops.range(_dim(flat_places, 0))
        targets = array_ops.expand_dims(array_ops.boolean_mask(numbers, flat_places), axis=1)
        values = array_ops.boolean_mask(flat, flat_kept)
        spread = array_ops.scatter_nd(targets, values, array_ops.shape(flat_places))
        result = array_ops.reshape(spread, [_dim(labels, 0), longest])
        return result, cast(lengths, seq_length.dtype)


def dense_labels_to_sparse(dense: Any, length: Any) -> SparseTensor:
    """Dense labels, padded behind `length`, as a SparseTensor."""
    dense = convert_to_tensor(dense, name="dense")
    length = convert_to_tensor(length, name="length")
    shape: Any = array_ops.shape(dense)
    mask = array_ops.sequence_mask(length, maxlen=shape[1])
    indices = array_ops.where(mask)
    values = array_ops.boolean_mask(dense, mask)
    extents = [cast(shape[0], int64), cast(reduce_max(length), int64)]
    return SparseTensor(indices, cast(values, int32), array_ops.stack(extents))


def ctc_unique_labels(labels: Any, name: Any = None) -> Any:
    """(the different labels of each row, padded with zeros; for each label its place there)."""
    from .namespaces import resolve

    with name_scope(name, "ctc_unique_labels", [labels]):
        labels = convert_to_tensor(labels, name="labels")

        def of_row(x: Any) -> list[Any]:
            found, places = array_ops.unique(x)
            missing = _dim(places, 0) - _dim(found, 0)
            return [cast(array_ops.pad(found, [[0, missing]]), int64), places]

        return resolve("tf", "map_fn")(of_row, labels, dtype=[int64, int32])


# -- states and labels -------------------------------------------------------------------------


def sum_states(idx: Any, states: Any) -> Tensor:
    """The sum (of logs) of all states of one label: [time, batch, states], as `idx` joins them."""
    with name_scope("sum_states"):
        idx = convert_to_tensor(idx, name="idx")
        chosen = array_ops.one_hot(
            idx, depth=_dim(states, 2), on_value=0.0, off_value=_MINUS_INF, axis=1
        )
        return reduce_logsumexp(array_ops.expand_dims(states, axis=2) + chosen, axis=-1)


def _halves(labels: Any, states: Any) -> tuple[Any, Any]:
    """The states of the labels, and the sum of those of the blank."""
    first = _dim(labels, 1) + 1
    blanks = reduce_logsumexp(states[:, :, first:], axis=2, keepdims=True)
    return states[:, :, 1:first], blanks


def state_to_olabel(labels: Any, num_labels: Any, states: Any) -> Tensor:
    """Log-probabilities of the labels [time, batch, num_labels] from those of the states.

    The states are a start, one for each label of the sequence, and one for the blank behind each.
    """
    of_labels, blanks = _halves(labels, states)
    chosen = array_ops.one_hot(labels - 1, depth=num_labels - 1, on_value=0.0, off_value=_MINUS_INF)
    spread: Any = array_ops.expand_dims(of_labels, axis=3)
    found = reduce_logsumexp(spread + array_ops.expand_dims(chosen, axis=0), axis=2)
    return array_ops.concat([blanks, found], axis=-1)


def state_to_olabel_unique(labels: Any, num_labels: Any, states: Any, unique: Any) -> Tensor:
    """`state_to_olabel` with what `ctc_unique_labels` found."""
    different, places = unique
    of_labels, blanks = _halves(labels, states)
    summed = sum_states(places, of_labels)
    # Places behind the different labels hold no sum, whatever label the padding names.
    chosen = array_ops.one_hot(
        different, depth=num_labels, on_value=0.0, off_value=_MINUS_INF, axis=-1
    )
    spread: Any = array_ops.expand_dims(summed, axis=3)
    found: Any = reduce_logsumexp(spread + array_ops.expand_dims(chosen, axis=0), axis=2)
    return array_ops.concat([blanks, found[:, :, 1:]], axis=-1)


# -- accumulation ------------------------------------------------------------------------------


def scan(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initial: Any,
    reverse: bool = False,
    inclusive: bool = False,
    final_only: bool = False,
) -> Any:
    """What `accumulated = fn(accumulated, element)` gives along the first axis of `elems`.

    `elems` and `initial` may be nested. The results of all steps are stacked (with the initial
    values if `inclusive`), in the order of the elements also when they are gone through in
    `reverse`; with `final_only` just the last ones are given.
    """
    from .namespaces import resolve

    slices = [convert_to_tensor(e) for e in flatten(elems)]
    start = [convert_to_tensor(x) for x in flatten(initial)]
    extents: Any = array_ops.shape(slices[0])
    count, extra = extents[0], int(inclusive)
    kept = []
    if not final_only:
        array = resolve("tf", "TensorArray")
        kept = [array(x.dtype, size=count + extra, element_shape=x.shape) for x in start]
    if kept and inclusive:
        first = count if reverse else 0
        kept = [a.write(first, x) for a, x in zip(kept, start, strict=True)]

    def body(step: Any, arrays: list[Any], values: list[Any]) -> Any:
        at = count - 1 - step if reverse else step
        chosen = pack_sequence_as(elems, [array_ops.gather(e, at) for e in slices])
        found = fn(pack_sequence_as(initial, values), chosen)
        values = [convert_to_tensor(x) for x in flatten(found)]
        place = at if reverse else at + extra
        arrays = [a.write(place, x) for a, x in zip(arrays, values, strict=False)]
        return step + 1, arrays, values

    _, arrays, values = resolve("tf", "while_loop")(
        lambda step, *_: step < count, body, (array_ops.constant(0), kept, start)
    )
    results = values if final_only else [a.stack() for a in arrays]
    return pack_sequence_as(initial, results)
