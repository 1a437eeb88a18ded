"""The op table against TensorFlow 1.15's registry: signatures, attributes, and every op's parts."""

from __future__ import annotations

import csv
import gzip
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from evergraph import tf  # fills the table
from evergraph.core.dtypes import DType, as_dtype
from evergraph.core.opdef import (
    NO_GRADIENT,
    TYPE_SETS,
    ArgDef,
    AttrDef,
    OpDef,
    all_ops,
    define,
    find,
    lookup,
    parse_value,
)
from evergraph.ops.elementwise_rules import no_gradients

assert tf.Session
DATA = Path(__file__).parent / "data" / "ops.tsv.gz"
OURS = {n: d for n, d in all_ops().items() if n[0].isupper()}
# Functions that TensorFlow calls as if they were ops, so that they stand in graphs by name.
FUNCTIONS = {"swish_f16", "swish_f32", "swish_f64"}
# What TensorFlow writes in other ways, or not at all.
OWN = {
    "_Arg",
    "_CTCLossDense",
    "_EffectIf",
    "_EffectWhile",
    "_HasValue",
    "_If",
    "_ListAdd",
    "_ListAt",
    "_ListDrop",
    "_ListGather",
    "_ListJoin",
    "_ListScatterAdd",
    "_ListSplit",
    "_ListZero",
    "_SetValue",
    "_While",
    "_Dilation2DChosenFilter",
    "_Dilation2DChosenInput",
    "_InitializedResource",
    "_InitializedValue",
    "_LabelsBelow",
    "_LayImagePatches",
    "_LayVolumePatches",
}
_ATTR = re.compile(
    r"(?P<name>\w+):(?P<type>list\(\w+\)|\w+)(?:\{(?P<allowed>[^}]*)\})?"
    r"(?:>=(?P<minimum>-?\d+))?(?:=(?P<default>.*))?$",
    re.S,
)


@cache
def registry() -> dict[str, dict[str, str]]:
    """TensorFlow's ops, a row each."""
    with gzip.open(DATA, "rt", newline="") as f:
        return {row["op"]: row for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)}


def walk() -> Any:
    return pytest.mark.parametrize("name", sorted(OURS))


def arguments(args: tuple[ArgDef, ...]) -> list[str]:
    """Arguments in the registry's words."""
    out = []
    for a in args:
        kind = a.type_attr or (a.dtype.name if a.dtype else "")
        kind = f"ref({kind})" if a.is_ref else kind
        out.append(f"{a.name}:{a.number_attr + '*' if a.number_attr else ''}{kind}")
    return out


def attribute(text: str) -> tuple[Any, ...]:
    """(name, type, allowed values, minimum, whether there is a default, default)."""
    m = _ATTR.match(text)
    assert m, text
    kind = m["type"]
    allowed = None
    if m["allowed"] is not None:
        words = m["allowed"].split(",")
        is_type = kind in ("type", "list(type)")
        allowed = frozenset(as_dtype(w) if is_type else w for w in words)
    default = None if m["default"] is None else parse_value(kind, m["default"])
    minimum = None if m["minimum"] is None else int(m["minimum"])
    return m["name"], kind, allowed, minimum, m["default"] is not None, default


def described(a: AttrDef) -> tuple[Any, ...]:
    # The list of the registry's ops has a space in the place of a line's end.
    default = a.default.replace("\n", " ") if isinstance(a.default, str) else a.default
    return a.name, a.type, a.allowed, a.minimum, a.has_default, default


# -- as in the registry ----------------------------------------------------------------------
@pytest.mark.smoke
def test_every_op_is_one_of_tensorflows() -> None:
    unknown = set(OURS) - set(registry())
    assert not unknown, unknown
    print(f"{len(OURS)} of TensorFlow's {len(registry())} ops")


@walk()
def test_signature(name: str) -> None:
    definition, row = OURS[name], registry()[name]
    assert arguments(definition.inputs) == row["inputs"].split()
    assert arguments(definition.outputs) == row["outputs"].split()
    assert definition.stateful == bool(row["stateful"])
    texts = filter(None, (t.strip() for t in row["attributes"].split(";")))
    want = {attr[0]: attr for attr in map(attribute, texts)}
    assert {a.name: described(a) for a in definition.attrs.values()} == want


# -- the parts of an op ----------------------------------------------------------------------
# The run gives their values, or refuses to.
WITHOUT_KERNEL = {"Placeholder", "PlaceholderV2", "IsVariableInitialized", "VarIsInitializedOp"}
# Branches, loops and calls: lowering makes functions of them, gradients have rules of their own.
CONTROL_FLOW = {
    *("Switch", "RefSwitch", "Merge", "RefMerge", "Enter", "RefEnter", "Exit", "RefExit"),
    *("NextIteration", "RefNextIteration", "LoopCond", "If", "StatelessIf", "Case", "While"),
    *("StatelessWhile", "PartitionedCall", "StatefulPartitionedCall"),
}
# What they give is of any shape.
WITHOUT_SHAPE_RULE = {"ReadVariableOp", "PyFunc", "PyFuncStateless", "EagerPyFunc"}
DIFFERENTIABLE_HERE = {"EuclideanNorm"}


@walk()
def test_parts(name: str) -> None:
    d = OURS[name]
    given = d.is_variable or d.reads is not None or d.name in WITHOUT_KERNEL | CONTROL_FLOW
    assert d.kernel is not None or d.definition is not None or given, "no kernel, no definition"
    assert d.shape is not None or not d.outputs or name in WITHOUT_SHAPE_RULE, "no shape rule"
    if name not in CONTROL_FLOW:
        _check_gradient(d)
    assert d.expr is None or (d.kernel is not None and len(d.outputs) == 1)
    assert all(i < len(d.inputs) for i in d.updates) and (d.updates or not d.overwrites)
    assert d.stateful or d.state is None
    assert not (d.is_pure and d.effect)
    for attr in d.attrs.values():
        if attr.has_default and attr.allowed is not None:
            values = attr.default if isinstance(attr.default, tuple) else (attr.default,)
            assert all(v in attr.allowed for v in values), attr.name


def _check_gradient(d: OpDef) -> None:
    theirs = registry()[d.name]["gradient"]
    assert d.grad is NO_GRADIENT or d.grad is None or callable(d.grad)
    if theirs == "yes":
        assert d.grad is not None, "TensorFlow has a gradient"
    if theirs == "not differentiable" and d.name not in DIFFERENTIABLE_HERE:
        assert d.grad in (None, NO_GRADIENT, no_gradients)


def test_other_ops_are_few() -> None:
    assert set(all_ops()) - set(OURS) <= OWN | FUNCTIONS


# -- the table itself ------------------------------------------------------------------------
def test_looking_up() -> None:
    assert lookup("MatMul") is find("MatMul") and find("NoSuchOp") is None
    assert repr(lookup("MatMul")) == "<OpDef MatMul>"
    with pytest.raises(KeyError):
        lookup("NoSuchOp")
    all_ops().clear()
    assert all_ops()


def test_an_op_is_defined_once() -> None:
    with pytest.raises(ValueError, match="defined twice"):
        define("MatMul", "a:float32 -> b:float32")


def test_the_compact_signatures() -> None:
    d = OpDef(
        "Test",
        "a:T b:N*T c:Ts d:ref(T) e:string -> y:T z:Ts",
        "T:type{float,int32}=float32; N:int>=2; Ts:list(type)>=1; mode:string{A,B}='A'; "
        "axes:list(int)=[1, 2]; shape:shape=unknown; rate:float=0.5; on:bool=true",
    )
    assert arguments(d.inputs) == ["a:T", "b:N*T", "c:Ts", "d:ref(T)", "e:string"]
    assert [a.is_list for a in d.inputs] == [False, True, True, False, False]
    assert d.attrs["N"].minimum == 2 and not d.attrs["N"].has_default
    assert d.attrs["mode"].allowed == {"A", "B"}
    assert d.defaults == {
        "T": tf.float32,
        "mode": "A",
        "axes": (1, 2),
        "shape": None,
        "rate": 0.5,
        "on": True,
    }
    assert d.inferred_attrs == {"T", "N", "Ts"}
    names = {t.name for t in d.attrs["T"].allowed or () if isinstance(t, DType)}
    assert names == {"float32", "int32"}


@pytest.mark.parametrize(
    ("signature", "attrs", "text"),
    [
        ("a", "", "Bad argument 'a'"),
        ("a:ref(", "", "Bad argument"),
        ("a:T", "T", "Bad attribute 'T'"),
    ],
)
def test_malformed_signatures(signature: str, attrs: str, text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        OpDef("Test", signature, attrs)


def test_sets_of_types_are_those_of_the_registry() -> None:
    written = {
        frozenset(m.split(","))
        for row in registry().values()
        for m in re.findall(r"type\{([^}]*)\}", row["attributes"])
    }
    for name, text in TYPE_SETS.items():
        assert frozenset(text.split(",")) in written, name
