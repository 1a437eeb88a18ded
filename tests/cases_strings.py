"""Cases of the ops on text, of parsing and of ragged tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
from op_cases import Numbers, case

from evergraph.core import dtypes
from evergraph.core.dtypes import float32, int32, int64, string
from evergraph.ops.examples import write_example
from evergraph.ops.wire import bytes_field

numbers = Numbers(3)
R, I = numbers.normal, numbers.integers


def T(*items: Any) -> np.ndarray[Any, Any]:
    """Text."""
    return np.array(items, dtype=object)


def L(*items: int) -> np.ndarray[Any, Any]:
    """Integers of 64 bits."""
    return np.array(items, np.int64)


WORDS = T(b" Hello ", b"", "h\u00e9llo w\u00f6rld \U0001f60e".encode(), b"\xff\t1.5e3\n")
MATRIX = np.array([[b"a", b"bc"], [b"", b"d e"]], dtype=object)

# -- strings_bytes.py ------------------------------------------------------------------------
case("StringStrip", WORDS)
for _op in ("StringLower", "StringUpper"):
    case(_op, WORDS)
    case(_op, T("ÀÉİ ΑΣ straße".encode(), b"x\xff"), encoding="utf-8")
for _unit in ("BYTE", "UTF8_CHAR"):
    case("StringLength", WORDS, unit=_unit)
    case("Substr", WORDS[[0, 2]], L(1, -2), L(3, 9), unit=_unit)
    case("Substr", WORDS[2], -4, 2, unit=_unit)
    case("Substr", WORDS[[0, 2]], ((0,), (2,)), ((2,), (3,)), unit=_unit)
case("Substr", WORDS[0], 2, -1)
case("ReduceJoin", MATRIX, 0, separator="-")
case("ReduceJoin", MATRIX, (0, 1), separator="+")
case("ReduceJoin", MATRIX, (-1, -2), keep_dims=True)
case("ReduceJoin", MATRIX, np.zeros(0, np.int32))
case("ReduceJoin", np.zeros((0, 2), object), 0, separator=",", oracle=False)
case("UnsortedSegmentJoin", MATRIX, (1, 0), 3, separator=":")
case("UnsortedSegmentJoin", MATRIX, ((1, 0), (1, 1)), np.int64(2), separator=":")
case("EncodeBase64", WORDS)
case("EncodeBase64", WORDS, pad=True)
case("DecodeBase64", T(b"aGVsbG8", b"aGVsbG8=", b"", b"_-8"))
_numbers = T(
    b"1.5", b" -2 ", b"inf", b"-INFINITY", b"NaN", b"1e400", b"0x10", b".5", b"5.", b"1e-50"
)
for _type in (float32, dtypes.float64):
    case("StringToNumber", _numbers, out_type=_type)
for _type in (int32, int64):
    case("StringToNumber", T(b"0", b" -17 ", b"2147483647"), out_type=_type)
case("ReinterpretStringToFloat", WORDS)
case("ShardedFilename", b"file", 3, 10)
case("ShardedFilespec", b"file", 10)

# -- strings_hash.py -------------------------------------------------------------------------
_lengths = (0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 128, 129, 1000)
_texts = T(*(numbers.random.bytes(n) for n in _lengths))
for _op in ("StringToHashBucket", "StringToHashBucketFast"):
    case(_op, _texts, num_buckets=1 << 62)
case("StringToHashBucketStrong", _texts, num_buckets=1 << 62, key=(7, 11))
case("Fingerprint", _texts, b"farmhash64")
case("Fingerprint", MATRIX, b"farmhash64")
case("Fingerprint", R(3, 2, 4), b"farmhash64", limits=True)
case("Fingerprint", I(3), b"farmhash64")

# -- strings_regex.py ------------------------------------------------------------------------
_regex = r"(\w)(\w*)|^\s"
case("RegexReplace", WORDS, _regex.encode(), rb"<\2\1\\>")
case("StaticRegexReplace", WORDS, pattern="[^a-z]", rewrite="_")
case("StaticRegexReplace", WORDS, pattern="(?i)L*", rewrite=r"[\0]", replace_global=False)
case("RegexFullMatch", WORDS, b"(?s).*l+.*")
case("StaticRegexFullMatch", WORDS, pattern=r"\s*|\pL.*")

# -- strings_split.py, strings_distance.py ---------------------------------------------------
_lines = T(b"a,b;c", b"", b",,x", b" y ")
for _delimiter in (b",", b",;", b"", b" "):
    for _skip in (True, False):
        if _skip or _delimiter:
            case("StringSplit", _lines, _delimiter, skip_empty=_skip)
for _sep in (b"", b",", b"<>"):
    for _most in (-1, 0, 1):
        case("StringSplitV2", T(b"a<>b<>c", b" d  e ", b"", b"f,g,"), _sep, maxsplit=_most)
_pads = {"separator": "|", "left_pad": "L", "right_pad": "R"}
for _width, _keep in ((-1, False), (0, True), (1, True)):
    case(
        "StringNGrams",
        T(b"a", b"b", b"c", b"d", b"e"),
        L(0, 3, 3, 5),
        ngram_widths=(2, 4),
        pad_width=_width,
        preserve_short_sequences=_keep,
        **_pads,
    )
_sparse: tuple[Any, ...] = (np.array([[0, 0], [0, 1], [2, 0]], np.int64), L(2, 3))
for _normalize in (True, False):
    case(
        "EditDistance",
        np.array([[0, 0], [0, 1], [2, 0]], np.int64),
        T(b"a", b"b", b"c"),
        L(3, 2),
        np.array([[0, 0], [0, 1], [0, 2], [1, 0]], np.int64),
        T(b"a", b"c", b"b", b"d"),
        L(3, 3),
        normalize=_normalize,
    )

# -- strings_unicode.py ----------------------------------------------------------------------
_bad = T(b"a\xe2\x82b\xff\xed\xa0\x80z\xe2\x82", "h\u00e9\U0001f60e\x01".encode())
for _errors in ("replace", "ignore"):
    _policy = {"errors": _errors, "replace_control_characters": _errors == "replace"}
    case("UnicodeDecode", _bad, input_encoding="UTF-8", **_policy)
    case("UnicodeDecodeWithOffsets", _bad, input_encoding="UTF-8", **_policy)
    _to = {"output_encoding": "UTF-16-BE", "replacement_char": 63}
    case("UnicodeTranscode", _bad, input_encoding="UTF-8", **_to, **_policy)
    case("UnicodeEncode", (97, 0x1F60E, 0xD800, -1, 233), L(0, 2, 2, 5), errors=_errors, **_to)
case("UnicodeDecodeWithOffsets", T(b"\x82\xa0x\x82"), input_encoding="SHIFT-JIS")
case("UnicodeDecodeWithOffsets", T(b"\xd8\x00\x00a\x00"), input_encoding="UTF-16-BE")
case("UnicodeScript", (0x41, 0x3B1, 0x4E00, 0x5D0, 32, -1, 0x110000))

# -- decoding.py -----------------------------------------------------------------------------
for _little in (True, False):
    case(
        "DecodeRaw",
        T(b"\x01\x02\x03\x04", b"\xff\0\0\x01"),
        out_type=dtypes.int16,
        little_endian=_little,
    )
case("DecodeRaw", T(b"\0\x01\x02"), out_type=dtypes.bool_)
case("DecodeRaw", T(R(2).tobytes()), out_type=dtypes.complex64)
case("DecodePaddedRaw", T(b"\x01\x02\x03", b"", b"\x01\x02\x03\x04\x05"), 4, out_type=dtypes.uint8)
case("DecodePaddedRaw", T(b"\x01\x02\x03"), 4, out_type=dtypes.uint16)
_zipped = bytes.fromhex("789ccb48cdc9c907000" + "62c0215")
case("DecodeCompressed", T(_zipped), compression_type="ZLIB")
case("DecodeCompressed", WORDS)
_csv = T(b'1,2.5,"a ""b"",c",', b"2,,x y,7")
case("DecodeCSV", _csv, [np.zeros(0, np.int32), 0.5, T(b"none"), L(-1)])
case(
    "DecodeCSV",
    T(b"1|NA|x", b"4|5|y"),
    [L(9), T(b"")],
    field_delim="|",
    na_value="NA",
    select_cols=(1, 2),
)
case(
    "DecodeJSONExample",
    T(
        b'{"features": {"feature": {"a": {"int64List": {"value": [1, "-2"]}}}}}',
        b'{"features": {"feature": {"b": {"bytes_list": {"value": ["aGk="]}}}}}',
        b"{}",
    ),
)
for _array in (R(2, 3), I(3), L(1, -2), MATRIX, R(2) > 0, numbers.complex(2), R(0, 2)):
    case("SerializeTensor", _array, oracle=_array.dtype == np.float32, limits=True)
_proto = bytes_field(2, bytes_field(2, b"\x08\x02") * 2)
case("ParseTensor", b"\x08\x01" + _proto + b"\x2a\x04\x00\x00\x80\x3f", out_type=float32)
case("ParseTensor", b"\x08\x03" + _proto + b"\x3a\x03\x01\x02\x03", out_type=int32)
case("ParseTensor", b"\x08\x09" + _proto + b"\x52\x01\x05", out_type=int64)
case("ParseTensor", b"\x08\x07" + _proto + b"\x42\x01a\x42\x00\x42\x02bc\x42\x01d", out_type=string)
case("ParseTensor", b"\x08\x13" + _proto + b"\x6a\x02\x80\x78", out_type=dtypes.float16)

# -- parsing.py ------------------------------------------------------------------------------
_examples = T(
    write_example({"a": (int64, [1, -2]), "b": (float32, [1.5]), "c": (string, [b"x", b"y"])}),
    write_example({"a": (int64, [3, 4]), "d": (float32, [1.0, 2.0, 3.0, 4.0])}),
)
_kinds = {"sparse_types": (float32, string), "Tdense": (int64, float32)}
_shapes = {"dense_shapes": ((2,), (None, 2))}
case(
    "ParseExample",
    _examples,
    T(),
    [b"b", b"c"],
    [b"a", b"d"],
    [L(), np.float32(-1)],
    **_kinds,
    **_shapes,
    oracle=False,
)
case(
    "ParseSingleExample",
    _examples[1],
    [L(), np.float32(-1)],
    num_sparse=2,
    sparse_keys=("b", "c"),
    dense_keys=("a", "d"),
    **_kinds,
    **_shapes,
    oracle=False,
)


def _entry(name: bytes, value: bytes) -> bytes:
    return bytes_field(1, bytes_field(1, name) + bytes_field(2, value))


_floats = bytes_field(1, bytes_field(2, bytes_field(1, R(2).tobytes())))
_words = bytes_field(1, bytes_field(1, bytes_field(1, b"p") + bytes_field(1, b"q")))
_context = _examples[0][2:]
_sequences = T(
    bytes_field(1, _context) + bytes_field(2, _entry(b"f", _floats * 3) + _entry(b"w", _words)),
    bytes_field(1, _context) + bytes_field(2, _entry(b"f", _floats)),
)
_lists: dict[str, Any] = {
    "context_sparse_types": (string,),
    "Tcontext_dense": (int64,),
    "context_dense_shapes": ((2,),),
    "feature_list_sparse_types": (string,),
    "feature_list_dense_types": (float32,),
    "feature_list_dense_shapes": ((2,),),
}
case(
    "ParseSingleSequenceExample",
    _sequences[0],
    T(),
    [b"c"],
    [b"a"],
    [b"w"],
    [b"f"],
    [L()],
    b"name",
    **_lists,
    oracle=False,
)
case(
    "ParseSequenceExample",
    _sequences,
    T(b"one", b"two"),
    [L()],
    feature_list_dense_missing_assumed_empty=("f",),
    context_sparse_keys=("c",),
    context_dense_keys=("a",),
    feature_list_sparse_keys=("w",),
    feature_list_dense_keys=("f",),
    Ncontext_sparse=1,
    Ncontext_dense=1,
    Nfeature_list_sparse=1,
    Nfeature_list_dense=1,
    **_lists,
    oracle=False,
)

# -- ragged.py -------------------------------------------------------------------------------
case("RaggedRange", (0, 5, 8), (3, 5, 0), (1, 1, -3))
case("RaggedRange", np.float32(0), np.array([1, 0.5], np.float32), np.float32(0.25), Tsplits=int32)
_splits = [L(0, 2, 2, 3), L(0, 1, 4, 6)]
case("RaggedGather", [_splits[1]], R(6, 2), (2, 0, 0), OUTPUT_RAGGED_RANK=1, grad=(1,))
case("RaggedGather", _splits, R(6), ((2, 0), (1, 0)), OUTPUT_RAGGED_RANK=3)
case("RaggedGather", [_splits[1]], T(b"a", b"b", b"c", b"d", b"e", b"f"), 1, OUTPUT_RAGGED_RANK=0)
case("RaggedTensorToSparse", _splits, R(6, 2), grad=(2,))
case("RaggedTensorToSparse", [L(0, 0, 2)], R(2), grad=(1,))
_rows = {"row_partition_types": ("ROW_SPLITS", "ROW_SPLITS")}
case("RaggedTensorToTensor", L(-1, 1, 4, -1), R(6, 2), np.float32(9), _splits, **_rows)
case("RaggedTensorToTensor", np.int64(-1), R(6), np.float32(9), _splits, **_rows)
_ids = {"row_partition_types": ("FIRST_DIM_SIZE", "VALUE_ROWIDS")}
case("RaggedTensorToTensor", (4, 2), R(3), np.float32(0), [np.int32(3), (0, 0, 2)], **_ids)
