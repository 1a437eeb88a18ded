"""Text: properties of the ops, hostile input, errors, and `tf.strings` as programs use it."""

from __future__ import annotations

import csv
import io
import re
import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evergraph import tf
from evergraph.core.dtypes import as_dtype
from evergraph.ops import regex_machine, strings_split
from evergraph.ops.decoding import _csv_fields
from evergraph.ops.hash_functions import fingerprint64, hash64, siphash
from evergraph.ops.regex_machine import Regex, as_text, as_utf8, compiled
from evergraph.ops.strings_bytes import decoded_base64
from evergraph.ops.strings_distance import levenshtein
from evergraph.ops.strings_regex import replaced
from evergraph.ops.unicode_text import characters, script_of

InvalidArgument = tf.errors.InvalidArgumentError


def run(build: Any, feeds: Any = None) -> Any:
    """The value of what `build` makes in a graph of its own."""
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(build(), feeds)


# -- hashes ------------------------------------------------------------------------------------
def test_hashes_have_their_published_values() -> None:
    """SipHash's from its paper, the others from TensorFlow."""
    key = (0x0706050403020100, 0x0F0E0D0C0B0A0908)
    assert siphash(key, bytes(range(15))) == 0xA129CA6149BE45E5
    assert fingerprint64(b"") == 11160318154034397263
    assert [fingerprint64(w) % 1000 for w in (b"hello", b"world")] == [296, 598]
    assert hash64(b"") == hash64(b"", 0xDECAFCAFFE)


def test_hashes_differ_by_every_byte() -> None:
    """No length has a byte that does not count."""
    for size in (1, 5, 9, 20, 40, 70, 200):
        text = bytes(range(size % 251)) + bytes(max(size - 251, 0))
        for hashed in (fingerprint64, hash64, lambda s: siphash((1, 2), s)):
            others = {hashed(text[:i] + b"\xfe" + text[i + 1 :]) for i in range(size)}
            assert len(others) == size and hashed(text) not in others


# -- regular expressions -----------------------------------------------------------------------
_pieces = st.sampled_from(["a", "b", "ab", "[ab]", "[^a]", ".", "a*", "b+", "(a)", "(b|ab)", "a?"])


@given(st.lists(_pieces, max_size=5).map("".join), st.text("abc\n", max_size=8))
@settings(deadline=None, max_examples=300)
def test_the_machine_matches_what_re_matches(pattern: str, text: str) -> None:
    """Both ways of matching give the same spans, from every place."""
    regex = Regex(pattern.encode())
    python = re.compile(regex_machine.python_pattern(regex.tree))
    for start in range(len(text) + 1):
        slots = 2 * regex.groups + 2
        wanted = regex_machine._spans(python.search(text, start), regex.groups)
        assert regex._program.run(text, start, False, slots) == wanted
    whole = regex._program.run(text, 0, True, 2) is not None
    assert whole == (python.fullmatch(text) is not None)


@pytest.mark.parametrize("pattern", ["(a|aa)+$", "(a*)*b", "(a+)+$", "(.*)(.*)(.*)(.*)(.*)x"])
def test_no_pattern_runs_away(pattern: str) -> None:
    """Patterns on which backtracking takes exponential time."""
    start = time.perf_counter()
    assert not compiled(pattern.encode()).matches("a" * 400 + "!")
    assert time.perf_counter() - start < 20


_BAD = r"( ) [a \1 (?=a) (?<!a) a** a{1001} x*+ \8 [b-a] [[:x:]] \Z (a{100}){100} \pQ \ *a"


@pytest.mark.parametrize("pattern", _BAD.split(" "))
def test_patterns_that_re2_refuses(pattern: str) -> None:
    """They raise when they are run, with the pattern in the message."""
    with pytest.raises(InvalidArgument, match=re.escape(f"Invalid pattern: {pattern}")):
        run(lambda: tf.strings.regex_full_match("x", pattern))


@given(st.binary(max_size=12), st.binary(max_size=12))
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_a_pattern_or_an_error(pattern: bytes, text: bytes) -> None:
    """Nothing but ValueError comes of any pattern; text keeps its bytes."""
    try:
        regex = compiled(pattern)
    except ValueError:
        return
    regex.matches(as_text(text))
    assert replaced(regex, text, r"\0", True) == text


def test_deep_patterns_and_texts() -> None:
    """Neither overflows a stack."""
    with pytest.raises(ValueError, match="nesting"):
        compiled(b"(" * 5000 + b")" * 5000)
    assert compiled(b"(?:a|b)*c").search("ab" * 3000 + "c") == (0, 6001)


# -- Unicode -----------------------------------------------------------------------------------
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_characters_give_text_back(text: str) -> None:
    """In every encoding, with the places of their first bytes."""
    for name in ("UTF-8", "UTF-16-BE", "UTF-16-LE", "UTF-32-BE"):
        encoded = text.encode(name)
        found = list(characters(encoded, name))
        assert "".join(chr(c.point) for c in found) == text
        ends = [c.start for c in found] + [len(encoded)]
        parts = [encoded[a:b].decode(name) for a, b in pairwise(ends)]
        assert parts == list(text)


@given(
    st.binary(max_size=30), st.sampled_from(["UTF-8", "UTF-16", "UTF-32-BE", "SHIFT-JIS", "cp1252"])
)
@settings(deadline=None)
def test_any_bytes_are_text(data: bytes, encoding: str) -> None:
    """Malformed bytes are told as such, and places rise."""
    found = list(characters(data, encoding))
    starts = [c.start for c in found]
    assert starts == sorted(set(starts))
    assert all(0 <= s < len(data) for s in starts)


def test_utf8_round_trip_of_any_bytes() -> None:
    """Malformed bytes survive regular expressions."""
    every = bytes(range(256))
    assert as_utf8(as_text(every)) == every


def test_scripts() -> None:
    """Latin, Greek, Han, and what is no code point."""
    points = (0x61, 0x3B1, 0x4E2D, -1, 0x110000)
    assert [script_of(p) for p in points] == [25, 14, 17, -1, -1]


# -- parts -------------------------------------------------------------------------------------
@given(st.text("ab \t\n", max_size=12), st.sampled_from(["", "a", "ab"]), st.integers(1, 4))
def test_splits_are_pythons(text: str, separator: str, most: int) -> None:
    """Without a limit exactly; with one, but for an empty rest that TensorFlow keeps."""
    split = strings_split.split_like_python
    wanted = [p.encode() for p in text.split(separator or None)]
    assert split(text.encode(), separator.encode(), -1) == wanted
    limited = [p.encode() for p in text.split(separator or None, most)]
    got = split(text.encode(), separator.encode(), most)
    assert got == limited or got == [*limited, b""]


@given(st.binary(max_size=20))
def test_base64_gives_bytes_back(data: bytes) -> None:
    """Padded or not."""
    for pad in (True, False):
        assert decoded_base64(run(lambda: tf.encode_base64(data, pad=pad))) == data  # noqa: B023


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_edit_distance_is_a_metric(a: str, b: str) -> None:
    """Zero for equal sequences alone, symmetric, and no more than the longer one."""
    distance = levenshtein(a, b)
    assert distance == levenshtein(b, a)
    assert (distance == 0) == (a == b)
    assert abs(len(a) - len(b)) <= distance <= max(len(a), len(b))


@given(st.lists(st.text('a,"\n x', max_size=5), min_size=2, max_size=4))
def test_csv_gives_fields_back(fields: list[str]) -> None:
    """What Python's writer writes with quotes around every field."""
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="").writerow(fields)
    attrs = {"field_delim": ",", "use_quote_delim": True}
    assert _csv_fields(line.getvalue().encode(), attrs, None) == [f.encode() for f in fields]


# -- errors ------------------------------------------------------------------------------------
ERRORS: tuple[tuple[Any, str], ...] = (
    (lambda: tf.substr("hello", 9, 1), "pos 9 out of range"),
    (lambda: tf.substr("hello", -6, 1), "pos -6 out of range"),
    (lambda: tf.string_to_number("1x"), "could not correctly convert string: 1x"),
    (lambda: tf.string_to_number("9" * 30, tf.int64), "could not correctly convert"),
    (lambda: tf.decode_base64("a"), "cannot be 1 modulo 4"),
    (lambda: tf.decode_base64("a b="), "Invalid character"),
    (lambda: tf.strings.lower("A", encoding="latin1"), "only utf-8"),
    (lambda: tf.strings.unicode_decode(["a"], "nonsense"), "Could not create converter"),
    (lambda: tf.strings.unicode_decode([b"\xff"], "UTF-8", "strict"), "Invalid formatting"),
    (lambda: tf.strings.unicode_encode([[0x110000]], "UTF-8", "strict"), "out of range"),
    (lambda: tf.strings.unsorted_segment_join(["a"], [1], 1), "not allowed to exceed"),
    (lambda: tf.strings.unsorted_segment_join(["a"], [-1], 1), "not allowed to exceed"),
    (lambda: tf.string_to_hash_bucket_strong("a", 3, [1]), "Key must have 2 elements"),
    (lambda: tf.decode_raw([b"ab", b"c"], tf.uint8), "same size"),
    (lambda: tf.decode_raw([b"abc"], tf.int16), "not a multiple of 2"),
    (lambda: tf.decode_compressed(b"nonsense", "ZLIB"), "not compressed"),
    (lambda: tf.decode_csv("1,2,3", [[1], [2]]), "Expect 2 fields but have 3"),
    (lambda: tf.decode_csv("x", [[1]]), "not a valid int32: x"),
    (lambda: tf.decode_csv(",", [tf.constant([], tf.int32), [1]]), "required but missing"),
    (lambda: tf.decode_json_example("{"), "Error while parsing JSON"),
    (lambda: tf.parse_tensor("\x01", tf.int32), "Could not parse"),
    (lambda: tf.parse_tensor(b"\x08\x01", tf.int32), "Type mismatch"),
    (lambda: tf.read_file("/nowhere/at/all"), "No such file"),
)


@pytest.mark.parametrize("case", ERRORS, ids=lambda c: c[1])
def test_errors(case: tuple[Any, str]) -> None:
    """Bad values raise errors that say what is wrong."""
    build, message = case
    with pytest.raises((tf.errors.OpError, ValueError), match=message):
        run(build)


def test_shapes_that_do_not_fit_are_told_when_the_graph_is_made() -> None:
    """ValueError before any run."""
    for build in (
        lambda: tf.substr(["ab"], [0, 1], [1]),
        lambda: tf.string_split([["a"]]),
        lambda: tf.reduce_join(["a"], 1),
        lambda: tf.fingerprint(tf.constant(1.0)),
        lambda: tf.strings.format("{} {}", [1]),
        lambda: tf.decode_csv("a", [[1, 2]]),
        lambda: tf.decode_compressed("a", "LZMA"),
        lambda: tf.strings.ngrams(["a"], 0),
    ):
        with tf.Graph().as_default(), pytest.raises(ValueError):
            build()  # type: ignore[no-untyped-call]


def test_large_sizes_do_not_allocate() -> None:
    """Sizes out of proportion are errors."""
    for build in (
        lambda: tf.strings.unsorted_segment_join(["a"], [0], tf.constant(1 << 40, tf.int64)),
        lambda: tf.strings.ngrams(["a", "b"], 1 << 30, pad_values="x"),
        lambda: tf.ragged.range(tf.constant(1 << 40, tf.int64)),
        lambda: tf.edit_distance(
            tf.SparseTensor([[0, 0]], ["a"], [1 << 20, 1]),
            tf.SparseTensor([[0, 0]], ["a"], [1 << 40, 1]),
        ),
    ):
        with pytest.raises((InvalidArgument, ValueError)):
            run(build)


# -- the face ----------------------------------------------------------------------------------
def test_reductions_in_every_order() -> None:
    """The first axis that is named runs fastest."""
    x = [["a", "b"], ["c", "d"]]
    assert run(lambda: tf.reduce_join(x, [0, 1])) == b"acbd"
    assert run(lambda: tf.reduce_join(x, [1, 0])) == b"abcd"
    assert run(lambda: tf.reduce_join(x)) == b"abcd"
    assert run(lambda: tf.reduce_join(x, 0, keep_dims=True)).tolist() == [[b"ac", b"bd"]]


def test_static_and_dynamic_patterns() -> None:
    """A pattern may be a tensor."""
    with tf.Graph().as_default() as graph, tf.Session() as session:
        pattern = tf.placeholder(tf.string)
        out = tf.regex_replace("hello", pattern, "0")
        tf.strings.regex_full_match("hello", "h.*")
        kinds = [op.type for op in graph.get_operations()]
        assert "RegexReplace" in kinds and "StaticRegexFullMatch" in kinds
        assert session.run(out, {pattern: "l+"}) == b"he0o"


def test_files(tmp_path: Any) -> None:
    """What is written is read, and found by a glob."""
    path = str(tmp_path / "folder" / "x.txt")
    with tf.Graph().as_default(), tf.Session() as session:
        session.run(tf.write_file(path, b"\0data"))
        assert session.run(tf.read_file(path)) == b"\0data"
        found = session.run(tf.matching_files(str(tmp_path / "*" / "*.txt")))
        assert found.tolist() == [path.encode()]
        sharded = tf.raw_ops.ShardedFilename(basename="f", shard=1, num_shards=20)
        assert session.run(sharded) == b"f-00001-of-00020"


_NAMES = ("float32", "float64", "int32", "int64", "bool", "string", "complex64", "uint8")


@pytest.mark.parametrize("name", _NAMES)
def test_serialized_tensors_come_back(name: str) -> None:
    """Of every kind of dtype, and of every rank."""
    for shape in ((), (3,), (2, 0), (2, 1, 3)):
        dtype = as_dtype(name)
        x = np.arange(np.prod(shape, dtype=int)).reshape(shape)
        array = x.astype(str).astype(object) if name == "string" else x.astype(dtype.np_dtype)

        def build(array: Any = array, dtype: Any = dtype) -> Any:
            return tf.parse_tensor(tf.serialize_tensor(tf.constant(array, dtype)), dtype)

        got = np.asarray(run(build))
        wanted = (
            np.vectorize(str.encode, otypes=[object])(array)
            if name == "string" and array.size
            else array
        )
        assert got.tolist() == wanted.tolist() and got.shape == shape


def test_skip_grams() -> None:
    """Pairs within the window; "SkipGramGenerateCandidates" draws its width for each token."""
    words = ["the", "quick", "brown", "fox"]
    tokens, labels = run(lambda: tf.contrib.text.skip_gram_sample(words, 1, 1))
    pairs = [(b"the", b"quick"), (b"quick", b"the"), (b"quick", b"brown"), (b"brown", b"quick")]
    assert list(zip(tokens, labels, strict=True))[:4] == pairs and len(tokens) == 6
    tokens, labels = run(lambda: tf.contrib.text.skip_gram_sample(words, 0, 2, 1, 2, True, seed=42))
    assert {b"quick", b"brown"} == set(tokens) == set(labels)
    for bad in ((2, 1), (-1, 1)):
        with pytest.raises(InvalidArgument, match="skips must be"):
            run(lambda bad=bad: tf.contrib.text.skip_gram_sample(words, *bad))
    with tf.Graph().as_default(), pytest.raises(ValueError, match="vocab_freq_table"):
        tf.contrib.text.skip_gram_sample(words, vocab_min_count=3)
